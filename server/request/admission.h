/* Which commands are let in, and with which words the others are refused: Redis 7.0's checks in Redis 7.0's order.
 * Nothing here has an effect. */
#ifndef SERVER_REQUEST_ADMISSION_H
#define SERVER_REQUEST_ADMISSION_H

#include "server/request/dispatch.h"

struct admission_request {
    const struct dispatch_gate *gate;
    struct services *services;
    const struct session *session;
    const struct command_entry *entry; /* NULL if there is no such command. */
};

/* Whether the request may run or be queued now; else the error's text is appended to `refusal`. What may only have to
 * wait (a full memtable, CLIENT PAUSE) is let in. */
bool admission_is_open(const struct admission_request *admission, const struct request *request, struct buf *refusal);
/* Only whether there is such a command and it takes so many words. `container` as commands_resolve() gives it. */
bool admission_is_known(const struct command_entry *entry, const struct command_entry *container,
                        const struct request *request, struct buf *refusal);
/* Whether an unknown command is the first line of a web browser's request (cross-protocol scripting). */
bool admission_is_attack(const struct request *request);

#endif
