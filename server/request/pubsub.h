/* Publishing and subscribing: channels, patterns, and shard channels, which have names of their own.
 *
 * A message goes to those who are subscribed at the moment; nothing is kept. Keyspace events are published from here
 * too. Event loop only. */
#ifndef SERVER_REQUEST_PUBSUB_H
#define SERVER_REQUEST_PUBSUB_H

#include "base/slice.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pubsub; /* Opaque; owned by server, one of services. */
struct services;
struct session;

enum pubsub_kind { PUBSUB_CHANNEL, PUBSUB_PATTERN, PUBSUB_SHARD, PUBSUB_KINDS };

/* Hears of changed keys from services->notify. */
struct pubsub *pubsub_create(struct services *services);
void pubsub_free(struct pubsub *pubsub);

/* Subscribe the session; false if it was subscribed already. Its counts follow, and its output limits. */
bool pubsub_subscribe(struct pubsub *pubsub, struct session *session, enum pubsub_kind kind, struct slice name);
/* False if it was not subscribed. */
bool pubsub_unsubscribe(struct pubsub *pubsub, struct session *session, enum pubsub_kind kind, struct slice name);
/* The name of one of the session's subscriptions of that kind, any; false if there is none. Borrowed until it ends. */
bool pubsub_any_of(const struct session *session, enum pubsub_kind kind, struct slice *name);
/* Call `visit` with the name of each of the session's subscriptions of that kind. */
void pubsub_visit_of(const struct session *session, enum pubsub_kind kind,
                     void (*visit)(void *context, struct slice name), void *context);
/* End all of the session's subscriptions: RESET, and when it closes. */
void pubsub_forget(struct pubsub *pubsub, struct session *session);

/* Send `message` to all subscribers of `channel`, by name and (for PUBSUB_CHANNEL) by pattern; returns how many. The
 * message leaves once the log offset `reveals` is released (session_touch()). */
size_t pubsub_publish(struct pubsub *pubsub, enum pubsub_kind kind, struct slice channel, struct slice message,
                      uint64_t reveals);

/* Memory of the session's subscriptions; names are shared, and counted as if they were not. */
size_t pubsub_memory_bytes(const struct session *session);
/* Whether messages are logged: a master's replicas get them through the log. Where there are none they would only make
 * the log longer, and nothing of them is kept anyway. */
bool pubsub_is_logged(const struct services *services);

/* Subscribers of a name; names of a kind that have any. */
size_t pubsub_count_subscribers(const struct pubsub *pubsub, enum pubsub_kind kind, struct slice name);
size_t pubsub_count_names(const struct pubsub *pubsub, enum pubsub_kind kind);
void pubsub_visit_names(const struct pubsub *pubsub, enum pubsub_kind kind,
                        void (*visit)(void *context, struct slice name), void *context);

#endif
