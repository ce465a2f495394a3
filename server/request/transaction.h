/* MULTI, EXEC and WATCH: what a session has queued, and whose watched keys were touched.
 *
 * One EXEC is one change in the log, so a transaction is all there or not at all, whatever happens. Event loop only. */
#ifndef SERVER_REQUEST_TRANSACTION_H
#define SERVER_REQUEST_TRANSACTION_H

#include "server/net/session.h"
#include "server/request/command.h"

struct transactions; /* Opaque; owned by server. */

/* Hears of changed keys from services->notify. */
struct transactions *transactions_create(struct services *services);
void transactions_free(struct transactions *transactions);

/* Queue a request, copying its words, and reply so. `flags` are its own: command_flags_of(). */
void transaction_queue(struct session *session, struct command_entry *entry, uint32_t flags,
                       const struct request *request);
/* What queued commands do, all together: COMMAND_WRITE, COMMAND_MAY_REPLICATE, COMMAND_RUNS_SCRIPT. */
uint32_t transaction_effects(const struct session *session);
/* Whether a queued command does not have this flag of enum command_flag. */
bool transaction_lacks(const struct session *session, uint32_t flag);
/* How many bytes their words have, as they are logged. */
size_t transaction_bytes(const struct session *session);
/* Memory of its watches. */
size_t transaction_watch_bytes(const struct session *session);

struct queued_command {
    struct command_entry *entry;
    struct slice *argv;
    size_t argc;
};
size_t transaction_len(const struct session *session);
/* Valid until transaction_reset(). */
const struct queued_command *transaction_at(const struct session *session, size_t index);
/* Forget what is queued and watched, and leave the transaction. Called when a session closes, too. */
void transaction_reset(struct session *session);

/* The session's EXEC fails if `key` of `db` is changed before. */
void transaction_watch(struct transactions *transactions, struct session *session, uint32_t db, struct slice key);
void transaction_unwatch(struct session *session);
/* Before EXEC: a watched key that fell due meanwhile was touched, though nobody has looked at it since. */
void transaction_check_due(struct transactions *transactions, struct session *session);
/* All data was replaced (a full sync): every watch is touched. */
void transactions_touch_all(struct transactions *transactions);

#endif
