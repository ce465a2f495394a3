#include "storage/value/string_store.h"
#include "base/assert.h"
#include "storage/keyspace/keycode.h"

/* How a string that is not ENTRY_INLINE lies in TABLE_FIELDS. A chunk that is absent, or shorter than its part of the
 * value, is zero bytes there: setting a bit far out writes one chunk. */
#define ENTRY_CHUNKED 1

/* The part of a value that lies in one chunk. */
struct part {
    uint32_t chunk;
    size_t start; /* In the chunk. */
    size_t len;
};

static struct part part_at(size_t start, size_t len)
{
    struct part part = {.chunk = (uint32_t)(start / STRING_CHUNK_BYTES), .start = start % STRING_CHUNK_BYTES};
    size_t room = STRING_CHUNK_BYTES - part.start;

    part.len = len < room ? len : room;
    return part;
}

/* The stored bytes of a chunk, borrowed; empty if it is absent. */
static struct slice read_chunk(const struct keyspace *keyspace, uint64_t generation, uint32_t chunk)
{
    struct keycode code;
    struct slice bytes;

    keycode_chunk(&code, generation, chunk);
    if (!view_get(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(&code), &bytes)) {
        return slice_empty();
    }
    ASSERT(bytes.len <= STRING_CHUNK_BYTES); /* K4 */
    return bytes;
}

size_t string_len(const struct entry *entry)
{
    ASSERT(entry->type == ENTRY_STRING && entry->encoding <= ENTRY_CHUNKED); /* K4 */
    return entry->encoding == ENTRY_INLINE ? entry->body.len : (size_t)entry->count;
}

enum status string_read(struct keyspace *keyspace, const struct entry *entry, size_t start, size_t len, struct buf *out)
{
    char *tail;
    enum status status;

    ASSERT(start <= string_len(entry) && len <= string_len(entry) - start);
    if (entry->encoding == ENTRY_INLINE) {
        return buf_append(out, slice_first(slice_after(entry->body, start), len));
    }
    status = buf_reserve(out, len, &tail);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t done = 0; done < len;) {
        struct part part = part_at(start + done, len - done);
        struct slice bytes = read_chunk(keyspace, entry->generation, part.chunk);
        size_t stored = bytes.len <= part.start ? 0 : bytes.len - part.start;

        if (stored > part.len) {
            stored = part.len;
        }
        if (stored > 0) {
            memcpy(tail + done, bytes.data + part.start, stored);
        }
        memset(tail + done + stored, 0, part.len - stored);
        done += part.len;
    }
    buf_commit(out, len);
    return STATUS_OK;
}

size_t string_part(const struct keyspace *keyspace, const struct entry *entry, size_t start, struct slice *stored)
{
    size_t len = string_len(entry);
    struct part part;
    struct slice bytes;

    ASSERT(start < len);
    if (entry->encoding == ENTRY_INLINE) {
        *stored = slice_after(entry->body, start);
        return stored->len;
    }
    part = part_at(start, len - start);
    bytes = read_chunk(keyspace, entry->generation, part.chunk);
    *stored = bytes.len <= part.start ? slice_empty() : slice_first(slice_after(bytes, part.start), part.len);
    if (bytes.len > part.start && bytes.len - part.start < part.len) {
        stored->len = bytes.len - part.start;
    }
    return part.len;
}

enum status string_value(struct keyspace *keyspace, const struct entry *entry, struct buf *scratch, struct slice *value)
{
    enum status status;

    if (entry->encoding == ENTRY_INLINE) {
        *value = entry->body;
        return STATUS_OK;
    }
    buf_clear(scratch);
    status = string_read(keyspace, entry, 0, string_len(entry), scratch);
    if (status == STATUS_OK) {
        *value = buf_slice(scratch);
    }
    return status;
}

/* Write `bytes` over one chunk from part.start on. A chunk that was written a moment ago is changed where it lies. */
static void write_part(struct keyspace *keyspace, uint64_t generation, struct part part, struct slice bytes)
{
    struct view *view = keyspace_view(keyspace);
    char merged[STRING_CHUNK_BYTES];
    size_t end = part.start + part.len;
    struct slice old;
    struct keycode code;

    keycode_chunk(&code, generation, part.chunk);
    if (part.len == STRING_CHUNK_BYTES) {
        view_put(view, TABLE_FIELDS, keycode_slice(&code), bytes);
        return;
    }
    if (view_overwrite(view, TABLE_FIELDS, keycode_slice(&code), part.start, bytes)) {
        return;
    }
    old = read_chunk(keyspace, generation, part.chunk);
    if (part.start == 0 && old.len <= end) {
        view_put(view, TABLE_FIELDS, keycode_slice(&code), bytes);
        return;
    }
    if (old.len > 0) {
        memcpy(merged, old.data, old.len);
    }
    if (old.len < part.start) {
        memset(merged + old.len, 0, part.start - old.len);
    }
    memcpy(merged + part.start, bytes.data, part.len);
    view_put(view, TABLE_FIELDS, keycode_slice(&code), slice_make(merged, old.len > end ? old.len : end));
}

static void write_chunks(struct keyspace *keyspace, uint64_t generation, size_t start, struct slice bytes)
{
    while (bytes.len > 0) {
        struct part part = part_at(start, bytes.len);

        write_part(keyspace, generation, part, slice_first(bytes, part.len));
        start += part.len;
        bytes = slice_after(bytes, part.len);
    }
}

static size_t chunk_count(size_t len)
{
    return (len + STRING_CHUNK_BYTES - 1) / STRING_CHUNK_BYTES;
}

/* The generation for a new value in chunks: that of the value that it replaces if it has as many, whose rows are then
 * overwritten one by one. Otherwise each new version of a large value would leave one to be purged. */
static uint64_t choose_generation(struct keyspace *keyspace, uint32_t db, struct slice key, size_t len)
{
    struct entry old;

    if (keyspace_find(keyspace, db, key, &old) && old.type == ENTRY_STRING && old.encoding == ENTRY_CHUNKED &&
        chunk_count((size_t)old.count) == chunk_count(len)) {
        return old.generation;
    }
    return keyspace_new_generation(keyspace);
}

/* Give a chunk other content, whatever it had. */
static void replace_chunk(struct keyspace *keyspace, uint64_t generation, uint32_t chunk, struct slice bytes)
{
    struct keycode code;

    keycode_chunk(&code, generation, chunk);
    view_put(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(&code), bytes);
}

void string_set(struct keyspace *keyspace, uint32_t db, struct slice key, struct slice value, uint64_t expire_at_ms)
{
    struct entry entry = {.type = ENTRY_STRING, .expire_at_ms = expire_at_ms, .body = value};

    ASSERT(value.len <= STRING_BYTES_MAX);
    if (value.len > STRING_INLINE_BYTES_MAX) {
        entry.encoding = ENTRY_CHUNKED;
        entry.generation = choose_generation(keyspace, db, key, value.len);
        entry.count = value.len;
        entry.body = slice_empty();
        for (size_t start = 0; start < value.len;) {
            struct part part = part_at(start, value.len - start);

            replace_chunk(keyspace, entry.generation, part.chunk, slice_make(value.data + start, part.len));
            start += part.len;
        }
    }
    keyspace_put_foreign(keyspace, db, key, &entry);
}

/* Make a chunk zero bytes, by not having it. */
static void drop_chunk(struct keyspace *keyspace, uint64_t generation, uint32_t chunk)
{
    struct keycode code;

    if (read_chunk(keyspace, generation, chunk).len > 0) {
        keycode_chunk(&code, generation, chunk);
        view_delete(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(&code));
    }
}

static bool is_zero(const char *bytes, size_t len)
{
    return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

void string_set_made(struct keyspace *keyspace, uint32_t db, struct slice key, size_t len,
                     const struct string_maker *maker)
{
    struct entry entry = {.type = ENTRY_STRING, .body = slice_empty()};
    char made[STRING_INLINE_BYTES_MAX];

    ASSERT(len <= STRING_BYTES_MAX);
    if (len <= STRING_INLINE_BYTES_MAX) {
        maker->make(maker->context, 0, made, len);
        entry.body = slice_make(made, len);
        keyspace_put_foreign(keyspace, db, key, &entry);
        return;
    }
    entry.encoding = ENTRY_CHUNKED;
    entry.generation = choose_generation(keyspace, db, key, len);
    entry.count = len;
    for (size_t start = 0; start < len;) {
        struct part part = part_at(start, len - start);

        maker->make(maker->context, start, made, part.len);
        if (is_zero(made, part.len)) {
            drop_chunk(keyspace, entry.generation, part.chunk);
        } else {
            replace_chunk(keyspace, entry.generation, part.chunk, slice_make(made, part.len));
        }
        start += part.len;
    }
    keyspace_put_foreign(keyspace, db, key, &entry);
}

/* Where the write of a value that stays inline happens. */
static void write_inline(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry,
                         size_t start, struct slice bytes)
{
    char merged[STRING_INLINE_BYTES_MAX];
    struct entry written = *entry;
    size_t end = start + bytes.len;
    size_t len = entry->body.len > end ? entry->body.len : end;

    if (entry->body.len > 0) {
        memcpy(merged, entry->body.data, entry->body.len);
    }
    if (entry->body.len < start) {
        memset(merged + entry->body.len, 0, start - entry->body.len);
    }
    memcpy(merged + start, bytes.data, bytes.len);
    written.body = slice_make(merged, len);
    keyspace_put_foreign(keyspace, db, key, &written);
}

void string_write(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry, size_t start,
                  struct slice bytes, size_t *len)
{
    struct entry next = {.type = ENTRY_STRING, .body = slice_empty()};
    size_t old_len = entry == NULL ? 0 : string_len(entry);
    size_t end = start + bytes.len;

    *len = bytes.len == 0 || old_len > end ? old_len : end;
    ASSERT(*len <= STRING_BYTES_MAX);
    if (entry != NULL) {
        next = *entry;
    }
    if (bytes.len == 0) {
        if (entry == NULL) {
            keyspace_put(keyspace, db, key, &next);
        }
        return;
    }
    if (next.encoding == ENTRY_INLINE && *len <= STRING_INLINE_BYTES_MAX) {
        write_inline(keyspace, db, key, &next, start, bytes);
        return;
    }
    if (next.encoding == ENTRY_INLINE) {
        next.encoding = ENTRY_CHUNKED;
        next.generation = keyspace_new_generation(keyspace);
        write_chunks(keyspace, next.generation, 0, next.body);
        next.body = slice_empty();
    }
    write_chunks(keyspace, next.generation, start, bytes);
    if (next.count != *len) {
        next.count = *len;
        keyspace_put(keyspace, db, key, &next);
    }
}
