#include "storage/log/log_scan.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "base/diag.h"
#include "base/memory.h"
#include "storage/log/log_reader.h"

#include <inttypes.h>
#include <stdlib.h>

/* A walk over the chain's segments, oldest first. */
struct scan {
    struct log_chain *chain;
    uint64_t check_from;
    struct log_tail *tail;
    uint64_t *starts; /* Owned. */
    size_t count;
    struct log_segment_header *headers; /* Owned, one for each segment. */

    /* The present segment. */
    size_t index;
    char *path; /* Owned. */
    struct log_reader reader;
    uint64_t serial;
    uint64_t file_bytes;
    uint64_t position;            /* Of the next record. */
    struct history_position next; /* Its payload's. */
    bool is_hash_known;           /* next.hash; not while skipping. */
};

struct start_list {
    uint64_t *starts;
    size_t count;
    size_t capacity;
};

static void collect(void *context, const char *name)
{
    struct start_list *list = context;
    uint64_t start;

    if (!log_segment_parse_name(name, &start)) {
        return;
    }
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        list->starts = memory_resize(list->starts, list->capacity * sizeof(*list->starts));
    }
    list->starts[list->count++] = start;
}

static int compare_starts(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

enum status log_scan_list(struct file_system *files, const char *directory, uint64_t **starts, size_t *count)
{
    struct start_list list = {0};
    enum status status = file_list(files, directory, collect, &list);

    if (status != STATUS_OK) {
        memory_free(list.starts);
        return status;
    }
    if (list.count > 1) {
        qsort(list.starts, list.count, sizeof(*list.starts), compare_starts);
    }
    *starts = list.starts;
    *count = list.count;
    return STATUS_OK;
}

static enum status report_damage(const struct scan *scan, const char *what)
{
    diag(DIAG_WARNING,
         "log: %s is damaged at byte %" PRIu64 " (offset %" PRIu64
         "): %s. Nothing was changed. hearth-check shows how far it is whole; a replica or a snapshot can replace it.",
         scan->path, scan->position, scan->next.offset, what);
    return STATUS_CORRUPT;
}

/* Whether a segment that begins with `header` may follow one with `before`: the same history goes on, or a new one says
 * that the previous ended right there. The previous id need not be that of `before`: of two histories that began at one
 * offset the second has taken the first one's place, file and all. */
static bool is_successor(const struct log_segment_header *before, const struct log_segment_header *header)
{
    return strcmp(before->history.id, header->history.id) == 0 ||
           header->history.previous_end == (int64_t)header->start.offset;
}

static enum status open_segment(struct scan *scan)
{
    enum status status;

    memory_free(scan->path);
    scan->path = log_segment_path(scan->chain->directory, scan->starts[scan->index]);
    scan->position = 0;
    scan->next.offset = scan->starts[scan->index];
    log_reader_close(&scan->reader);
    status = log_reader_open(&scan->reader, scan->chain->files, scan->path);
    if (status == STATUS_OK) {
        status = file_size(scan->reader.file, &scan->file_bytes);
    }
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "log: cannot open %s: %s", scan->path, status_name(status));
    }
    return status;
}

static enum status read_header(struct scan *scan)
{
    struct log_segment_header *header = &scan->headers[scan->index];
    enum status status = log_reader_segment(&scan->reader, header);

    if (status == STATUS_CORRUPT) {
        return report_damage(scan, "its header does not verify");
    }
    if (status == STATUS_UNSUPPORTED) {
        diag(DIAG_WARNING, "log: %s has a format version that this build does not know", scan->path);
        return status;
    }
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "log: cannot read %s: %s", scan->path, status_name(status));
        return status;
    }
    if (header->start.offset != scan->starts[scan->index]) {
        return report_damage(scan, "its header has another start than its name");
    }
    if (scan->index > 0 && !is_successor(header - 1, header)) {
        return report_damage(scan, "its history does not follow from the segment before");
    }
    log_chain_add(scan->chain, header, scan->file_bytes);
    return STATUS_OK;
}

/* Headers of all, so that a missing or foreign segment is found even where no record is looked at. */
static enum status read_headers(struct scan *scan)
{
    for (scan->index = 0; scan->index < scan->count; scan->index++) {
        enum status status = open_segment(scan);

        if (status == STATUS_OK) {
            status = read_header(scan);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* Why the record at the present position is not accepted. */
static const char *describe(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "the log was closed here";
    case STATUS_END:
        return "there is no record";
    default:
        return "the record does not verify";
    }
}

/* Look at the record at the present position. STATUS_END, STATUS_CORRUPT with `*why`: it is none, or not whole. */
static enum status examine(struct scan *scan, struct log_record_header *header, const char **why)
{
    uint32_t seed = scan->headers[scan->index].crc;
    enum status status = log_reader_header(&scan->reader, scan->position, seed, header);

    *why = describe(status);
    if (status != STATUS_OK) {
        return status;
    }
    if (header->offset != scan->next.offset) {
        *why = "a record with another offset is there";
        return STATUS_CORRUPT;
    }
    if (header->offset + header->payload_len < scan->check_from && header->payload_len > 0) {
        scan->is_hash_known = false;
        scan->reader.is_skipping = true;
        return STATUS_OK; /* Skipped: the checkpoint holds it. */
    }
    scan->reader.is_skipping = false;
    if (scan->is_hash_known && header->hash != scan->next.hash) {
        *why = "its running hash is not that of the records before";
        return STATUS_CORRUPT;
    }
    status = log_reader_payload(&scan->reader, scan->position, seed, header);
    if (status == STATUS_OK && header->payload_len > 0) {
        scan->is_hash_known = true;
        scan->tail->wall_ms = header->wall_ms;
        scan->tail->record_count++;
        status = log_reader_hash(&scan->reader, scan->position, header, header->payload_len, &scan->next.hash);
    }
    *why = describe(status);
    return status;
}

/* Step over good records until one is not, and tell why. STATUS_OK: a seal stands there. */
static enum status walk_records(struct scan *scan, const char **why)
{
    for (;;) {
        struct log_record_header header;
        enum status status = examine(scan, &header, why);

        if (status != STATUS_OK) {
            return status;
        }
        if (header.payload_len == 0) {
            return STATUS_OK;
        }
        scan->tail->synced = header.synced > scan->tail->synced ? header.synced : scan->tail->synced;
        log_chain_mark(scan->chain, scan->serial, header.offset, scan->position);
        scan->next.offset += header.payload_len;
        scan->position += LOG_RECORD_HEADER_BYTES + (uint64_t)header.payload_len;
    }
}

/* Find the last byte that is not zero from the present position on, and any header that proves that the log had been
 * durable beyond the present offset. */
static enum status search_tail(struct scan *scan, bool *is_proven)
{
    uint32_t seed = scan->headers[scan->index].crc;
    uint64_t position = scan->position;
    enum status status;

    *is_proven = false;
    scan->tail->dirty_end = scan->position;
    for (;;) {
        struct slice bytes;
        size_t tried;

        status = log_reader_view(&scan->reader, position, LOG_READER_WINDOW_BYTES, &bytes);
        if (status != STATUS_OK || bytes.len == 0) {
            break;
        }
        for (tried = 0; tried < bytes.len; tried++) {
            struct log_record_header header;

            if ((tried & 4095) == 0 && bytes.len - tried > 4096 + LOG_RECORD_HEADER_BYTES && bytes.data[tried] == 0 &&
                memcmp(bytes.data + tried, bytes.data + tried + 1, 4095 + LOG_RECORD_HEADER_BYTES) == 0) {
                tried += 4095; /* Zeros, the usual case. */
                continue;
            }
            if (bytes.data[tried] != 0) {
                scan->tail->dirty_end = position + tried + 1;
            }
            if (bytes.len - tried >= LOG_RECORD_HEADER_BYTES &&
                log_record_may_prove(bytes.data + tried, scan->next.offset) &&
                log_record_decode(bytes.data + tried, seed, &header)) {
                *is_proven = true;
            }
        }
        if (bytes.len < LOG_READER_WINDOW_BYTES) {
            break;
        }
        position += bytes.len - (LOG_RECORD_HEADER_BYTES - 1); /* A header may lie across two windows. */
    }
    return status;
}

static enum status finish_tail(struct scan *scan, enum status end, const char *why)
{
    struct log_tail *tail = scan->tail;
    bool is_proven;
    enum status status;

    if (end == STATUS_IO) {
        diag(DIAG_WARNING, "log: cannot read %s at byte %" PRIu64, scan->path, scan->position);
        return end;
    }
    tail->header = scan->headers[scan->index];
    tail->end = scan->next;
    tail->position = scan->position;
    tail->capacity = scan->file_bytes;
    tail->is_sealed = end == STATUS_OK;
    tail->synced = tail->is_sealed ? tail->end.offset : tail->synced;
    status = search_tail(scan, &is_proven);
    if (status != STATUS_OK) {
        return status;
    }
    if (!tail->is_sealed && is_proven) {
        return report_damage(scan, why);
    }
    tail->is_torn = tail->dirty_end > scan->position + (tail->is_sealed ? LOG_RECORD_HEADER_BYTES : 0);
    if (tail->is_torn) {
        diag(DIAG_WARNING,
             "log: %s is torn at byte %" PRIu64 " (offset %" PRIu64 "): %s. %" PRIu64
             " bytes that were never synced are dropped.",
             scan->path, scan->position, scan->next.offset, why, tail->dirty_end - scan->position);
    }
    return STATUS_OK;
}

/* Check the records of the present segment from its begin. */
static enum status check_segment(struct scan *scan)
{
    const struct log_segment_header *header = &scan->headers[scan->index];
    bool is_newest = scan->index + 1 == scan->count;
    const char *why = "";
    enum status status = open_segment(scan);
    struct log_place place;

    if (status != STATUS_OK) {
        return status;
    }
    ASSERT(log_chain_find(scan->chain, header->start.offset, &place));
    scan->serial = place.serial;
    scan->position = LOG_SEGMENT_HEADER_BYTES;
    scan->next = header->start;
    scan->tail->synced = header->start.offset;
    scan->is_hash_known = true;
    status = walk_records(scan, &why);
    if (is_newest) {
        if (status != STATUS_IO && scan->next.offset < scan->check_from) {
            return report_damage(scan, "it ends before what the data was saved with");
        }
        return finish_tail(scan, status, why);
    }
    if (status == STATUS_IO) {
        return status;
    }
    if (scan->next.offset != scan->starts[scan->index + 1]) {
        return report_damage(scan, why);
    }
    if (scan->is_hash_known && scan->next.hash != scan->headers[scan->index + 1].start.hash) {
        return report_damage(scan, "its running hash is not that of the next segment");
    }
    return STATUS_OK;
}

/* The records of the segments that lie wholly before check_from are not looked at. */
static enum status check_records(struct scan *scan)
{
    size_t first = 0;

    while (first + 1 < scan->count && scan->starts[first + 1] <= scan->check_from) {
        first++;
    }
    for (scan->index = first; scan->index < scan->count; scan->index++) {
        enum status status = check_segment(scan);

        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status log_scan(struct log_chain *chain, uint64_t check_from, struct log_tail *tail)
{
    struct scan scan = {.chain = chain, .check_from = check_from, .tail = tail};
    enum status status;

    memset(tail, 0, sizeof(*tail));
    status = log_scan_list(chain->files, chain->directory, &scan.starts, &scan.count);
    if (status == STATUS_OK && scan.count == 0) {
        status = STATUS_NOT_FOUND;
    }
    if (status != STATUS_OK) {
        return status;
    }
    scan.headers = memory_allocate_zeroed(scan.count * sizeof(*scan.headers));
    status = read_headers(&scan);
    if (status == STATUS_OK) {
        status = check_records(&scan);
    }
    log_reader_close(&scan.reader);
    memory_free(scan.path);
    memory_free(scan.headers);
    memory_free(scan.starts);
    return status;
}
