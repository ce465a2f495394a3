#include "support/small_model.h"

#include "base/number.h"
#include <inttypes.h>
#include <stdlib.h>

/* Rows' values are "<expiry> s<bytes>" and "<expiry> f<count> <seed>". */

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

        move_database(model, a, SMALL_LINE_DATABASES);
        move_database(model, b, a);
        move_database(model, SMALL_LINE_DATABASES, b);
    }
}

void small_model_run(struct small_model *model, const char *line)
{
    small_line_for_each(line, run_on_model, model);
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
            small_line_put_bytes(&out, slice_after(content, 1));
        } else {
            const char *seed = memchr(content.data, ' ', content.len);

            buf_put_format(&out, "%.*s fields of %.*s", (int)(seed - content.data - 1), content.data + 1,
                           (int)(content.data + content.len - seed - 1), seed + 1);
        }
        buf_put_byte(&out, '\n');
    }
    return small_line_take_text(&out);
}
