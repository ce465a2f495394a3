/* MIGRATE: keys go to another server, key by key as RESTORE, and are deleted here when it has taken them. */
#include "server/commands/cmd_dump.h"

#include "base/memory.h"
#include "base/number.h"
#include "base/resp_write.h"
#include "server/commands/call_reads.h"
#include "server/commands/migrate_target.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "storage/keyspace/keyspace.h"

#define DEFAULT_TIMEOUT_MS 1000
#define SEND_BYTES         (64u * 1024) /* Commands gather up to this before they are sent. */
#define FIRST_OPTION       6

struct migration {
    struct call *call;
    bool copies;
    bool replaces;
    struct slice user; /* data NULL: none. */
    struct slice password;
    const struct slice *keys; /* Of the request. */
    size_t key_count;
    int64_t db;
    int64_t timeout_ms;
    struct migrate_target target;
    struct buf out;     /* Not yet sent. */
    struct slice *sent; /* Owned: the keys that were, in order. */
    size_t sent_count;
    size_t moved_count;                   /* Of these, deleted here. */
    char auth_answer[MIGRATE_LINE_BYTES]; /* "" if there was none. */
    char select_answer[MIGRATE_LINE_BYTES];
    bool is_refused; /* The target's error was replied. */
};

/* One option at argv[at]; `*used` is how many words it takes. */
static enum status read_option(struct migration *migration, struct reply *reply, size_t at, size_t *used)
{
    const struct slice *argv = migration->call->argv;
    size_t left = migration->call->argc - at - 1;

    *used = 1;
    if (args_is(argv[at], "copy")) {
        migration->copies = true;
    } else if (args_is(argv[at], "replace")) {
        migration->replaces = true;
    } else if (args_is(argv[at], "auth") && left >= 1) {
        migration->password = argv[at + 1];
        *used = 2;
    } else if (args_is(argv[at], "auth2") && left >= 2) {
        migration->user = argv[at + 1];
        migration->password = argv[at + 2];
        *used = 3;
    } else if (args_is(argv[at], "keys")) {
        if (argv[3].len != 0) {
            return reply_error(reply,
                               "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
        }
        migration->keys = argv + at + 1;
        migration->key_count = left;
        *used = left + 1;
    } else {
        return STATUS_SYNTAX;
    }
    return STATUS_OK;
}

static enum status read_arguments(struct migration *migration, struct reply *reply)
{
    const struct slice *argv = migration->call->argv;
    enum status status = STATUS_OK;
    size_t used;

    migration->keys = argv + 3;
    migration->key_count = 1;
    for (size_t i = FIRST_OPTION; status == STATUS_OK && i < migration->call->argc; i += used) {
        status = read_option(migration, reply, i, &used);
    }
    if (status == STATUS_OK) {
        status = args_int64(argv[5], &migration->timeout_ms);
    }
    if (status == STATUS_OK) {
        status = args_int64(argv[4], &migration->db);
    }
    if (migration->timeout_ms <= 0) {
        migration->timeout_ms = DEFAULT_TIMEOUT_MS;
    }
    return status;
}

/* How many of the keys are there. */
static size_t count_keys(const struct migration *migration)
{
    struct call *call = migration->call;
    size_t count = 0;

    for (size_t i = 0; i < migration->key_count; i++) {
        struct entry entry;
        bool found = keyspace_find(call->keyspace, call->db, migration->keys[i], &entry);

        call_count_read(call, migration->keys[i], found);
        count += found;
    }
    return count;
}

static enum status flush(struct migration *migration)
{
    enum status status = migrate_target_send(&migration->target, buf_slice(&migration->out));

    buf_clear(&migration->out);
    return status;
}

static void put_greeting(struct migration *migration)
{
    char text[NUMBER_INTEGER_TEXT_MAX];
    struct slice select[] = {slice_of("SELECT"), slice_make(text, number_format_int64(text, migration->db))};
    struct slice auth[3] = {slice_of("AUTH")};
    size_t count = 1;

    if (migration->password.data != NULL) {
        if (migration->user.data != NULL) {
            auth[count++] = migration->user;
        }
        auth[count++] = migration->password;
        resp_write_request(&migration->out, auth, count);
    }
    resp_write_request(&migration->out, select, 2);
}

/* RESTORE key ttl payload [REPLACE], with what is left of its time. */
static enum status put_key(struct migration *migration, struct slice key, const struct entry *entry)
{
    char text[NUMBER_INTEGER_TEXT_MAX];
    uint64_t now_ms = migration->call->now_ms;
    uint64_t ttl_ms = entry->expire_at_ms == 0 ? 0 : entry->expire_at_ms > now_ms ? entry->expire_at_ms - now_ms : 1;
    struct slice words[] = {slice_of("RESTORE"), key, slice_make(text, number_format_uint64(text, ttl_ms)),
                            slice_empty(), slice_of("REPLACE")};
    struct buf payload;
    enum status status;

    buf_init(&payload, BUF_NO_CEILING);
    status = dump_key(migration->call, key, entry, &payload);
    words[3] = buf_slice(&payload);
    if (status == STATUS_OK) {
        resp_write_request(&migration->out, words, migration->replaces ? 5 : 4);
        migration->sent[migration->sent_count++] = key;
    }
    buf_release(&payload);
    return status;
}

/* Send everything. STATUS_CLOSED if that fails; others if a key cannot be dumped. */
static enum status send_keys(struct migration *migration)
{
    struct call *call = migration->call;
    enum status status = STATUS_OK;

    put_greeting(migration);
    for (size_t i = 0; status == STATUS_OK && i < migration->key_count; i++) {
        struct entry entry;

        if (!keyspace_find(call->keyspace, call->db, migration->keys[i], &entry)) {
            continue;
        }
        status = put_key(migration, migration->keys[i], &entry);
        if (status == STATUS_OK && migration->out.len >= SEND_BYTES) {
            status = flush(migration);
        }
    }
    return status == STATUS_OK ? flush(migration) : status;
}

static enum status read_greeting(struct migration *migration)
{
    enum status status = STATUS_OK;

    if (migration->password.data != NULL) {
        status = migrate_target_read_line(&migration->target, migration->auth_answer);
    }
    return status == STATUS_OK ? migrate_target_read_line(&migration->target, migration->select_answer) : status;
}

/* The target has taken the key. A key that was named twice is gone the second time. */
static void delete_here(struct migration *migration, struct slice key)
{
    struct call *call = migration->call;

    if (!migration->copies && keyspace_delete(call->keyspace, call->db, key)) {
        migration->sent[migration->moved_count++] = key; /* In place: it is not behind the one that was read. */
        notify_key(call, NOTIFY_GENERIC, "del", call->db, key);
        call->changes++;
    }
}

/* Read the answer to each RESTORE. STATUS_CLOSED if one does not come. */
static enum status read_answers(struct migration *migration, struct reply *reply)
{
    char answer[MIGRATE_LINE_BYTES];

    for (size_t i = 0; i < migration->sent_count; i++) {
        const char *refusal = answer;
        enum status status = migrate_target_read_line(&migration->target, answer);

        if (status != STATUS_OK) {
            return status;
        }
        if (migration->auth_answer[0] == '-') {
            refusal = migration->auth_answer;
        } else if (migration->select_answer[0] == '-') {
            refusal = migration->select_answer;
        }
        if (refusal[0] != '-') {
            delete_here(migration, migration->sent[i]);
        } else if (!migration->is_refused) {
            migration->is_refused = true;
            (void)reply_error(reply, "ERR Target instance replied with error: %s", refusal + 1);
        }
    }
    return STATUS_OK;
}

/* Log the deletions, whatever became of the other keys. */
static void log_moves(struct migration *migration)
{
    struct slice *words;

    if (migration->moved_count == 0) {
        return;
    }
    words = memory_allocate((migration->moved_count + 1) * sizeof(*words));
    words[0] = slice_of("DEL");
    memcpy(words + 1, migration->sent, migration->moved_count * sizeof(*words));
    change_replace(migration->call->change, words, migration->moved_count + 1);
    memory_free(words);
}

/* With the target connected. Keys that were deleted here stay deleted also if a later one fails: then the error was
 * written, and what is returned is STATUS_OK. */
static enum status move(struct migration *migration, struct reply *reply)
{
    enum status status = send_keys(migration);

    if (status == STATUS_CLOSED) {
        return reply_error(reply, "IOERR error or timeout writing to target instance");
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = read_greeting(migration);
    if (status == STATUS_OK) {
        status = read_answers(migration, reply);
    }
    log_moves(migration);
    if (status != STATUS_OK && !migration->is_refused) {
        (void)reply_error(reply, "IOERR error or timeout reading from target instance");
    } else if (!migration->is_refused) {
        reply_ok(reply);
    }
    return STATUS_OK;
}

/* MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH password | AUTH2 user password] [KEYS key ...]. */
static enum status run_migrate(struct call *call, struct reply *reply)
{
    struct migration *migration = memory_allocate_zeroed(sizeof(*migration));
    enum status status;

    migration->call = call;
    buf_init(&migration->out, BUF_NO_CEILING);
    status = read_arguments(migration, reply);
    if (status != STATUS_OK) {
        goto done;
    }
    if (count_keys(migration) == 0) {
        reply_simple(reply, "NOKEY");
        goto done;
    }
    if (migrate_target_open(&migration->target, call->argv[1], call->argv[2], (uint64_t)migration->timeout_ms) !=
        STATUS_OK) {
        status = reply_error(reply, "IOERR error or timeout connecting to the client");
        goto done;
    }
    migration->sent = memory_allocate(migration->key_count * sizeof(*migration->sent));
    status = move(migration, reply);
    memory_free(migration->sent);
    migrate_target_close(&migration->target);

done:
    buf_release(&migration->out);
    memory_free(migration);
    return status;
}

/* What stands behind AUTH and AUTH2. */
static bool is_secret(const struct slice *argv, size_t argc, size_t index)
{
    for (size_t i = FIRST_OPTION; i < argc && i < index && !args_is(argv[i], "keys"); i++) {
        size_t count = args_is(argv[i], "auth") ? 1 : args_is(argv[i], "auth2") ? 2 : 0;

        if (index <= i + count) {
            return true;
        }
        i += count;
    }
    return false;
}

/* The key, or those behind KEYS. */
static size_t visit_migrate_keys(const struct slice *argv, size_t argc, command_key_visit *visit, void *context)
{
    size_t first = 3;
    size_t count = 1;

    for (size_t i = FIRST_OPTION; i < argc; i++) {
        if (args_is(argv[i], "keys")) {
            first = i + 1;
            count = argv[3].len == 0 ? argc - first : 0; /* Both make no sense. */
            break;
        }
        if (args_is(argv[i], "auth")) {
            i++;
        } else if (args_is(argv[i], "auth2")) {
            i += 2;
        }
    }
    for (size_t i = 0; i < count; i++) {
        visit(context, first + i, KEY_RW | KEY_ACCESS | KEY_DELETE);
    }
    return count;
}

const struct command migrate_commands[] = {
    {.name = "migrate",
     .summary = "Atomically transfer a key from a Redis instance to another one.",
     .since = "2.6.0",
     .complexity = "This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target "
                   "instance. See the pages of these commands for time complexity. Also an O(N) data transfer between "
                   "the two instances is performed.",
     .group = "generic",
     .arity = -6,
     .flags = COMMAND_WRITE | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 3, 0, 1),
              {.flags = KEY_RW | KEY_ACCESS | KEY_DELETE | KEY_INCOMPLETE,
               .begin = KEY_BEGIN_KEYWORD,
               .keyword = "KEYS",
               .index = -2,
               .find = KEY_FIND_RANGE,
               .last = -1,
               .step = 1,
               .limit = 0}},
     .tips = "nondeterministic_output",
     .visit_keys = visit_migrate_keys,
     .is_secret = is_secret,
     .run = run_migrate},
    {.name = NULL},
};
