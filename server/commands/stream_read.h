/* The words of XREAD and XREADGROUP, and how both wait. */
#ifndef SERVER_COMMANDS_STREAM_READ_H
#define SERVER_COMMANDS_STREAM_READ_H

#include "server/request/command.h"
#include "server/request/reply.h"
#include "storage/value/stream_id.h"

struct stream_read {
    bool is_group; /* XREADGROUP */
    bool has_group;
    struct slice group;
    struct slice consumer;
    bool without_ack; /* NOACK */
    bool may_block;
    uint64_t timeout_ms;
    uint64_t count;           /* 0: no limit. */
    const struct slice *keys; /* In the call's words, as the words of their ids behind them. */
    size_t key_count;
    size_t woken_index; /* Of the key that has woken the command: its first place; SIZE_MAX if none has. */
};

#define STREAM_READ_BLOCKED_COUNT 1000 /* COUNT of one who waits and gave none. */

/* Parse all but the ids. STATUS_REPLIED, STATUS_SYNTAX, STATUS_NOT_INTEGER. */
MUST_CHECK enum status stream_read_parse(const struct call *call, struct reply *reply, bool is_group,
                                         struct stream_read *read);
/* Whether the key at `index` is one to look at: when a key has woken the command, the first place of that one only. */
bool stream_read_concerns(const struct stream_read *read, size_t index);
/* The reply: key and items of each stream that has some, in an array, or a map for RESP3. */
void stream_read_begin_one(struct reply *reply, struct slice key);
void stream_read_end(struct reply *reply, struct reply_deferred deferred, size_t count);
/* Nothing to read: wait if so wished, `ids` saying from where (XREADGROUP: NULL), or reply that there is nothing. */
enum status stream_read_wait(struct call *call, struct reply *reply, const struct stream_read *read,
                             const struct stream_id *ids);

#endif
