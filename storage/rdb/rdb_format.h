/* Numbers of the RDB format, as Redis writes it up to 7.2 (docs/formats/rdb.md says which of them we read and write).
 */
#ifndef STORAGE_RDB_RDB_FORMAT_H
#define STORAGE_RDB_RDB_FORMAT_H

#include <stddef.h>

#define RDB_MAGIC            "REDIS"
#define RDB_VERSION_WRITTEN  10 /* Redis 7.0 and later read it; in 9 the counters of streams have no place. */
#define RDB_VERSION_READ_MAX 11 /* Redis 7.2. */
#define RDB_VERSION_WITH_CRC 5  /* Earlier files have no checksum. */
#define RDB_STRING_BYTES_MAX (512u * 1024 * 1024)

/* What may stand where a key's type stands. */
enum rdb_opcode {
    RDB_OPCODE_FUNCTION2 = 245,
    RDB_OPCODE_FUNCTION = 246, /* Of a release candidate only. */
    RDB_OPCODE_MODULE_AUX = 247,
    RDB_OPCODE_IDLE = 248,
    RDB_OPCODE_FREQ = 249,
    RDB_OPCODE_AUX = 250,
    RDB_OPCODE_RESIZEDB = 251,
    RDB_OPCODE_EXPIRETIME_MS = 252,
    RDB_OPCODE_EXPIRETIME = 253,
    RDB_OPCODE_SELECTDB = 254,
    RDB_OPCODE_EOF = 255,
};

enum rdb_type {
    RDB_TYPE_STRING = 0,
    RDB_TYPE_LIST = 1,
    RDB_TYPE_SET = 2,
    RDB_TYPE_ZSET = 3, /* Scores as text. */
    RDB_TYPE_HASH = 4,
    RDB_TYPE_ZSET_2 = 5, /* Scores as IEEE bits. */
    RDB_TYPE_MODULE = 6,
    RDB_TYPE_MODULE_2 = 7,
    RDB_TYPE_HASH_ZIPMAP = 9,
    RDB_TYPE_LIST_ZIPLIST = 10,
    RDB_TYPE_SET_INTSET = 11,
    RDB_TYPE_ZSET_ZIPLIST = 12,
    RDB_TYPE_HASH_ZIPLIST = 13,
    RDB_TYPE_LIST_QUICKLIST = 14,
    RDB_TYPE_STREAM_LISTPACKS = 15,
    RDB_TYPE_HASH_LISTPACK = 16,
    RDB_TYPE_ZSET_LISTPACK = 17,
    RDB_TYPE_LIST_QUICKLIST_2 = 18,
    RDB_TYPE_STREAM_LISTPACKS_2 = 19,
    RDB_TYPE_SET_LISTPACK = 20,
    RDB_TYPE_STREAM_LISTPACKS_3 = 21,
};

/* The first byte of a length. */
enum rdb_length_form {
    RDB_LENGTH_6_BIT = 0,
    RDB_LENGTH_14_BIT = 1,
    RDB_LENGTH_32_BIT = 0x80,
    RDB_LENGTH_64_BIT = 0x81,
    RDB_LENGTH_SPECIAL = 3, /* A string in a special form, by the low six bits: */
};

enum rdb_string_form {
    RDB_STRING_INT8 = 0,
    RDB_STRING_INT16 = 1,
    RDB_STRING_INT32 = 2,
    RDB_STRING_LZF = 3,
};

/* Nodes of RDB_TYPE_LIST_QUICKLIST_2. */
#define RDB_QUICKLIST_PLAIN  1
#define RDB_QUICKLIST_PACKED 2

/* Flags of a stream's entry in its listpack. */
#define RDB_STREAM_ITEM_DELETED     1
#define RDB_STREAM_ITEM_SAME_FIELDS 2

/* Text scores of RDB_TYPE_ZSET: lengths that are no lengths. */
#define RDB_SCORE_NAN      253
#define RDB_SCORE_POSITIVE 254
#define RDB_SCORE_NEGATIVE 255

/* Bytes of the length that follows an item of `len` bytes in a listpack. The steps are not quite those of 7 bits a
 * byte: what is one too long for them takes a byte more, and a reader that disagrees loses its way. */
static inline unsigned rdb_listpack_back_width(size_t len)
{
    return len <= 127 ? 1 : len < 16383 ? 2 : len < 2097151 ? 3 : len < 268435455 ? 4 : 5;
}

#endif
