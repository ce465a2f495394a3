/* In three steps: read the words, load the elements and sort them, give them out or store them. */
#include "server/commands/cmd_sort.h"

#include "base/memory.h"
#include "server/acl/acl_check.h"
#include "server/commands/call_effects.h"
#include "server/commands/call_reads.h"
#include "server/commands/sort_pattern.h"
#include "server/commands/sort_vector.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "storage/value/list_store.h"
#include "storage/value/set_store.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct sort {
    struct call *call;
    struct reply *reply;
    struct sort_order order;
    struct sort_pattern by;
    bool is_unsorted; /* BY names no key: the order that is there. */
    int64_t limit_start;
    int64_t limit_count;       /* -1: all. */
    struct sort_pattern *gets; /* Owned. */
    size_t get_count;
    struct slice store;
    bool stores;
    struct sort_vector vector;
    size_t begin; /* Of the vector: what is given out, */
    size_t end;   /* up to here. */
};

static enum status read_limit(struct sort *sort, size_t at)
{
    enum status status = args_int64(sort->call->argv[at], &sort->limit_start);

    return status == STATUS_OK ? args_int64(sort->call->argv[at + 1], &sort->limit_count) : status;
}

/* Patterns name keys that nobody can list before: who uses them must be allowed to read all. */
static enum status refuse_pattern(struct sort *sort, const char *option)
{
    return reply_error(sort->reply, "ERR %s option of SORT denied due to insufficient ACL permissions.", option);
}

static enum status read_by(struct sort *sort, struct slice text)
{
    sort_pattern_parse(text, &sort->by);
    sort->order.is_by_weight = true;
    if (sort->by.is_constant) {
        sort->is_unsorted = true;
    } else if (!acl_may_read_all_keys(sort->call)) {
        return refuse_pattern(sort, "BY");
    }
    return STATUS_OK;
}

static enum status read_get(struct sort *sort, struct slice text)
{
    if (!acl_may_read_all_keys(sort->call)) {
        return refuse_pattern(sort, "GET");
    }
    sort_pattern_parse(text, &sort->gets[sort->get_count++]);
    return STATUS_OK;
}

/* One option at argv[at]; `*used` is how many words it takes. */
static enum status read_option(struct sort *sort, size_t at, size_t *used)
{
    const struct slice *argv = sort->call->argv;
    size_t left = sort->call->argc - at - 1;
    bool may_store = (sort->call->command->flags & COMMAND_WRITE) != 0;

    *used = 1;
    if (args_is(argv[at], "asc") || args_is(argv[at], "desc")) {
        sort->order.is_descending = args_is(argv[at], "desc");
        return STATUS_OK;
    }
    if (args_is(argv[at], "alpha")) {
        sort->order.is_alpha = true;
        return STATUS_OK;
    }
    *used = 2;
    if (args_is(argv[at], "limit") && left >= 2) {
        *used = 3;
        return read_limit(sort, at + 1);
    }
    if (may_store && args_is(argv[at], "store") && left >= 1) {
        sort->store = argv[at + 1];
        sort->stores = true;
    } else if (args_is(argv[at], "by") && left >= 1) {
        return read_by(sort, argv[at + 1]);
    } else if (args_is(argv[at], "get") && left >= 1) {
        return read_get(sort, argv[at + 1]);
    } else {
        return STATUS_SYNTAX;
    }
    return STATUS_OK;
}

static enum status read_options(struct sort *sort)
{
    enum status status = STATUS_OK;
    size_t used;

    for (size_t i = 2; status == STATUS_OK && i < sort->call->argc; i += used) {
        status = read_option(sort, i, &used);
    }
    return status;
}

/* What of `count` elements is given out, by LIMIT. */
static void limit(struct sort *sort, uint64_t count)
{
    uint64_t start = sort->limit_start < 0 ? 0 : (uint64_t)sort->limit_start;

    sort->begin = start < count ? start : count;
    sort->end = count;
    if (sort->limit_count >= 0 && (uint64_t)sort->limit_count < count - sort->begin) {
        sort->end = sort->begin + (uint64_t)sort->limit_count;
    }
}

static void load(struct sort *sort, const struct collection *collection)
{
    uint64_t count = collection->entry.count;

    limit(sort, count);
    if (!sort->is_unsorted) {
        sort_vector_init(&sort->vector, count);
        sort_vector_load(&sort->vector, collection, 0, count, false);
        return;
    }
    /* The order is there: only what is given out is read. */
    count = sort->end - sort->begin;
    sort_vector_init(&sort->vector, count);
    sort_vector_load(&sort->vector, collection, sort->begin, count, sort->order.is_descending);
    sort->begin = 0;
    sort->end = count;
}

/* The weight as a number; false if it is none. */
static bool weigh_number(struct sort_item *item, struct slice text)
{
    char *end;

    errno = 0;
    item->score = strtod(text.data, &end);
    return *end == '\0' && errno != ERANGE && !isnan(item->score);
}

/* Find what each element is weighed by. False if one of these is no number. */
static bool weigh(struct sort *sort)
{
    struct buf value;
    bool is_good = true;

    buf_init(&value, BUF_NO_CEILING);
    for (size_t i = 0; i < sort->vector.count; i++) {
        struct sort_item *item = &sort->vector.items[i];

        if (!sort->order.is_by_weight) {
            item->weight = item->element;
        } else if (sort_pattern_find(sort->call, &sort->by, item->element, &value)) {
            item->weight = sort_vector_copy(&sort->vector, buf_slice(&value));
        }
        if (!sort->order.is_alpha && item->weight.data != NULL) {
            is_good = weigh_number(item, item->weight) && is_good;
        }
    }
    buf_release(&value);
    return is_good;
}

/* Takes each value of the result; false once it can take no more. `value` is borrowed for the call; missing ones are
 * told with NULL. */
struct sort_taker {
    bool (*take)(void *context, const struct slice *value);
    void *context;
};

static bool give_item(struct sort *sort, const struct sort_item *item, const struct sort_taker *taker,
                      struct buf *scratch)
{
    bool goes_on = true;

    if (sort->get_count == 0) {
        return taker->take(taker->context, &item->element);
    }
    for (size_t i = 0; goes_on && i < sort->get_count; i++) {
        bool found = sort_pattern_find(sort->call, &sort->gets[i], item->element, scratch);
        struct slice value = buf_slice(scratch);

        goes_on = taker->take(taker->context, found ? &value : NULL);
    }
    return goes_on;
}

/* Whether all were taken. */
static bool give(struct sort *sort, const struct sort_taker *taker)
{
    struct buf scratch;
    bool goes_on = true;

    buf_init(&scratch, BUF_NO_CEILING);
    for (size_t i = sort->begin; goes_on && i < sort->end; i++) {
        goes_on = give_item(sort, &sort->vector.items[i], taker, &scratch);
    }
    buf_release(&scratch);
    return goes_on;
}

static size_t result_count(const struct sort *sort)
{
    return (sort->end - sort->begin) * (sort->get_count == 0 ? 1 : sort->get_count);
}

static bool reply_value(void *context, const struct slice *value)
{
    if (value == NULL) {
        reply_null(context);
    } else {
        reply_bulk(context, *value);
    }
    return true;
}

/* A result on its way into a list, and into the log. What is stored is logged and not what was asked: the order of
 * equals, and of a set, is this server's own. */
struct stored {
    struct collection list;
    struct call_effects effects;
};

static bool store_value(void *context, const struct slice *value)
{
    struct stored *stored = context;
    struct slice item = value == NULL ? slice_empty() : *value;

    if (!call_effects_fit(stored->effects.call, item.len + CALL_EFFECTS_ITEM_BYTES)) {
        return false;
    }
    list_push(&stored->list, LIST_RIGHT, item);
    call_effects_add(&stored->effects, item);
    return true;
}

static enum status store_result(struct sort *sort)
{
    struct call *call = sort->call;
    struct slice removal[] = {slice_of("DEL"), sort->store};
    struct stored stored;
    const struct sort_taker taker = {.take = store_value, .context = &stored};
    enum status status = STATUS_OK;

    change_add(call->change, removal, 2);
    call_effects_begin(&stored.effects, call, "RPUSH", sort->store, result_count(sort));
    collection_begin(call->keyspace, call->db, sort->store, ENTRY_LIST, &stored.list);
    if (give(sort, &taker)) {
        collection_commit(&stored.list);
        call->changes += result_count(sort);
        notify_key(call, NOTIFY_LIST, "sortstore", call->db, sort->store);
    } else {
        collection_abandon(&stored.list);
        status = call_effects_refuse(call, sort->reply);
    }
    collection_close(&stored.list);
    return status;
}

static enum status store(struct sort *sort, struct reply *reply)
{
    struct call *call = sort->call;
    struct slice removal[] = {slice_of("DEL"), sort->store};
    enum status status = STATUS_OK;

    if (result_count(sort) > 0) {
        status = store_result(sort);
    } else if (keyspace_delete(call->keyspace, call->db, sort->store)) {
        call->changes++;
        change_replace(call->change, removal, 2);
        notify_key(call, NOTIFY_GENERIC, "del", call->db, sort->store);
    }
    if (status == STATUS_OK) {
        reply_integer(reply, (int64_t)result_count(sort));
    }
    return status;
}

static enum status finish(struct sort *sort, struct reply *reply)
{
    if (!sort->is_unsorted) {
        if (!weigh(sort)) {
            return reply_error(reply, "ERR One or more scores can't be converted into double");
        }
        sort_vector_sort(&sort->vector, &sort->order);
    }
    if (sort->stores) {
        return store(sort, reply);
    }
    reply_array(reply, result_count(sort));
    (void)give(sort, &(struct sort_taker){.take = reply_value, .context = reply});
    return STATUS_OK;
}

/* Open what is to be sorted; an absent key is an empty list. */
static enum status open_elements(struct sort *sort, struct collection *collection)
{
    struct call *call = sort->call;
    struct slice key = call->argv[1];
    struct entry entry = {.type = ENTRY_LIST, .body = slice_empty()};
    bool found = keyspace_find(call->keyspace, call->db, key, &entry);

    call_count_read_of_writer(call, key, found);
    if (entry.type != ENTRY_LIST && entry.type != ENTRY_SET && entry.type != ENTRY_ZSET) {
        return STATUS_WRONG_TYPE;
    }
    collection_look(call->keyspace, call->db, key, &entry, collection);
    return STATUS_OK;
}

static enum status sort_and_finish(struct sort *sort, struct reply *reply)
{
    struct collection collection;
    enum status status = open_elements(sort, &collection);

    if (status != STATUS_OK) {
        return status;
    }
    /* A set has no order of its own: what is stored of it is sorted anyway. */
    if (sort->is_unsorted && collection.entry.type == ENTRY_SET && sort->stores) {
        sort->is_unsorted = false;
        sort->order.is_alpha = true;
        sort->order.is_by_weight = false;
    }
    sort->order.is_binary = sort->stores;
    load(sort, &collection);
    collection_close(&collection);
    status = finish(sort, reply);
    sort_vector_release(&sort->vector);
    return status;
}

/* SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC|DESC] [ALPHA] [STORE destination]. SORT_RO: the
 * same but STORE. */
static enum status run_sort(struct call *call, struct reply *reply)
{
    struct sort sort = {.call = call, .reply = reply, .limit_count = -1};
    enum status status;

    sort.gets = memory_allocate(call->argc * sizeof(*sort.gets));
    status = read_options(&sort);
    if (status == STATUS_OK) {
        status = sort_and_finish(&sort, reply);
    }
    memory_free(sort.gets);
    return status;
}

/* The sorted key, and the last STORE's. */
static size_t visit_sort_keys(const struct slice *argv, size_t argc, command_key_visit *visit, void *context)
{
    size_t stored = 0;

    for (size_t i = 2; i < argc; i++) {
        if (args_is(argv[i], "limit")) {
            i += 2;
        } else if (args_is(argv[i], "get") || args_is(argv[i], "by")) {
            i++;
        } else if (args_is(argv[i], "store") && i + 1 < argc) {
            stored = ++i; /* Skipped, as by who runs it. Redis does not, and takes a key called BY for an option. */
        }
    }
    visit(context, 1, KEY_RO | KEY_ACCESS);
    if (stored != 0) {
        visit(context, stored, KEY_OW | KEY_UPDATE);
    }
    return stored != 0 ? 2 : 1;
}

static size_t visit_sort_ro_keys(const struct slice *argv, size_t argc, command_key_visit *visit, void *context)
{
    (void)argv;
    (void)argc;
    visit(context, 1, KEY_RO | KEY_ACCESS);
    return 1;
}

#define SORT_COMPLEXITY                                                                                                \
    "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned "        \
    "elements. When the elements are not sorted, complexity is O(N)."
#define SORT_CATEGORIES (CATEGORY_SET | CATEGORY_SORTED_SET | CATEGORY_LIST | CATEGORY_DANGEROUS)

const struct command sort_commands[] = {
    {.name = "sort",
     .summary = "Sort the elements in a list, set or sorted set",
     .since = "1.0.0",
     .complexity = SORT_COMPLEXITY,
     .group = "generic",
     .arity = -2,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_MOVABLEKEYS,
     .categories = SORT_CATEGORIES,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1),
              {.flags = KEY_RO | KEY_ACCESS, .begin = KEY_BEGIN_UNKNOWN, .find = KEY_FIND_UNKNOWN},
              {.flags = KEY_OW | KEY_UPDATE, .begin = KEY_BEGIN_UNKNOWN, .find = KEY_FIND_UNKNOWN}},
     .visit_keys = visit_sort_keys,
     .run = run_sort},
    {.name = "sort_ro",
     .summary = "Sort the elements in a list, set or sorted set. Read-only variant of SORT.",
     .since = "7.0.0",
     .complexity = SORT_COMPLEXITY,
     .group = "generic",
     .arity = -2,
     .flags = COMMAND_READONLY | COMMAND_MOVABLEKEYS,
     .categories = SORT_CATEGORIES,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1),
              {.flags = KEY_RO | KEY_ACCESS, .begin = KEY_BEGIN_UNKNOWN, .find = KEY_FIND_UNKNOWN}},
     .visit_keys = visit_sort_ro_keys,
     .run = run_sort},
    {.name = NULL},
};
