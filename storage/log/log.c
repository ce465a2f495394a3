#include "storage/log/log.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/checksum.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/memory.h"
#include "storage/log/log_chain.h"
#include "storage/log/log_keeper.h"
#include "storage/log/log_remover.h"
#include "storage/log/log_repair.h"
#include "storage/log/log_scan.h"
#include "storage/log/log_sync.h"

#include <inttypes.h>

#define OPEN_BATCH_BYTES_MAX (64u * 1024) /* A batch this long is handed over in the middle of a turn. */

struct log {
    struct log_chain *chain;     /* Owned. */
    struct log_keeper *keeper;   /* Owned. */
    struct log_remover *remover; /* Owned. */
    struct log_sync *sync;       /* Owned. */
    struct history history;
    struct buf open; /* Changes since the last hand-over. */
    uint64_t end_offset;
    uint64_t room;   /* What log_reserve() may promise without asking: bytes of open and of what comes. */
    uint64_t now_ms; /* As of the last flush. */
    bool was_closed;
};

static struct log *make(const struct log_options *options)
{
    struct log *log = memory_allocate_zeroed(sizeof(*log));

    ASSERT(options->segment_bytes >= LOG_SEGMENT_BYTES_MIN);
    log->chain = log_chain_create(options->files, options->directory);
    log->remover = log_remover_start(options->files, options->directory, options->archive_directory);
    buf_init(&log->open, BUF_NO_CEILING);
    return log;
}

static void destroy(struct log *log)
{
    log_sync_stop(log->sync);
    log_keeper_stop(log->keeper);
    log_remover_stop(log->remover);
    log_chain_free(log->chain);
    buf_release(&log->open);
    memory_free(log);
}

static struct log_keeper *start_keeper(const struct log_options *options, uint64_t first_bytes)
{
    struct log_keeper_options keeper_options = {
        .files = options->files,
        .directory = options->directory,
        .segment_bytes = options->segment_bytes,
        .first_bytes = first_bytes,
        .on_ready = options->on_progress,
        .context = options->context,
    };

    return log_keeper_start(&keeper_options);
}

static void begin(struct log *log, const struct log_options *options, const struct log_writer *writer)
{
    log->history = writer->header.history;
    log->end_offset = writer->end.offset;
    log->sync = log_sync_start(options, writer);
    log->room = log_sync_room(log->sync);
}

static enum status check_absent(const struct log_options *options)
{
    uint64_t *starts;
    size_t count;
    enum status status = log_scan_list(options->files, options->directory, &starts, &count);

    if (status == STATUS_OK) {
        memory_free(starts);
        status = count == 0 ? STATUS_OK : STATUS_EXISTS;
    }
    return status;
}

enum status log_create(const struct log_options *options, const struct log_origin *origin, struct log **log)
{
    struct log_writer writer = {0};
    struct log *made;
    enum status status = check_absent(options);

    if (status != STATUS_OK) {
        return status;
    }
    made = make(options);
    made->keeper = start_keeper(options, 0);
    writer.chain = made->chain;
    writer.keeper = made->keeper;
    status = log_writer_create(&writer, &origin->history, origin->position);
    if (status != STATUS_OK) {
        destroy(made);
        (void)!log_remove_all(options->files, options->directory); /* It may have got its name before it failed. */
        return status;
    }
    begin(made, options, &writer);
    made->was_closed = true;
    *log = made;
    return STATUS_OK;
}

enum status log_open(const struct log_options *options, uint64_t check_from, struct log **log)
{
    struct log_writer writer = {0};
    struct log_tail tail;
    struct log *made = make(options);
    enum status status = log_scan(made->chain, check_from, &tail);

    if (status == STATUS_OK) {
        status = log_repair(made->chain, &tail, &writer.file);
    }
    if (status != STATUS_OK) {
        destroy(made);
        return status;
    }
    made->keeper = start_keeper(options, tail.capacity * 2);
    writer.chain = made->chain;
    writer.keeper = made->keeper;
    writer.header = tail.header;
    writer.serial = log_chain_newest(made->chain);
    writer.position = tail.position;
    writer.capacity = tail.capacity;
    writer.end = tail.end;
    made->was_closed = tail.is_sealed && !tail.is_torn;
    made->now_ms = tail.wall_ms;
    begin(made, options, &writer);
    *log = made;
    return STATUS_OK;
}

void log_close(struct log *log)
{
    if (log == NULL) {
        return;
    }
    log_flush(log, log->now_ms);
    destroy(log);
}

bool log_was_closed(const struct log *log)
{
    return log->was_closed;
}

const struct history *log_history(const struct log *log)
{
    return &log->history;
}

enum status log_reserve(struct log *log, size_t len)
{
    enum status status;

    if (log_sync_has_failed(log->sync)) {
        return STATUS_IO;
    }
    if (log->open.len + len <= log->room) {
        return STATUS_OK;
    }
    status = log_sync_reserve(log->sync, log->open.len + len);
    if (status == STATUS_OK) {
        log->room = log->open.len + len;
    }
    return status;
}

enum status log_append(struct log *log, struct slice change, uint64_t *end)
{
    if (change.len > LOG_RECORD_BYTES_MAX) {
        return STATUS_TOO_BIG;
    }
    if (log_sync_has_failed(log->sync)) {
        return STATUS_IO;
    }
    if (log->open.len >= OPEN_BATCH_BYTES_MAX) {
        log_flush(log, log->now_ms);
    }
    buf_put(&log->open, change);
    log->end_offset += change.len;
    *end = log->end_offset;
    crash_point("log.append.after");
    return STATUS_OK;
}

void log_flush(struct log *log, uint64_t now_ms)
{
    log->now_ms = now_ms;
    if (log->open.len == 0) {
        return;
    }
    log_sync_hand_over(log->sync, &log->open, now_ms);
    log->room = log_sync_room(log->sync);
}

uint64_t log_end_offset(const struct log *log)
{
    return log->end_offset;
}

struct history_position log_end(const struct log *log)
{
    struct history_position end = log_sync_end(log->sync);

    end.hash = checksum_crc64(end.hash, buf_slice(&log->open));
    end.offset += log->open.len;
    ASSERT(end.offset == log->end_offset);
    return end;
}

uint64_t log_durable_offset(const struct log *log)
{
    return log_sync_durable_offset(log->sync);
}

uint64_t log_written_offset(const struct log *log)
{
    return log_sync_written_offset(log->sync);
}

uint64_t log_released_offset(const struct log *log)
{
    return log_sync_released_offset(log->sync);
}

bool log_has_failed(const struct log *log)
{
    return log_sync_has_failed(log->sync);
}

void log_sync_statistics(const struct log *log, struct log_sync_statistics *statistics)
{
    log_sync_get_statistics(log->sync, statistics);
}

void log_ask_durable(struct log *log, uint64_t offset)
{
    if (log_durable_offset(log) < offset) {
        log_sync_ask(log->sync, offset);
    }
}

enum status log_wait_durable(struct log *log, uint64_t offset)
{
    return log_sync_wait(log->sync, offset);
}

void log_set_policy(struct log *log, enum log_sync_policy policy)
{
    log_sync_set_policy(log->sync, policy);
}

enum status log_reserve_history(struct log *log, uint64_t now_ms)
{
    log_flush(log, now_ms);
    return log_sync_reserve_history(log->sync);
}

enum status log_begin_history(struct log *log, const struct history *history, uint64_t now_ms)
{
    enum status status;

    ASSERT(history->previous_end == (int64_t)log->end_offset);
    ASSERT(strcmp(history->previous_id, log->history.id) == 0);
    log_flush(log, now_ms);
    status = log_sync_begin_history(log->sync, history, now_ms);
    if (status == STATUS_OK) {
        log->history = *history;
    }
    log->room = log_sync_room(log->sync);
    return status;
}

uint64_t log_first_offset(const struct log *log)
{
    return log_chain_first_offset(log->chain);
}

uint64_t log_disk_bytes(const struct log *log)
{
    return log_chain_disk_bytes(log->chain);
}

void log_discard_before(struct log *log, uint64_t offset)
{
    uint64_t start;

    while (log_chain_pop_before(log->chain, offset, &start)) {
        log_remover_add(log->remover, start);
    }
}

enum status log_make(const struct log_options *options, const struct log_origin *origin)
{
    struct log *log;
    enum status status = file_remove_tree(options->files, options->directory);

    if (status == STATUS_OK) {
        status = file_make_directory(options->files, options->directory);
    }
    if (status == STATUS_OK) {
        status = log_create(options, origin, &log);
    }
    if (status == STATUS_OK) {
        log_close(log);
        status = file_sync_directory(options->files, options->directory);
    }
    return status;
}

enum status log_remove_all(struct file_system *files, const char *directory)
{
    uint64_t *starts;
    size_t count;
    char *spare_path = file_join(directory, LOG_SPARE_NAME);
    enum status status = log_scan_list(files, directory, &starts, &count);

    if (status != STATUS_OK) {
        memory_free(spare_path);
        return status;
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        char *path = log_segment_path(directory, starts[i]);

        status = file_remove(files, path);
        memory_free(path);
    }
    if (status == STATUS_OK) {
        status = file_remove(files, spare_path);
        if (status == STATUS_NOT_FOUND) {
            status = STATUS_OK;
        }
    }
    if (status == STATUS_OK) {
        status = file_sync_directory(files, directory);
    }
    memory_free(starts);
    memory_free(spare_path);
    return status;
}

struct log_chain *log_get_chain(struct log *log)
{
    return log->chain;
}
