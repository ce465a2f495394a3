/* What makes a request wait unread: a pause, or a full memtable. Nothing here has an effect. */
#ifndef SERVER_REQUEST_PARKING_H
#define SERVER_REQUEST_PARKING_H

#include "server/request/dispatch.h"

struct services;

/* Whether a command of these flags, which for EXEC are also what is queued, waits for the end of a pause. */
bool parking_is_paused(const struct dispatch_gate *gate, const struct session *session, uint32_t flags);
/* Whether the request may write now, if it does. STATUS_BUSY parks the session; any other failure is the client's
 * reply: STATUS_TOO_BIG, STATUS_NO_SPACE, STATUS_IO. */
MUST_CHECK enum status parking_admit_write(const struct services *services, const struct session *session,
                                           uint32_t flags, const struct request *request);
/* How many bytes the request's words take in the log, at most. */
size_t parking_request_bytes(const struct request *request);

#endif
