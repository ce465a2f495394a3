/* Taking members from an end of a sorted set: what ZPOPMIN, ZMPOP and their waiting kin have in common. */
#ifndef SERVER_COMMANDS_ZSET_POP_H
#define SERVER_COMMANDS_ZSET_POP_H

#include "storage/value/zset_store.h"

struct call;
struct reply;

struct zset_pop {
    bool is_max;
    bool is_nested; /* A pair is an array of its own in the reply. */
    uint64_t count; /* At most so many, at least one. */
};

/* Members that the pop will take from this set. */
uint64_t zset_pop_count(const struct collection *zset, const struct zset_pop *pop);
/* Take them from a set that has some, reply with each and its score, commit, tell. The reply's head (array, key) is the
 * caller's to write before, and what is logged is the caller's to say, if it is not the call itself. */
void zset_pop_and_reply(struct call *call, struct reply *reply, struct collection *zset, const struct zset_pop *pop);

struct zset_mpop {
    const struct slice *keys; /* In the call's words. */
    size_t key_count;
    bool is_max;
    uint64_t count;
};

/* What ZMPOP's words say, of which the number of keys is argv[`first`]. STATUS_SYNTAX, STATUS_REPLIED. */
MUST_CHECK enum status zset_mpop_parse(const struct call *call, struct reply *reply, size_t first,
                                       struct zset_mpop *mpop);
/* Pop from the first sorted set that is there, reply, and log it as ZPOPMIN or ZPOPMAX. STATUS_NOT_FOUND if none is
 * there, STATUS_WRONG_TYPE for the first key that is something else. */
MUST_CHECK enum status zset_mpop_run(struct call *call, struct reply *reply, const struct zset_mpop *mpop);

#endif
