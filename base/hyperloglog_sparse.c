#include "base/hyperloglog_sparse.h"
#include "base/assert.h"

#define SHORT_ZEROS_MAX 64u
#define VALUE_RUN_MAX   4u
#define SPLIT_BYTES_MAX 5u /* Long zeros, a value, long zeros. */
#define JOIN_RUNS       5  /* How many runs are looked at for neighbours to join. */

struct run {
    uint32_t count;
    uint8_t value; /* 0 for zeros. */
    uint8_t bytes; /* That its code has. */
};

/* The run at `at`, which lies inside. The second byte of a cut code counts as 0, as Redis has it. */
static struct run read_run(struct slice hll, size_t at)
{
    unsigned first = (uint8_t)hll.data[at];
    unsigned second = at + 1 < hll.len ? (uint8_t)hll.data[at + 1] : 0;

    if (first & 0x80) {
        return (struct run){.count = (first & 3) + 1, .value = (uint8_t)(((first >> 2) & 0x1f) + 1), .bytes = 1};
    }
    if (first & 0x40) {
        return (struct run){.count = ((first & 0x3f) << 8 | second) + 1, .bytes = 2};
    }
    return (struct run){.count = first + 1, .bytes = 1};
}

static uint8_t value_code(uint8_t value, uint32_t count)
{
    ASSERT(value >= 1 && value <= HYPERLOGLOG_SPARSE_VALUE_MAX && count >= 1 && count <= VALUE_RUN_MAX);
    return (uint8_t)(0x80u | ((value - 1u) << 2) | (count - 1u));
}

/* Write the code of a run to `to` and return its length; nothing for an empty run. */
static size_t put_run(uint8_t *to, uint8_t value, uint32_t count)
{
    if (count == 0) {
        return 0;
    }
    if (value != 0) {
        to[0] = value_code(value, count);
        return 1;
    }
    if (count <= SHORT_ZEROS_MAX) {
        to[0] = (uint8_t)(count - 1);
        return 1;
    }
    to[0] = (uint8_t)(0x40 | ((count - 1) >> 8));
    to[1] = (uint8_t)((count - 1) & 0xff);
    return 2;
}

void hyperloglog_sparse_create(struct buf *hll)
{
    uint8_t code[2];

    buf_put(hll, slice_make(code, put_run(code, 0, HYPERLOGLOG_REGISTERS)));
}

static uint8_t *content(struct buf *hll)
{
    return (uint8_t *)hll->memory + hll->start;
}

/* Put `with` in the place of `old_len` bytes at `at`. */
static void replace(struct buf *hll, size_t at, size_t old_len, struct slice with)
{
    size_t behind = hll->len - at - old_len;

    if (with.len > old_len) {
        (void)buf_put_space(hll, with.len - old_len);
        buf_commit(hll, with.len - old_len);
    }
    memmove(content(hll) + at + with.len, content(hll) + at + old_len, behind);
    memcpy(content(hll) + at, with.data, with.len);
    buf_truncate(hll, at + with.len + behind);
}

/* Join neighbours of equal value among the next few runs from `at` on, as far as one code can tell them. */
static void join(struct buf *hll, size_t at)
{
    for (int looked = 0; looked < JOIN_RUNS && at < hll->len; looked++) {
        struct slice bytes = buf_slice(hll);
        struct run run = read_run(bytes, at);

        if (run.value != 0 && at + 1 < hll->len) {
            struct run next = read_run(bytes, at + 1);

            if (next.value == run.value && run.count + next.count <= VALUE_RUN_MAX) {
                uint8_t joined = value_code(run.value, run.count + next.count);

                replace(hll, at, 2, slice_make(&joined, 1));
                continue; /* It may be joined with the one after it, too. */
            }
        }
        at += run.bytes;
    }
}

enum hyperloglog_sparse_outcome hyperloglog_sparse_raise(struct buf *hll, struct hyperloglog_place place,
                                                         size_t bytes_max)
{
    struct slice bytes = buf_slice(hll);
    size_t at = HYPERLOGLOG_HEADER_BYTES;
    size_t before = at; /* The run before it, if there is one. */
    uint8_t split[SPLIT_BYTES_MAX];
    size_t split_len;
    uint32_t first = 0;
    struct run run = {0};

    while (at < bytes.len) {
        run = read_run(bytes, at);
        if (place.index < first + run.count) {
            break;
        }
        first += run.count;
        before = at;
        at += run.bytes;
    }
    if (at >= bytes.len) {
        return HYPERLOGLOG_SPARSE_CORRUPT;
    }
    if (run.value >= place.value) {
        return HYPERLOGLOG_SPARSE_UNCHANGED;
    }
    split_len = put_run(split, run.value, place.index - first);
    split_len += put_run(split + split_len, place.value, 1);
    split_len += put_run(split + split_len, run.value, first + run.count - 1 - place.index);
    if (split_len > run.bytes && bytes.len + split_len - run.bytes > bytes_max) {
        return HYPERLOGLOG_SPARSE_TOO_LONG;
    }
    if (at + run.bytes > bytes.len) {
        replace(hll, at, 1, slice_make(split, split_len - 1)); /* As much behind the end as the cut code was. */
    } else {
        replace(hll, at, run.bytes, slice_make(split, split_len));
    }
    join(hll, before);
    return HYPERLOGLOG_SPARSE_CHANGED;
}

bool hyperloglog_sparse_walk(struct slice hll, hyperloglog_take_run *take, void *context)
{
    uint32_t first = 0;
    struct run run;

    for (size_t at = HYPERLOGLOG_HEADER_BYTES; at < hll.len; at += run.bytes) {
        run = read_run(hll, at);
        if (run.count > HYPERLOGLOG_REGISTERS - first) {
            return false;
        }
        take(context, first, run.count, run.value);
        first += run.count;
    }
    return first == HYPERLOGLOG_REGISTERS;
}

void hyperloglog_sparse_describe(struct slice hll, struct buf *text)
{
    struct run run;

    for (size_t at = HYPERLOGLOG_HEADER_BYTES; at < hll.len; at += run.bytes) {
        run = read_run(hll, at);
        if (at != HYPERLOGLOG_HEADER_BYTES) {
            buf_put_byte(text, ' ');
        }
        if (run.value != 0) {
            buf_put_format(text, "v:%u,%u", (unsigned)run.value, run.count);
        } else {
            buf_put_format(text, "%c:%u", run.bytes == 2 ? 'Z' : 'z', run.count);
        }
    }
}
