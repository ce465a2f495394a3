/* What a call leaves in the log: canonical and deterministic bytes.
 *
 * Unless a handler says otherwise, a call with call->changes > 0 is logged as it came. A handler whose effect depends on
 * time or chance says what to log instead (SET k v EX 10 -> SET k v PXAT <ms>). Keys that fell due during the call are
 * logged as DEL before it. SELECT is put in where the database changes. More than one command is wrapped in
 * MULTI/EXEC, so that it is one change. */
#ifndef SERVER_CHANGE_H
#define SERVER_CHANGE_H

#include "base/slice.h"
#include <stdint.h>

struct change; /* Opaque; one per server, reset by dispatch for each call. */

/* Log these words instead of the call's own; copied. */
void change_replace(struct change *change, const struct slice *argv, size_t argc);
/* Log these words too, after what is there (after the first use the call's own words are not logged by themselves). */
void change_add(struct change *change, const struct slice *argv, size_t argc);
/* Log nothing for this call although it changed something. */
void change_suppress(struct change *change);

#endif
