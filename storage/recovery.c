#include "storage/recovery.h"
#include "base/assert.h"
#include "base/checksum.h"
#include "base/diag.h"
#include "base/resp_read.h"
#include "storage/log/log_cursor.h"
#include <inttypes.h>

/* The limits that a client met were tighter. */
static const struct resp_limits limits = {.bulk_bytes_max = UINT64_MAX};

struct run {
    const struct recovery_options *options;
    struct resp_reader reader;
    struct history_position position; /* What has been replayed. */
    uint32_t selected_db;
    uint64_t command_count;
};

static enum status replay_command(struct run *run, uint64_t offset)
{
    if (run->reader.argc == 0) {
        return STATUS_OK;
    }
    if (!run->options->replay(run->options->context, &run->selected_db, run->reader.argv, run->reader.argc)) {
        diag(DIAG_WARNING,
             "The log's command %.*s at offset %" PRIu64 " cannot be executed: the log or the data is damaged",
             (int)(run->reader.argv[0].len < 64 ? run->reader.argv[0].len : 64), run->reader.argv[0].data, offset);
        return STATUS_CORRUPT;
    }
    run->command_count++;
    return STATUS_OK;
}

/* A record is cut between commands, so that what remains of it is whole ones to the last byte. */
static enum status replay_record(struct run *run, const struct log_record_view *record)
{
    struct slice rest = record->payload;

    while (rest.len > 0) {
        uint64_t offset = record->offset + (record->payload.len - rest.len);
        size_t consumed = 0;
        enum status status;

        if (resp_read(&run->reader, rest, &limits, &consumed) != RESP_COMMAND) {
            diag(DIAG_WARNING, "The log holds no command at offset %" PRIu64 ", though its checksum is right", offset);
            return STATUS_CORRUPT;
        }
        status = replay_command(run, offset);
        if (status != STATUS_OK) {
            return status;
        }
        rest = slice_after(rest, consumed);
    }
    run->position.offset += record->payload.len;
    run->position.hash = checksum_crc64(run->position.hash, record->payload);
    return run->options->on_record(run->options->context, run->position, (int32_t)run->selected_db);
}

static enum status replay_records(struct run *run, struct log_cursor *cursor)
{
    struct log_record_view record;
    enum status status = log_cursor_next(cursor, &record);

    while (status == STATUS_OK) {
        if (record.offset != run->position.offset) {
            diag(DIAG_WARNING, "The log goes on at offset %" PRIu64 " where it should at %" PRIu64, record.offset,
                 run->position.offset);
            return STATUS_CORRUPT;
        }
        status = replay_record(run, &record);
        if (status == STATUS_OK) {
            status = log_cursor_next(cursor, &record);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

/* Data and log that do not belong together would be mixed without a trace, and so they are compared where they meet. */
static enum status check_origin(const struct recovery_options *options)
{
    struct history_position end = log_end(options->log);
    uint64_t first = log_first_offset(options->log);
    uint64_t hash = 0;
    enum status status = STATUS_OK;

    if (options->from.offset < first || options->from.offset > end.offset) {
        diag(DIAG_WARNING,
             "The data is that of offset %" PRIu64 ", but the log holds %" PRIu64 " to %" PRIu64
             ": segments are missing",
             options->from.offset, first, end.offset);
        return STATUS_CORRUPT;
    }
    if (options->from.offset == end.offset) {
        hash = end.hash;
    } else {
        status = log_hash_at(options->log, options->from.offset, &hash);
    }
    if (status == STATUS_OK && hash != options->from.hash) {
        diag(DIAG_WARNING,
             "Data and log do not belong together: at offset %" PRIu64 " the hash of all changes is %016" PRIx64
             " for the data and %016" PRIx64 " for the log",
             options->from.offset, options->from.hash, hash);
        return STATUS_CORRUPT;
    }
    return status;
}

enum status recovery_run(const struct recovery_options *options, struct recovery_result *result)
{
    struct run run = {
        .options = options,
        .position = options->from,
        .selected_db = options->selected_db < 0 ? 0 : (uint32_t)options->selected_db,
    };
    struct log_cursor *cursor;
    enum status status = check_origin(options);

    if (status == STATUS_OK) {
        status = log_cursor_open(options->log, options->from.offset, &cursor);
    }
    if (status != STATUS_OK) {
        return status;
    }
    resp_reader_init(&run.reader);
    status = replay_records(&run, cursor);
    resp_reader_release(&run.reader);
    log_cursor_close(cursor);
    if (status != STATUS_OK) {
        return status;
    }
    if (run.position.offset != log_end_offset(options->log) || run.position.hash != log_end(options->log).hash) {
        diag(DIAG_WARNING, "The log ends at offset %" PRIu64 ", but could be read to %" PRIu64 " only",
             log_end_offset(options->log), run.position.offset);
        return STATUS_CORRUPT;
    }
    result->position = run.position;
    result->selected_db = run.command_count == 0 ? options->selected_db : (int32_t)run.selected_db;
    result->command_count = run.command_count;
    return STATUS_OK;
}
