/* The bytes of an RDB file or a DUMP payload as its primitives: lengths, strings, numbers, with the running checksum.
 *
 * Memory is bounded by what has really come: a length that promises much is believed only as the bytes arrive. */
#ifndef STORAGE_RDB_RDB_INPUT_H
#define STORAGE_RDB_RDB_INPUT_H

#include "base/buf.h"
#include "base/status.h"

/* Where the bytes come from, in order. */
struct rdb_source {
    /* Read `len` bytes; `*read_len` is less only at the end. */
    enum status (*read)(void *context, char *to, size_t len, size_t *read_len);
    void *context;
};

/* What is wrong, and where. */
struct rdb_problem {
    uint64_t offset; /* In the file. */
    char text[160];
};

#define RDB_INPUT_CHUNK_BYTES (64u * 1024)

struct rdb_input {
    struct rdb_source source;
    struct rdb_problem *problem; /* Borrowed; filled when a call fails by the bytes' fault. */
    uint64_t string_bytes_max;
    uint64_t value_bytes_max; /* What the elements of one value may come to, which may be far more than the bytes that
                               * tell them; UINT64_MAX, unless it is set after rdb_input_init(). */
    char *chunk;              /* Owned: read ahead. */
    size_t chunk_len;
    size_t chunk_at; /* Of chunk: where the next byte is. */
    size_t crc_at;   /* Of chunk: up to here the checksum has come. */
    uint64_t crc;
    uint64_t chunk_offset; /* Where the chunk begins in the file. */
};

/* All below: STATUS_CORRUPT (cut or damaged, `problem` is filled), STATUS_TOO_BIG (a string beyond the limit, filled),
 * STATUS_NO_MEMORY, or what the source gave. */

/* `problem` is borrowed for the input's life. A string longer than `string_bytes_max` is refused. */
void rdb_input_init(struct rdb_input *input, const struct rdb_source *source, uint64_t string_bytes_max,
                    struct rdb_problem *problem);
void rdb_input_release(struct rdb_input *input);
/* File bytes taken so far. */
uint64_t rdb_input_offset(const struct rdb_input *input);
/* Checksum of all that was taken so far. */
uint64_t rdb_input_crc(struct rdb_input *input);

MUST_CHECK enum status rdb_input_bytes(struct rdb_input *input, char *to, size_t len);
MUST_CHECK enum status rdb_input_byte(struct rdb_input *input, unsigned *byte);
MUST_CHECK enum status rdb_input_le64(struct rdb_input *input, uint64_t *value);
/* A plain length; a special form is damage here. */
MUST_CHECK enum status rdb_input_length(struct rdb_input *input, uint64_t *length);
/* A string in any form, into `string` (which is emptied first): integers become their decimal text, LZF is undone. */
MUST_CHECK enum status rdb_input_string(struct rdb_input *input, struct buf *string);
/* RDB_TYPE_ZSET's score. NaN is damage. */
MUST_CHECK enum status rdb_input_text_double(struct rdb_input *input, double *value);
MUST_CHECK enum status rdb_input_double(struct rdb_input *input, double *value);

/* Fill the problem with the present offset and return STATUS_CORRUPT. */
__attribute__((format(printf, 2, 3))) enum status rdb_input_refuse(struct rdb_input *input, const char *format, ...);

#endif
