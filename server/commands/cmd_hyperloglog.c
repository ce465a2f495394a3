/* HyperLogLogs: strings of the form that base/hyperloglog.h describes, so that GET, SET and replicas carry them. */
#include "server/commands/cmd_hyperloglog.h"
#include "base/bytes.h"
#include "base/hyperloglog.h"
#include "base/hyperloglog_sparse.h"
#include "base/memory.h"
#include "server/commands/call_reads.h"
#include "server/commands/cmd_string.h"
#include "server/config/config.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/dispatch.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "server/services.h"
#include "storage/store.h"
#include "storage/value/string_store.h"

#define SELF_TEST_ELEMENTS 100000

static enum status reply_corrupt(struct reply *reply)
{
    return reply_error(reply, "INVALIDOBJ Corrupted HLL object detected");
}

static bool is_sparse(struct slice bytes)
{
    return hyperloglog_form(bytes) == HYPERLOGLOG_SPARSE;
}

/* What a key holds, for one command. */
struct value {
    struct entry entry;
    bool is_there;
    bool was_sparse;    /* As an absent one is. */
    struct slice bytes; /* Borrowed: from the keyspace, or from `own`, and dead when that changes. */
    struct buf own;
};

/* Find the value under `key`, which may be absent. On STATUS_OK it is to be closed. */
static enum status open_value(struct call *call, struct reply *reply, struct slice key, struct value *value)
{
    enum status status = string_find(call, key, &value->entry);

    value->is_there = status == STATUS_OK;
    value->was_sparse = true;
    value->bytes = slice_empty();
    if (status == STATUS_NOT_FOUND) {
        buf_init(&value->own, BUF_NO_CEILING);
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    buf_init(&value->own, BUF_NO_CEILING);
    status = string_value(call->keyspace, &value->entry, &value->own, &value->bytes);
    if (status == STATUS_OK && !hyperloglog_is_one(value->bytes)) {
        status = reply_error(reply, "WRONGTYPE Key is not a valid HyperLogLog string value.");
    }
    if (status != STATUS_OK) {
        buf_release(&value->own);
        return status;
    }
    value->was_sparse = is_sparse(value->bytes);
    return STATUS_OK;
}

static void close_value(struct value *value)
{
    buf_release(&value->own);
}

/* Make `value->own` a copy that may be changed; of an empty one if there is none. */
static void own_value(struct value *value)
{
    if (!value->is_there) {
        hyperloglog_create(&value->own);
    } else if (value->own.len == 0) {
        buf_put(&value->own, value->bytes);
    }
}

/* Put the changed copy under `key`, where its expiry stays. */
static void store_value(struct call *call, struct slice key, const struct value *value)
{
    string_set(call->keyspace, call->db, key, buf_slice(&value->own), value->is_there ? value->entry.expire_at_ms : 0);
    call->changes++;
}

/* A sparse one becomes dense at a length that is configured. The log says where that was, so that whoever replays it
 * comes to the same bytes whatever is configured there: replay knows no such length. */
static size_t sparse_bytes_max(const struct call *call)
{
    return call->is_replay ? SIZE_MAX : (size_t)call->services->config->hll_sparse_max_bytes;
}

static void log_growth(struct call *call, const struct value *value)
{
    struct slice growth[] = {slice_of("PFDEBUG"), slice_of("TODENSE"), call->argv[1]};
    struct slice *words;

    if (!value->was_sparse || is_sparse(buf_slice(&value->own))) {
        return;
    }
    words = memory_copy(call->argv, call->argc * sizeof(*words));
    words[0] = slice_of(call->command->name);
    change_add(call->change, words, call->argc);
    change_add(call->change, growth, 3);
    memory_free(words);
}

static bool holds_all(const struct call *call, const struct value *value)
{
    if (value->was_sparse) {
        return false; /* As costly to see as to add. */
    }
    for (size_t i = 2; i < call->argc; i++) {
        if (!hyperloglog_holds(value->bytes, hyperloglog_place(call->argv[i]))) {
            return false;
        }
    }
    return true;
}

/* Add the call's elements to the copy, up to the one that finds it corrupt, if one does: how many were added. */
static size_t add_elements(const struct call *call, struct value *value, bool *changed)
{
    for (size_t i = 2; i < call->argc; i++) {
        struct hyperloglog_place place = hyperloglog_place(call->argv[i]);

        switch (hyperloglog_raise(&value->own, place, sparse_bytes_max(call))) {
        case HYPERLOGLOG_UNCHANGED:
            break;
        case HYPERLOGLOG_CHANGED:
            *changed = true;
            break;
        case HYPERLOGLOG_CORRUPT:
            return i - 2;
        }
    }
    return call->argc - 2;
}

/* As Redis does, keep what was added before the damage was found; the log has that much of the command. Where it is
 * found no form has changed: a dense one has no damage. */
static void keep_first_elements(struct call *call, const struct value *value, size_t count)
{
    struct slice *words = memory_copy(call->argv, (2 + count) * sizeof(*words));

    words[0] = slice_of(call->command->name);
    change_replace(call->change, words, 2 + count);
    store_value(call, call->argv[1], value);
    notify_key(call, NOTIFY_UNTOLD, "pfadd", call->db, call->argv[1]);
    memory_free(words);
}

/* PFADD key [element ...]: 1 if a register was raised or the key was created. */
static enum status run_pfadd(struct call *call, struct reply *reply)
{
    struct slice key = call->argv[1];
    struct value value;
    size_t added_count = call->argc - 2;
    bool changed;
    enum status status = open_value(call, reply, key, &value);

    if (status != STATUS_OK) {
        return status;
    }
    changed = !value.is_there;
    if (!holds_all(call, &value)) {
        own_value(&value);
        added_count = add_elements(call, &value, &changed);
    }
    if (changed) {
        hyperloglog_forget(&value.own);
    }
    if (added_count < call->argc - 2) {
        if (changed) {
            keep_first_elements(call, &value, added_count);
        }
        (void)reply_corrupt(reply);
    } else {
        if (changed) {
            log_growth(call, &value);
            store_value(call, key, &value);
            notify_key(call, NOTIFY_STRING, "pfadd", call->db, key);
        }
        reply_integer(reply, changed);
    }
    close_value(&value);
    return STATUS_OK;
}

/* Raise `registers` to those of all values from argument 1 on. `*is_dense` tells whether one of them is. */
static enum status merge_all(struct call *call, struct reply *reply, uint8_t registers[HYPERLOGLOG_REGISTERS],
                             bool *is_dense)
{
    *is_dense = false;
    for (size_t i = 1; i < call->argc; i++) {
        struct value value;
        bool is_whole;
        enum status status = open_value(call, reply, call->argv[i], &value);

        call_count_read_of_writer(call, call->argv[i], status != STATUS_OK || value.is_there);
        if (status != STATUS_OK) {
            return status;
        }
        is_whole = !value.is_there || hyperloglog_merge(value.bytes, registers);
        *is_dense = *is_dense || !value.was_sparse;
        close_value(&value);
        if (!is_whole) {
            return reply_corrupt(reply);
        }
    }
    return STATUS_OK;
}

/* Whether a command that reads may store what it has computed. */
static bool may_cache(struct call *call)
{
    const struct dispatch_gate *gate = dispatch_gate(call->services->dispatch);

    return call->is_replay || (!gate->is_replica && gate->pause == DISPATCH_PAUSE_NONE &&
                               store_admit_write(call->services->store, HYPERLOGLOG_DENSE_BYTES) == STATUS_OK);
}

static void cache_count(struct call *call, const struct value *value, uint64_t count)
{
    struct slice key = call->argv[1];
    char bytes[8];
    size_t len;

    bytes_put_le64(bytes, count);
    string_write(call->keyspace, call->db, key, &value->entry, HYPERLOGLOG_AT_COUNT, slice_make(bytes, sizeof(bytes)),
                 &len);
    call->changes++;
    notify_key(call, NOTIFY_UNTOLD, "pfcount", call->db, key);
}

/* PFCOUNT key: what is cached, else what is then cached and logged. */
static enum status count_one(struct call *call, struct reply *reply)
{
    struct value value;
    uint64_t count = 0;
    bool is_whole = true;
    enum status status = open_value(call, reply, call->argv[1], &value);

    if (status != STATUS_OK) {
        return status;
    }
    if (value.is_there && !hyperloglog_cached(value.bytes, &count)) {
        is_whole = hyperloglog_count(value.bytes, &count);
        if (is_whole && may_cache(call)) {
            cache_count(call, &value, count);
        }
    }
    close_value(&value);
    if (!is_whole) {
        return reply_corrupt(reply);
    }
    reply_integer(reply, (int64_t)count);
    return STATUS_OK;
}

/* PFCOUNT key [key ...]: the count of one, or of the union of several. */
static enum status run_pfcount(struct call *call, struct reply *reply)
{
    uint8_t registers[HYPERLOGLOG_REGISTERS] = {0};
    bool is_dense;
    enum status status;

    if (call->argc == 2) {
        return count_one(call, reply);
    }
    status = merge_all(call, reply, registers, &is_dense);
    if (status == STATUS_OK) {
        reply_integer(reply, (int64_t)hyperloglog_count_registers(registers));
    }
    return status;
}

/* Give the copy these registers, which are at least its own. */
static void raise_all(const struct call *call, struct value *value, const uint8_t registers[HYPERLOGLOG_REGISTERS])
{
    for (uint32_t i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
        if (registers[i] != 0) {
            struct hyperloglog_place place = {.index = i, .value = registers[i]};

            (void)hyperloglog_raise(&value->own, place, sparse_bytes_max(call)); /* Merging has found it whole. */
        }
    }
}

/* PFMERGE destination [key ...]. */
static enum status run_pfmerge(struct call *call, struct reply *reply)
{
    uint8_t registers[HYPERLOGLOG_REGISTERS] = {0};
    struct slice key = call->argv[1];
    struct value value;
    bool is_dense;
    enum status status = merge_all(call, reply, registers, &is_dense);

    if (status == STATUS_OK) {
        status = open_value(call, reply, key, &value);
    }
    if (status != STATUS_OK) {
        return status;
    }
    own_value(&value);
    if (is_dense) {
        hyperloglog_set_dense(&value.own, registers);
    } else {
        raise_all(call, &value, registers);
    }
    hyperloglog_forget(&value.own);
    log_growth(call, &value);
    store_value(call, key, &value);
    notify_key(call, NOTIFY_STRING, "pfadd", call->db, key);
    close_value(&value);
    reply_ok(reply);
    return STATUS_OK;
}

/* Make it dense, which is logged as it came. False if it is corrupt. */
static bool make_dense(struct call *call, struct value *value, bool *changed)
{
    *changed = value->was_sparse;
    own_value(value);
    if (!hyperloglog_make_dense(&value->own)) {
        return false;
    }
    if (*changed) {
        store_value(call, call->argv[2], value);
    }
    return true;
}

static enum status debug_registers(struct call *call, struct reply *reply, struct value *value)
{
    uint8_t registers[HYPERLOGLOG_REGISTERS] = {0};
    bool changed;

    if (!make_dense(call, value, &changed) || !hyperloglog_merge(buf_slice(&value->own), registers)) {
        return reply_corrupt(reply);
    }
    reply_array(reply, HYPERLOGLOG_REGISTERS);
    for (size_t i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
        reply_integer(reply, registers[i]);
    }
    return STATUS_OK;
}

static enum status debug_decode(struct reply *reply, const struct value *value)
{
    struct buf text;

    if (!value->was_sparse) {
        return reply_error(reply, "ERR HLL encoding is not sparse");
    }
    buf_init(&text, BUF_NO_CEILING);
    hyperloglog_sparse_describe(value->bytes, &text);
    reply_bulk(reply, buf_slice(&text));
    buf_release(&text);
    return STATUS_OK;
}

static enum status debug(struct call *call, struct reply *reply, struct value *value)
{
    struct slice word = call->argv[1];
    bool changed;

    if (!value->is_there) {
        return reply_error(reply, "ERR The specified key does not exist");
    }
    if (args_is(word, "getreg")) {
        return debug_registers(call, reply, value);
    }
    if (args_is(word, "decode")) {
        return debug_decode(reply, value);
    }
    if (args_is(word, "encoding")) {
        reply_simple(reply, value->was_sparse ? "sparse" : "dense");
        return STATUS_OK;
    }
    if (args_is(word, "todense")) {
        if (!make_dense(call, value, &changed)) {
            return reply_corrupt(reply);
        }
        reply_integer(reply, changed);
        return STATUS_OK;
    }
    return reply_error(reply, "ERR Unknown PFDEBUG subcommand '%.*s'", (int)strnlen(word.data, word.len), word.data);
}

/* PFDEBUG GETREG|DECODE|ENCODING|TODENSE key. */
static enum status run_pfdebug(struct call *call, struct reply *reply)
{
    struct value value;
    enum status status = open_value(call, reply, call->argv[2], &value);

    if (status == STATUS_OK) {
        status = debug(call, reply, &value);
        close_value(&value);
    }
    return status;
}

/* PFSELFTEST: fill one, in both forms, and see that they agree and count well. */
static enum status run_pfselftest(struct call *call, struct reply *reply)
{
    struct buf sparse;
    struct buf dense;
    bool is_good = true;

    (void)call;
    buf_init(&sparse, BUF_NO_CEILING);
    buf_init(&dense, BUF_NO_CEILING);
    hyperloglog_create(&sparse);
    hyperloglog_create(&dense);
    (void)hyperloglog_make_dense(&dense);
    for (uint64_t i = 1; i <= SELF_TEST_ELEMENTS && is_good; i++) {
        struct hyperloglog_place place = hyperloglog_place(slice_make(&i, sizeof(i)));
        uint64_t counts[2] = {0};

        is_good = hyperloglog_raise(&sparse, place, HYPERLOGLOG_DENSE_BYTES) ==
                  hyperloglog_raise(&dense, place, HYPERLOGLOG_DENSE_BYTES);
        if ((i & (i - 1)) == 0) {
            is_good = is_good && hyperloglog_count(buf_slice(&sparse), &counts[0]) &&
                      hyperloglog_count(buf_slice(&dense), &counts[1]) && counts[0] == counts[1] &&
                      counts[0] * 20 >= i * 19 && counts[0] * 20 <= i * 21;
        }
    }
    buf_release(&sparse);
    buf_release(&dense);
    if (!is_good) {
        return reply_error(reply, "ERR TESTFAILED the forms of HyperLogLog differ or count badly");
    }
    reply_ok(reply);
    return STATUS_OK;
}

const struct command hyperloglog_commands[] = {
    {.name = "pfadd",
     .summary = "Adds the specified elements to the specified HyperLogLog.",
     .since = "2.8.9",
     .complexity = "O(1) to add every element.",
     .group = "hyperloglog",
     .arity = -2,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_HYPERLOGLOG,
     .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
     .run = run_pfadd},
    {.name = "pfcount",
     .summary = "Return the approximated cardinality of the set(s) observed by the HyperLogLog at key(s).",
     .since = "2.8.9",
     .complexity = "O(1) with a very small average constant time when called with a single key. O(N) with N being the "
                   "number of keys, and much bigger constant times, when called with multiple keys.",
     .group = "hyperloglog",
     .arity = -2,
     .flags = COMMAND_READONLY | COMMAND_MAY_REPLICATE,
     .categories = CATEGORY_HYPERLOGLOG,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS, 1, -1, 1)},
     .run = run_pfcount},
    {.name = "pfmerge",
     .summary = "Merge N different HyperLogLogs into a single one.",
     .since = "2.8.9",
     .complexity = "O(N) to merge N HyperLogLogs, but with high constant times.",
     .group = "hyperloglog",
     .arity = -2,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_HYPERLOGLOG,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_INSERT, 1, 0, 1), KEY_RANGE(KEY_RO | KEY_ACCESS, 2, -1, 1)},
     .run = run_pfmerge},
    {.name = "pfdebug",
     .summary = "Internal commands for debugging HyperLogLog values",
     .since = "2.8.9",
     .complexity = "N/A",
     .group = "hyperloglog",
     .arity = 3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_ADMIN,
     .categories = CATEGORY_HYPERLOGLOG,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS, 2, 0, 1)},
     .run = run_pfdebug},
    {.name = "pfselftest",
     .summary = "An internal command for testing HyperLogLog values",
     .since = "2.8.9",
     .complexity = "N/A",
     .group = "hyperloglog",
     .arity = 1,
     .flags = COMMAND_ADMIN,
     .categories = CATEGORY_HYPERLOGLOG,
     .run = run_pfselftest},
    {.name = NULL},
};
