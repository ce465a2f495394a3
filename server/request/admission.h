/* Which commands are let in, and with which words the others are refused: Redis 7.0's checks in Redis 7.0's order.
 * Nothing here has an effect, but that ACL LOG tells what a user was denied. */
#ifndef SERVER_REQUEST_ADMISSION_H
#define SERVER_REQUEST_ADMISSION_H

#include "server/request/dispatch.h"

/* What scripts are told of, too. */
#define ADMISSION_READONLY    "READONLY You can't write against a read only replica."
#define ADMISSION_NO_REPLICAS "NOREPLICAS Not enough good replicas to write."
#define ADMISSION_BUSY_SCRIPT "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
#define ADMISSION_BUSY_FUNCTION                                                                                        \
    "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."

struct admission_request {
    const struct dispatch_gate *gate;
    struct services *services;
    const struct session *session;
    const struct command_entry *entry; /* NULL if there is no such command. */
    uint32_t flags;                    /* What kind of command it is as it is called; EXEC's has what is queued. */
    bool was_queued;                   /* EXEC asks once more, of what was let in for its sake. */
};

/* Whether the request may run or be queued now; else the error's text is appended to `refusal`. What may only have to
 * wait (a full memtable, CLIENT PAUSE) is let in. */
bool admission_is_open(const struct admission_request *admission, const struct request *request, struct buf *refusal);
/* Only whether there is such a command and it takes so many words. `container` as commands_resolve() gives it. */
bool admission_is_known(const struct command_entry *entry, const struct command_entry *container,
                        const struct request *request, struct buf *refusal);
/* Whether it may be called with so many words. */
bool admission_takes_words(const struct command_entry *entry, size_t argc);
/* Whether min-replicas-to-write is missed. */
bool admission_lacks_replicas(const struct dispatch_gate *gate, const struct services *services);
/* Whether an unknown command is the first line of a web browser's request (cross-protocol scripting). */
bool admission_is_attack(const struct request *request);

#endif
