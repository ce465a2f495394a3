/* A greedy search: the place where the same three bytes were seen last, found by their hash, and as long a match as
 * they begin. Which places are looked up, noted and matched how far follows Redis' compressor, so that DUMP gives the
 * same bytes; where a step looks arbitrary, that is why. The format: rdb_lzf.c. */
#include "storage/rdb/rdb_lzf.h"

#include "base/memory.h"
#include <stdint.h>

#define HASH_BITS    16
#define HASH_BYTES   3 /* That a place is known by. */
#define LITERAL_MAX  32
#define DISTANCE_MAX 8192
#define MATCH_MAX    264
#define SURE_STEPS   16 /* Of a match that are taken without looking where the input ends, if it has more. */
#define LONG_MATCH   7  /* From this on its length takes a byte of its own. */
#define MATCH_ROOM   4  /* What a match and the head of the run after it need at most. */

struct compression {
    const unsigned char *in;
    size_t in_len;
    size_t at; /* Of in. */
    unsigned char *out;
    size_t out_len;
    size_t capacity;
    size_t literal_len; /* Of the run under way, whose head stands before it. */
    struct rdb_lzf *lzf;
};

static uint32_t *slot(struct compression *compression, size_t at)
{
    const unsigned char *bytes = compression->in + at;
    uint32_t word = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];

    return &compression->lzf->places[((word >> (8 * HASH_BYTES - HASH_BITS)) - word * 5) & ((1u << HASH_BITS) - 1)];
}

static void note(struct compression *compression, size_t at)
{
    *slot(compression, at) = compression->lzf->begin + (uint32_t)at;
}

/* The place before `at` where the same bytes may begin, and note `at`. The input's first place is never found. */
static bool find_match(struct compression *compression, size_t *from)
{
    uint32_t place = *slot(compression, compression->at);
    const unsigned char *here = compression->in + compression->at;

    *from = place > compression->lzf->begin ? place - compression->lzf->begin : 0;
    note(compression, compression->at);
    return *from != 0 && *from < compression->at && compression->at - *from - 1 < DISTANCE_MAX &&
           memcmp(compression->in + *from, here, HASH_BYTES) == 0;
}

/* How many bytes are the same there. */
static size_t match_len(const struct compression *compression, size_t from)
{
    const unsigned char *there = compression->in + from;
    const unsigned char *here = compression->in + compression->at;
    size_t most = compression->in_len - compression->at - 2;
    size_t len = 2;

    if (most > MATCH_MAX) {
        most = MATCH_MAX;
    }
    if (most > SURE_STEPS) {
        for (unsigned i = 0; i < SURE_STEPS; i++) {
            len++;
            if (there[len] != here[len]) {
                return len;
            }
        }
    }
    do {
        len++;
    } while (len < most && there[len] == here[len]);
    return len;
}

static void put(struct compression *compression, size_t byte)
{
    compression->out[compression->out_len++] = (unsigned char)byte;
}

/* Write the head of the run that ends here; one without bytes had none. */
static void end_run(struct compression *compression)
{
    if (compression->literal_len == 0) {
        compression->out_len--;
    } else {
        compression->out[compression->out_len - compression->literal_len - 1] =
            (unsigned char)(compression->literal_len - 1);
    }
    compression->literal_len = 0;
}

static void begin_run(struct compression *compression)
{
    compression->out_len++; /* Its head. */
}

static void put_literal(struct compression *compression)
{
    put(compression, compression->in[compression->at++]);
    compression->literal_len++;
    if (compression->literal_len == LITERAL_MAX) {
        end_run(compression);
        begin_run(compression);
    }
}

static bool put_match(struct compression *compression, size_t from)
{
    size_t len = match_len(compression, from);
    size_t distance = compression->at - from - 1;
    size_t room_used = compression->out_len - (compression->literal_len == 0);

    if (room_used + MATCH_ROOM >= compression->capacity) {
        return false;
    }
    end_run(compression);
    if (len - 2 < LONG_MATCH) {
        put(compression, distance >> 8 | (len - 2) << 5);
    } else {
        put(compression, distance >> 8 | LONG_MATCH << 5);
        put(compression, len - 2 - LONG_MATCH);
    }
    put(compression, distance & 255);
    begin_run(compression);
    compression->at += len;
    /* Of the places inside the match only the last two are noted. */
    if (compression->at + HASH_BYTES <= compression->in_len) {
        note(compression, compression->at - 2);
        note(compression, compression->at - 1);
    }
    return true;
}

static size_t compress(struct compression *compression)
{
    begin_run(compression);
    while (compression->at + HASH_BYTES <= compression->in_len) {
        size_t from;

        if (find_match(compression, &from)) {
            if (!put_match(compression, from)) {
                return 0;
            }
        } else {
            if (compression->out_len >= compression->capacity) {
                return 0;
            }
            put_literal(compression);
        }
    }
    if (compression->out_len + 3 > compression->capacity) {
        return 0;
    }
    while (compression->at < compression->in_len) {
        put_literal(compression);
    }
    end_run(compression);
    return compression->out_len;
}

void rdb_lzf_init(struct rdb_lzf *lzf)
{
    lzf->places = NULL;
    lzf->begin = 0;
}

void rdb_lzf_release(struct rdb_lzf *lzf)
{
    memory_free(lzf->places);
}

/* Forget the string before, which costs the table only when its numbers run out. */
static void begin_string(struct rdb_lzf *lzf, size_t len)
{
    if (lzf->places == NULL || len > UINT32_MAX - lzf->begin) {
        memory_free(lzf->places);
        lzf->places = memory_allocate_zeroed((1u << HASH_BITS) * sizeof(uint32_t));
        lzf->begin = 0;
    }
}

size_t rdb_lzf_compress(struct rdb_lzf *lzf, struct slice bytes, char *to, size_t capacity)
{
    struct compression compression = {
        .in = (const unsigned char *)bytes.data,
        .in_len = bytes.len,
        .out = (unsigned char *)to,
        .capacity = capacity,
        .lzf = lzf,
    };
    size_t len;

    if (bytes.len == 0 || capacity == 0 || bytes.len > UINT32_MAX) {
        return 0;
    }
    begin_string(lzf, bytes.len);
    len = compress(&compression);
    lzf->begin += (uint32_t)bytes.len;
    return len;
}
