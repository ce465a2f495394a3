/* Redis' packed runs of items, as RDB files hold them for small collections: one reader for all four forms.
 *
 *     listpack   since 7.0: lists, hashes, sorted sets; streams since 5.0
 *     ziplist    before 7.0
 *     intset     small sets of integers
 *     zipmap     hashes before 2.6
 *
 * Trusts nothing: every length is checked against the bytes that are there, and what a form says twice must agree.
 * Pure; nothing is allocated. */
#ifndef STORAGE_RDB_RDB_PACKED_H
#define STORAGE_RDB_RDB_PACKED_H

#include "base/number.h"
#include "base/slice.h"

enum rdb_packed_form {
    RDB_LISTPACK,
    RDB_ZIPLIST,
    RDB_INTSET,
    RDB_ZIPMAP,
};

struct rdb_packed {
    enum rdb_packed_form form;
    struct slice bytes;    /* All of it; borrowed. */
    size_t position;       /* Of the next item. */
    size_t previous_len;   /* Ziplist: length of the item before. */
    uint32_t given_count;  /* Items given so far. */
    uint32_t stated_count; /* By the header; RDB_COUNT_UNKNOWN. */
    int64_t previous;      /* Intset: the item before. */
};

#define RDB_COUNT_UNKNOWN UINT32_MAX

struct rdb_packed_item {
    bool is_integer;
    int64_t integer;
    struct slice string;                /* When it is none; borrowed from the run. */
    char text[NUMBER_INTEGER_TEXT_MAX]; /* An integer's decimal form. */
    unsigned char text_len;
};

/* The item's bytes, whatever its form: borrowed from the run or from the item. */
static inline struct slice rdb_packed_item_bytes(const struct rdb_packed_item *item)
{
    return item->is_integer ? slice_make(item->text, item->text_len) : item->string;
}

enum rdb_packed_outcome {
    RDB_PACKED_ITEM,
    RDB_PACKED_END, /* No more, and the end is as it must be. */
    RDB_PACKED_DAMAGED,
};

/* Begin to read; false if the head is damaged. */
bool rdb_packed_open(struct rdb_packed *packed, enum rdb_packed_form form, struct slice bytes);
/* The next item. A zipmap's items are field, value, field, ... */
enum rdb_packed_outcome rdb_packed_next(struct rdb_packed *packed, struct rdb_packed_item *item);

#endif
