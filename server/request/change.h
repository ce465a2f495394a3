/* What a call leaves in the log: canonical and deterministic bytes.
 *
 * Unless a handler says otherwise, a call with call->changes > 0 is logged as it came. A handler whose effect depends
 * on time or chance says what to log instead (SET k v EX 10 -> SET k v PXAT <ms>). Keys that fell due during the call
 * are logged as DEL before it. SELECT is put in where the database changes. More than one command is wrapped in
 * MULTI/EXEC, so that it is one change. */
#ifndef SERVER_REQUEST_CHANGE_H
#define SERVER_REQUEST_CHANGE_H

#include "base/slice.h"
#include "storage/log/log.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What effects may fill of one change. The rest is for requests: those of a transaction, which may be as long in all.
 */
#define CHANGE_EFFECT_BYTES_MAX (LOG_RECORD_BYTES_MAX / 2)

struct change; /* Opaque; one per server, owned by dispatch. Event loop only. */

/* For handlers. */

/* Log these words instead of the call's own; copied. */
void change_replace(struct change *change, const struct slice *argv, size_t argc);
/* Log these words too, after what is there (after the first use the call's own words are not logged by themselves). */
void change_add(struct change *change, const struct slice *argv, size_t argc);
/* The same word by word: `argc` calls of change_put_word() make the command whole. */
void change_open(struct change *change, size_t argc);
void change_put_word(struct change *change, struct slice word);
/* Log nothing for this call: although it changed something, or since it failed after all. */
void change_suppress(struct change *change);
/* Whether what is logged so far, this call's words among it, may grow by `bytes`. Requests are bounded before they run
 * (parking.h); a handler whose effects are longer than its words asks here before it has any. */
bool change_has_room(const struct change *change, uint64_t bytes);

/* For dispatch, replay and the ticker. A change is composed between change_begin() and change_compose(); inside it,
 * calls follow each other between change_begin_call() and change_end_call(). A transaction is a change of several
 * calls. */

struct change *change_create(void);
void change_free(struct change *change);
/* Another limit than CHANGE_EFFECT_BYTES_MAX, for tests. */
void change_limit(struct change *change, uint64_t effect_bytes_max);

/* Start empty. `selected_db` is what the log's reader has selected (-1: nothing yet). */
void change_begin(struct change *change, int32_t selected_db);
/* A call in `db` is about to run. */
void change_begin_call(struct change *change, uint32_t db);
/* `key` of `db` was deleted because it fell due: logged as DEL before the call's own words. */
void change_expire(struct change *change, uint32_t db, struct slice key);
/* The call ended. If it changed something (`changed`) and the handler has said nothing else, it is logged as `argv`,
 * or as `raw`, which are the same words in RESP already, if that is not empty. `raw` is borrowed until
 * change_compose(). */
void change_end_call(struct change *change, bool changed, const struct slice *argv, size_t argc, struct slice raw);

/* The same of a call whose first word is not to be logged, but `name`. */
void change_end_renamed_call(struct change *change, bool changed, const char *name, const struct slice *argv,
                             size_t argc);

/* How many bytes of commands there are so far: those of calls that have ended. */
size_t change_bytes(const struct change *change);

/* All that is to be appended to the log, as one change; empty if nothing is. Borrowed until the next change_begin().
 * `*selected_db` is what the log's reader has selected after it. */
struct slice change_compose(struct change *change, int32_t *selected_db);

#endif
