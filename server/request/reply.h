/* Replies: RESP2 or RESP3 by the session, and the one table from statuses to Redis' error texts. */
#ifndef SERVER_REQUEST_REPLY_H
#define SERVER_REQUEST_REPLY_H

#include "base/buf.h"
#include "base/status.h"
#include <stdint.h>

struct reply {
    struct buf *out; /* Borrowed: the connection's output, or a script's. */
    int protocol;    /* 2 or 3. */
    bool is_error;   /* An error was written: for statistics and transactions. */
    bool is_counted; /* That error was counted already: it comes from a command inside. */
};

void reply_init(struct reply *reply, struct buf *out, int protocol);

void reply_ok(struct reply *reply);
void reply_simple(struct reply *reply, const char *text);
void reply_integer(struct reply *reply, int64_t value);
void reply_bulk(struct reply *reply, struct slice bytes);
void reply_bulk_text(struct reply *reply, const char *text);
__attribute__((format(printf, 2, 3))) void reply_bulk_format(struct reply *reply, const char *format, ...);
void reply_null(struct reply *reply);
void reply_null_array(struct reply *reply);
void reply_array(struct reply *reply, size_t count);
void reply_map(struct reply *reply, size_t pair_count);
void reply_set(struct reply *reply, size_t count);
void reply_push(struct reply *reply, size_t count);
void reply_double(struct reply *reply, double value);
/* With 17 digits after the point, as coordinates are told. */
void reply_human_double(struct reply *reply, double value);
void reply_verbatim(struct reply *reply, const char *format, struct slice text);

/* An error of the handler's own: "ERR value is out of range". Always returns STATUS_REPLIED, to be returned. */
__attribute__((format(printf, 2, 3))) enum status reply_error(struct reply *reply, const char *format, ...);
/* The table's text for a status (but STATUS_OK and STATUS_REPLIED, which write nothing). */
void reply_status(struct reply *reply, enum status status);

/* What HELP of a container says: Redis' first line, `lines` (ending with NULL), and HELP itself. `name` in capitals. */
void reply_help(struct reply *reply, const char *name, const char *const *lines);

/* The table's text for such a status. Static storage. */
const char *reply_text(enum status status);

/* A reply of a length that is known only at its end: remember the place, write the elements, then set the count. */
struct reply_deferred {
    size_t position;
};
struct reply_deferred reply_deferred_begin(struct reply *reply);
void reply_deferred_array(struct reply *reply, struct reply_deferred deferred, size_t count);
void reply_deferred_set(struct reply *reply, struct reply_deferred deferred, size_t count);
void reply_deferred_map(struct reply *reply, struct reply_deferred deferred, size_t pair_count);

#endif
