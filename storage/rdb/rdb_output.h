/* The primitives of RDB as bytes at the end of a buffer (made with BUF_NO_CEILING). */
#ifndef STORAGE_RDB_RDB_OUTPUT_H
#define STORAGE_RDB_RDB_OUTPUT_H

#include "base/buf.h"

struct rdb_lzf;

void rdb_put_length(struct buf *out, uint64_t length);
void rdb_put_string(struct buf *out, struct slice string);
/* The same in the form that Redis chooses, byte for byte: as an integer if it is the text of a small one, compressed if
 * that saves something. */
void rdb_put_short_string(struct buf *out, struct rdb_lzf *lzf, struct slice string);
void rdb_put_le64(struct buf *out, uint64_t value);
void rdb_put_be64(struct buf *out, uint64_t value);
void rdb_put_double(struct buf *out, double value);

/* A listpack being put together. */
struct rdb_listpack {
    struct buf bytes;
    uint32_t count;
};

void rdb_listpack_init(struct rdb_listpack *listpack);
void rdb_listpack_release(struct rdb_listpack *listpack);
/* Empty it for the next one. */
void rdb_listpack_clear(struct rdb_listpack *listpack);
void rdb_listpack_put_integer(struct rdb_listpack *listpack, int64_t value);
/* As bytes, or as an integer if it is the canonical text of one, as Redis does it. */
void rdb_listpack_put_string(struct rdb_listpack *listpack, struct slice string);
/* Add another one's items. */
void rdb_listpack_put_all(struct rdb_listpack *listpack, const struct rdb_listpack *other);
/* Bytes of the finished listpack. */
size_t rdb_listpack_len(const struct rdb_listpack *listpack);
/* Put it into `out` as an RDB string. */
void rdb_put_listpack(struct buf *out, const struct rdb_listpack *listpack);

/* The same by rdb_put_short_string(). */
void rdb_put_short_listpack(struct buf *out, struct rdb_lzf *lzf, const struct rdb_listpack *listpack);

#endif
