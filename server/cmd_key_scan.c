/* Walks over the keys of a database. */
#include "base/glob.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/random.h"
#include "server/args.h"
#include "server/cmd_key.h"
#include "server/reply.h"
#include "storage/keyspace_scan.h"

/* KEYS pattern: costs what begins with the pattern's literal prefix. */
static enum status run_keys(struct call *call, struct reply *reply)
{
    struct slice pattern = call->argv[1];
    char *prefix = memory_allocate(pattern.len + 1);
    size_t prefix_len = glob_literal_prefix(pattern, prefix);
    struct keyspace_walk *walk = keyspace_walk_begin(call->keyspace, call->db, slice_make(prefix, prefix_len));
    struct reply_deferred keys = reply_deferred_begin(reply);
    struct slice key;
    struct entry entry;
    size_t count = 0;

    while (keyspace_walk_next(walk, &key, &entry)) {
        if (glob_match(pattern, key, false)) {
            reply_bulk(reply, key);
            count++;
        }
    }
    keyspace_walk_end(walk);
    reply_deferred_array(reply, keys, count);
    memory_free(prefix);
    return STATUS_OK;
}

struct scan_request {
    uint64_t cursor;
    size_t count;
    bool has_pattern;
    struct slice pattern; /* MATCH */
    bool has_type;
    struct slice type; /* TYPE: its word; an unknown one matches nothing. */
    struct reply *reply;
    size_t reply_count;
};

static enum status parse_scan(struct call *call, struct reply *reply, struct scan_request *request)
{
    *request = (struct scan_request){.count = 10, .reply = reply};
    if (!number_parse_uint64(call->argv[1], &request->cursor)) {
        return reply_error(reply, "ERR invalid cursor");
    }
    for (size_t i = 2; i < call->argc; i += 2) {
        int64_t count;

        if (i + 1 >= call->argc) {
            return STATUS_SYNTAX;
        }
        if (args_is(call->argv[i], "count")) {
            enum status status = args_int64(call->argv[i + 1], &count);

            if (status != STATUS_OK) {
                return status;
            }
            if (count < 1) {
                return STATUS_SYNTAX;
            }
            request->count = (size_t)count;
        } else if (args_is(call->argv[i], "match")) {
            request->pattern = call->argv[i + 1];
            request->has_pattern = true;
        } else if (args_is(call->argv[i], "type")) {
            request->type = call->argv[i + 1];
            request->has_type = true;
        } else {
            return STATUS_SYNTAX;
        }
    }
    return STATUS_OK;
}

static void visit_scanned(void *context, struct slice key, const struct entry *entry)
{
    struct scan_request *request = context;

    if (request->has_pattern && !glob_match(request->pattern, key, false)) {
        return;
    }
    if (request->has_type && !args_is(request->type, key_type_name(entry->type))) {
        return;
    }
    reply_bulk(request->reply, key);
    request->reply_count++;
}

/* SCAN cursor [MATCH pattern] [COUNT n] [TYPE type]. */
static enum status run_scan(struct call *call, struct reply *reply)
{
    struct scan_request request;
    struct keyspace_scan_visitor visitor = {.visit = visit_scanned, .context = &request};
    struct reply keys;
    struct buf found;
    char *prefix;
    size_t prefix_len;
    uint64_t next;
    enum status status = parse_scan(call, reply, &request);

    if (status != STATUS_OK) {
        return status;
    }
    buf_init(&found, BUF_NO_CEILING);
    reply_init(&keys, &found, reply->protocol);
    request.reply = &keys;
    prefix = memory_allocate(request.pattern.len + 1);
    prefix_len = request.has_pattern ? glob_literal_prefix(request.pattern, prefix) : 0;
    next = keyspace_scan(call->keyspace, call->db, request.cursor, slice_make(prefix, prefix_len), request.count,
                         &visitor);
    memory_free(prefix);
    reply_array(reply, 2);
    reply_bulk_format(reply, "%llu", (unsigned long long)next);
    reply_array(reply, request.reply_count);
    buf_put(reply->out, buf_slice(&found));
    buf_release(&found);
    return STATUS_OK;
}

/* RANDOMKEY: null if the database is empty. */
static enum status run_randomkey(struct call *call, struct reply *reply)
{
    struct random random;
    struct buf key;

    random_init_from_system(&random);
    buf_init(&key, BUF_NO_CEILING);
    if (keyspace_random_key(call->keyspace, call->db, &random, &key)) {
        reply_bulk(reply, buf_slice(&key));
    } else {
        reply_null(reply);
    }
    buf_release(&key);
    return STATUS_OK;
}

static enum status run_dbsize(struct call *call, struct reply *reply)
{
    reply_integer(reply, (int64_t)keyspace_key_count(call->keyspace, call->db));
    return STATUS_OK;
}

const struct command key_scan_commands[] = {
    {.name = "keys",
     .summary = "Find all keys matching the given pattern",
     .since = "1.0.0",
     .complexity = "O(N) with N being the number of keys in the database, under the assumption that the key names in "
                   "the database and the given pattern have limited length.",
     .group = "generic",
     .arity = 2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
     .tips = "request_policy:all_shards,nondeterministic_output_order",
     .run = run_keys},
    {.name = "scan",
     .summary = "Incrementally iterate the keys space",
     .since = "2.8.0",
     .complexity = "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor "
                   "to return back to 0. N is the number of elements inside the collection.",
     .group = "generic",
     .arity = -2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_KEYSPACE,
     .tips = "nondeterministic_output,request_policy:special",
     .run = run_scan},
    {.name = "randomkey",
     .summary = "Return a random key from the keyspace",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 1,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_KEYSPACE,
     .tips = "request_policy:all_shards,nondeterministic_output",
     .run = run_randomkey},
    {.name = "dbsize",
     .summary = "Return the number of keys in the selected database",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "server",
     .arity = 1,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .tips = "request_policy:all_shards,response_policy:agg_sum",
     .run = run_dbsize},
    {.name = NULL},
};
