/* Walks over the keys of a database. */
#include "base/glob.h"
#include "base/memory.h"
#include "base/random.h"
#include "server/commands/cmd_key.h"
#include "server/commands/scan_args.h"
#include "server/request/args.h"
#include "server/request/reply.h"
#include "storage/keyspace/keyspace_scan.h"

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

static void visit_scanned(void *context, struct slice key, const struct entry *entry)
{
    struct scan_page *page = context;

    if (scan_args_match(&page->args, key) &&
        (!page->args.has_type || args_is(page->args.type, key_type_name(entry->type)))) {
        scan_page_put(page, key);
    }
}

/* SCAN cursor [MATCH pattern] [COUNT n] [TYPE type]. */
static enum status run_scan(struct call *call, struct reply *reply)
{
    struct scan_page page;
    const struct scan_args *args = &page.args;
    struct keyspace_scan_visitor visitor = {.visit = visit_scanned, .context = &page};
    char *prefix;
    size_t prefix_len;
    uint64_t next;
    enum status status = scan_args_parse_cursor(call, reply, 1, &page.args);

    if (status == STATUS_OK) {
        status = scan_args_parse_options(call, 2, true, &page.args);
    }
    if (status != STATUS_OK) {
        return status;
    }
    scan_page_begin(&page, reply);
    prefix = memory_allocate(args->pattern.len + 1);
    prefix_len = args->has_pattern ? glob_literal_prefix(args->pattern, prefix) : 0;
    next = keyspace_scan(call->keyspace, call->db, args->cursor, slice_make(prefix, prefix_len), args->count, &visitor);
    memory_free(prefix);
    scan_page_end(&page, reply, next);
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
