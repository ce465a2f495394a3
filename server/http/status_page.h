/* /: a status page, whole in itself: HTML and inline SVG, nothing loaded from anywhere, no script. Pure. */
#ifndef SERVER_HTTP_STATUS_PAGE_H
#define SERVER_HTTP_STATUS_PAGE_H

#include "base/buf.h"

#define STATUS_PAGE_REFRESH_S 2

struct status_view;

void status_page_write(const struct status_view *view, struct buf *out);

#endif
