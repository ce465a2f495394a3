/* A change is nearly always one call logged as it came, and then no byte is copied here: change_compose() gives back
 * the request's own bytes. Everything else is built in `commands`. */
#include "server/request/change.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/resp_write.h"

#define CHANGE_KEEP_BYTES (64u * 1024) /* Memory kept between changes. */

enum call_words {
    WORDS_OWN,       /* The call's own, if it changed something. */
    WORDS_GIVEN,     /* What the handler gave, in `given`. */
    WORDS_SUPPRESSED /* None. */
};

struct change {
    struct buf commands;  /* Finished commands, with SELECT where the db changes. */
    size_t command_count; /* In `commands`, SELECT not counted, plus `sole`. */
    struct slice sole;    /* The only command so far, not copied; empty otherwise. */
    int32_t first_db;     /* Of the first command. */
    int32_t db;           /* What the reader has selected after `commands`. */
    int32_t reader_db;    /* What it has selected before them. */
    uint64_t effect_bytes_max;

    /* The call that runs. */
    int32_t call_db;
    enum call_words words;
    struct buf given;
    size_t given_count;
};

struct change *change_create(void)
{
    struct change *change = memory_allocate_zeroed(sizeof(*change));

    buf_init(&change->commands, BUF_NO_CEILING);
    buf_init(&change->given, BUF_NO_CEILING);
    change->effect_bytes_max = CHANGE_EFFECT_BYTES_MAX;
    return change;
}

void change_free(struct change *change)
{
    if (change == NULL) {
        return;
    }
    buf_release(&change->commands);
    buf_release(&change->given);
    memory_free(change);
}

void change_limit(struct change *change, uint64_t effect_bytes_max)
{
    change->effect_bytes_max = effect_bytes_max;
}

void change_replace(struct change *change, const struct slice *argv, size_t argc)
{
    buf_clear(&change->given);
    change->given_count = 0;
    change_add(change, argv, argc);
}

void change_add(struct change *change, const struct slice *argv, size_t argc)
{
    change_open(change, argc);
    for (size_t i = 0; i < argc; i++) {
        change_put_word(change, argv[i]);
    }
}

void change_open(struct change *change, size_t argc)
{
    change->words = WORDS_GIVEN;
    change->given_count++;
    resp_write_array(&change->given, argc);
}

void change_put_word(struct change *change, struct slice word)
{
    resp_write_bulk(&change->given, word);
}

void change_suppress(struct change *change)
{
    change->words = WORDS_SUPPRESSED;
}

bool change_has_room(const struct change *change, uint64_t bytes)
{
    uint64_t used = change_bytes(change) + change->given.len;

    return used <= change->effect_bytes_max && bytes <= change->effect_bytes_max - used;
}

static void clear(struct buf *buf)
{
    if (buf->len != 0) {
        buf_clear(buf);
        buf_shrink(buf, CHANGE_KEEP_BYTES);
    }
}

void change_begin(struct change *change, int32_t selected_db)
{
    clear(&change->commands);
    change->command_count = 0;
    change->sole = slice_empty();
    change->db = selected_db;
    change->reader_db = selected_db;
    change->words = WORDS_SUPPRESSED; /* Between calls nothing has words of its own. */
}

void change_begin_call(struct change *change, uint32_t db)
{
    change->call_db = (int32_t)db;
    change->words = WORDS_OWN;
    change->given_count = 0;
    clear(&change->given);
}

static void put_select(struct buf *buf, int32_t db)
{
    char text[NUMBER_INTEGER_TEXT_MAX];
    size_t len = number_format_int64(text, db);
    struct slice words[] = {slice_of("SELECT"), slice_make(text, len)};

    resp_write_request(buf, words, 2);
}

/* Make ready for one more command in `db`: copy the command that stood alone, and select the db. */
static void make_ready(struct change *change, int32_t db, size_t count)
{
    if (change->command_count == 0) {
        change->first_db = db;
        change->db = db; /* The first SELECT is written by change_compose(), before MULTI. */
    }
    if (change->sole.len != 0) {
        buf_put(&change->commands, change->sole);
        change->sole = slice_empty();
    }
    if (change->db != db) {
        put_select(&change->commands, db);
        change->db = db;
    }
    change->command_count += count;
}

void change_expire(struct change *change, uint32_t db, struct slice key)
{
    struct slice words[] = {slice_of("DEL"), key};

    make_ready(change, (int32_t)db, 1);
    resp_write_request(&change->commands, words, 2);
}

void change_end_call(struct change *change, bool changed, const struct slice *argv, size_t argc, struct slice raw)
{
    enum call_words words = change->words;

    change->words = WORDS_SUPPRESSED;
    if (words == WORDS_SUPPRESSED || (words == WORDS_OWN && !changed)) {
        return;
    }
    if (words == WORDS_GIVEN) {
        make_ready(change, change->call_db, change->given_count);
        buf_put(&change->commands, buf_slice(&change->given));
    } else if (raw.len != 0 && change->command_count == 0) {
        make_ready(change, change->call_db, 1);
        change->sole = raw;
    } else {
        make_ready(change, change->call_db, 1);
        resp_write_request(&change->commands, argv, argc);
    }
}

void change_end_renamed_call(struct change *change, bool changed, const char *name, const struct slice *argv,
                             size_t argc)
{
    struct slice *words = memory_copy(argv, argc * sizeof(*words));

    words[0] = slice_of(name);
    change_end_call(change, changed, words, argc, slice_empty());
    memory_free(words);
}

size_t change_bytes(const struct change *change)
{
    return change->commands.len + change->sole.len;
}

/* Put `prefix` before the commands. It is short and seldom there; the move costs less than keeping room for it. */
static void put_front(struct buf *commands, struct slice prefix)
{
    size_t old_len = commands->len;
    char *content;

    if (prefix.len == 0) {
        return;
    }
    buf_put(commands, prefix); /* Makes the room. */
    content = commands->memory + commands->start;
    memmove(content + prefix.len, content, old_len);
    memcpy(content, prefix.data, prefix.len);
}

struct slice change_compose(struct change *change, int32_t *selected_db)
{
    struct buf prefix;

    *selected_db = change->db;
    if (change->command_count == 0 || (change->sole.len != 0 && change->first_db == change->reader_db)) {
        return change->sole;
    }
    if (change->sole.len != 0) {
        buf_put(&change->commands, change->sole);
        change->sole = slice_empty();
    }
    buf_init(&prefix, BUF_NO_CEILING);
    if (change->first_db != change->reader_db) {
        put_select(&prefix, change->first_db);
    }
    if (change->command_count > 1) {
        buf_put_text(&prefix, "*1\r\n$5\r\nMULTI\r\n");
        buf_put_text(&change->commands, "*1\r\n$4\r\nEXEC\r\n");
    }
    put_front(&change->commands, buf_slice(&prefix));
    buf_release(&prefix);
    return buf_slice(&change->commands);
}
