#include "storage/log/log_cursor.h"

#include "base/assert.h"
#include "base/memory.h"
#include "storage/log/log_chain.h"
#include "storage/log/log_reader.h"

struct log_cursor {
    struct log *log;
    struct log_chain *chain;
    uint64_t offset; /* Of the next byte to give. */

    uint64_t serial; /* Of the segment that is open; 0 none. */
    uint32_t seed;
    struct log_reader reader;
    uint64_t read_until; /* What was released when the reader's window was last forgotten. */

    bool has_record; /* `header` is a checked record that holds `offset`. */
    struct log_record_header header;
    uint64_t position;        /* Of that record, or where the next is expected. */
    uint64_t position_offset; /* First payload offset there. */
    struct buf payload;       /* Of a record that does not fit into the window, for log_cursor_next(). */
};

/* Open the file of `place`. Its own header is believed about the seed: an empty segment's file is replaced when a
 * record does not fit or a history begins, and the chain hears of it just after the name changes. */
static enum status open_place(struct log_cursor *cursor, const struct log_place *place)
{
    char *path = log_segment_path(cursor->chain->directory, place->start);
    struct log_segment_header header;
    enum status status = log_reader_open(&cursor->reader, cursor->chain->files, path); /* NOT_FOUND: just discarded. */

    memory_free(path);
    if (status != STATUS_OK) {
        return status;
    }
    cursor->reader.is_skipping = place->position > LOG_READER_WINDOW_BYTES; /* Its records are not near. */
    status = log_reader_segment(&cursor->reader, &header);
    cursor->reader.is_skipping = false;
    if (status == STATUS_OK && header.start.offset != place->start) {
        status = STATUS_CORRUPT;
    }
    if (status == STATUS_OK) {
        cursor->seed = header.crc;
    }
    return status;
}

/* Open the segment that holds `offset`, at the last mark before it. */
static enum status enter_segment(struct log_cursor *cursor)
{
    struct log_place place;
    enum status status;

    if (!log_chain_find(cursor->chain, cursor->offset, &place)) {
        return STATUS_NOT_FOUND;
    }
    log_reader_close(&cursor->reader);
    cursor->serial = 0;
    cursor->has_record = false;
    status = open_place(cursor, &place);
    if (status != STATUS_OK) {
        return status;
    }
    cursor->serial = place.serial;
    cursor->position = place.position;
    cursor->position_offset = place.offset;
    return STATUS_OK;
}

/* Whether the segment that is open is the one that holds `offset`: a new one may have begun there. */
static bool is_in_place(const struct log_cursor *cursor)
{
    struct log_place place;

    return cursor->serial != 0 && log_chain_find(cursor->chain, cursor->offset, &place) &&
           place.serial == cursor->serial;
}

static void step_over(struct log_cursor *cursor)
{
    cursor->position += LOG_RECORD_HEADER_BYTES + (uint64_t)cursor->header.payload_len;
    cursor->position_offset += cursor->header.payload_len;
    cursor->has_record = false;
}

/* Step to the record that holds `offset`. */
static enum status step_to_offset(struct log_cursor *cursor)
{
    for (;;) {
        enum status status = log_reader_header(&cursor->reader, cursor->position, cursor->seed, &cursor->header);

        if (status != STATUS_OK) {
            return status;
        }
        if (cursor->header.payload_len == 0) {
            return STATUS_END; /* A seal that an opener has not removed; hearth-check sees them. */
        }
        if (cursor->header.offset != cursor->position_offset) {
            return STATUS_CORRUPT;
        }
        if (cursor->offset < cursor->position_offset + cursor->header.payload_len) {
            return STATUS_OK;
        }
        log_chain_mark(cursor->chain, cursor->serial, cursor->position_offset, cursor->position);
        step_over(cursor);
        cursor->reader.is_skipping = true; /* Usually it is the next record; when not, there may be many between. */
    }
}

/* Find the record that holds `offset` from the present position on; all up to `until` is written. Its payload is not
 * checked yet. STATUS_END: none here, so it must be in a later segment. */
static enum status seek(struct log_cursor *cursor, uint64_t until)
{
    enum status status;

    if (until > cursor->read_until) {
        log_reader_forget(&cursor->reader); /* It may hold zeros where records are now. */
        cursor->read_until = until;
    }
    status = step_to_offset(cursor);
    cursor->reader.is_skipping = false;
    return status;
}

/* Have the checked record that holds `offset`, which is before `until`. Nothing is given out unchecked: a replica would
 * take a flipped bit for its master's word. */
static enum status load_record(struct log_cursor *cursor, uint64_t until)
{
    enum status status;

    if (cursor->has_record && cursor->offset < cursor->position_offset + cursor->header.payload_len) {
        return STATUS_OK;
    }
    if (cursor->has_record) {
        step_over(cursor);
    }
    status = cursor->serial == 0 ? STATUS_END : seek(cursor, until);
    if (status == STATUS_END && !is_in_place(cursor)) {
        status = enter_segment(cursor);
        if (status == STATUS_OK) {
            status = seek(cursor, until);
        }
    }
    if (status == STATUS_OK) {
        status = log_reader_payload(&cursor->reader, cursor->position, cursor->seed, &cursor->header);
    }
    if (status == STATUS_END) {
        status = STATUS_CORRUPT; /* It was written, the offsets say, and now it is not there. */
    }
    cursor->has_record = status == STATUS_OK;
    return status;
}

enum status log_cursor_open(struct log *log, uint64_t offset, struct log_cursor **cursor)
{
    struct log_cursor *made;
    enum status status;

    if (offset > log_released_offset(log)) {
        return STATUS_NOT_FOUND;
    }
    made = memory_allocate_zeroed(sizeof(*made));
    made->log = log;
    made->chain = log_get_chain(log);
    made->offset = offset;
    buf_init(&made->payload, BUF_NO_CEILING);
    status = enter_segment(made);
    if (status != STATUS_OK) {
        log_cursor_close(made);
        return status;
    }
    *cursor = made;
    return STATUS_OK;
}

void log_cursor_close(struct log_cursor *cursor)
{
    if (cursor == NULL) {
        return;
    }
    log_reader_close(&cursor->reader);
    buf_release(&cursor->payload);
    memory_free(cursor);
}

uint64_t log_cursor_offset(const struct log_cursor *cursor)
{
    return cursor->offset;
}

/* Borrow what is left of the present record, at most `limit` bytes and the reader's window, and at least one. The
 * record was whole when it was checked: if its bytes are not there now, somebody else has shortened the file. */
static enum status view_rest(struct log_cursor *cursor, size_t limit, struct slice *bytes)
{
    uint64_t skipped = cursor->offset - cursor->position_offset;
    uint64_t left = cursor->header.payload_len - skipped;
    size_t len = left < limit ? (size_t)left : limit;
    enum status status;

    if (len > LOG_READER_WINDOW_BYTES) {
        len = LOG_READER_WINDOW_BYTES;
    }
    status = log_reader_view(&cursor->reader, cursor->position + LOG_RECORD_HEADER_BYTES + skipped, len, bytes);
    return status == STATUS_OK && bytes->len == 0 ? STATUS_CORRUPT : status;
}

enum status log_cursor_read(struct log_cursor *cursor, uint64_t until, size_t limit, struct buf *out, size_t *len)
{
    size_t given = 0;

    while (given < limit && cursor->offset < until) {
        uint64_t wanted = until - cursor->offset < limit - given ? until - cursor->offset : limit - given;
        struct slice bytes = slice_empty();
        enum status status = load_record(cursor, until);

        if (status == STATUS_OK) {
            status = view_rest(cursor, (size_t)wanted, &bytes);
        }
        if (status == STATUS_OK) {
            status = buf_append(out, bytes);
        }
        if (status != STATUS_OK) {
            if (given > 0) {
                break; /* What was good is given; the next call says it again. */
            }
            return status;
        }
        given += bytes.len;
        cursor->offset += bytes.len;
    }
    *len = given;
    return STATUS_OK;
}

/* Put what is left of a record that is longer than the window together. */
static enum status gather_payload(struct log_cursor *cursor)
{
    buf_clear(&cursor->payload);
    while (cursor->offset < cursor->position_offset + cursor->header.payload_len) {
        struct slice bytes;
        enum status status = view_rest(cursor, SIZE_MAX, &bytes);

        if (status == STATUS_OK) {
            status = buf_append(&cursor->payload, bytes);
        }
        if (status != STATUS_OK) {
            return status;
        }
        cursor->offset += bytes.len;
    }
    return STATUS_OK;
}

enum status log_cursor_next(struct log_cursor *cursor, struct log_record_view *record)
{
    uint64_t until = log_released_offset(cursor->log);
    uint64_t offset = cursor->offset;
    struct slice payload;
    enum status status;

    if (offset >= until) {
        return STATUS_END;
    }
    status = load_record(cursor, until);
    if (status == STATUS_OK) {
        status = view_rest(cursor, SIZE_MAX, &payload);
    }
    if (status != STATUS_OK) {
        return status;
    }
    cursor->offset += payload.len;
    if (cursor->offset < cursor->position_offset + cursor->header.payload_len) {
        cursor->offset = offset;
        status = gather_payload(cursor);
        if (status != STATUS_OK) {
            cursor->offset = offset;
            return status;
        }
        payload = buf_slice(&cursor->payload);
    }
    *record = (struct log_record_view){
        .payload = payload,
        .offset = offset,
        .wall_ms = cursor->header.wall_ms,
    };
    return STATUS_OK;
}

/* Hash forward to `cursor->offset` in the record that ends there or holds it. */
static enum status hash_record(struct log_cursor *cursor, uint64_t *hash)
{
    uint64_t offset = cursor->offset;
    enum status status;

    /* The record that holds the byte before: the last one has no successor that would know the hash at its end. */
    cursor->offset = offset - 1;
    status = load_record(cursor, offset);
    if (status != STATUS_OK) {
        return status;
    }
    return log_reader_hash(&cursor->reader, cursor->position, &cursor->header, offset - cursor->position_offset, hash);
}

enum status log_hash_at(struct log *log, uint64_t offset, uint64_t *hash)
{
    struct log_cursor cursor = {.log = log, .chain = log_get_chain(log), .offset = offset};
    struct log_place place;
    enum status status;

    if (offset > log_released_offset(log) || !log_chain_find(cursor.chain, offset, &place)) {
        return STATUS_NOT_FOUND;
    }
    if (place.start == offset) {
        *hash = place.start_hash;
        return STATUS_OK;
    }
    status = hash_record(&cursor, hash);
    log_reader_close(&cursor.reader);
    return status;
}
