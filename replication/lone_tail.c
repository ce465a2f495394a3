#include "replication/lone_tail.h"

#include "base/memory.h"
#include "base/number.h"
#include "base/resp_read.h"
#include "base/resp_write.h"
#include <inttypes.h>
#include <stdio.h>

#define CHUNK_BYTES (256u * 1024)

enum status lone_tail_open(struct lone_tail *tail, struct log *log, uint64_t from, uint64_t to,
                           const struct lone_tail_reader *known)
{
    uint64_t first = log_first_offset(log);
    enum status status;

    *tail = (struct lone_tail){.from = from > first ? from : first, .to = to};
    if (tail->from >= tail->to) {
        return STATUS_OK;
    }
    snprintf(tail->name, sizeof(tail->name), "diverged-%s-%" PRIu64 "-%" PRIu64 ".log", log_history(log)->id,
             tail->from, tail->to);
    tail->reader = known->offset >= first && known->offset <= tail->from
                       ? *known
                       : (struct lone_tail_reader){.offset = first, .db = -1};
    status = log_cursor_open(log, tail->from, &tail->cursor);
    if (status == STATUS_OK && tail->reader.offset < tail->from) {
        status = log_cursor_open(log, tail->reader.offset, &tail->before);
    }
    if (status != STATUS_OK) {
        lone_tail_close(tail);
    }
    return status;
}

static void close_cursor(struct log_cursor **cursor)
{
    if (*cursor != NULL) {
        log_cursor_close(*cursor);
        *cursor = NULL;
    }
}

void lone_tail_close(struct lone_tail *tail)
{
    close_cursor(&tail->cursor);
    close_cursor(&tail->before);
}

/* Follow the SELECTs of the whole requests in `bytes`, and drop these. False if there is anything but requests. */
static bool follow_selects(struct lone_tail_reader *reader, struct resp_reader *requests, struct buf *bytes)
{
    static const struct resp_limits limits = {.bulk_bytes_max = UINT64_MAX};
    enum resp_outcome outcome;
    size_t consumed;
    uint64_t db;

    while ((outcome = resp_read(requests, buf_slice(bytes), &limits, &consumed)) == RESP_COMMAND) {
        if (requests->argc == 2 && slice_is_word(requests->argv[0], "select") &&
            number_parse_uint64(requests->argv[1], &db) && db <= INT32_MAX) {
            reader->db = (int32_t)db;
        }
        buf_consume(bytes, consumed);
    }
    return outcome == RESP_INCOMPLETE;
}

/* Read on from where the reader is to where the tail begins. */
static enum status find_selected(struct lone_tail *tail, struct buf *bytes)
{
    struct resp_reader requests;
    enum status status = STATUS_OK;

    resp_reader_init(&requests);
    while (status == STATUS_OK && log_cursor_offset(tail->before) < tail->from) {
        size_t len;

        status = log_cursor_read(tail->before, tail->from, CHUNK_BYTES, bytes, &len);
        if (status == STATUS_OK && (len == 0 || !follow_selects(&tail->reader, &requests, bytes))) {
            tail->reader.db = -1; /* No reason to save nothing. */
            break;
        }
    }
    resp_reader_release(&requests);
    buf_clear(bytes);
    return status;
}

static void put_select(const struct lone_tail *tail, struct buf *out)
{
    char text[NUMBER_INTEGER_TEXT_MAX];
    struct slice argv[] = {slice_of("SELECT"), slice_empty()};

    if (tail->reader.db >= 0) {
        argv[1] = slice_make(text, number_format_int64(text, tail->reader.db));
        resp_write_request(out, argv, 2);
    }
}

static enum status copy(struct lone_tail *tail, struct file *file, struct buf *chunk)
{
    uint64_t written = 0;

    put_select(tail, chunk);
    while (log_cursor_offset(tail->cursor) < tail->to) {
        struct slice piece;
        size_t len;
        enum status status = log_cursor_read(tail->cursor, tail->to, CHUNK_BYTES, chunk, &len);

        if (status != STATUS_OK) {
            return status;
        }
        if (len == 0) {
            return STATUS_CORRUPT; /* The log was longer a moment ago. */
        }
        piece = buf_slice(chunk);
        status = file_write(file, written, &piece, 1);
        if (status != STATUS_OK) {
            return status;
        }
        written += piece.len;
        buf_clear(chunk);
    }
    return file_sync(file);
}

enum status lone_tail_save(struct lone_tail *tail, struct file_system *files, const char *directory)
{
    char *path = file_join(directory, tail->name);
    struct file *file;
    struct buf chunk;
    enum status status;

    buf_init(&chunk, BUF_NO_CEILING);
    status = tail->before == NULL ? STATUS_OK : find_selected(tail, &chunk);
    if (status == STATUS_OK) {
        status = file_open(files, path, FILE_CREATE_OR_TRUNCATE, &file);
    }
    if (status == STATUS_OK) {
        status = copy(tail, file, &chunk);
        file_close(file);
    }
    if (status == STATUS_OK) {
        status = file_sync_directory(files, directory);
    }
    if (status != STATUS_OK) {
        enum status removed = file_remove(files, path);

        (void)removed; /* What failed first is what is reported. */
    }
    buf_release(&chunk);
    memory_free(path);
    return status;
}
