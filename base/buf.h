/* A growing run of bytes that it owns, with a ceiling given at its making.
 *
 * Bytes are appended at the end and consumed at the front; consuming moves a start index, and the space comes back
 * when the buffer runs empty or needs room. A buffer may be given a folder, where it puts its bytes when they are many
 * (spill.h). */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/slice.h"
#include "base/status.h"
#include <stdint.h>

struct spill; /* spill.h */

struct buf {
    char *memory;             /* Owned; NULL before the first append. */
    size_t start;             /* Where the content begins in memory. */
    size_t len;               /* Content bytes. */
    size_t capacity;          /* Bytes of memory. */
    size_t ceiling;           /* The most that len may be. */
    struct spill *spill;      /* Owned: what memory belongs to, once there was much; else NULL. */
    const char *spill_folder; /* Borrowed; NULL: all stays in memory. */
};

#define BUF_NO_CEILING       SIZE_MAX
#define BUF_MEMORY_BYTES_MAX ((size_t)8 * 1024 * 1024) /* Of a buffer that may spill. */

void buf_init(struct buf *buf, size_t ceiling);
void buf_release(struct buf *buf);
/* From now on content beyond BUF_MEMORY_BYTES_MAX goes to a file in `folder`, which is borrowed and outlives the
 * buffer; or stays in memory where there can be no file. If a file cannot grow, its content, which may be far more than
 * memory, is lost: see buf_is_lost(). */
void buf_allow_spill(struct buf *buf, const char *folder);
/* Whether so much stays in memory because there can be no file. */
bool buf_lacks_file(const struct buf *buf);
/* Whether the content is not what was appended. Appending goes on as ever. */
bool buf_is_lost(const struct buf *buf);
/* Memory that it has, but for what is in a file. */
size_t buf_memory_bytes(const struct buf *buf);

/* The content, borrowed until the next call that changes the buffer. */
static inline struct slice buf_slice(const struct buf *buf)
{
    return slice_make(buf->memory == NULL ? "" : buf->memory + buf->start, buf->len);
}

/* Append a copy of `bytes`.
 *   STATUS_TOO_BIG    The ceiling would be passed.
 *   STATUS_NO_MEMORY  Memory is short. The content is unchanged in both cases. */
MUST_CHECK enum status buf_append(struct buf *buf, struct slice bytes);

/* Append to a buffer made with BUF_NO_CEILING or known to have room; running out of memory stops the process. */
void buf_put(struct buf *buf, struct slice bytes);
void buf_put_text(struct buf *buf, const char *text);
void buf_put_byte(struct buf *buf, char byte);
/* Room for `len` bytes under the same terms; tell how many were written by buf_commit(). */
char *buf_put_space(struct buf *buf, size_t len);
/* printf into the buffer. */
__attribute__((format(printf, 2, 3))) void buf_put_format(struct buf *buf, const char *format, ...);

/* Make room for `extra` more bytes and store where they go in `*tail`; tell how many were written by buf_commit().
 * Same errors as buf_append(). */
MUST_CHECK enum status buf_reserve(struct buf *buf, size_t extra, char **tail);
void buf_commit(struct buf *buf, size_t len);

/* Drop the first `len` bytes. */
void buf_consume(struct buf *buf, size_t len);
/* Cut the content to its first `len` bytes. */
void buf_truncate(struct buf *buf, size_t len);
/* Empty it and keep its memory. */
void buf_clear(struct buf *buf);
/* Give back memory beyond `keep_bytes` if the content needs no more than that. */
void buf_shrink(struct buf *buf, size_t keep_bytes);

#endif
