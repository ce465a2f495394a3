/* A segment: one file of the log. Its name, its header, and reading its records. Layout: docs/formats/log.md.
 *
 * A segment is made full of zeros (log_keeper.h), gets its header, is synced, and only then gets its name, so a file
 * with a segment's name has a whole header. Its size is therefore not its content: that ends where the next segment
 * begins, or at a header that is not a record's. */
#ifndef STORAGE_LOG_LOG_SEGMENT_H
#define STORAGE_LOG_LOG_SEGMENT_H

#include "base/file.h"
#include "storage/history.h"
#include "storage/log/log_record.h"

#define LOG_SEGMENT_VERSION      1
#define LOG_SEGMENT_HEADER_BYTES 4096 /* A block of its own: appending records never rewrites it. */
#define LOG_SEGMENT_NAME_BYTES   25   /* 20 digits, ".log" and NUL. */

struct log_segment_header {
    struct history history;
    struct history_position start; /* Of the first record's payload. */
    uint64_t salt;                 /* Random: makes `crc` unknowable to clients. */
    uint64_t wall_ms;              /* When it was made. */
    uint32_t crc;                  /* Of the header; the seed of the records' crc. */
};

/* Write the header to `bytes` and the crc of it to `header->crc`. */
void log_segment_encode(struct log_segment_header *header, char bytes[LOG_SEGMENT_HEADER_BYTES]);
/*   STATUS_CORRUPT, STATUS_UNSUPPORTED (a version of a later build). */
MUST_CHECK enum status log_segment_decode(const char bytes[LOG_SEGMENT_HEADER_BYTES],
                                          struct log_segment_header *header);

/* "00000000000000001234.log". */
void log_segment_format_name(uint64_t start, char name[LOG_SEGMENT_NAME_BYTES]);
/* False if `name` is not a segment's. */
bool log_segment_parse_name(const char *name, uint64_t *start);
/* The file's path in `directory`; the caller frees it with memory_free(). */
char *log_segment_path(const char *directory, uint64_t start);

#endif
