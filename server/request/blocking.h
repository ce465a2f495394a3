/* Sessions whose command waits: for a key (BLPOP and its kin), for replicas (WAIT), for a time.
 *
 * A command that finds nothing to do asks to wait and replies nothing. When one of its keys holds what it waits for,
 * the command runs again from its start, with the same words and call->woken_by: then it replies, or asks again and
 * keeps its place. Keys are served in the order in which they became ready, and those who wait for one in the order in
 * which they came. Event loop only. */
#ifndef SERVER_REQUEST_BLOCKING_H
#define SERVER_REQUEST_BLOCKING_H

#include "server/request/command.h"
#include "storage/keyspace/entry.h"

struct blocking; /* Opaque; owned by server, one of services. */
struct reply;
struct session;

struct blocking_options {
    struct event_base *base;
    struct services *services;
};

/* Hears of changed keys from services->notify. */
struct blocking *blocking_create(const struct blocking_options *options);
void blocking_free(struct blocking *blocking);

/* What a handler waits for. Everything is copied. */
struct blocking_wait {
    const struct slice *keys; /* In call->db; count 0 waits for no key, only for the time or a wake. */
    size_t key_count;
    enum entry_type type; /* A key wakes the command when it holds a value of this type, */
    bool wakes_when_gone; /* and, if so wished, also when it was deleted or has become something else. */
    uint64_t timeout_ms;  /* 0 is for ever. Counted from the first time that the command asked. */
    /* Write what the client gets when the time is over. NULL is the null array. */
    void (*write_timeout)(struct call *call, struct reply *reply);
    /* What replicas acknowledge, and what our own disk has, wakes it, as WAIT wants. It must not write. */
    bool is_for_replicas;
    /* The words to run again with, where the call's own would mean something else by then ("$" of XREAD). NULL: the
     * call's own. */
    const struct slice *argv;
    size_t argc;
};

/* Let the caller wait; the handler then returns STATUS_OK with nothing replied. A call that must not wait
 * (call->is_nested) gets its time-out's reply at once. */
void blocking_wait(struct call *call, struct reply *reply, const struct blocking_wait *wait);
/* A time-out argument in seconds with fractions, with Redis' checks and texts; 0 is for ever. STATUS_REPLIED on error.
 */
MUST_CHECK enum status blocking_parse_timeout_s(struct reply *reply, struct slice argument, uint64_t *timeout_ms);
/* The same in whole milliseconds, up to `limit_ms`. */
MUST_CHECK enum status blocking_parse_timeout_ms(struct reply *reply, struct slice argument, int64_t limit_ms,
                                                 uint64_t *timeout_ms);

/* Whether there are waiters to be served, and serving them: never inside a command. Those that cannot be served now,
 * because the store takes no writes or writes are paused, stay ready. */
bool blocking_has_ready(const struct blocking *blocking);
void blocking_serve(struct blocking *blocking);
/* What replicas or our own disk have has moved: commands that wait for that look again. Never inside a command. */
void blocking_serve_acknowledgements(struct blocking *blocking);

/* CLIENT UNBLOCK: end the wait as by time-out, or with an error. False if the session does not wait. */
bool blocking_unblock(struct blocking *blocking, struct session *session, bool with_error);
/* End the waits of all who have called this command, with this error. */
void blocking_end_all_of(struct blocking *blocking, const struct command_entry *entry, const char *error);
/* End all waits with this error, and then the connections: a master became a replica. */
void blocking_disconnect_all(struct blocking *blocking, const char *error);
/* The session is going away. */
void blocking_forget(struct blocking *blocking, struct session *session);
/* Memory that the session waits with; 0 if it does not. */
size_t blocking_memory_bytes(const struct session *session);
size_t blocking_count(const struct blocking *blocking);
/* How many of them have a time-out. */
size_t blocking_count_timed(const struct blocking *blocking);

#endif
