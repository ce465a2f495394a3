/* A borrowed run of bytes. It owns nothing and lives no longer than what it points into. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *data; /* May be NULL only if len is 0. */
    size_t len;       /* In bytes. */
};

static inline struct slice slice_make(const void *data, size_t len)
{
    return (struct slice){.data = data, .len = len};
}

/* The bytes of a C string, without its NUL. */
static inline struct slice slice_of(const char *text)
{
    return (struct slice){.data = text, .len = strlen(text)};
}

static inline struct slice slice_empty(void)
{
    return (struct slice){.data = "", .len = 0};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Negative, 0 or positive as `a` sorts before, with or after `b`: by bytes, then by length, as LMDB does. */
static inline int slice_compare(struct slice a, struct slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

static inline bool slice_starts_with(struct slice slice, struct slice prefix)
{
    return slice.len >= prefix.len && (prefix.len == 0 || memcmp(slice.data, prefix.data, prefix.len) == 0);
}

/* The slice without its first `count` bytes; `count` must not pass its end. */
static inline struct slice slice_after(struct slice slice, size_t count)
{
    return (struct slice){.data = slice.data + count, .len = slice.len - count};
}

static inline struct slice slice_first(struct slice slice, size_t count)
{
    return (struct slice){.data = slice.data, .len = count};
}

/* Equal but for ASCII case; `text` is a C string. */
bool slice_is_word(struct slice slice, const char *text);

/* The bytes for a message, as a C string in `text`, which it returns: what cannot be printed is '.', and what does not
 * fit into `text_bytes` is cut. */
const char *slice_show(struct slice slice, char *text, size_t text_bytes);

/* Copies of `count` slices and of all their bytes in one block, which the caller frees with memory_free(). */
struct slice *slice_copy_all(const struct slice *slices, size_t count);

#endif
