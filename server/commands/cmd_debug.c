/* DEBUG: what tests and repairs need. Refused unless enable-debug-command allows it. */
#include "server/commands/cmd_debug.h"
#include "base/diag.h"
#include "base/glob.h"
#include "base/resp_write.h"
#include "replication/replication.h"
#include "server/commands/cmd_dump.h"
#include "server/commands/cmd_server.h"
#include "server/commands/object_encoding.h"
#include "server/request/args.h"
#include "server/request/reply.h"
#include "server/services.h"
#include "server/ticker.h"
#include "storage/keyspace/digest.h"
#include "storage/log/log.h"
#include "storage/store.h"
#include <stdio.h>
#include <time.h>

#define SLEEP_SECONDS_MAX 3600
#define DUMP_FRAME_BYTES  11 /* Of a payload: type, version and checksum. */

static enum status unknown_word(struct call *call, struct reply *reply)
{
    return reply_error(reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try DEBUG HELP.",
                       (int)(call->argv[1].len < 128 ? call->argv[1].len : 128), call->argv[1].data);
}

/* DEBUG SLEEP seconds: the whole server sleeps. */
static enum status debug_sleep(struct call *call, struct reply *reply)
{
    double seconds;
    struct timespec time;

    if (args_double(call->argv[2], &seconds) != STATUS_OK || seconds < 0) {
        seconds = 0; /* What is no number is none to Redis either. */
    }
    if (seconds > SLEEP_SECONDS_MAX) {
        return STATUS_NOT_FLOAT;
    }
    time = (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    (void)nanosleep(&time, NULL);
    reply_ok(reply);
    return STATUS_OK;
}

/* DEBUG OBJECT key: Redis' line, in which the place is that of the value on disk, and its length that of DUMP. */
static enum status debug_object(struct call *call, struct reply *reply)
{
    struct entry entry;
    struct buf payload;
    char line[256];
    enum status status;

    if (!keyspace_peek(call->keyspace, call->db, call->argv[2], &entry)) { /* Due keys, too, as Redis. */
        return STATUS_NO_SUCH_KEY;
    }
    buf_init(&payload, BUF_NO_CEILING);
    status = dump_key(call, call->argv[2], &entry, &payload);
    if (status == STATUS_OK) {
        (void)snprintf(line, sizeof(line),
                       "Value at:generation-%llu refcount:1 encoding:%s serializedlength:%zu lru:0 lru_seconds_idle:0 "
                       "type:%d form:%d count:%llu expire_at:%llu",
                       (unsigned long long)entry.generation, object_encoding(call, call->argv[2], &entry),
                       payload.len - DUMP_FRAME_BYTES, entry.type, entry.encoding, (unsigned long long)entry.count,
                       (unsigned long long)entry.expire_at_ms);
        reply_simple(reply, line);
    }
    buf_release(&payload);
    return status;
}

/* DEBUG DIGEST: 40 digits that are the same for the same data, here and in Redis. */
static enum status debug_digest(struct call *call, struct reply *reply)
{
    struct digest digest;
    char hex[SHA1_HEX_TEXT];
    enum status status;

    status = digest_keyspace(&digest, call->keyspace);
    if (status == STATUS_OK) {
        sha1_format(digest.bytes, hex);
        reply_simple(reply, hex);
    }
    return status;
}

/* The digest of a key's value without its name; zeros if it is not there. */
static enum status reply_digest(struct call *call, struct slice key, struct reply *reply)
{
    struct digest digest = {{0}};
    struct entry entry;
    char hex[SHA1_HEX_TEXT];
    enum status status = STATUS_OK;

    if (keyspace_find(call->keyspace, call->db, key, &entry)) {
        status = digest_add_key(&digest, call->keyspace, call->db, key, &entry);
    }
    sha1_format(digest.bytes, hex);
    reply_simple(reply, hex);
    return status;
}

/* DEBUG DIGEST-VALUE key [key ...]. */
static enum status debug_digest_value(struct call *call, struct reply *reply)
{
    size_t start = reply->out->len;
    enum status status = STATUS_OK;

    reply_array(reply, call->argc - 2);
    for (size_t i = 2; status == STATUS_OK && i < call->argc; i++) {
        status = reply_digest(call, call->argv[i], reply);
    }
    if (status != STATUS_OK) {
        buf_truncate(reply->out, start);
    }
    return status;
}

static enum status debug_set_active_expire(struct call *call, struct reply *reply)
{
    ticker_set_active_expire(call->services->ticker, !args_is(call->argv[2], "0"));
    reply_ok(reply);
    return STATUS_OK;
}

/* DEBUG RELOAD, LOADAOF: everything goes to LMDB, from where it is read from now on. */
static enum status debug_reload(struct call *call, struct reply *reply)
{
    enum status status = store_checkpoint_now(call->services->store, call->now_ms);

    if (status == STATUS_OK) {
        reply_ok(reply);
    }
    return status;
}

/* DEBUG STRINGMATCH-LEN count pattern: how the glob matcher does with a long text. */
static enum status debug_stringmatch_len(struct call *call, struct reply *reply)
{
    struct buf text;
    int64_t len;

    if (args_int64_within(call->argv[2], 0, 100000000, &len) != STATUS_OK) {
        return STATUS_NOT_INTEGER;
    }
    buf_init(&text, BUF_NO_CEILING);
    for (int64_t i = 0; i < len; i++) {
        buf_put_byte(&text, 'a');
    }
    reply_integer(reply, glob_match(call->argv[3], buf_slice(&text), false));
    buf_release(&text);
    return STATUS_OK;
}

/* DEBUG CHANGE-REPL-ID: a new history that goes on where the present one ends. Unlike in Redis it remembers that one,
 * since the log does: a replica may still go on by partial sync. */
static enum status debug_change_repl_id(struct call *call, struct reply *reply)
{
    const struct log *log = store_log(call->services->store);
    struct history history = *log_history(log);
    enum status status;

    if (replication_is_replica(call->services->replication)) {
        return reply_error(reply, "ERR The history of a replica is its master's");
    }
    history_fork(&history, log_end_offset(log));
    status = store_begin_history(call->services->store, &history, call->now_ms);
    if (status == STATUS_OK) {
        reply_ok(reply);
    }
    return status;
}

/* DEBUG ERROR text: an error of these words. */
static enum status debug_error(struct call *call, struct reply *reply)
{
    resp_write_error(reply->out, call->argv[2]);
    reply->is_error = true;
    return STATUS_OK;
}

/* DEBUG LOG text: a message to the operator. */
static enum status debug_log(struct call *call, struct reply *reply)
{
    diag(DIAG_WARNING, "DEBUG LOG: %.*s", (int)(call->argv[2].len < 1024 ? call->argv[2].len : 1024),
         call->argv[2].data);
    reply_ok(reply);
    return STATUS_OK;
}

/* DEBUG HTSTATS db: there are no hash tables of keys; how many keys there are is what remains of it. */
static enum status debug_htstats(struct call *call, struct reply *reply)
{
    int64_t db;
    char text[160];

    if (args_int64(call->argv[2], &db) != STATUS_OK) {
        return STATUS_NOT_INTEGER;
    }
    if (db < 0 || db >= keyspace_database_count(call->keyspace)) {
        return reply_error(reply, "ERR Out of range database");
    }
    (void)snprintf(text, sizeof(text),
                   "[Dictionary HT]\n number of elements: %llu\n[Expires HT]\n number of elements: %llu\n",
                   (unsigned long long)keyspace_key_count(call->keyspace, (uint32_t)db),
                   (unsigned long long)keyspace_expiry_count(call->keyspace, (uint32_t)db));
    reply_verbatim(reply, "txt", slice_of(text));
    return STATUS_OK;
}

/* Settings of Redis' own that mean nothing here. */
static enum status debug_nothing(struct call *call, struct reply *reply)
{
    (void)call;
    reply_ok(reply);
    return STATUS_OK;
}

/* DEBUG SEGFAULT, PANIC: die at once, as by a crash. */
static enum status debug_crash(struct call *call, struct reply *reply)
{
    (void)call;
    (void)reply;
    __builtin_trap();
}

static enum status debug_help(struct call *call, struct reply *reply);

static const struct {
    const char *word;
    size_t argc; /* With DEBUG and the word itself; 0: any number. */
    enum status (*run)(struct call *call, struct reply *reply);
} words[] = {
    {"sleep", 3, debug_sleep},
    {"object", 3, debug_object},
    {"digest", 2, debug_digest},
    {"digest-value", 0, debug_digest_value},
    {"populate", 0, debug_populate},
    {"protocol", 3, debug_protocol},
    {"error", 3, debug_error},
    {"log", 3, debug_log},
    {"htstats", 3, debug_htstats},
    {"set-active-expire", 3, debug_set_active_expire},
    {"reload", 0, debug_reload},
    {"loadaof", 2, debug_reload},
    {"stringmatch-len", 4, debug_stringmatch_len},
    {"change-repl-id", 2, debug_change_repl_id},
    {"pause-cron", 3, debug_nothing},
    {"replybuffer", 4, debug_nothing},
    {"quicklist-packed-threshold", 3, debug_nothing},
    {"dict-resizing", 3, debug_nothing},
    {"set-disable-deny-scripts", 3, debug_nothing},
    {"segfault", 2, debug_crash},
    {"panic", 2, debug_crash},
    {"assert", 2, debug_crash},
    {"help", 2, debug_help},
};

static enum status debug_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "CHANGE-REPL-ID",
        "    Begin a new history.",
        "DIGEST",
        "    A digest of all data: the same on every server that holds the same.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    The digest of each key's value.",
        "ERROR <string>",
        "    An error of these words.",
        "HTSTATS <db>",
        "    How many keys there are, and with expiry.",
        "LOG <message>",
        "    A message to the operator.",
        "OBJECT <key>",
        "    How a key is stored.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Make strings, named by the prefix and a number, where there are none.",
        "PROTOCOL <type>",
        "    A reply of that type.",
        "ASSERT, PANIC, SEGFAULT",
        "    Crash.",
        "RELOAD, LOADAOF",
        "    Make a checkpoint of everything, from which data is read afterwards.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    Whether due keys are deleted before somebody asks for them.",
        "SLEEP <seconds>",
        "    Let the whole server sleep.",
        "STRINGMATCH-LEN <len> <pattern>",
        "    Match a text of <len> times 'a'.",
        NULL,
    };

    (void)call;
    reply_help(reply, "DEBUG", lines);
    return STATUS_OK;
}

static enum status run_debug(struct call *call, struct reply *reply)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (args_is(call->argv[1], words[i].word) && (words[i].argc == 0 || words[i].argc == call->argc)) {
            return words[i].run(call, reply);
        }
    }
    return unknown_word(call, reply);
}

/* POPULATE writes, and waits and is refused as what writes. */
static uint32_t flags_of_call(const struct services *services, const struct slice *argv, uint32_t flags)
{
    (void)services;
    return args_is(argv[1], "populate") ? flags | COMMAND_WRITE : flags;
}

const struct command debug_commands[] = {
    {.name = "debug",
     .summary = "A container for debugging commands",
     .since = "1.0.0",
     .complexity = "Depends on subcommand.",
     .group = "server",
     .arity = -2,
     .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_PROTECTED,
     .call_flags = flags_of_call,
     .run = run_debug},
    {.name = NULL},
};
