/* The newest segment, as it is written: records, the step to the next segment, and the seal at the end.
 *
 * No thread and no policy: the sync thread (log_sync.h) owns it and decides. After any error but a stated one the log
 * has failed: nothing more is written (L4). */
#ifndef STORAGE_LOG_LOG_WRITER_H
#define STORAGE_LOG_LOG_WRITER_H

#include "storage/log/log_chain.h"
#include "storage/log/log_keeper.h"

#define LOG_SEAL_BYTES LOG_RECORD_HEADER_BYTES /* Kept free at a segment's end. */

struct log_writer {
    struct log_chain *chain;
    struct log_keeper *keeper;
    struct file *file;                /* Owned. */
    struct log_segment_header header; /* Of the segment. */
    uint64_t serial;                  /* Of it, in the chain. */
    uint64_t position;                /* Of the next record. */
    uint64_t capacity;                /* Of the file. */
    struct history_position end;      /* Past the last record. */
};

/* Bytes of a record of `payload_len`, header and all. */
static inline uint64_t log_writer_record_bytes(uint64_t payload_len)
{
    return LOG_RECORD_HEADER_BYTES + payload_len;
}

/* Bytes of a segment that holds `record_bytes` of records. */
static inline uint64_t log_writer_segment_bytes(uint64_t record_bytes)
{
    return LOG_SEGMENT_HEADER_BYTES + record_bytes + LOG_SEAL_BYTES;
}

/* Bytes left for records. */
uint64_t log_writer_left(const struct log_writer *writer);

/* Begin the very first segment of a chain at `origin`, in `history`. `writer` has its chain and keeper, and gets the
 * rest. STATUS_NO_SPACE, STATUS_IO: the segment may be there or not, unused. */
MUST_CHECK enum status log_writer_create(struct log_writer *writer, const struct history *history,
                                         struct history_position origin);

/* Begin the next segment at the end, in `history`, with room for `record_bytes`. All before must be durable (L1). For
 * a record it waits through a full disk: what was admitted must be written in the end.
 *   STATUS_NO_SPACE  The disk is full, for a record until log_keeper_give_up(). The present segment is still the
 * newest. STATUS_IO        It may have begun or not. */
MUST_CHECK enum status log_writer_roll(struct log_writer *writer, const struct history *history, uint64_t record_bytes,
                                       uint64_t now_ms);

/* Write `payload` as a record; there must be room. `synced` is the durable offset now. The end does not move yet. */
MUST_CHECK enum status log_writer_write(struct log_writer *writer, struct slice payload, uint64_t synced,
                                        uint64_t wall_ms);
/* Move the end over what was written: hashes it. Apart from writing, because only the next record needs the hash. */
void log_writer_advance(struct log_writer *writer, struct slice payload);

/* Say that the log ends here and was closed: the last record has a witness now, and an opener knows that nothing is
 * missing. If it fails, the next open is one after a crash. */
void log_writer_seal(struct log_writer *writer, uint64_t wall_ms);

#endif
