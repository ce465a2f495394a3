#include "replication/lone_tail.h"

#include "base/memory.h"
#include <inttypes.h>
#include <stdio.h>

#define CHUNK_BYTES (256u * 1024)

enum status lone_tail_open(struct lone_tail *tail, struct log *log, uint64_t from, uint64_t to)
{
    uint64_t first = log_first_offset(log);

    *tail = (struct lone_tail){.from = from > first ? from : first, .to = to};
    if (tail->from >= tail->to) {
        return STATUS_OK;
    }
    snprintf(tail->name, sizeof(tail->name), "diverged-%s-%" PRIu64 "-%" PRIu64 ".log", log_history(log)->id,
             tail->from, tail->to);
    return log_cursor_open(log, tail->from, &tail->cursor);
}

void lone_tail_close(struct lone_tail *tail)
{
    if (tail->cursor != NULL) {
        log_cursor_close(tail->cursor);
        tail->cursor = NULL;
    }
}

static enum status copy(struct lone_tail *tail, struct file *file, struct buf *chunk)
{
    uint64_t written = 0;

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
        written += len;
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
    status = file_open(files, path, FILE_CREATE_OR_TRUNCATE, &file);
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
