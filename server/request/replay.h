/* Executing what was executed before: the log at recovery, and our master's stream.
 *
 * The same commands as clients', by the same table, but nothing is refused, nothing expires, nothing is logged. What
 * stands between MULTI and EXEC is executed when EXEC comes, so that no reader sees half a transaction. Event loop
 * only. */
#ifndef SERVER_REQUEST_REPLAY_H
#define SERVER_REQUEST_REPLAY_H

#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

struct dispatch;
struct replay; /* Opaque; owned by server. One for recovery and link, which are never at work at once. */

struct replay *replay_create(struct dispatch *dispatch);
void replay_free(struct replay *replay);

/* Execute one command; `*selected_db` follows SELECT. False if it cannot be executed: diag has said which and why. */
bool replay_execute(struct replay *replay, uint32_t *selected_db, const struct slice *argv, size_t argc);
/* Drop a transaction of which EXEC never came: a link that broke. */
void replay_reset(struct replay *replay);

#endif
