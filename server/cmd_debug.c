/* DEBUG: what tests and repairs need. Refused unless enable-debug-command allows it. */
#include "base/glob.h"
#include "server/args.h"
#include "server/cmd_server.h"
#include "server/reply.h"
#include "server/services.h"
#include "server/ticker.h"
#include "storage/digest.h"
#include "storage/store.h"
#include <stdio.h>
#include <time.h>

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

    if (call->argc != 3 || args_double(call->argv[2], &seconds) != STATUS_OK || seconds < 0 || seconds > 3600) {
        return STATUS_NOT_FLOAT;
    }
    time = (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    (void)nanosleep(&time, NULL);
    reply_ok(reply);
    return STATUS_OK;
}

/* DEBUG OBJECT key: where and how it is stored. */
static enum status debug_object(struct call *call, struct reply *reply)
{
    struct entry entry;
    char line[256];

    if (call->argc != 3) {
        return STATUS_SYNTAX;
    }
    if (!keyspace_find(call->keyspace, call->db, call->argv[2], &entry)) {
        return STATUS_NO_SUCH_KEY;
    }
    (void)snprintf(line, sizeof(line),
                   "Value at:generation-%llu refcount:1 type:%d encoding:%d serializedlength:%zu count:%llu "
                   "expire_at:%llu lru:0 lru_seconds_idle:0",
                   (unsigned long long)entry.generation, entry.type, entry.encoding, entry.body.len,
                   (unsigned long long)entry.count, (unsigned long long)entry.expire_at_ms);
    reply_simple(reply, line);
    return STATUS_OK;
}

/* DEBUG DIGEST: 40 digits that are the same for the same data, here and in Redis. */
static enum status debug_digest(struct call *call, struct reply *reply)
{
    struct digest digest;
    char hex[SHA1_HEX_TEXT];
    enum status status;

    if (call->argc != 2) {
        return unknown_word(call, reply);
    }
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
    if (call->argc != 3) {
        return STATUS_SYNTAX;
    }
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

    if (call->argc != 4 || args_int64_within(call->argv[2], 0, 100000000, &len) != STATUS_OK) {
        return STATUS_SYNTAX;
    }
    buf_init(&text, BUF_NO_CEILING);
    for (int64_t i = 0; i < len; i++) {
        buf_put_byte(&text, 'a');
    }
    reply_integer(reply, glob_match(call->argv[3], buf_slice(&text), false));
    buf_release(&text);
    return STATUS_OK;
}

/* DEBUG CHANGE-REPL-ID: a new history with none before it, as if this node had never been related to another. */
static enum status debug_change_repl_id(struct call *call, struct reply *reply)
{
    struct history history;
    enum status status;

    history_init(&history);
    status = store_begin_history(call->services->store, &history, call->now_ms);
    if (status == STATUS_OK) {
        reply_ok(reply);
    }
    return status;
}

/* DEBUG LOG text, and settings of Redis' encodings that mean nothing here. */
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
    enum status (*run)(struct call *call, struct reply *reply);
} words[] = {
    {"sleep", debug_sleep},
    {"object", debug_object},
    {"digest", debug_digest},
    {"digest-value", debug_digest_value},
    {"set-active-expire", debug_set_active_expire},
    {"reload", debug_reload},
    {"loadaof", debug_reload},
    {"stringmatch-len", debug_stringmatch_len},
    {"change-repl-id", debug_change_repl_id},
    {"jmap", debug_nothing},
    {"quicklist-packed-threshold", debug_nothing},
    {"dict-resizing", debug_nothing},
    {"set-disable-deny-scripts", debug_nothing},
    {"replicate", debug_nothing},
    {"segfault", debug_crash},
    {"panic", debug_crash},
    {"help", debug_help},
};

static enum status debug_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "CHANGE-REPL-ID",
        "    Begin a new history that is related to no other.",
        "DIGEST",
        "    A digest of all data: the same on every server that holds the same.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    The digest of each key's value.",
        "OBJECT <key>",
        "    How a key is stored.",
        "PANIC, SEGFAULT",
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
        if (args_is(call->argv[1], words[i].word)) {
            return words[i].run(call, reply);
        }
    }
    return unknown_word(call, reply);
}

const struct command debug_commands[] = {
    {.name = "debug",
     .summary = "A container for debugging commands",
     .since = "1.0.0",
     .complexity = "Depends on subcommand.",
     .group = "server",
     .arity = -2,
     .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_PROTECTED,
     .run = run_debug},
    {.name = NULL},
};
