/* Reading a segment's records through a window of memory, checked. Shared by recovery, cursors and hearth-check.
 *
 * One owner, any one thread at a time. */
#ifndef STORAGE_LOG_LOG_READER_H
#define STORAGE_LOG_LOG_READER_H

#include "storage/log/log_segment.h"

#define LOG_READER_WINDOW_BYTES (128 * 1024)
#define LOG_READER_SKIP_BYTES   4096 /* Read at a time while only headers are wanted. */

struct log_reader {
    struct file *file; /* Owned; NULL when closed. */
    char *window;      /* Owned, LOG_READER_WINDOW_BYTES. */
    uint64_t position; /* In the file, of the window's first byte. */
    size_t len;        /* Bytes in the window. */
    bool is_skipping;  /* Payloads are not wanted: read less ahead. The user sets it. */
};

/* Open the file at `path`. Same errors as file_open(). */
MUST_CHECK enum status log_reader_open(struct log_reader *reader, struct file_system *files, const char *path);
/* A closed one may be closed again; one zeroed is a closed one. */
void log_reader_close(struct log_reader *reader);

/* Forget what was read, because the file may hold more now. */
void log_reader_forget(struct log_reader *reader);

/* Borrow `len` bytes (at most the window) at `position` until the next call; fewer only at the end of the file. */
MUST_CHECK enum status log_reader_view(struct log_reader *reader, uint64_t position, size_t len, struct slice *bytes);

/* Read and check the segment's header. STATUS_CORRUPT, STATUS_UNSUPPORTED, STATUS_IO. */
MUST_CHECK enum status log_reader_segment(struct log_reader *reader, struct log_segment_header *header);

/* Read and check the record header at `position`, but not the payload: to skip over it.
 *   STATUS_END      Zeros, or no room for a header: no record was ever written here.
 *   STATUS_CORRUPT  Neither a record header nor zeros. */
MUST_CHECK enum status log_reader_header(struct log_reader *reader, uint64_t position, uint32_t seed,
                                         struct log_record_header *header);

/* Check the payload of the record at `position`. STATUS_CORRUPT, STATUS_IO. */
MUST_CHECK enum status log_reader_payload(struct log_reader *reader, uint64_t position, uint32_t seed,
                                          const struct log_record_header *header);

/* The running hash after the first `len` bytes of the payload of the record at `position`. */
MUST_CHECK enum status log_reader_hash(struct log_reader *reader, uint64_t position,
                                       const struct log_record_header *header, uint64_t len, uint64_t *hash);

#endif
