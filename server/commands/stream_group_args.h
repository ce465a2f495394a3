/* How commands find the group that they are about, and how what they do to it is logged. */
#ifndef SERVER_COMMANDS_STREAM_GROUP_ARGS_H
#define SERVER_COMMANDS_STREAM_GROUP_ARGS_H

#include "server/request/command.h"
#include "storage/value/stream_group.h"

struct reply;

/* Find stream argv[1] and its group argv[2]. STATUS_NOT_FOUND if either is absent, STATUS_WRONG_TYPE. */
MUST_CHECK enum status stream_open_group(struct call *call, struct stream *stream, struct stream_group *group);
/* The error for that. Returns STATUS_REPLIED. */
enum status stream_refuse_group(struct call *call, struct reply *reply);

/* A consumer as a command uses it. */
struct stream_member {
    struct stream *stream; /* Borrowed. */
    struct slice key;
    struct stream_group group;
    struct stream_consumer consumer;
    bool has_joined;           /* The consumer is read. */
    bool is_new;               /* The consumer came to be; nothing of that is logged yet. */
    bool is_logged;            /* A change was logged that makes the consumer come to be on a replica. */
    struct stream_pending run; /* Of the ids that are gathered: see stream_member_log(). */
    struct buf run_ids;        /* "ms-sequence", each with a NUL. */
    size_t run_count;
};

/* Begin with `stream` and `group` filled in. */
void stream_member_begin(struct stream_member *member);
/* Find the consumer of that name, or make it, and let it be seen now; nothing the second time. */
void stream_member_join(struct call *call, struct stream_member *member, struct slice name);
/* Whether the change has room for what stream_member_log() tells of one more item of a consumer whose name has
 * `name_len` bytes: each may need a command of its own, with all names. A command that asked for more ends here, as if
 * there were no more; who goes on finds the rest. */
bool stream_member_has_room(const struct call *call, const struct stream_member *member, size_t name_len);
/* Log that the id is pending for the consumer as `pending` says, as an XCLAIM that can be repeated. Ids that are alike
 * are gathered to one, until stream_member_leave(). */
void stream_member_log(struct call *call, struct stream_member *member, struct stream_id id,
                       const struct stream_pending *pending);
/* Log the group's last id and its count of reads. */
void stream_member_log_position(struct call *call, struct stream_member *member);
/* Put the group back, and the consumer if it has joined, and log what is gathered, or that the consumer came to be. */
void stream_member_leave(struct call *call, struct stream_member *member);

#endif
