#include "support/small_store.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/resp_write.h"
#include "storage/keycode.h"
#include "storage/keyspace_scan.h"
#include "storage/store_state.h"
#include "storage/string_store.h"
#include "storage/view_cursor.h"
#include "support/scratch.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WORDS_MAX 8

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

/* Lines. */

/* Cut `line` (changed: words end with NUL) into words. */
static size_t cut_words(char *line, struct slice words[WORDS_MAX])
{
    size_t count = 0;
    char *rest;

    for (char *word = strtok_r(line, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        ASSERT(count < WORDS_MAX);
        words[count++] = slice_of(word);
    }
    return count;
}

/* Call `run` with the words of each command of the line. */
static void for_each_command(const char *line, void (*run)(void *context, const struct slice *argv, size_t argc),
                             void *context)
{
    char *copy = memory_copy_text(line);
    char *rest;

    for (char *command = strtok_r(copy, ";", &rest); command != NULL; command = strtok_r(NULL, ";", &rest)) {
        struct slice words[WORDS_MAX];
        size_t count = cut_words(command, words);

        run(context, words, count);
    }
    memory_free(copy);
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
    for_each_command(line, run_command, &running);
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
        .database_count = SMALL_STORE_DATABASES,
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
    store_turn(small->store, small->now_ms);
    (void)store_poll(small->store);
}

void small_store_settle(struct small_store *small)
{
    const struct store_statistics *statistics = store_get_statistics(small->store);
    struct timespec pause = {.tv_nsec = 1000000};

    do {
        small->now_ms = clock_wall_ms() + 3600000; /* Past every retry and pause. */
        store_turn(small->store, small->now_ms);
        (void)nanosleep(&pause, NULL);
        (void)store_poll(small->store);
        statistics = store_get_statistics(small->store);
    } while (statistics->checkpoint_running || statistics->orphan_count > 0 ||
             checkpoint_is_busy(small->store->checkpoint) || small->store->is_queued);
}

/* Texts. */

static void put_bytes(struct buf *out, struct slice bytes)
{
    if (bytes.len <= 64) {
        buf_put(out, bytes);
    } else {
        buf_put_format(out, "%zu bytes from %.8s to %.8s", bytes.len, bytes.data, bytes.data + bytes.len - 8);
    }
}

static void put_content(struct small_store *small, const struct entry *entry, struct buf *out)
{
    struct keyspace *keyspace = store_keyspace(small->store);
    struct buf scratch;
    struct slice value;

    if (entry->type == ENTRY_STRING) {
        buf_init(&scratch, BUF_NO_CEILING);
        ASSERT(string_value(keyspace, entry, &scratch, &value) == STATUS_OK);
        put_bytes(out, value);
        buf_release(&scratch);
        return;
    }
    buf_put_format(out, "%" PRIu64 " fields of %.*s", entry->count, (int)entry->body.len, entry->body.data);
    for (uint64_t i = 0; i < entry->count; i++) {
        struct keycode code;
        char text[64];
        size_t len = field_value(text, strtoull(entry->body.data, NULL, 10), i);

        keycode_chunk(&code, entry->generation, (uint32_t)i);
        if (!view_get(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(&code), &value) ||
            !slice_equal(value, slice_make(text, len))) {
            buf_put_format(out, " but %" PRIu64, i);
        }
    }
}

static char *take_text(struct buf *out)
{
    char *text = memory_allocate(buf_slice(out).len + 1);

    memcpy(text, buf_slice(out).data, buf_slice(out).len);
    text[buf_slice(out).len] = '\0';
    buf_release(out);
    return text;
}

char *small_store_text(struct small_store *small)
{
    struct keyspace *keyspace = store_keyspace(small->store);
    struct buf out;

    keyspace_set_clock(keyspace, 0, false);
    buf_init(&out, BUF_NO_CEILING);
    for (uint32_t db = 0; db < SMALL_STORE_DATABASES; db++) {
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
    return take_text(&out);
}

/* The model. Its rows' values are "<expiry> s<bytes>" and "<expiry> f<count> <seed>". */

void small_model_init(struct small_model *model)
{
    sorted_model_init(&model->rows);
    model->selected_db = 0;
}

void small_model_release(struct small_model *model)
{
    sorted_model_release(&model->rows);
}

struct row {
    bool exists;
    uint64_t expire_at;
    struct slice content; /* 's' or 'f' first. */
};

static struct row find_row(const struct small_model *model, struct slice key)
{
    const struct sorted_model_record *record = sorted_model_find(&model->rows, (enum table)model->selected_db, key);
    struct row row = {0};
    const char *space;

    if (record == NULL) {
        return row;
    }
    space = memchr(record->value.data, ' ', record->value.len);
    row.exists = true;
    row.expire_at = strtoull(record->value.data, NULL, 10);
    row.content = slice_after(record->value, (size_t)(space - record->value.data) + 1);
    return row;
}

static void put_row(struct small_model *model, struct slice key, uint64_t expire_at, struct slice content)
{
    struct buf value;

    buf_init(&value, BUF_NO_CEILING);
    buf_put_format(&value, "%" PRIu64 " ", expire_at);
    buf_put(&value, content);
    sorted_model_put(&model->rows, (enum table)model->selected_db, key, buf_slice(&value));
    buf_release(&value);
}

static void put_text_row(struct small_model *model, struct slice key, uint64_t expire_at, struct slice head,
                         struct slice bytes)
{
    struct buf content;

    buf_init(&content, BUF_NO_CEILING);
    buf_put(&content, head);
    buf_put(&content, bytes);
    put_row(model, key, expire_at, buf_slice(&content));
    buf_release(&content);
}

static void model_incr(struct small_model *model, struct slice key)
{
    struct row row = find_row(model, key);
    char text[NUMBER_INTEGER_TEXT_MAX];
    int64_t number = 0;

    if (row.exists && (row.content.data[0] != 's' || !number_parse_int64(slice_after(row.content, 1), &number))) {
        number = 0;
    }
    put_text_row(model, key, row.expire_at, slice_of("s"), slice_make(text, number_format_int64(text, number + 1)));
}

static void model_append(struct small_model *model, struct slice key, struct slice bytes)
{
    struct row row = find_row(model, key);

    if (row.exists && row.content.data[0] == 's') {
        put_text_row(model, key, row.expire_at, row.content, bytes);
    } else {
        put_text_row(model, key, 0, slice_of("s"), bytes);
    }
}

static void model_rename(struct small_model *model, struct slice from, struct slice to)
{
    struct row row = find_row(model, from);

    if (row.exists && !slice_equal(from, to)) {
        put_row(model, to, row.expire_at, row.content);
        sorted_model_remove(&model->rows, (enum table)model->selected_db, from);
    }
}

/* Move all keys of `from` to `to`, or away if `to` is no database. */
static void move_database(struct small_model *model, uint32_t from, uint32_t to)
{
    struct sorted_model rows;

    sorted_model_init(&rows);
    for (size_t i = 0; i < model->rows.count; i++) {
        const struct sorted_model_record *record = &model->rows.records[i];
        uint32_t db = (uint32_t)record->table == from ? to : (uint32_t)record->table;

        if (db != UINT32_MAX) {
            sorted_model_put(&rows, (enum table)db, record->key, record->value);
        }
    }
    sorted_model_release(&model->rows);
    model->rows = rows;
}

static void run_on_model(void *context, const struct slice *argv, size_t argc)
{
    struct small_model *model = context;

    (void)argc;
    if (slice_is_word(argv[0], "select")) {
        model->selected_db = (uint32_t)strtoul(argv[1].data, NULL, 10);
    } else if (slice_is_word(argv[0], "set")) {
        put_text_row(model, argv[1], 0, slice_of("s"), argv[2]);
    } else if (slice_is_word(argv[0], "setpx")) {
        put_text_row(model, argv[1], strtoull(argv[2].data, NULL, 10), slice_of("s"), argv[3]);
    } else if (slice_is_word(argv[0], "append")) {
        model_append(model, argv[1], argv[2]);
    } else if (slice_is_word(argv[0], "incr")) {
        model_incr(model, argv[1]);
    } else if (slice_is_word(argv[0], "fill")) {
        struct buf content;

        buf_init(&content, BUF_NO_CEILING);
        buf_put_format(&content, "f%s %s", argv[2].data, argv[3].data);
        put_row(model, argv[1], 0, buf_slice(&content));
        buf_release(&content);
    } else if (slice_is_word(argv[0], "pexpireat")) {
        struct row row = find_row(model, argv[1]);

        if (row.exists) {
            put_text_row(model, argv[1], strtoull(argv[2].data, NULL, 10), row.content, slice_empty());
        }
    } else if (slice_is_word(argv[0], "del")) {
        sorted_model_remove(&model->rows, (enum table)model->selected_db, argv[1]);
    } else if (slice_is_word(argv[0], "rename")) {
        model_rename(model, argv[1], argv[2]);
    } else if (slice_is_word(argv[0], "flushdb")) {
        move_database(model, model->selected_db, UINT32_MAX);
    } else if (slice_is_word(argv[0], "flushall")) {
        sorted_model_release(&model->rows);
        sorted_model_init(&model->rows);
    } else if (slice_is_word(argv[0], "swapdb")) {
        uint32_t a = (uint32_t)strtoul(argv[1].data, NULL, 10);
        uint32_t b = (uint32_t)strtoul(argv[2].data, NULL, 10);

        move_database(model, a, SMALL_STORE_DATABASES);
        move_database(model, b, a);
        move_database(model, SMALL_STORE_DATABASES, b);
    }
}

void small_model_run(struct small_model *model, const char *line)
{
    for_each_command(line, run_on_model, model);
}

char *small_model_text(const struct small_model *model)
{
    struct buf out;

    buf_init(&out, BUF_NO_CEILING);
    for (size_t i = 0; i < model->rows.count; i++) {
        const struct sorted_model_record *record = &model->rows.records[i];
        const char *space = memchr(record->value.data, ' ', record->value.len);
        struct slice content = slice_after(record->value, (size_t)(space - record->value.data) + 1);

        buf_put_format(&out, "%d %.*s %" PRIu64 " ", (int)record->table, (int)record->key.len, record->key.data,
                       (uint64_t)strtoull(record->value.data, NULL, 10));
        if (content.data[0] == 's') {
            put_bytes(&out, slice_after(content, 1));
        } else {
            const char *seed = memchr(content.data, ' ', content.len);

            buf_put_format(&out, "%.*s fields of %.*s", (int)(seed - content.data - 1), content.data + 1,
                           (int)(content.data + content.len - seed - 1), seed + 1);
        }
        buf_put_byte(&out, '\n');
    }
    return take_text(&out);
}

/* Random lines. */

static unsigned below(struct random *random, unsigned bound)
{
    return (unsigned)random_below(random, bound);
}

static void random_command(struct random *random, char *line, size_t line_size)
{
    unsigned key = below(random, 300);
    unsigned choice = below(random, 1000);

    if (choice < 350) {
        snprintf(line, line_size, "SET key%u value%u", key, below(random, 1000000));
    } else if (choice < 420) {
        snprintf(line, line_size, "SETPX key%u %u value%u", key, 1 + below(random, 1000), below(random, 1000));
    } else if (choice < 620) {
        snprintf(line, line_size, "INCR counter%u", below(random, 50));
    } else if (choice < 700) {
        snprintf(line, line_size, "APPEND long%u %0*u", below(random, 5), (int)below(random, 3000) + 1, 7u);
    } else if (choice < 740) {
        snprintf(line, line_size, "FILL key%u %u %u", key, below(random, 50), below(random, 1000));
    } else if (choice < 800) {
        snprintf(line, line_size, "PEXPIREAT key%u %u", key, below(random, 1000));
    } else if (choice < 900) {
        snprintf(line, line_size, "DEL %s%u", choice % 10 == 0 ? "long" : "key", choice % 10 == 0 ? key % 5 : key);
    } else if (choice < 930) {
        snprintf(line, line_size, "RENAME key%u key%u", key, below(random, 300));
    } else if (choice < 980) {
        snprintf(line, line_size, "SELECT %u", below(random, SMALL_STORE_DATABASES));
    } else if (choice < 990) {
        snprintf(line, line_size, "SWAPDB %u %u", below(random, SMALL_STORE_DATABASES),
                 below(random, SMALL_STORE_DATABASES));
    } else if (choice < 997) {
        snprintf(line, line_size, "FLUSHDB");
    } else {
        snprintf(line, line_size, "FLUSHALL");
    }
}

void small_store_random_line(struct random *random, char *line, size_t line_size)
{
    unsigned count = below(random, 10) == 0 ? 2 + below(random, 4) : 1;
    size_t len = 0;

    if (count == 1) {
        random_command(random, line, line_size);
        return;
    }
    len += (size_t)snprintf(line + len, line_size - len, "MULTI;");
    for (unsigned i = 0; i < count; i++) {
        random_command(random, line + len, line_size - len);
        len += strlen(line + len);
        ASSERT(len + 8 < line_size);
        line[len++] = ';';
    }
    snprintf(line + len, line_size - len, "EXEC");
}
