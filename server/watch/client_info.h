/* A client as CLIENT LIST tells of it. */
#ifndef SERVER_WATCH_CLIENT_INFO_H
#define SERVER_WATCH_CLIENT_INFO_H

#include "server/net/session.h"

enum client_type { CLIENT_NORMAL, CLIENT_MASTER, CLIENT_REPLICA, CLIENT_PUBSUB };

enum client_type client_type_of(const struct session *session);
/* "normal", "master", "replica" (or "slave"), "pubsub"; false if it is none of them. */
bool client_type_parse(struct slice word, enum client_type *type);

/* Memory that the client costs: its buffers, what it has queued, watches, tracks, subscribes to and waits with, itself.
 * What waits in a file is not counted. */
uint64_t client_memory_bytes(const struct session *session);

/* The same of all that are replicas, or of all that are none. */
uint64_t client_memory_bytes_of_all(const struct services *services, bool of_replicas);

/* Append the session's line, without a line end. */
void client_info_write(const struct session *session, uint64_t now_us, struct buf *out);

#endif
