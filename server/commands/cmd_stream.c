/* Adding to streams, deleting and trimming. What time decides, the id of a new item and what "~" has spared, is logged
 * as it came out. */
#include "server/commands/cmd_stream.h"
#include "base/memory.h"
#include "base/number.h"
#include "server/commands/stream_args.h"
#include "server/commands/stream_reply.h"
#include "server/config/config.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "server/services.h"

enum status stream_open_first(struct call *call, struct stream *stream)
{
    return stream_open(call->keyspace, call->db, call->argv[1], stream);
}

static struct stream_node_limits node_limits(const struct call *call)
{
    const struct config *config = call->services->config;

    return (struct stream_node_limits){.entries = (uint64_t)config->stream_node_max_entries,
                                       .bytes = (uint64_t)config->stream_node_max_bytes};
}

/* A trim as it is logged: exact, to what is there now. */
struct trim_words {
    struct slice words[3];
    char text[STREAM_ID_TEXT_MAX];
};

static void describe_trim(const struct stream *stream, const struct stream_trim *trim, struct trim_words *words)
{
    /* What "~" spared begins with an id, if there is any. */
    bool by_id = trim->by_id && (!trim->is_approximate || stream_count(stream) > 0);
    struct stream_id id = trim->is_approximate ? stream->head.items.first : trim->id;
    uint64_t count = trim->is_approximate ? stream_count(stream) : trim->count;

    words->words[0] = slice_of(by_id ? "MINID" : "MAXLEN");
    words->words[1] = slice_of("=");
    words->words[2] =
        by_id ? stream_id_text(id, words->text) : slice_make(words->text, number_format_uint64(words->text, count));
}

/* XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT count]: how many were deleted. */
static enum status run_xtrim(struct call *call, struct reply *reply)
{
    struct stream_add_args args;
    struct stream stream;
    uint64_t deleted = 0;
    enum status status = stream_args_parse_add(call, reply, false, &args);

    if (status != STATUS_OK) {
        return status;
    }
    status = stream_open_first(call, &stream);
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    if (status == STATUS_OK) {
        deleted = stream_trim(&stream, &args.trim);
    }
    if (deleted > 0) {
        stream_commit(&stream);
        call->changes += deleted;
        notify_key(call, NOTIFY_STREAM, "xtrim", call->db, call->argv[1]);
    }
    if (deleted > 0 && args.trim.is_approximate) {
        struct trim_words trim;

        describe_trim(&stream, &args.trim, &trim);
        change_replace(call->change,
                       (struct slice[]){slice_of("XTRIM"), call->argv[1], trim.words[0], trim.words[1], trim.words[2]},
                       5);
    }
    reply_integer(reply, (int64_t)deleted);
    return STATUS_OK;
}

/* The id of the new item. STATUS_REPLIED if there is none. */
static enum status choose_id(const struct call *call, struct reply *reply, const struct stream_add_args *args,
                             const struct stream *stream, struct stream_id *id)
{
    const struct stream_id *last = &stream->head.last_id;
    bool is_free = true;

    if (stream_id_equal(*last, STREAM_ID_MAX)) {
        return reply_error(reply, "ERR The stream has exhausted the last possible ID, unable to add more items");
    }
    *id = args->id;
    if (!args->has_id) {
        *id = (struct stream_id){.ms = call->now_ms};
        if (id->ms <= last->ms) {
            *id = *last;
            is_free = stream_id_increment(id);
        }
    } else if (!args->has_sequence && id->ms == last->ms) {
        is_free = last->sequence != UINT64_MAX;
        id->sequence = last->sequence + 1;
    }
    if (!is_free || stream_id_compare(*id, *last) <= 0) {
        return reply_error(reply, "ERR The ID specified in XADD is equal or smaller than the target stream top item");
    }
    return STATUS_OK;
}

/* Log the item with the id that it got, and the trim as it came out. */
static void log_add(struct call *call, const struct stream_add_args *args, const struct stream *stream,
                    struct slice id_text)
{
    size_t field_words = call->argc - args->next;
    struct slice *words = memory_allocate((field_words + 7) * sizeof(*words));
    struct trim_words trim;
    size_t count = 0;

    words[count++] = slice_of("XADD");
    words[count++] = call->argv[1];
    if (args->has_trim) {
        describe_trim(stream, &args->trim, &trim);
        memcpy(words + count, trim.words, sizeof(trim.words));
        count += 3;
    }
    words[count++] = id_text;
    memcpy(words + count, call->argv + args->next, field_words * sizeof(*words));
    change_replace(call->change, words, count + field_words);
    memory_free(words);
}

static bool are_too_long(const struct slice *words, size_t count)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        bytes += words[i].len;
    }
    return bytes > STREAM_NODE_BYTES_CEILING;
}

static enum status add(struct call *call, struct reply *reply, const struct stream_add_args *args,
                       struct stream *stream)
{
    struct stream_node_limits limits = node_limits(call);
    const struct slice *words = call->argv + args->next;
    size_t word_count = call->argc - args->next;
    char text[STREAM_ID_TEXT_MAX];
    struct slice id_text;
    struct stream_id id;
    uint64_t trimmed = 0;
    enum status status = choose_id(call, reply, args, stream, &id);

    if (status != STATUS_OK) {
        return status;
    }
    if (are_too_long(words, word_count)) {
        return reply_error(reply, "ERR Elements are too large to be stored");
    }
    stream_append(stream, id, words, word_count, &limits);
    if (args->has_trim) {
        trimmed = stream_trim(stream, &args->trim);
    }
    stream_commit(stream);
    call->changes++;
    id_text = stream_id_text(id, text);
    reply_bulk(reply, id_text);
    if (!args->has_id || !args->has_sequence || (args->has_trim && args->trim.is_approximate)) {
        log_add(call, args, stream, id_text);
    }
    notify_key(call, NOTIFY_STREAM, "xadd", call->db, call->argv[1]);
    if (trimmed > 0) {
        notify_key(call, NOTIFY_STREAM, "xtrim", call->db, call->argv[1]);
    }
    return STATUS_OK;
}

/* XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]] *|id field value [field value ...]: its id. */
static enum status run_xadd(struct call *call, struct reply *reply)
{
    struct stream_add_args args;
    struct stream stream;
    enum status status = stream_args_parse_add(call, reply, true, &args);

    if (status != STATUS_OK) {
        return status;
    }
    if (args.next + 2 > call->argc || (call->argc - args.next) % 2 != 0) {
        return reply_error(reply, "ERR wrong number of arguments for 'xadd' command");
    }
    if (args.has_id && args.has_sequence && stream_id_is_zero(args.id)) {
        return reply_error(reply, "ERR The ID specified in XADD must be greater than 0-0");
    }
    status = stream_open_first(call, &stream);
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    if (status == STATUS_NOT_FOUND && args.only_if_there) {
        reply_null(reply);
        return STATUS_OK;
    }
    return add(call, reply, &args, &stream);
}

static enum status run_xlen(struct call *call, struct reply *reply)
{
    struct stream stream;

    if (stream_open_first(call, &stream) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_integer(reply, (int64_t)stream_count(&stream));
    return STATUS_OK;
}

/* XDEL key id [id ...]: how many were there. */
static enum status run_xdel(struct call *call, struct reply *reply)
{
    struct stream stream;
    struct stream_id id;
    enum status status = stream_open_first(call, &stream);

    if (status != STATUS_OK) {
        if (status == STATUS_NOT_FOUND) {
            reply_integer(reply, 0);
            status = STATUS_OK;
        }
        return status;
    }
    for (size_t i = 2; i < call->argc; i++) {
        status = stream_args_id(reply, call->argv[i], &id);
        if (status != STATUS_OK) {
            return status;
        }
    }
    for (size_t i = 2; i < call->argc; i++) {
        if (stream_args_parse_id(call->argv[i], 0, &id) && stream_delete(&stream, id)) {
            call->changes++;
            if (stream_id_compare(id, stream.head.greatest_deleted_id) > 0) {
                stream.head.greatest_deleted_id = id;
            }
        }
    }
    if (call->changes > 0) {
        stream_commit(&stream);
        notify_key(call, NOTIFY_STREAM, "xdel", call->db, call->argv[1]);
    }
    reply_integer(reply, (int64_t)call->changes);
    return STATUS_OK;
}

/* What XSETID is to set. */
struct setid {
    struct stream_id last_id;
    struct stream_id greatest_deleted_id; /* 0-0: not given. */
    int64_t added_count;                  /* -1: not given. */
};

static enum status parse_setid(struct call *call, struct reply *reply, struct setid *setid)
{
    enum status status = stream_args_id(reply, call->argv[2], &setid->last_id);

    for (size_t i = 3; status == STATUS_OK && i < call->argc; i += 2) {
        bool has_more = i + 1 < call->argc;

        if (args_is(call->argv[i], "entriesadded") && has_more) {
            status = args_int64(call->argv[i + 1], &setid->added_count);
            if (status == STATUS_OK && setid->added_count < 0) {
                return reply_error(reply, "ERR entries_added must be positive");
            }
        } else if (args_is(call->argv[i], "maxdeletedid") && has_more) {
            status = stream_args_id(reply, call->argv[i + 1], &setid->greatest_deleted_id);
            if (status == STATUS_OK && stream_id_compare(setid->last_id, setid->greatest_deleted_id) < 0) {
                return reply_error(reply,
                                   "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
            }
        } else {
            return STATUS_SYNTAX;
        }
    }
    return status;
}

static enum status check_setid(struct reply *reply, const struct setid *setid, const struct stream *stream)
{
    const struct stream_head *head = &stream->head;

    if (head->items.count > 0 && stream_id_compare(setid->last_id, head->items.last) < 0) {
        return reply_error(reply, "ERR The ID specified in XSETID is smaller than the target stream top item");
    }
    if (head->items.count > 0 && setid->added_count != -1 && head->items.count > (uint64_t)setid->added_count) {
        return reply_error(reply, "ERR The entries_added specified in XSETID is smaller than the target stream length");
    }
    return STATUS_OK;
}

/* XSETID key last-id [ENTRIESADDED count] [MAXDELETEDID id]. */
static enum status run_xsetid(struct call *call, struct reply *reply)
{
    struct setid setid = {.added_count = -1};
    struct stream stream;
    enum status status = parse_setid(call, reply, &setid);

    if (status != STATUS_OK) {
        return status;
    }
    status = stream_open_first(call, &stream);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_NO_SUCH_KEY : status;
    }
    status = check_setid(reply, &setid, &stream);
    if (status != STATUS_OK) {
        return status;
    }
    stream.head.last_id = setid.last_id;
    if (setid.added_count != -1) {
        stream.head.added_count = (uint64_t)setid.added_count;
    }
    if (!stream_id_is_zero(setid.greatest_deleted_id)) {
        stream.head.greatest_deleted_id = setid.greatest_deleted_id;
    }
    stream_commit(&stream);
    call->changes++;
    notify_key(call, NOTIFY_STREAM, "xsetid", call->db, call->argv[1]);
    reply_ok(reply);
    return STATUS_OK;
}

const struct command stream_commands[] = {
    {.name = "xadd",
     .summary = "Appends a new entry to a stream",
     .since = "5.0.0",
     .complexity = "O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.",
     .group = "stream",
     .arity = -5,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_xadd},
    {.name = "xlen",
     .summary = "Return the number of entries in a stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .group = "stream",
     .arity = 2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
     .run = run_xlen},
    {.name = "xdel",
     .summary = "Removes the specified entries from the stream. Returns the number of items actually deleted, that may "
                "be different from the number of IDs passed in case certain IDs do not exist.",
     .since = "5.0.0",
     .complexity = "O(1) for each single item to delete in the stream, regardless of the stream size.",
     .group = "stream",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
     .run = run_xdel},
    {.name = "xtrim",
     .summary = "Trims the stream to (approximately if '~' is passed) a certain size",
     .since = "5.0.0",
     .complexity =
         "O(N), with N being the number of evicted entries. Constant times are very small however, since entries are "
         "organized in macro nodes containing multiple entries that can be released with a single deallocation.",
     .group = "stream",
     .arity = -4,
     .flags = COMMAND_WRITE,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_xtrim},
    {.name = "xsetid",
     .summary = "An internal command for replicating stream values",
     .since = "5.0.0",
     .complexity = "O(1)",
     .group = "stream",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .run = run_xsetid},
    {.name = NULL},
};
