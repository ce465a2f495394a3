/* One function a type and encoding; layouts: docs/formats/keyspace.md. */
#include "storage/env/env_visit_value.h"

#include "base/memory.h"
#include "storage/env/env_rows.h"
#include "storage/value/string_store.h"
#include <math.h>

#define ENCODING_ROWS 1 /* Chunks of a string, rows of a collection. */

/* What the functions below work with. */
struct value {
    struct env_visit *visit;
    const struct entry *entry;
    const struct key_visitor *visitor;
    const char *reason;
};

static enum status damaged(struct value *value, const char *reason)
{
    value->reason = reason;
    return STATUS_CORRUPT;
}

static enum status open_rows(struct value *value, struct env_rows *rows)
{
    struct keycode prefix;

    keycode_prefix(&prefix, value->entry->generation);
    return env_rows_open(rows, value->visit->env, value->visit->txn, TABLE_FIELDS, keycode_slice(&prefix));
}

/* Append zero bytes until `out` is `len` long. */
static enum status pad(struct buf *out, size_t len)
{
    char *room;
    size_t missing = len - out->len;
    enum status status = buf_reserve(out, missing, &room);

    if (status == STATUS_OK) {
        memset(room, 0, missing);
        buf_commit(out, missing);
    }
    return status;
}

/* Put a chunk at its place; what lies between is zero bytes. */
static enum status add_chunk(struct value *value, struct slice key, struct slice chunk)
{
    struct buf *out = &value->visit->scratch;
    uint64_t generation;
    struct slice number;
    uint64_t start;
    enum status status;

    if (!keycode_parse_key(key, &generation, &number) || number.len != 4 || chunk.len > STRING_CHUNK_BYTES) {
        return damaged(value, "a chunk of the string has no such key");
    }
    start = (uint64_t)bytes_get_be32(number.data) * STRING_CHUNK_BYTES;
    if (start < out->len || start + chunk.len > value->entry->count) {
        return damaged(value, "a chunk lies outside of the string");
    }
    status = pad(out, (size_t)start);
    return status == STATUS_OK ? buf_append(out, chunk) : status;
}

static enum status visit_chunked(struct value *value)
{
    struct buf *out = &value->visit->scratch;
    struct env_rows rows;
    struct slice key;
    struct slice chunk;
    enum status status;

    if (value->entry->count > STRING_BYTES_MAX) {
        return damaged(value, "a string longer than strings may be");
    }
    buf_clear(out);
    status = open_rows(value, &rows);
    if (status != STATUS_OK) {
        return status;
    }
    while ((status = env_rows_next(&rows, &key, &chunk)) == STATUS_OK) {
        status = add_chunk(value, key, chunk);
        if (status != STATUS_OK) {
            break;
        }
    }
    env_rows_close(&rows);
    if (status == STATUS_END) {
        status = pad(out, (size_t)value->entry->count);
    }
    return status == STATUS_OK ? value->visitor->string(value->visitor->context, buf_slice(out)) : status;
}

/* Tell one element by its type; `content` is a hash's value, or a sorted set's score in 8 bytes. */
static enum status tell(struct value *value, struct slice element, struct slice content, bool is_inline)
{
    const struct key_visitor *visitor = value->visitor;
    double score;

    switch (value->entry->type) {
    case ENTRY_LIST:
        return visitor->list_item(visitor->context, element);
    case ENTRY_SET:
        return visitor->set_member(visitor->context, element);
    case ENTRY_HASH:
        return visitor->hash_field(visitor->context, element, content);
    default:
        break;
    }
    if (content.len != 8) {
        return damaged(value, "a score is not 8 bytes long");
    }
    if (is_inline) {
        score = keycode_unorder_double(bytes_get_be64(content.data));
    } else {
        uint64_t bits = bytes_get_le64(content.data);

        memcpy(&score, &bits, sizeof(score));
    }
    return isnan(score) ? damaged(value, "a score is no number")
                        : visitor->zset_member(visitor->context, element, score);
}

static bool take_item(struct slice *run, struct slice *item)
{
    uint64_t len;

    if (!keycode_take_number(run, &len) || len > run->len) {
        return false;
    }
    *item = slice_first(*run, (size_t)len);
    *run = slice_after(*run, (size_t)len);
    return true;
}

/* Items one after the other in the body. */
static enum status visit_inline(struct value *value)
{
    bool is_paired = value->entry->type == ENTRY_HASH || value->entry->type == ENTRY_ZSET;
    struct slice run = value->entry->body;
    uint64_t count = 0;

    while (run.len > 0) {
        struct slice element;
        struct slice content = slice_empty();
        enum status status;

        if (!take_item(&run, &element) || (is_paired && !take_item(&run, &content))) {
            return damaged(value, "its body is cut short");
        }
        status = tell(value, element, content, true);
        if (status != STATUS_OK) {
            return status;
        }
        count++;
    }
    return count == value->entry->count ? STATUS_OK : damaged(value, "its count is not that of its elements");
}

/* A row of its own for each element, by name, or by position in a list. */
static enum status tell_row(struct value *value, struct slice key, struct slice content)
{
    uint64_t generation;
    struct slice coded_name;
    struct slice name;

    if (value->entry->type == ENTRY_LIST) {
        return tell(value, content, slice_empty(), false);
    }
    if (!keycode_parse_key(key, &generation, &coded_name) || !keycode_take_full_name(coded_name, &content, &name)) {
        return damaged(value, "an element's row does not decode");
    }
    return tell(value, name, content, false);
}

static enum status visit_rows(struct value *value)
{
    struct env_rows rows;
    struct slice key;
    struct slice content;
    uint64_t count = 0;
    enum status status = open_rows(value, &rows);

    if (status != STATUS_OK) {
        return status;
    }
    while ((status = env_rows_next(&rows, &key, &content)) == STATUS_OK) {
        status = tell_row(value, key, content);
        if (status != STATUS_OK) {
            break;
        }
        count++;
    }
    env_rows_close(&rows);
    if (status != STATUS_END) {
        return status;
    }
    return count == value->entry->count ? STATUS_OK : damaged(value, "its count is not that of its elements");
}

static enum status visit_any(struct value *value)
{
    const struct entry *entry = value->entry;

    if (entry->encoding == ENTRY_INLINE && entry->type != ENTRY_STREAM) {
        return entry->type == ENTRY_STRING ? value->visitor->string(value->visitor->context, entry->body)
                                           : visit_inline(value);
    }
    if (entry->encoding != ENCODING_ROWS || entry->generation == 0) {
        value->reason = "it has an unknown encoding";
        return STATUS_UNSUPPORTED;
    }
    if (entry->type == ENTRY_STREAM) {
        return env_visit_stream(value->visit, entry, value->visitor, &value->reason);
    }
    return entry->type == ENTRY_STRING ? visit_chunked(value) : visit_rows(value);
}

enum status env_visit_value(struct env_visit *visit, const struct entry *entry, const struct key_visitor *visitor,
                            const char **reason)
{
    struct value value = {.visit = visit, .entry = entry, .visitor = visitor};
    enum status status = visit_any(&value);

    if (status == STATUS_CORRUPT && value.reason == NULL) {
        value.reason = "LMDB cannot walk its rows";
    }
    *reason = value.reason;
    return status;
}
