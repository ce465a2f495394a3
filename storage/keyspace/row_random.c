/* A row at random, without an index of positions.
 *
 * The bytes of the keys are a tree. From its root we step to a random child until few keys are left, and take one of
 * these by count. A child is found by seeking a random byte among those that occur, so it is taken more often the wider
 * the gap before it, and all children count the same however many keys they hold. But the probability with which a key
 * was reached is known, so we reach CANDIDATES keys and draw one of them, each weighed by the inverse of its
 * probability (sampling importance resampling). With one candidate that is the biased choice, with infinitely many the
 * fair one. Measured with four (test_keyspace_random.c): numbered keys come out alike, padded or not; of two families
 * of keys the one with 1 % of them gets 2.3 %. */
#include "storage/keyspace/row_random.h"
#include "base/assert.h"
#include "base/random.h"
#include "storage/memtable/view_cursor.h"

#define CANDIDATES 4
/* When about this many keys are left, they are counted; up to the second number. */
#define COUNT_FROM 24.0
#define COUNT_MAX  128

/* On the way down. */
struct descent {
    struct view_cursor *cursor; /* Over the rows of the range. */
    struct random *random;
    struct keycode at;    /* What the keys that are left begin with. */
    struct keycode first; /* The first of them. */
    struct keycode last;  /* The last of them. */
    double left;          /* About how many they are. */
    double weight;        /* 1 / the probability of having come here. */
};

/* Set `code` to the key that the cursor stands on. */
static void take_key(const struct descent *descent, struct keycode *code)
{
    keycode_start(code);
    keycode_add_coded(code, view_cursor_key(descent->cursor));
}

static bool is_below(const struct descent *descent, struct slice key)
{
    return slice_starts_with(key, keycode_slice(&descent->at));
}

/* Find the first and last of the keys that are left, and what they all begin with. */
static void find_bounds(struct descent *descent)
{
    struct keycode end = descent->at;
    size_t common = descent->at.len;
    bool found;

    memset(end.bytes + end.len, 0xff, TABLE_KEY_BYTES_MAX - end.len);
    end.len = TABLE_KEY_BYTES_MAX;
    found = view_cursor_seek_last(descent->cursor, keycode_slice(&end));
    ASSERT(found);
    take_key(descent, &descent->last);
    found = view_cursor_seek(descent->cursor, keycode_slice(&descent->at));
    ASSERT(found);
    take_key(descent, &descent->first);
    while (common < descent->first.len && common < descent->last.len &&
           descent->first.bytes[common] == descent->last.bytes[common]) {
        common++;
    }
    memcpy(descent->at.bytes, descent->first.bytes, common);
    descent->at.len = common;
}

/* Take one of the keys that are left by counting them. False if they are too many. The cursor stands on the first. */
static bool count_out(struct descent *descent, struct keycode *chosen)
{
    uint64_t count = 0;

    do {
        if (!is_below(descent, view_cursor_key(descent->cursor))) {
            break;
        }
        count++;
        if (random_below(descent->random, count) == 0) {
            take_key(descent, chosen);
        }
    } while (count <= COUNT_MAX && view_cursor_next(descent->cursor));
    if (count > COUNT_MAX) {
        return false;
    }
    descent->weight *= (double)count;
    return true;
}

static unsigned int byte_at(struct slice key, size_t position)
{
    return (unsigned char)key.data[position];
}

/* Step to a child. There are at least two keys, and not all are `at` itself. */
static void step(struct descent *descent)
{
    size_t position = descent->at.len;
    unsigned int low;
    unsigned int high = byte_at(keycode_slice(&descent->last), position);
    unsigned int child;
    unsigned int before;
    struct keycode probe = descent->at;
    bool found;

    found = view_cursor_seek(descent->cursor, keycode_slice(&descent->at));
    if (found && descent->first.len == position) {
        found = view_cursor_next(descent->cursor);
    }
    ASSERT(found);
    low = byte_at(view_cursor_key(descent->cursor), position);
    keycode_add_byte(&probe, (uint8_t)(low + random_below(descent->random, high - low + 1)));
    found = view_cursor_seek(descent->cursor, keycode_slice(&probe));
    ASSERT(found);
    child = byte_at(view_cursor_key(descent->cursor), position);
    before = low - 1; /* May wrap; child - before does not. */
    if (child != low) {
        found = view_cursor_prev(descent->cursor);
        ASSERT(found);
        before = byte_at(view_cursor_key(descent->cursor), position);
    }
    descent->weight *= (double)(high - low + 1) / (double)(child - before);
    descent->left *= (double)(child - before) / (double)(high - low + 1);
    keycode_add_byte(&descent->at, (uint8_t)child);
}

/* Uniform in [0, 1). */
static double fraction(struct random *random)
{
    return (double)(random_next(random) >> 11) * 0x1p-53;
}

/* Reach a key; the inverse of its probability is in descent->weight. */
static void descend(struct descent *descent, struct keycode *chosen)
{
    for (;;) {
        find_bounds(descent);
        if (slice_equal(keycode_slice(&descent->first), keycode_slice(&descent->last))) {
            *chosen = descent->first;
            return;
        }
        if (descent->left <= COUNT_FROM && count_out(descent, chosen)) {
            return;
        }
        if (descent->first.len == descent->at.len) {
            /* It is one of those that are left, and fairly taken as often as that. */
            double part = descent->left > 2 ? 1 / descent->left : 0.5;

            if (fraction(descent->random) < part) {
                *chosen = descent->first;
                descent->weight /= part;
                return;
            }
            descent->weight /= 1 - part;
            descent->left -= 1;
        }
        step(descent);
    }
}

void row_random(const struct row_range *range, struct random *random, struct keycode *chosen)
{
    struct descent descent = {.random = random};
    double sum = 0;

    descent.cursor = view_cursor_create(range->view, range->table, keycode_slice(&range->prefix));
    for (int i = 0; i < CANDIDATES; i++) {
        struct keycode candidate;

        descent.at = range->prefix;
        descent.left = (double)range->count;
        descent.weight = 1;
        descend(&descent, &candidate);
        sum += descent.weight;
        if (fraction(random) * sum < descent.weight) {
            *chosen = candidate;
        }
    }
    view_cursor_free(descent.cursor);
}
