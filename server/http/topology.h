/* The status page's picture: our master, this node, its replicas, and how far each is behind, as inline SVG. Pure. */
#ifndef SERVER_HTTP_TOPOLOGY_H
#define SERVER_HTTP_TOPOLOGY_H

#include "base/buf.h"

struct status_view;

void topology_draw(const struct status_view *view, struct buf *out);

#endif
