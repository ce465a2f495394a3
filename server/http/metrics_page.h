/* /metrics: what INFO tells, for Prometheus.
 *
 * Where the usual exporter of Redis has a name for a figure, it has that name (redis_...), so that a dashboard made for
 * Redis shows this server; what only Hearth has begins with hearth_. */
#ifndef SERVER_HTTP_METRICS_PAGE_H
#define SERVER_HTTP_METRICS_PAGE_H

#include "base/buf.h"

struct services;

void metrics_page_write(struct services *services, struct buf *out);

#endif
