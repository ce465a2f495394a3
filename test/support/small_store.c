#include "support/small_store.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/resp_write.h"
#include "storage/keyspace/keycode.h"
#include "storage/keyspace/keyspace_scan.h"
#include "storage/memtable/view_cursor.h"
#include "storage/store_state.h"
#include "storage/value/string_store.h"
#include "support/scratch.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Commands on the keyspace. */

static void put_string(struct keyspace *keyspace, uint32_t db, struct slice key, struct slice value, uint64_t expire_at)
{
    string_set(keyspace, db, key, value, expire_at);
}

static void run_incr(struct keyspace *keyspace, uint32_t db, struct slice key)
{
    char text[NUMBER_INTEGER_TEXT_MAX];
    struct entry entry;
    struct slice value = slice_of("0");
    struct buf scratch;
    uint64_t expire_at = 0;
    int64_t number = 0;

    buf_init(&scratch, BUF_NO_CEILING);
    if (keyspace_peek(keyspace, db, key, &entry)) {
        expire_at = entry.expire_at_ms;
        if (entry.type == ENTRY_STRING) {
            ASSERT(string_value(keyspace, &entry, &scratch, &value) == STATUS_OK);
        }
    }
    if (!number_parse_int64(value, &number)) {
        number = 0;
    }
    put_string(keyspace, db, key, slice_make(text, number_format_int64(text, number + 1)), expire_at);
    buf_release(&scratch);
}

static void run_append(struct keyspace *keyspace, uint32_t db, struct slice key, struct slice bytes)
{
    struct entry entry;
    bool exists = keyspace_peek(keyspace, db, key, &entry);
    size_t len;

    if (exists && entry.type != ENTRY_STRING) {
        keyspace_delete(keyspace, db, key);
        exists = false;
    }
    string_write(keyspace, db, key, exists ? &entry : NULL, exists ? string_len(&entry) : 0, bytes, &len);
}

static size_t field_value(char text[64], uint64_t seed, uint64_t index)
{
    return (size_t)snprintf(text, 64, "%" PRIu64 ".%" PRIu64 "%*s", seed, index, (int)(seed % 20), "");
}

static void run_fill(struct keyspace *keyspace, uint32_t db, const struct slice *argv)
{
    uint64_t count = strtoull(argv[2].data, NULL, 10);
    uint64_t seed = strtoull(argv[3].data, NULL, 10);
    struct entry entry = {.type = ENTRY_HASH, .encoding = 1, .count = count, .body = argv[3]};

    entry.generation = keyspace_new_generation(keyspace);
    for (uint64_t i = 0; i < count; i++) {
        struct keycode code;
        char value[64];
        size_t len = field_value(value, seed, i);

        keycode_chunk(&code, entry.generation, (uint32_t)i);
        view_put(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(&code), slice_make(value, len));
    }
    keyspace_put(keyspace, db, argv[1], &entry);
}

static bool execute(struct keyspace *keyspace, uint32_t *db, const struct slice *argv, size_t argc)
{
    if (slice_is_word(argv[0], "select")) {
        *db = (uint32_t)strtoul(argv[1].data, NULL, 10);
    } else if (slice_is_word(argv[0], "set")) {
        put_string(keyspace, *db, argv[1], argv[2], 0);
    } else if (slice_is_word(argv[0], "setpx")) {
        put_string(keyspace, *db, argv[1], argv[3], strtoull(argv[2].data, NULL, 10));
    } else if (slice_is_word(argv[0], "append")) {
        run_append(keyspace, *db, argv[1], argv[2]);
    } else if (slice_is_word(argv[0], "incr")) {
        run_incr(keyspace, *db, argv[1]);
    } else if (slice_is_word(argv[0], "fill")) {
        run_fill(keyspace, *db, argv);
    } else if (slice_is_word(argv[0], "pexpireat")) {
        keyspace_set_expiry(keyspace, *db, argv[1], strtoull(argv[2].data, NULL, 10));
    } else if (slice_is_word(argv[0], "del")) {
        keyspace_delete(keyspace, *db, argv[1]);
    } else if (slice_is_word(argv[0], "rename")) {
        keyspace_move(keyspace, *db, argv[1], *db, argv[2]);
    } else if (slice_is_word(argv[0], "flushdb")) {
        keyspace_flush_database(keyspace, *db);
    } else if (slice_is_word(argv[0], "flushall")) {
        keyspace_flush_all(keyspace);
    } else if (slice_is_word(argv[0], "swapdb")) {
        keyspace_swap(keyspace, (uint32_t)strtoul(argv[1].data, NULL, 10), (uint32_t)strtoul(argv[2].data, NULL, 10));
    } else {
        return argc == 1 &&
               (slice_is_word(argv[0], "multi") || slice_is_word(argv[0], "exec") || slice_is_word(argv[0], "ping"));
    }
    return true;
}

struct running {
    struct small_store *small;
    struct buf change;
    uint32_t db;
};

static void run_command(void *context, const struct slice *argv, size_t argc)
{
    struct running *running = context;

    keyspace_set_clock(store_keyspace(running->small->store), 0, false);
    ASSERT(execute(store_keyspace(running->small->store), &running->db, argv, argc));
    resp_write_request(&running->change, argv, argc);
}

uint64_t small_store_run(struct small_store *small, const char *line)
{
    int32_t selected = store_selected_db(small->store);
    struct running running = {.small = small, .db = selected < 0 ? 0 : (uint32_t)selected};
    uint64_t end;

    buf_init(&running.change, BUF_NO_CEILING);
    if (selected < 0) {
        const struct slice select[2] = {slice_of("SELECT"), slice_of("0")};

        resp_write_request(&running.change, select, 2);
    }
    small_line_for_each(line, run_command, &running);
    store_set_selected_db(small->store, (int32_t)running.db);
    ASSERT(store_append(small->store, buf_slice(&running.change), &end) == STATUS_OK);
    buf_release(&running.change);
    return end;
}

/* The store. */

static bool replay(void *context, struct store *store, uint32_t *selected_db, const struct slice *argv, size_t argc)
{
    (void)context;
    return execute(store_keyspace(store), selected_db, argv, argc);
}

static void wake(void *context)
{
    (void)context; /* Tests look by themselves. */
}

struct small_store *small_store_create(void)
{
    struct small_store *small = memory_allocate_zeroed(sizeof(*small));

    small->scratch = scratch_create();
    small->directory = file_join(small->scratch, "hearth");
    small->now_ms = 1000000;
    small->options = (struct store_options){
        .files = file_system_posix(),
        .directory = small->directory,
        .database_count = SMALL_LINE_DATABASES,
        .policy = LOG_SYNC_ALWAYS,
        .segment_bytes = 256 * 1024,
        .checkpoint_memory_bytes = 64 << 20,
        .replay = replay,
        .wake = wake,
        .context = small,
    };
    return small;
}

void small_store_free(struct small_store *small)
{
    small_store_close(small, false);
    memory_free(small->directory);
    scratch_remove(small->scratch);
    memory_free(small);
}

enum status small_store_open(struct small_store *small)
{
    enum status status;

    ASSERT(small->store == NULL);
    status = store_open(&small->options, &small->store, &small->holder_pid);
    if (status == STATUS_OK && checkpoint_is_busy(small->store->checkpoint)) {
        (void)store_await_job(small->store); /* So that tests know when the next one begins. */
    }
    return status;
}

void small_store_close(struct small_store *small, bool checkpoint)
{
    store_close(small->store, checkpoint);
    small->store = NULL;
}

void small_store_turn(struct small_store *small)
{
    small->now_ms++;
    store_turn(small->store, small->now_ms, clock_monotonic_us() / 1000 + small->skipped_ms);
    (void)store_poll(small->store);
}

void small_store_await_room(struct small_store *small, size_t change_bytes)
{
    struct timespec pause = {.tv_nsec = 50000};

    while (store_admit_write(small->store, change_bytes) == STATUS_BUSY) {
        small_store_turn(small);
        (void)nanosleep(&pause, NULL);
    }
}

void small_store_settle(struct small_store *small)
{
    const struct store_statistics *statistics;
    struct timespec pause = {.tv_nsec = 1000000};

    do {
        small->skipped_ms += 3600000; /* Past every retry and pause. */
        small_store_turn(small);
        (void)nanosleep(&pause, NULL);
        (void)store_poll(small->store);
        statistics = store_get_statistics(small->store);
    } while (statistics->checkpoint_running || statistics->orphan_count > 0 ||
             checkpoint_is_busy(small->store->checkpoint) || small->store->is_queued);
}

/* Texts. */

static void put_content(struct small_store *small, const struct entry *entry, struct buf *out)
{
    struct keyspace *keyspace = store_keyspace(small->store);
    struct buf scratch;
    struct slice value;
    uint64_t seed;

    if (entry->type == ENTRY_STRING) {
        buf_init(&scratch, BUF_NO_CEILING);
        ASSERT(string_value(keyspace, entry, &scratch, &value) == STATUS_OK);
        small_line_put_bytes(out, value);
        buf_release(&scratch);
        return;
    }
    ASSERT(number_parse_uint64(entry->body, &seed));
    buf_put_format(out, "%" PRIu64 " fields of %.*s", entry->count, (int)entry->body.len, entry->body.data);
    for (uint64_t i = 0; i < entry->count; i++) {
        struct keycode code;
        char text[64];
        size_t len = field_value(text, seed, i);

        keycode_chunk(&code, entry->generation, (uint32_t)i);
        if (!view_get(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(&code), &value) ||
            !slice_equal(value, slice_make(text, len))) {
            buf_put_format(out, " but %" PRIu64, i);
        }
    }
}

char *small_store_text(struct small_store *small)
{
    struct keyspace *keyspace = store_keyspace(small->store);
    struct buf out;

    keyspace_set_clock(keyspace, 0, false);
    buf_init(&out, BUF_NO_CEILING);
    for (uint32_t db = 0; db < SMALL_LINE_DATABASES; db++) {
        struct keyspace_walk *walk = keyspace_walk_begin(keyspace, db, slice_empty());
        uint64_t key_count = 0;
        struct slice key;
        struct entry entry;

        while (keyspace_walk_next(walk, &key, &entry)) {
            buf_put_format(&out, "%" PRIu32 " %.*s %" PRIu64 " ", db, (int)key.len, key.data, entry.expire_at_ms);
            put_content(small, &entry, &out);
            buf_put_byte(&out, '\n');
            key_count++;
        }
        keyspace_walk_end(walk);
        if (key_count != keyspace_key_count(keyspace, db)) {
            buf_put_format(&out, "%" PRIu32 " counts %" PRIu64 "\n", db, keyspace_key_count(keyspace, db));
        }
    }
    return small_line_take_text(&out);
}
