/* A log read record by record: each checksum, the running hash from record to record, and the chain from segment to
 * segment. Reads only, beside a running server too: what it is just writing, or has just let go, is no problem. */
#include "base/file.h"
#include "base/memory.h"
#include "storage/log/log_chain.h"
#include "storage/log/log_reader.h"
#include "storage/log/log_scan.h"
#include "tools/check.h"
#include <inttypes.h>

struct walk {
    struct check *check;
    struct check_log *log;
    const char *directory;
    char *path; /* Of the segment in hand. */
    struct log_reader reader;
    struct log_segment_header segment;
    struct history_position at; /* Past what was read. */
    bool is_newest;
    bool has_begun; /* `at` and log->history are of a segment before. */
    bool has_ended; /* Nothing beyond can be trusted, or there is nothing. */
};

/* The newest segment's last record is wrong: torn, which is what a crash leaves, or damaged. */
static void judge_tail(struct walk *walk, uint64_t position)
{
    struct log_chain *chain;
    struct log_tail tail;
    enum status status;

    if (walk->log->is_in_use) {
        return; /* It may be being written. */
    }
    chain = log_chain_create(file_system_posix(), walk->directory);
    status = log_scan(chain, walk->at.offset, &tail);
    log_chain_free(chain);
    if (status == STATUS_OK) {
        check_note(walk->check, walk->path,
                   "at byte %" PRIu64 ", offset %" PRIu64 ": a torn tail, as a crash leaves it; the next start cuts it",
                   position, walk->at.offset);
    } else {
        check_tell(walk->check, walk->path,
                   "at byte %" PRIu64 ", offset %" PRIu64 ": damaged before its end, synced records follow", position,
                   walk->at.offset);
    }
}

static void fail_at(struct walk *walk, uint64_t position, enum status status, const char *what)
{
    walk->has_ended = true;
    if (status != STATUS_CORRUPT && status != STATUS_END) {
        check_unseen(walk->check, walk->path, "cannot be read at byte %" PRIu64 ": %s", position, status_name(status));
    } else if (walk->is_newest) {
        judge_tail(walk, position);
    } else {
        check_tell(walk->check, walk->path, "at byte %" PRIu64 ", offset %" PRIu64 ": %s", position, walk->at.offset,
                   what);
    }
}

/* The hash at the wanted place, if it is in this record or at its end. */
static void compare_wanted(struct walk *walk, uint64_t position, const struct log_record_header *header)
{
    const struct history_position *wanted = &walk->log->wanted;
    uint64_t hash;

    if (!walk->log->has_wanted || wanted->offset < header->offset ||
        wanted->offset > header->offset + header->payload_len) {
        return;
    }
    if (log_reader_hash(&walk->reader, position, header, wanted->offset - header->offset, &hash) != STATUS_OK) {
        return;
    }
    walk->log->has_wanted = false;
    if (hash != wanted->hash) {
        check_tell(walk->check, walk->path,
                   "at offset %" PRIu64 " the running hash is %016" PRIx64 ", the data says %016" PRIx64
                   ": they are not of one history",
                   wanted->offset, hash, wanted->hash);
    }
}

/* Check the record at `position`; false at the segment's end. */
static bool check_record(struct walk *walk, uint64_t *position)
{
    struct log_record_header header;
    uint64_t hash = 0;
    enum status status = log_reader_header(&walk->reader, *position, walk->segment.crc, &header);

    if (status == STATUS_END || (status == STATUS_OK && header.payload_len == 0)) {
        return false;
    }
    if (status == STATUS_OK) {
        status = log_reader_payload(&walk->reader, *position, walk->segment.crc, &header);
    }
    if (status != STATUS_OK) {
        fail_at(walk, *position, status, "a record fails its checksum");
        return false;
    }
    if (header.offset != walk->at.offset || header.hash != walk->at.hash) {
        check_tell(walk->check, walk->path,
                   "at byte %" PRIu64 ": a record of offset %" PRIu64 ", where %" PRIu64
                   " comes next, or of another hash than the records before it have",
                   *position, header.offset, walk->at.offset);
        walk->has_ended = true;
        return false;
    }
    compare_wanted(walk, *position, &header);
    status = log_reader_hash(&walk->reader, *position, &header, header.payload_len, &hash);
    if (status != STATUS_OK) {
        fail_at(walk, *position, status, "a record cannot be read twice");
        return false;
    }
    walk->at = (struct history_position){.offset = header.offset + header.payload_len, .hash = hash};
    walk->log->record_count++;
    *position += LOG_RECORD_HEADER_BYTES + header.payload_len;
    return true;
}

/* Whether the segment goes on where the one before it ended. */
static void check_link(struct walk *walk)
{
    const struct log_segment_header *segment = &walk->segment;
    const struct history *before = &walk->log->history;
    bool is_same = strcmp(segment->history.id, before->id) == 0;
    bool is_next = strcmp(segment->history.previous_id, before->id) == 0 &&
                   segment->history.previous_end == (int64_t)segment->start.offset;

    if (segment->start.offset != walk->at.offset || segment->start.hash != walk->at.hash) {
        check_tell(walk->check, walk->path,
                   "it begins at offset %" PRIu64 ", but the records before it end at %" PRIu64
                   ", or with another hash",
                   segment->start.offset, walk->at.offset);
    } else if (!is_same && !is_next) {
        check_tell(walk->check, walk->path, "its history %s does not follow %s", segment->history.id, before->id);
    }
}

static void check_records(struct walk *walk)
{
    uint64_t position = LOG_SEGMENT_HEADER_BYTES;

    if (walk->has_begun) {
        check_link(walk);
    } else {
        walk->log->first_offset = walk->segment.start.offset;
        walk->has_begun = true;
    }
    walk->at = walk->segment.start;
    walk->log->history = walk->segment.history;
    if (walk->log->has_wanted && walk->log->wanted.offset == walk->at.offset) {
        walk->log->has_wanted = false;
        if (walk->log->wanted.hash != walk->at.hash) {
            check_tell(walk->check, walk->path, "it begins with another hash than the data has at that offset");
        }
    }
    while (check_record(walk, &position)) {
    }
    walk->log->end = walk->at;
}

static void check_segment(struct walk *walk, uint64_t start)
{
    enum status status;

    walk->path = log_segment_path(walk->directory, start);
    status = log_reader_open(&walk->reader, file_system_posix(), walk->path);
    if (status == STATUS_NOT_FOUND && walk->log->is_in_use && !walk->has_begun) {
        /* Let go since the folder was read. */
    } else if (status != STATUS_OK) {
        check_unseen(walk->check, walk->path, "cannot be opened: %s", status_name(status));
        walk->has_ended = true;
    } else {
        status = log_reader_segment(&walk->reader, &walk->segment);
        if (status == STATUS_OK && walk->segment.start.offset == start) {
            check_records(walk);
        } else {
            check_tell(walk->check, walk->path, "its header is damaged, or of another segment");
            walk->has_ended = true;
        }
        log_reader_close(&walk->reader);
    }
    memory_free(walk->path);
}

bool check_log(struct check *check, const char *directory, struct check_log *log)
{
    struct walk walk = {.check = check, .log = log, .directory = directory};
    uint64_t *starts = NULL;
    size_t count = 0;
    enum status status = log_scan_list(file_system_posix(), directory, &starts, &count);

    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        check_unseen(check, directory, "cannot be read: %s", status_name(status));
        return false;
    }
    for (size_t i = 0; i < count && !walk.has_ended; i++) {
        walk.is_newest = i + 1 == count;
        check_segment(&walk, starts[i]);
        log->segment_count++;
    }
    memory_free(starts);
    if (walk.has_begun) {
        check_note(check, directory,
                   "%zu segments, %" PRIu64 " records, offsets %" PRIu64 " to %" PRIu64 " of history %s",
                   log->segment_count, log->record_count, log->first_offset, log->end.offset, log->history.id);
    }
    return walk.has_begun && (!walk.has_ended || walk.is_newest);
}
