/* DUMP and RESTORE. */
#include "server/commands/cmd_dump.h"

#include "base/bytes.h"
#include "base/number.h"
#include "server/commands/object_encoding.h"
#include "server/config/config.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "server/services.h"
#include "storage/keyspace/key_load.h"
#include "storage/log/log.h"
#include "storage/rdb/rdb_dump.h"
#include "storage/rdb/rdb_format.h"
#include "storage/rdb/rdb_read.h"
#include "storage/rdb/rdb_write.h"

/* What Redis 7.0 knows. */
#define COMMON_TYPE_MAX    RDB_TYPE_STREAM_LISTPACKS_2
#define COMMON_VERSION_MAX 10

#define FOOTER_BYTES 10

enum status dump_key(struct call *call, struct slice key, const struct entry *entry, struct buf *out)
{
    const struct rdb_dump_options options = {
        .db = call->db,
        .key = key,
        .entry = entry,
        .is_compact = object_is_compact(call, key, entry),
        .list_limit = call->services->config->list_max_listpack_size,
    };

    return rdb_dump(call->keyspace, &options, out);
}

/* DUMP key. */
static enum status run_dump(struct call *call, struct reply *reply)
{
    struct entry entry;
    struct buf payload;
    enum status status;

    if (!keyspace_find(call->keyspace, call->db, call->argv[1], &entry)) {
        reply_null(reply);
        return STATUS_OK;
    }
    buf_init(&payload, BUF_NO_CEILING);
    status = dump_key(call, call->argv[1], &entry, &payload);
    if (status == STATUS_OK) {
        reply_bulk(reply, buf_slice(&payload));
    }
    buf_release(&payload);
    return status;
}

/* What RESTORE's words after the payload say. */
struct restore {
    struct slice key;
    struct slice payload;
    bool replaces;
    bool is_absolute;      /* ABSTTL. */
    uint64_t expire_at_ms; /* 0: never. */
    bool is_due;           /* The time has passed already. */
};

/* IDLETIME and FREQ: read and checked, but times of access are not kept. */
static enum status read_access(struct call *call, struct reply *reply, size_t at, bool is_idle)
{
    int64_t value;
    enum status status = args_int64(call->argv[at], &value);

    if (status != STATUS_OK) {
        return status;
    }
    if (is_idle && value < 0) {
        return reply_error(reply, "ERR Invalid IDLETIME value, must be >= 0");
    }
    if (!is_idle && (value < 0 || value > 255)) {
        return reply_error(reply, "ERR Invalid FREQ value, must be >= 0 and <= 255");
    }
    return STATUS_OK;
}

static enum status read_options(struct call *call, struct reply *reply, struct restore *restore)
{
    bool has_idle = false;
    bool has_freq = false;
    enum status status = STATUS_OK;

    for (size_t i = 4; status == STATUS_OK && i < call->argc; i++) {
        bool has_value = i + 1 < call->argc;

        if (args_is(call->argv[i], "replace")) {
            restore->replaces = true;
        } else if (args_is(call->argv[i], "absttl")) {
            restore->is_absolute = true;
        } else if (args_is(call->argv[i], "idletime") && has_value && !has_freq) {
            has_idle = true;
            status = read_access(call, reply, ++i, true);
        } else if (args_is(call->argv[i], "freq") && has_value && !has_idle) {
            has_freq = true;
            status = read_access(call, reply, ++i, false);
        } else {
            status = STATUS_SYNTAX;
        }
    }
    return status;
}

static enum status read_ttl(struct call *call, struct reply *reply, struct restore *restore)
{
    int64_t ttl;
    enum status status = args_int64(call->argv[2], &ttl);

    if (status != STATUS_OK) {
        return status;
    }
    if (ttl < 0) {
        return reply_error(reply, "ERR Invalid TTL value, must be >= 0");
    }
    if (ttl != 0 && !restore->is_absolute && __builtin_add_overflow(ttl, (int64_t)call->now_ms, &ttl)) {
        ttl = 1; /* Past the end of time, which Redis takes for long ago. */
    }
    restore->expire_at_ms = (uint64_t)ttl;
    restore->is_due = ttl != 0 && (uint64_t)ttl <= call->now_ms && !call->is_replay;
    return STATUS_OK;
}

static enum status read_payload(void *context, char *to, size_t len, size_t *read_len)
{
    struct slice *rest = context;

    *read_len = len < rest->len ? len : rest->len;
    memcpy(to, rest->data, *read_len);
    *rest = slice_after(*rest, *read_len);
    return STATUS_OK;
}

static enum status drop_string(void *context, struct slice value)
{
    (void)context;
    (void)value;
    return STATUS_OK;
}

/* Nothing is committed: releasing the load drops what was filled. */
static enum status drop_key(void *context)
{
    (void)context;
    return STATUS_OK;
}

/* Make the key of `body`, a payload without its footer; of one that is due already only see that it could be made.
 * Every failure leaves the key as it was. */
static enum status load_body(struct call *call, const struct restore *restore, struct slice body)
{
    struct rdb_source source = {.read = read_payload, .context = &body};
    struct key_visit key = {.db = call->db, .name = restore->key, .expire_at_ms = restore->expire_at_ms};
    struct rdb_problem problem;
    struct rdb_input input;
    struct key_load load;
    struct key_visitor visitor;
    unsigned type;
    enum status status;

    key_load_init(&load, call->keyspace);
    visitor = key_load_visitor(&load);
    if (restore->is_due) {
        visitor.string = drop_string;
        visitor.key_end = drop_key;
    }
    rdb_input_init(&input, &source, RDB_STRING_BYTES_MAX, &problem);
    if (!call->is_replay) {
        input.value_bytes_max = LOG_RECORD_BYTES_MAX; /* A compressed or nested payload may come to any multiple. */
    }
    status = rdb_input_byte(&input, &type);
    if (status == STATUS_OK) {
        status = rdb_read_value(&input, type, &key, &visitor);
    }
    if (status == STATUS_OK && !load.has_begun) {
        status = STATUS_CORRUPT; /* A collection without elements. */
    }
    rdb_input_release(&input);
    key_load_release(&load);
    return status;
}

/* Whether every server that may read our log knows the payload: Redis 7.0 does not know later forms. */
static bool is_common(struct slice payload)
{
    return (unsigned char)payload.data[0] <= COMMON_TYPE_MAX &&
           bytes_get_le16(payload.data + payload.len - FOOTER_BYTES) <= COMMON_VERSION_MAX;
}

/* RESTORE key ms payload REPLACE ABSTTL: the same whenever and wherever it is executed. */
static void log_restore(struct call *call, const struct restore *restore)
{
    char text[NUMBER_INTEGER_TEXT_MAX];
    struct slice words[] = {
        slice_of("RESTORE"), restore->key,        slice_make(text, number_format_uint64(text, restore->expire_at_ms)),
        restore->payload,    slice_of("REPLACE"), slice_of("ABSTTL"),
    };
    struct entry entry;
    struct buf payload;

    buf_init(&payload, BUF_NO_CEILING);
    if (!is_common(restore->payload) && keyspace_find(call->keyspace, call->db, restore->key, &entry) &&
        dump_key(call, restore->key, &entry, &payload) == STATUS_OK) {
        words[3] = buf_slice(&payload);
    }
    change_replace(call->change, words, 6);
    buf_release(&payload);
}

/* The key fell due on its way: what is there is replaced by nothing. */
static void restore_due(struct call *call, const struct restore *restore)
{
    struct slice words[] = {slice_of("DEL"), restore->key};

    if (keyspace_delete(call->keyspace, call->db, restore->key)) {
        call->changes++;
        change_replace(call->change, words, 2);
        notify_key(call, NOTIFY_GENERIC, "del", call->db, restore->key);
    }
}

/* RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]. */
static enum status run_restore(struct call *call, struct reply *reply)
{
    struct restore restore = {.key = call->argv[1], .payload = call->argv[3]};
    struct entry entry;
    struct slice body;
    bool was_there;
    enum status status = read_options(call, reply, &restore);

    if (status != STATUS_OK) {
        return status;
    }
    was_there = keyspace_find(call->keyspace, call->db, restore.key, &entry);
    if (was_there && !restore.replaces) {
        return STATUS_EXISTS;
    }
    status = read_ttl(call, reply, &restore);
    if (status != STATUS_OK) {
        return status;
    }
    if (rdb_check_value_footer(restore.payload, &body) != STATUS_OK) {
        return reply_error(reply, "ERR DUMP payload version or checksum are wrong");
    }
    status = load_body(call, &restore, body);
    if (status != STATUS_OK) {
        return status == STATUS_NO_MEMORY ? status : reply_error(reply, "ERR Bad data format");
    }
    if (restore.is_due) {
        restore_due(call, &restore);
    } else {
        call->changes++;
        log_restore(call, &restore);
        if (was_there) {
            notify_key(call, NOTIFY_NEW, "new", call->db, restore.key); /* As in Redis, which deletes it first. */
        }
        notify_key(call, NOTIFY_GENERIC, "restore", call->db, restore.key);
    }
    reply_ok(reply);
    return STATUS_OK;
}

#define RESTORE_COMPLEXITY                                                                                             \
    "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number "     \
    "of Redis objects composing the value and M their average size. For small string values the time complexity "      \
    "is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is "           \
    "O(N*M*log(N)) because inserting values into sorted sets is O(log(N))."

const struct command dump_commands[] = {
    {.name = "dump",
     .summary = "Return a serialized version of the value stored at the specified key.",
     .since = "2.6.0",
     .complexity = "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis "
                   "objects composing the value and M their average size. For small string values the time complexity "
                   "is thus O(1)+O(1*M) where M is small, so simply O(1).",
     .group = "generic",
     .arity = 2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_dump},
    {.name = "restore",
     .summary = "Create a key using the provided serialized value, previously obtained using DUMP.",
     .since = "2.6.0",
     .complexity = RESTORE_COMPLEXITY,
     .group = "generic",
     .arity = -4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
     .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1)},
     .run = run_restore},
    {.name = "restore-asking",
     .summary = "An internal command for migrating keys in a cluster",
     .since = "3.0.0",
     .complexity = RESTORE_COMPLEXITY,
     .group = "server",
     .arity = -4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_ASKING,
     .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
     .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1)},
     .run = run_restore},
    {.name = NULL},
};
