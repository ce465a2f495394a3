/* Going to a point: the segments that lead on from a snapshot, copied up to the last record within the point, become
 * the restored directory's log, and the server replays them at its start as after a crash. What is cut off belongs to
 * the old history, so a new one begins at the cut: nobody who went on with the old one is taken for equal. */
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "storage/log/log.h"
#include "storage/log/log_reader.h"
#include "storage/log/log_scan.h"
#include "tools/restore.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

struct segment {
    uint64_t start;
    const char *directory; /* Borrowed. */
    bool is_archived;
};

struct walk {
    struct restore *restore;
    const char *path;         /* Of the new log. */
    struct segment *segments; /* Owned; ascending, each start once. */
    size_t count;
    struct history_position at; /* Past what was taken. */
    bool has_begun;
    bool is_at_point; /* Nothing further is wanted, or there. */
    bool is_too_new;  /* The snapshot holds what was done after that time. */
    uint64_t last_ms;
};

static bool fail(const struct walk *walk, const char *path, enum status status, const char *what)
{
    tool_say(walk->restore->tool, "%s: %s: %s", path, what, status_name(status));
    return false;
}

static int compare_segments(const void *a, const void *b)
{
    const struct segment *first = a;
    const struct segment *second = b;

    if (first->start != second->start) {
        return first->start > second->start ? 1 : -1;
    }
    return (int)second->is_archived - (int)first->is_archived;
}

/* Add the segments of a folder to the walk's. */
static bool list_folder(struct walk *walk, const char *directory, bool is_archive)
{
    uint64_t *starts = NULL;
    size_t count = 0;
    enum status status;

    if (directory == NULL) {
        return true;
    }
    status = log_scan_list(file_system_posix(), directory, &starts, &count);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return fail(walk, directory, status, "cannot be read");
    }
    walk->segments = memory_resize(walk->segments, (walk->count + count + 1) * sizeof(*walk->segments));
    for (size_t i = 0; i < count; i++) {
        walk->segments[walk->count++] =
            (struct segment){.start = starts[i], .directory = directory, .is_archived = is_archive};
    }
    memory_free(starts);
    return true;
}

/* Both folders' segments in order, without those that lie wholly before the snapshot. Of two with the same start the
 * archive's: the other is being moved, now or when a crash came. */
static bool list_segments(struct walk *walk)
{
    uint64_t offset = walk->restore->header.position.offset;
    size_t kept = 0;
    size_t first = 0;

    /* A segment that a server moves meanwhile is seen twice rather than not at all. */
    if (!list_folder(walk, walk->restore->log_directory, false) ||
        !list_folder(walk, walk->restore->archive_directory, true)) {
        return false;
    }
    if (walk->count > 0) {
        qsort(walk->segments, walk->count, sizeof(*walk->segments), compare_segments);
    }
    for (size_t i = 0; i < walk->count; i++) {
        if (kept == 0 || walk->segments[i].start != walk->segments[kept - 1].start) {
            walk->segments[kept++] = walk->segments[i];
        }
    }
    while (first + 1 < kept && walk->segments[first + 1].start <= offset) {
        first++;
    }
    if (kept == 0 || walk->segments[first].start > offset) {
        tool_say(walk->restore->tool, "no segment holds offset %" PRIu64 ", at which the snapshot was made", offset);
        return false;
    }
    walk->count = kept - first;
    memmove(walk->segments, walk->segments + first, walk->count * sizeof(*walk->segments));
    return true;
}

/* Whether the record lies within the point. What the snapshot holds already is taken, and must. */
static bool is_wanted(struct walk *walk, const struct log_record_header *header)
{
    const struct restore *restore = walk->restore;
    uint64_t end = header->offset + header->payload_len;
    bool is_late = header->wall_ms > restore->to_time_ms;

    walk->is_too_new |= is_late && header->offset < restore->header.position.offset;
    if (end <= restore->header.position.offset) {
        return true;
    }
    return (restore->to_offset < 0 || end <= (uint64_t)restore->to_offset) && !is_late;
}

/* Walk the records of a segment as far as they are wanted and sound; `*used_bytes` is what of the file they take. */
static enum status walk_records(struct walk *walk, struct log_reader *reader, uint32_t seed, uint64_t *used_bytes)
{
    uint64_t position = LOG_SEGMENT_HEADER_BYTES;
    struct log_record_header header;
    enum status status;

    while ((status = log_reader_header(reader, position, seed, &header)) == STATUS_OK && header.payload_len > 0) {
        if (!is_wanted(walk, &header)) {
            walk->is_at_point = true;
            break;
        }
        status = log_reader_payload(reader, position, seed, &header);
        if (status == STATUS_OK) {
            status = log_reader_hash(reader, position, &header, header.payload_len, &walk->at.hash);
        }
        if (status != STATUS_OK) {
            break;
        }
        walk->at.offset = header.offset + header.payload_len;
        walk->last_ms = header.wall_ms;
        position += LOG_RECORD_HEADER_BYTES + header.payload_len;
    }
    *used_bytes = position;
    return status == STATUS_END ? STATUS_OK : status;
}

/* Read a segment, hold it against the one before, and find how much of it is wanted. */
static bool read_segment(struct walk *walk, const char *path, bool is_last, uint64_t *used_bytes)
{
    struct log_segment_header header;
    struct log_reader reader;
    enum status status = log_reader_open(&reader, file_system_posix(), path);

    if (status != STATUS_OK) {
        return fail(walk, path, status, "cannot be opened");
    }
    status = log_reader_segment(&reader, &header);
    if (status == STATUS_OK && walk->has_begun &&
        (header.start.offset != walk->at.offset || header.start.hash != walk->at.hash)) {
        log_reader_close(&reader);
        tool_say(walk->restore->tool, "%s begins at offset %" PRIu64 ", but what is before it ends at %" PRIu64, path,
                 header.start.offset, walk->at.offset);
        return false;
    }
    if (status == STATUS_OK) {
        walk->at = header.start;
        walk->has_begun = true;
        status = walk_records(walk, &reader, header.crc, used_bytes);
    }
    log_reader_close(&reader);
    if (status == STATUS_CORRUPT && is_last) {
        tool_say(walk->restore->tool, "%s ends in a torn record at offset %" PRIu64, path, walk->at.offset);
        return true;
    }
    return status == STATUS_OK || fail(walk, path, status, "cannot be read to its end");
}

static bool take_segment(struct walk *walk, size_t index)
{
    const struct segment *segment = &walk->segments[index];
    char *from = log_segment_path(segment->directory, segment->start);
    char *to = log_segment_path(walk->path, segment->start);
    uint64_t used_bytes = 0;
    bool is_taken = read_segment(walk, from, index + 1 == walk->count, &used_bytes);

    if (is_taken) {
        enum status status = file_copy(file_system_posix(), from, to, used_bytes);

        is_taken = status == STATUS_OK || fail(walk, to, status, "cannot be written");
    }
    memory_free(to);
    memory_free(from);
    return is_taken;
}

static struct log_options describe_log(const struct walk *walk)
{
    return (struct log_options){
        .files = file_system_posix(),
        .directory = walk->path,
        .policy = LOG_SYNC_ALWAYS,
        .segment_bytes = LOG_SEGMENT_BYTES_DEFAULT,
    };
}

/* Open what was copied as the log it is, which checks it against the snapshot, and begin the new history. */
static bool begin_history(struct walk *walk)
{
    const struct restore *restore = walk->restore;
    const struct log_options options = describe_log(walk);
    struct history history;
    struct log *log;
    uint64_t hash;
    enum status status = log_open(&options, restore->header.position.offset, &log);

    if (status != STATUS_OK) {
        return fail(walk, walk->path, status, "the copied log does not open");
    }
    if (log_hash_at(log, restore->header.position.offset, &hash) != STATUS_OK ||
        hash != restore->header.position.hash) {
        log_close(log);
        tool_say(restore->tool, "the log is not that of the snapshot: at offset %" PRIu64 " they differ",
                 restore->header.position.offset);
        return false;
    }
    history = *log_history(log);
    history_fork(&history, walk->at.offset);
    status = log_begin_history(log, &history, clock_wall_ms());
    log_close(log);
    return status == STATUS_OK || fail(walk, walk->path, status, "no new history can be begun");
}

static bool clear_folder(const struct walk *walk)
{
    struct file_system *files = file_system_posix();
    enum status status = file_remove_tree(files, walk->path);

    if (status == STATUS_OK) {
        status = file_make_directory(files, walk->path);
    }
    return status == STATUS_OK || fail(walk, walk->path, status, "cannot be made");
}

/* The record in which the snapshot was made goes beyond the point: the snapshot alone is what lies within it. */
static bool stay_at_snapshot(struct walk *walk)
{
    const struct log_options options = describe_log(walk);
    struct log_origin origin = {.history = walk->restore->header.history, .position = walk->restore->header.position};
    enum status status;

    history_fork(&origin.history, origin.position.offset);
    status = log_make(&options, &origin);
    if (status != STATUS_OK) {
        return fail(walk, walk->path, status, "no log can be made");
    }
    walk->at = origin.position;
    return true;
}

static bool make(struct walk *walk)
{
    uint64_t offset = walk->restore->header.position.offset;

    if (!list_segments(walk) || !clear_folder(walk)) {
        return false;
    }
    for (size_t i = 0; i < walk->count && !walk->is_at_point; i++) {
        if (!take_segment(walk, i)) {
            return false;
        }
    }
    if (walk->is_too_new) {
        tool_say(walk->restore->tool, "the snapshot holds changes made after that time: an older one is needed");
        return false;
    }
    if (walk->at.offset >= offset) {
        return begin_history(walk);
    }
    if (walk->is_at_point) {
        return stay_at_snapshot(walk);
    }
    tool_say(walk->restore->tool, "the log ends at offset %" PRIu64 ", before the snapshot's %" PRIu64, walk->at.offset,
             offset);
    return false;
}

bool restore_log(struct restore *restore, const char *path)
{
    struct walk walk = {.restore = restore, .path = path};
    bool is_made;

    if (restore->to_offset >= 0 && (uint64_t)restore->to_offset < restore->header.position.offset) {
        tool_say(restore->tool, "the snapshot is of offset %" PRIu64 ", beyond %" PRId64 ": an older one is needed",
                 restore->header.position.offset, restore->to_offset);
        return false;
    }
    is_made = make(&walk);
    if (is_made) {
        restore->replay_offset = walk.at.offset;
        restore->replay_ms = walk.last_ms;
        if (restore->to_offset >= 0 && walk.at.offset < (uint64_t)restore->to_offset) {
            tool_say(restore->tool, "offset %" PRId64 " is inside of a record, or beyond the log: going to %" PRIu64,
                     restore->to_offset, walk.at.offset);
        }
    }
    memory_free(walk.segments);
    return is_made;
}
