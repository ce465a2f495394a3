/* Codes of keys in the tables: what is written where, so that bytes sort as the things that they stand for.
 *
 * A coded key is a header of numbers and, in most tables, a name: the key of a database, the field of a hash, the
 * member of a set. Numbers sort as numbers and no coded number begins another one, so all rows of a space or generation
 * are those that begin with its number. A name of up to KEYCODE_NAME_LITERAL_MAX bytes stands for itself. A longer one
 * keeps its first KEYCODE_NAME_PREFIX_BYTES and a keyed hash of the whole, together always KEYCODE_NAME_BYTES_MAX
 * bytes, which no short one has; its full bytes are in the row's value. A name has the same code in every table.
 *
 * Layouts of all tables: docs/formats/keyspace.md. All here is pure and allocates nothing. */
#ifndef STORAGE_KEYSPACE_KEYCODE_H
#define STORAGE_KEYSPACE_KEYCODE_H

#include "base/assert.h"
#include "base/bytes.h"
#include "base/slice.h"
#include "storage/keyspace/table.h"

#define KEYCODE_NUMBER_BYTES_MAX  9   /* Longest code of a number. */
#define KEYCODE_NAME_LITERAL_MAX  479 /* Longest name that stands for itself. */
#define KEYCODE_NAME_BYTES_MAX    480 /* Length of every longer name's code: prefix and hash. */
#define KEYCODE_NAME_PREFIX_BYTES 464
#define KEYCODE_DUE_BYTES         8

/* A coded key being put together, on the stack. */
struct keycode {
    size_t len;
    char bytes[TABLE_KEY_BYTES_MAX + 1];
};

static inline void keycode_start(struct keycode *code)
{
    code->len = 0;
}

/* The code, borrowed while `code` lives unchanged. */
static inline struct slice keycode_slice(const struct keycode *code)
{
    return slice_make(code->bytes, code->len);
}

/* Parts. */

/* Write the code of `number` to `to` and return its length: 1 byte up to 240, 2 up to 2287, 3 up to 67823, then one
 * more than its bytes. Sorts as the number does. Also the form of lengths and counts in values. */
size_t keycode_put_number(char to[KEYCODE_NUMBER_BYTES_MAX], uint64_t number);
/* Take a number from the front of `bytes` and advance it. False, and nothing moved, if it is cut short. */
bool keycode_take_number_slow(struct slice *bytes, uint64_t *number);

static inline bool keycode_take_number(struct slice *bytes, uint64_t *number)
{
    if (bytes->len > 0 && (unsigned char)bytes->data[0] <= 240) {
        *number = (unsigned char)bytes->data[0];
        *bytes = slice_after(*bytes, 1);
        return true;
    }
    return keycode_take_number_slow(bytes, number);
}

/* A signed number in 8 bytes that sort as it does: list positions. */
uint64_t keycode_order_int64(int64_t value);
int64_t keycode_unorder_int64(uint64_t ordered);
/* A double (never NaN) in 8 bytes that sort as it does. -0.0 is coded as 0.0, to which it is equal. */
uint64_t keycode_order_double(double value);
double keycode_unorder_double(uint64_t ordered);

static inline void keycode_add_number(struct keycode *code, uint64_t number)
{
    if (number <= 240) {
        code->bytes[code->len++] = (char)number;
    } else {
        code->len += keycode_put_number(code->bytes + code->len, number);
    }
}

static inline void keycode_add_byte(struct keycode *code, uint8_t byte)
{
    code->bytes[code->len++] = (char)byte;
}

static inline void keycode_add_be64(struct keycode *code, uint64_t value)
{
    bytes_put_be64(code->bytes + code->len, value);
    code->len += 8;
}

/* Write prefix and hash of a name longer than KEYCODE_NAME_LITERAL_MAX to `to`. */
void keycode_put_long_name(char to[KEYCODE_NAME_BYTES_MAX], struct slice name, uint64_t seed);

/* `seed` is env_meta.key_hash_seed. */
static inline void keycode_add_name(struct keycode *code, struct slice name, uint64_t seed)
{
    if (__builtin_expect(name.len > KEYCODE_NAME_LITERAL_MAX, 0)) {
        keycode_put_long_name(code->bytes + code->len, name, seed);
        code->len += KEYCODE_NAME_BYTES_MAX;
    } else if (name.len > 0) {
        memcpy(code->bytes + code->len, name.data, name.len);
        code->len += name.len;
    }
}

/* Bytes that are coded already: a name out of another row, a prefix. They must fit. */
static inline void keycode_add_coded(struct keycode *code, struct slice coded)
{
    ASSERT(coded.len <= TABLE_KEY_BYTES_MAX - code->len);
    memcpy(code->bytes + code->len, coded.data, coded.len);
    code->len += coded.len;
}

/* Whether a coded name stands for a longer one, whose full bytes are in the row's value. */
static inline bool keycode_name_is_long(struct slice coded_name)
{
    return coded_name.len == KEYCODE_NAME_BYTES_MAX;
}

/* Whole keys. */

/* The begin of every row of a space (TABLE_KEYS) or of a generation (TABLE_FIELDS, TABLE_SCORES). */
static inline void keycode_prefix(struct keycode *code, uint64_t number)
{
    keycode_start(code);
    keycode_add_number(code, number);
}

/* TABLE_KEYS: space, key. */
static inline void keycode_key(struct keycode *code, uint64_t space, struct slice key, uint64_t seed)
{
    keycode_prefix(code, space);
    keycode_add_name(code, key, seed);
}

/* TABLE_EXPIRY: due time, then the key of TABLE_KEYS as it is coded there. */
static inline void keycode_expiry(struct keycode *code, uint64_t due_ms, struct slice coded_key)
{
    keycode_start(code);
    keycode_add_be64(code, due_ms);
    keycode_add_coded(code, coded_key);
}

/* TABLE_FIELDS: generation, name of a field or member. */
static inline void keycode_field(struct keycode *code, uint64_t generation, struct slice name, uint64_t seed)
{
    keycode_prefix(code, generation);
    keycode_add_name(code, name, seed);
}

/* TABLE_FIELDS: generation, number of a chunk of a string. */
static inline void keycode_chunk(struct keycode *code, uint64_t generation, uint32_t chunk)
{
    keycode_prefix(code, generation);
    bytes_put_be32(code->bytes + code->len, chunk);
    code->len += 4;
}

/* TABLE_FIELDS: generation, position in a list. */
static inline void keycode_position(struct keycode *code, uint64_t generation, int64_t position)
{
    keycode_prefix(code, generation);
    keycode_add_be64(code, keycode_order_int64(position));
}

/* TABLE_SCORES: generation, score, member of a sorted set. */
static inline void keycode_score(struct keycode *code, uint64_t generation, double score, struct slice member,
                                 uint64_t seed)
{
    keycode_prefix(code, generation);
    keycode_add_be64(code, keycode_order_double(score));
    keycode_add_name(code, member, seed);
}

/* TABLE_SCORES: generation, slot of a set's member: 0 to count - 1 without holes, for members at random. */
static inline void keycode_slot(struct keycode *code, uint64_t generation, uint64_t slot)
{
    keycode_prefix(code, generation);
    keycode_add_number(code, slot);
}

/* What a row of a stream is about; the rest of its key is in docs/formats/keyspace.md. */
enum keycode_stream_part {
    KEYCODE_STREAM_ITEM = 0,     /* id -> item. */
    KEYCODE_STREAM_GROUP = 1,    /* name -> group. */
    KEYCODE_STREAM_CONSUMER = 2, /* group number, name -> consumer. */
    KEYCODE_STREAM_PENDING = 3,  /* group number, id -> pending entry. */
    KEYCODE_STREAM_OWNED = 4,    /* group number, consumer number, id -> nothing. */
    KEYCODE_STREAM_NAME = 5,     /* group number, consumer number -> name. */
    KEYCODE_STREAM_NODE = 6,     /* id -> node. */
};

/* TABLE_FIELDS: generation, part; numbers and an id may follow. */
static inline void keycode_stream(struct keycode *code, uint64_t generation, enum keycode_stream_part part)
{
    keycode_prefix(code, generation);
    keycode_add_byte(code, (uint8_t)part);
}

static inline void keycode_add_stream_id(struct keycode *code, uint64_t ms, uint64_t sequence)
{
    keycode_add_be64(code, ms);
    keycode_add_be64(code, sequence);
}

enum keycode_orphan_kind {
    KEYCODE_ORPHAN_GENERATION = 1, /* Purge its rows in TABLE_FIELDS and TABLE_SCORES. */
    KEYCODE_ORPHAN_SPACE = 2,      /* Purge its rows in TABLE_KEYS, their generations and their rows in TABLE_EXPIRY. */
};

/* TABLE_ORPHANS: kind, number. */
static inline void keycode_orphan(struct keycode *code, enum keycode_orphan_kind kind, uint64_t number)
{
    keycode_start(code);
    keycode_add_byte(code, (uint8_t)kind);
    keycode_add_number(code, number);
}

/* Reading them back. Each is false, with the outputs undefined, if the bytes are no such key: damage. `*name` is the
 * coded name, borrowed from `coded`. */

/* A key of TABLE_KEYS into space and name, and the same for generation and name of TABLE_FIELDS. */
bool keycode_parse_key(struct slice coded, uint64_t *space, struct slice *name);
/* `*coded_key` is the key of TABLE_KEYS. */
bool keycode_parse_expiry(struct slice coded, uint64_t *due_ms, struct slice *coded_key);
bool keycode_parse_position(struct slice coded, uint64_t *generation, int64_t *position);
bool keycode_parse_score(struct slice coded, uint64_t *generation, double *score, struct slice *name);
bool keycode_parse_orphan(struct slice coded, enum keycode_orphan_kind *kind, uint64_t *number);

/* The full bytes of a name. A row whose name is long has them at the front of its value: length as a number, bytes.
 * Takes them off `value`, so that what remains is the value proper, or leaves it if the name stands for itself. False
 * if the value is cut short: damage. */
bool keycode_take_full_name(struct slice coded_name, struct slice *value, struct slice *full);

#endif
