/* Elements from list to list, and from the first list that has any. */
#include "base/assert.h"
#include "base/number.h"
#include "server/commands/call_collection.h"
#include "server/commands/cmd_list.h"
#include "server/commands/mpop_args.h"
#include "server/request/change.h"
#include "server/request/notify.h"
#include "server/request/reply.h"

/* Tell of a move as Redis does, which pushes before it takes the source to be changed. */
static void tell_of_pop(struct call *call, const struct collection *from, enum list_end end)
{
    notify_key(call, NOTIFY_LIST, end == LIST_LEFT ? "lpop" : "rpop", call->db, from->key);
    if (list_count(from) == 0) {
        notify_key(call, NOTIFY_GENERIC, "del", call->db, from->key);
    }
}

/* Move one element; the source is a list, the destination one or absent. They may be one. */
static void move(struct call *call, struct reply *reply, enum list_end from_end, enum list_end to_end)
{
    struct collection from;
    struct collection to;
    struct buf item;
    const char *push_event = to_end == LIST_LEFT ? "lpush" : "rpush";
    enum status status = call_open_collection(call, ENTRY_LIST, &from);

    ASSERT(status == STATUS_OK);
    buf_init(&item, BUF_NO_CEILING);
    list_pop(&from, from_end, &item);
    if (slice_equal(call->argv[1], call->argv[2])) {
        list_push(&from, to_end, buf_slice(&item));
        call_commit_collection(call, &from, push_event);
    } else {
        collection_commit(&from);
        status = collection_open(call->keyspace, call->db, call->argv[2], ENTRY_LIST, &to);
        ASSERT(status != STATUS_WRONG_TYPE);
        list_push(&to, to_end, buf_slice(&item));
        call_commit_collection(call, &to, push_event);
        collection_close(&to);
    }
    tell_of_pop(call, &from, from_end);
    collection_close(&from);
    call->changes++;
    reply_bulk(reply, buf_slice(&item));
    buf_release(&item);
}

enum status list_move(struct call *call, struct reply *reply, enum list_end from_end, enum list_end to_end)
{
    struct entry from;
    struct entry to;

    if (!keyspace_find(call->keyspace, call->db, call->argv[1], &from)) {
        reply_null(reply);
        return STATUS_OK;
    }
    if (from.type != ENTRY_LIST ||
        (keyspace_find(call->keyspace, call->db, call->argv[2], &to) && to.type != ENTRY_LIST)) {
        return STATUS_WRONG_TYPE;
    }
    move(call, reply, from_end, to_end);
    return STATUS_OK;
}

/* LMOVE source destination LEFT|RIGHT LEFT|RIGHT. */
static enum status run_lmove(struct call *call, struct reply *reply)
{
    enum list_end from_end;
    enum list_end to_end;

    if (!list_parse_end(call->argv[3], &from_end) || !list_parse_end(call->argv[4], &to_end)) {
        return STATUS_SYNTAX;
    }
    return list_move(call, reply, from_end, to_end);
}

static enum status run_rpoplpush(struct call *call, struct reply *reply)
{
    return list_move(call, reply, LIST_RIGHT, LIST_LEFT);
}

enum status list_mpop_parse(struct call *call, struct reply *reply, size_t first, struct list_mpop *mpop)
{
    static const char *const ends[2] = {"left", "right"};
    struct mpop_args args;
    enum status status = mpop_args_parse(call, reply, first, ends, &args);

    if (status == STATUS_OK) {
        *mpop = (struct list_mpop){.keys = args.keys,
                                   .key_count = args.key_count,
                                   .end = args.is_second ? LIST_RIGHT : LIST_LEFT,
                                   .count = args.count};
    }
    return status;
}

static void pop_and_log(struct call *call, struct reply *reply, struct collection *list, const struct list_mpop *mpop)
{
    char text[NUMBER_INTEGER_TEXT_MAX];
    struct slice words[] = {slice_of(mpop->end == LIST_LEFT ? "LPOP" : "RPOP"), list->key, {0}};

    reply_array(reply, 2);
    reply_bulk(reply, list->key);
    list_pop_and_reply(call, reply, list, mpop->end, mpop->count);
    words[2] = slice_make(text, number_format_uint64(text, call->changes));
    change_replace(call->change, words, 3);
}

enum status list_mpop_run(struct call *call, struct reply *reply, const struct list_mpop *mpop)
{
    for (size_t i = 0; i < mpop->key_count; i++) {
        struct collection list;
        enum status status = collection_open(call->keyspace, call->db, mpop->keys[i], ENTRY_LIST, &list);

        if (status == STATUS_WRONG_TYPE) {
            return status;
        }
        if (status == STATUS_OK) {
            pop_and_log(call, reply, &list, mpop);
        }
        collection_close(&list);
        if (status == STATUS_OK) {
            return status;
        }
    }
    return STATUS_NOT_FOUND;
}

/* LMPOP numkeys key [key ...] LEFT|RIGHT [COUNT n]: the first list that is there, and what was popped. */
static enum status run_lmpop(struct call *call, struct reply *reply)
{
    struct list_mpop mpop;
    enum status status = list_mpop_parse(call, reply, 1, &mpop);

    if (status != STATUS_OK) {
        return status;
    }
    status = list_mpop_run(call, reply, &mpop);
    if (status == STATUS_NOT_FOUND) {
        reply_null_array(reply);
        return STATUS_OK;
    }
    return status;
}

const struct command list_move_commands[] = {
    {.name = "lmove",
     .summary = "Pop an element from a list, push it to another list and return it",
     .since = "6.2.0",
     .complexity = "O(1)",
     .group = "list",
     .arity = 5,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1), KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
     .run = run_lmove},
    {.name = "rpoplpush",
     .summary = "Remove the last element in a list, prepend it to another list and return it",
     .since = "1.2.0",
     .complexity = "O(1)",
     .group = "list",
     .arity = 3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1), KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
     .run = run_rpoplpush},
    {.name = "lmpop",
     .summary = "Pop elements from a list",
     .since = "7.0.0",
     .complexity = "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
     .group = "list",
     .arity = -4,
     .flags = COMMAND_WRITE | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_LIST,
     .keys = {{.flags = KEY_RW | KEY_ACCESS | KEY_DELETE,
               .begin = KEY_BEGIN_INDEX,
               .index = 1,
               .find = KEY_FIND_KEYNUM,
               .keynum_index = 0,
               .first_key = 1,
               .step = 1}},
     .run = run_lmpop},
    {.name = NULL},
};
