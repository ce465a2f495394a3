/* List commands that wait until there is an element. What they do is logged as what the forms that do not wait would.
 */
#include "server/commands/cmd_list.h"
#include "server/request/blocking.h"
#include "server/request/change.h"
#include "server/request/reply.h"

/* Wait until one of the keys is a list. */
static enum status wait_for_list(struct call *call, struct reply *reply, const struct slice *keys, size_t key_count,
                                 uint64_t timeout_ms)
{
    struct blocking_wait wait = {.keys = keys, .key_count = key_count, .type = ENTRY_LIST, .timeout_ms = timeout_ms};

    blocking_wait(call, reply, &wait);
    return STATUS_OK;
}

/* BLPOP and BRPOP key [key ...] timeout: the first list that is there, and its element. */
static enum status pop_or_wait(struct call *call, struct reply *reply, enum list_end end)
{
    const struct slice *keys = call->woken_by.data != NULL ? &call->woken_by : &call->argv[1];
    size_t key_count = call->woken_by.data != NULL ? 1 : call->argc - 2;
    uint64_t timeout_ms;
    enum status status = blocking_parse_timeout_s(reply, call->argv[call->argc - 1], &timeout_ms);

    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < key_count; i++) {
        struct slice words[] = {slice_of(end == LIST_LEFT ? "LPOP" : "RPOP"), keys[i]};
        struct collection list;

        status = collection_open(call->keyspace, call->db, keys[i], ENTRY_LIST, &list);
        if (status == STATUS_WRONG_TYPE) {
            return status;
        }
        if (status == STATUS_OK) {
            reply_array(reply, 2);
            reply_bulk(reply, keys[i]);
            list_pop_one_and_reply(call, reply, &list, end);
            change_replace(call->change, words, 2);
        }
        collection_close(&list);
        if (status == STATUS_OK) {
            return status;
        }
    }
    return wait_for_list(call, reply, keys, key_count, timeout_ms);
}

static enum status run_blpop(struct call *call, struct reply *reply)
{
    return pop_or_wait(call, reply, LIST_LEFT);
}

static enum status run_brpop(struct call *call, struct reply *reply)
{
    return pop_or_wait(call, reply, LIST_RIGHT);
}

struct move {
    enum list_end from_end;
    enum list_end to_end;
    struct slice words[5]; /* That move the element without waiting; logged. */
    size_t word_count;
};

static enum status move_or_wait(struct call *call, struct reply *reply, const struct move *move)
{
    struct entry entry;
    uint64_t timeout_ms;
    enum status status = blocking_parse_timeout_s(reply, call->argv[call->argc - 1], &timeout_ms);

    if (status != STATUS_OK) {
        return status;
    }
    if (!keyspace_find(call->keyspace, call->db, call->argv[1], &entry) && !call->is_nested) {
        return wait_for_list(call, reply, &call->argv[1], 1, timeout_ms);
    }
    status = list_move(call, reply, move->from_end, move->to_end);
    if (status == STATUS_OK && call->changes != 0) {
        change_replace(call->change, move->words, move->word_count);
    }
    return status;
}

/* BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout. */
static enum status run_blmove(struct call *call, struct reply *reply)
{
    const struct slice *argv = call->argv;
    struct move move = {.words = {slice_of("LMOVE"), argv[1], argv[2], argv[3], argv[4]}, .word_count = 5};

    if (!list_parse_end(argv[3], &move.from_end) || !list_parse_end(argv[4], &move.to_end)) {
        return STATUS_SYNTAX;
    }
    return move_or_wait(call, reply, &move);
}

/* BRPOPLPUSH source destination timeout. */
static enum status run_brpoplpush(struct call *call, struct reply *reply)
{
    struct move move = {.from_end = LIST_RIGHT,
                        .to_end = LIST_LEFT,
                        .words = {slice_of("RPOPLPUSH"), call->argv[1], call->argv[2]},
                        .word_count = 3};

    return move_or_wait(call, reply, &move);
}

/* BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT n]. */
static enum status run_blmpop(struct call *call, struct reply *reply)
{
    struct list_mpop mpop;
    uint64_t timeout_ms;
    enum status status = list_mpop_parse(call, reply, 2, &mpop);

    if (status != STATUS_OK) {
        return status;
    }
    status = blocking_parse_timeout_s(reply, call->argv[1], &timeout_ms);
    if (status != STATUS_OK) {
        return status;
    }
    if (call->woken_by.data != NULL) {
        mpop.keys = &call->woken_by;
        mpop.key_count = 1;
    }
    status = list_mpop_run(call, reply, &mpop);
    return status == STATUS_NOT_FOUND ? wait_for_list(call, reply, mpop.keys, mpop.key_count, timeout_ms) : status;
}

const struct command list_block_commands[] = {
    {.name = "blpop",
     .summary = "Remove and get the first element in a list, or block until one is available",
     .since = "2.0.0",
     .complexity = "O(N) where N is the number of provided keys.",
     .group = "list",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_NOSCRIPT | COMMAND_BLOCKING,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, -2, 1)},
     .run = run_blpop},
    {.name = "brpop",
     .summary = "Remove and get the last element in a list, or block until one is available",
     .since = "2.0.0",
     .complexity = "O(N) where N is the number of provided keys.",
     .group = "list",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_NOSCRIPT | COMMAND_BLOCKING,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, -2, 1)},
     .run = run_brpop},
    {.name = "blmove",
     .summary = "Pop an element from a list, push it to another list and return it; or block until one is available",
     .since = "6.2.0",
     .complexity = "O(1)",
     .group = "list",
     .arity = 6,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_NOSCRIPT | COMMAND_BLOCKING,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1), KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
     .run = run_blmove},
    {.name = "brpoplpush",
     .summary = "Pop an element from a list, push it to another list and return it; or block until one is available",
     .since = "2.2.0",
     .complexity = "O(1)",
     .group = "list",
     .arity = 4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_NOSCRIPT | COMMAND_BLOCKING,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1), KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
     .run = run_brpoplpush},
    {.name = "blmpop",
     .summary = "Pop elements from a list, or block until one is available",
     .since = "7.0.0",
     .complexity = "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
     .group = "list",
     .arity = -5,
     .flags = COMMAND_WRITE | COMMAND_BLOCKING | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_LIST,
     .keys = {{.flags = KEY_RW | KEY_ACCESS | KEY_DELETE,
               .begin = KEY_BEGIN_INDEX,
               .index = 2,
               .find = KEY_FIND_KEYNUM,
               .keynum_index = 0,
               .first_key = 1,
               .step = 1}},
     .run = run_blmpop},
    {.name = NULL},
};
