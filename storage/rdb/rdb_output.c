#include "storage/rdb/rdb_output.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "base/number.h"
#include "storage/rdb/rdb_format.h"
#include "storage/rdb/rdb_lzf.h"

#define LISTPACK_HEAD_BYTES 6
#define LISTPACK_END_BYTE   ((char)255)

/* What Redis thinks worth its while, so that its strings and ours are the same bytes. */
#define INTEGER_TEXT_MAX     11 /* Longest text of an integer of 4 bytes. */
#define COMPRESSED_BYTES_MIN 20 /* Longer strings are tried. */
#define COMPRESSION_GAIN_MIN 4  /* Bytes that it must save. */

void rdb_put_length(struct buf *out, uint64_t length)
{
    char bytes[9];

    if (length < 1u << 6) {
        buf_put_byte(out, (char)length);
    } else if (length < 1u << 14) {
        bytes_put_be16(bytes, (uint16_t)(RDB_LENGTH_14_BIT << 14 | length));
        buf_put(out, slice_make(bytes, 2));
    } else if (length <= UINT32_MAX) {
        bytes[0] = (char)RDB_LENGTH_32_BIT;
        bytes_put_be32(bytes + 1, (uint32_t)length);
        buf_put(out, slice_make(bytes, 5));
    } else {
        bytes[0] = (char)RDB_LENGTH_64_BIT;
        bytes_put_be64(bytes + 1, length);
        buf_put(out, slice_make(bytes, 9));
    }
}

void rdb_put_string(struct buf *out, struct slice string)
{
    rdb_put_length(out, string.len);
    buf_put(out, string);
}

/* As an integer of 1, 2 or 4 bytes; false if `string` is no such number. */
static bool put_integer_string(struct buf *out, struct slice string)
{
    char bytes[5];
    int64_t value;

    if (string.len > INTEGER_TEXT_MAX || !number_parse_int64(string, &value)) {
        return false;
    }
    if (value >= INT8_MIN && value <= INT8_MAX) {
        bytes[0] = (char)(RDB_LENGTH_SPECIAL << 6 | RDB_STRING_INT8);
        bytes[1] = (char)value;
        buf_put(out, slice_make(bytes, 2));
    } else if (value >= INT16_MIN && value <= INT16_MAX) {
        bytes[0] = (char)(RDB_LENGTH_SPECIAL << 6 | RDB_STRING_INT16);
        bytes_put_le16(bytes + 1, (uint16_t)value);
        buf_put(out, slice_make(bytes, 3));
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
        bytes[0] = (char)(RDB_LENGTH_SPECIAL << 6 | RDB_STRING_INT32);
        bytes_put_le32(bytes + 1, (uint32_t)value);
        buf_put(out, slice_make(bytes, 5));
    } else {
        return false;
    }
    return true;
}

/* Compressed; false if that saves too little. */
static bool put_compressed_string(struct buf *out, struct rdb_lzf *lzf, struct slice string)
{
    char *room = memory_try_allocate(string.len);
    size_t len = room == NULL ? 0 : rdb_lzf_compress(lzf, string, room, string.len - COMPRESSION_GAIN_MIN);

    if (len != 0) {
        buf_put_byte(out, (char)(RDB_LENGTH_SPECIAL << 6 | RDB_STRING_LZF));
        rdb_put_length(out, len);
        rdb_put_length(out, string.len);
        buf_put(out, slice_make(room, len));
    }
    memory_free(room);
    return len != 0;
}

void rdb_put_short_string(struct buf *out, struct rdb_lzf *lzf, struct slice string)
{
    if (put_integer_string(out, string)) {
        return;
    }
    if (string.len <= COMPRESSED_BYTES_MIN || !put_compressed_string(out, lzf, string)) {
        rdb_put_string(out, string);
    }
}

void rdb_put_le64(struct buf *out, uint64_t value)
{
    char bytes[8];

    bytes_put_le64(bytes, value);
    buf_put(out, slice_make(bytes, sizeof(bytes)));
}

void rdb_put_be64(struct buf *out, uint64_t value)
{
    char bytes[8];

    bytes_put_be64(bytes, value);
    buf_put(out, slice_make(bytes, sizeof(bytes)));
}

void rdb_put_double(struct buf *out, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    rdb_put_le64(out, bits);
}

void rdb_listpack_init(struct rdb_listpack *listpack)
{
    buf_init(&listpack->bytes, BUF_NO_CEILING);
    listpack->count = 0;
}

void rdb_listpack_release(struct rdb_listpack *listpack)
{
    buf_release(&listpack->bytes);
}

void rdb_listpack_clear(struct rdb_listpack *listpack)
{
    buf_clear(&listpack->bytes);
    listpack->count = 0;
}

/* The item's length after it: 7 bits a byte, most significant first, the high bit on all but the first. */
static void put_back_length(struct rdb_listpack *listpack, size_t len)
{
    unsigned width = rdb_listpack_back_width(len);

    for (unsigned i = width; i-- > 0;) {
        buf_put_byte(&listpack->bytes, (char)((len >> 7 * i & 127) | (i == width - 1 ? 0 : 128)));
    }
    listpack->count++;
}

void rdb_listpack_put_integer(struct rdb_listpack *listpack, int64_t value)
{
    char bytes[9];
    size_t len = 9;

    if (value >= 0 && value < 128) {
        bytes[0] = (char)value;
        len = 1;
    } else if (value >= -(1 << 12) && value < 1 << 12) {
        bytes_put_be16(bytes, (uint16_t)(0xc000 | (value & 0x1fff)));
        len = 2;
    } else if (value >= INT16_MIN && value <= INT16_MAX) {
        bytes[0] = (char)0xf1;
        bytes_put_le16(bytes + 1, (uint16_t)value);
        len = 3;
    } else if (value >= -(1 << 23) && value < 1 << 23) {
        bytes_put_le32(bytes, (uint32_t)value << 8 | 0xf2);
        len = 4;
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
        bytes[0] = (char)0xf3;
        bytes_put_le32(bytes + 1, (uint32_t)value);
        len = 5;
    } else {
        bytes[0] = (char)0xf4;
        bytes_put_le64(bytes + 1, (uint64_t)value);
    }
    buf_put(&listpack->bytes, slice_make(bytes, len));
    put_back_length(listpack, len);
}

void rdb_listpack_put_string(struct rdb_listpack *listpack, struct slice string)
{
    char head[5];
    size_t head_len = 5;
    int64_t integer;

    if (string.len < NUMBER_INTEGER_TEXT_MAX && number_parse_int64(string, &integer)) {
        rdb_listpack_put_integer(listpack, integer);
        return;
    }
    if (string.len < 1u << 6) {
        head[0] = (char)(0x80 | string.len);
        head_len = 1;
    } else if (string.len < 1u << 12) {
        bytes_put_be16(head, (uint16_t)(0xe000 | string.len));
        head_len = 2;
    } else {
        head[0] = (char)0xf0;
        bytes_put_le32(head + 1, (uint32_t)string.len);
    }
    buf_put(&listpack->bytes, slice_make(head, head_len));
    buf_put(&listpack->bytes, string);
    put_back_length(listpack, head_len + string.len);
}

void rdb_listpack_put_all(struct rdb_listpack *listpack, const struct rdb_listpack *other)
{
    buf_put(&listpack->bytes, buf_slice(&other->bytes));
    listpack->count += other->count;
}

size_t rdb_listpack_len(const struct rdb_listpack *listpack)
{
    return LISTPACK_HEAD_BYTES + listpack->bytes.len + 1;
}

/* The finished listpack. */
static void put_finished(struct buf *out, const struct rdb_listpack *listpack)
{
    char head[LISTPACK_HEAD_BYTES];

    bytes_put_le32(head, (uint32_t)rdb_listpack_len(listpack));
    bytes_put_le16(head + 4, listpack->count < UINT16_MAX ? (uint16_t)listpack->count : UINT16_MAX);
    buf_put(out, slice_make(head, sizeof(head)));
    buf_put(out, buf_slice(&listpack->bytes));
    buf_put_byte(out, LISTPACK_END_BYTE);
}

void rdb_put_listpack(struct buf *out, const struct rdb_listpack *listpack)
{
    rdb_put_length(out, rdb_listpack_len(listpack));
    put_finished(out, listpack);
}

void rdb_put_short_listpack(struct buf *out, struct rdb_lzf *lzf, const struct rdb_listpack *listpack)
{
    struct buf finished;

    buf_init(&finished, BUF_NO_CEILING);
    put_finished(&finished, listpack);
    rdb_put_short_string(out, lzf, buf_slice(&finished));
    buf_release(&finished);
}
