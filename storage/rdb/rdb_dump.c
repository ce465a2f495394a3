#include "storage/rdb/rdb_dump.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/number.h"
#include "storage/keyspace/key_tell.h"
#include "storage/rdb/rdb_format.h"
#include "storage/rdb/rdb_lzf.h"
#include "storage/rdb/rdb_output.h"
#include "storage/rdb/rdb_write.h"
#include "storage/value/zset_walk.h"
#include <math.h>
#include <stdlib.h>

/* Limits of a list's node, as list-max-listpack-size means them. */
#define NODE_ITEM_OVERHEAD 8    /* What an item is taken for beyond its own bytes. */
#define NODE_SAFE_BYTES    8192 /* Of a node whose limit is a count. */

#define INTEGER_SCORE_MAX 0x1p62 /* A sorted set's score beyond it is written as text, though it may be whole. */

struct dump {
    const struct rdb_dump_options *options;
    struct buf *out; /* Borrowed. */
    struct rdb_lzf lzf;
    struct rdb_listpack pack; /* A compact value, or a list's node under way. */
    struct buf nodes;         /* Finished nodes of a list. */
    uint64_t node_count;
    int64_t *integers; /* Owned: of a compact set. */
    size_t integer_count;
    enum entry_type type;
    bool is_compact;
};

static void put_type(struct dump *dump, enum rdb_type type)
{
    buf_put_byte(dump->out, (char)type);
}

static void put_string(struct dump *dump, struct slice string)
{
    rdb_put_short_string(dump->out, &dump->lzf, string);
}

static void begin_collection(struct dump *dump, const struct key_visit *key)
{
    static const enum rdb_type plain[ENTRY_TYPE_COUNT] = {[ENTRY_SET] = RDB_TYPE_SET, [ENTRY_HASH] = RDB_TYPE_HASH};
    static const enum rdb_type compact[ENTRY_TYPE_COUNT] = {
        [ENTRY_SET] = RDB_TYPE_SET_INTSET,
        [ENTRY_HASH] = RDB_TYPE_HASH_LISTPACK,
        [ENTRY_ZSET] = RDB_TYPE_ZSET_LISTPACK,
    };

    dump->is_compact = dump->options->is_compact;
    put_type(dump, dump->is_compact ? compact[key->type] : plain[key->type]);
    if (!dump->is_compact) {
        rdb_put_length(dump->out, key->count);
    } else if (key->type == ENTRY_SET) {
        dump->integers = memory_allocate(key->count * sizeof(int64_t));
    }
}

static enum status begin_key(void *context, const struct key_visit *key)
{
    struct dump *dump = context;

    dump->type = key->type;
    if (key->type == ENTRY_STRING) {
        put_type(dump, RDB_TYPE_STRING);
    } else if (key->type == ENTRY_LIST) {
        put_type(dump, RDB_TYPE_LIST_QUICKLIST_2);
    } else {
        begin_collection(dump, key);
    }
    return STATUS_OK;
}

static enum status add_string(void *context, struct slice value)
{
    put_string(context, value);
    return STATUS_OK;
}

/* Whether the node under way takes an item of `len` bytes, as Redis decides it. */
static bool node_has_room(const struct dump *dump, size_t len)
{
    static const size_t limits[] = {4096, 8192, 16384, 32768, 65536}; /* Of -1 to -5. */
    size_t bytes = rdb_listpack_len(&dump->pack) + len + NODE_ITEM_OVERHEAD;
    int64_t limit = dump->options->list_limit;

    if (limit < 0) {
        return bytes <= limits[limit < -5 ? 4 : -limit - 1];
    }
    return bytes <= NODE_SAFE_BYTES && dump->pack.count < limit;
}

static void end_node(struct dump *dump)
{
    rdb_put_length(&dump->nodes, RDB_QUICKLIST_PACKED);
    rdb_put_short_listpack(&dump->nodes, &dump->lzf, &dump->pack);
    rdb_listpack_clear(&dump->pack);
    dump->node_count++;
}

static enum status add_item(void *context, struct slice item)
{
    struct dump *dump = context;

    if (dump->pack.count > 0 && !node_has_room(dump, item.len)) {
        end_node(dump);
    }
    rdb_listpack_put_string(&dump->pack, item);
    return STATUS_OK;
}

static void end_list(struct dump *dump)
{
    end_node(dump);
    rdb_put_length(dump->out, dump->node_count);
    buf_put(dump->out, buf_slice(&dump->nodes));
}

static enum status add_member(void *context, struct slice member)
{
    struct dump *dump = context;

    if (dump->is_compact) {
        bool is_integer = number_parse_int64(member, &dump->integers[dump->integer_count]);

        ASSERT(is_integer); /* rdb_dump_options.is_compact */
        dump->integer_count++;
    } else {
        put_string(dump, member);
    }
    return STATUS_OK;
}

static int compare_integers(const void *a, const void *b)
{
    const int64_t *one = a;
    const int64_t *other = b;

    return (*one > *other) - (*one < *other);
}

/* Width of all in bytes, count, and the numbers in order, little endian. */
static void end_intset(struct dump *dump)
{
    const int64_t *integers = dump->integers;
    size_t last = dump->integer_count - 1;
    unsigned width;
    struct buf intset;
    char bytes[8];

    qsort(dump->integers, dump->integer_count, sizeof(int64_t), compare_integers);
    width = integers[0] < INT32_MIN || integers[last] > INT32_MAX   ? 8
            : integers[0] < INT16_MIN || integers[last] > INT16_MAX ? 4
                                                                    : 2;
    buf_init(&intset, BUF_NO_CEILING);
    bytes_put_le32(bytes, width);
    bytes_put_le32(bytes + 4, (uint32_t)dump->integer_count);
    buf_put(&intset, slice_make(bytes, 8));
    for (size_t i = 0; i <= last; i++) {
        bytes_put_le64(bytes, (uint64_t)integers[i]);
        buf_put(&intset, slice_make(bytes, width));
    }
    put_string(dump, buf_slice(&intset));
    buf_release(&intset);
}

static enum status add_field(void *context, struct slice field, struct slice value)
{
    struct dump *dump = context;

    if (dump->is_compact) {
        rdb_listpack_put_string(&dump->pack, field);
        rdb_listpack_put_string(&dump->pack, value);
    } else {
        put_string(dump, field);
        put_string(dump, value);
    }
    return STATUS_OK;
}

/* The score as an integer if it is one, -0 apart, which would lose its sign. */
static enum status add_scored(void *context, struct slice member, double score)
{
    struct dump *dump = context;
    char text[NUMBER_DOUBLE_TEXT_MAX];

    rdb_listpack_put_string(&dump->pack, member);
    if (fabs(score) <= INTEGER_SCORE_MAX && floor(score) == score && !(score == 0 && signbit(score))) {
        rdb_listpack_put_integer(&dump->pack, (int64_t)score);
    } else {
        rdb_listpack_put_string(&dump->pack, slice_make(text, number_format_double(text, score)));
    }
    return STATUS_OK;
}

/* A large sorted set, from the highest score to the lowest. */
static void put_large_zset(struct dump *dump, const struct collection *zset)
{
    struct zset_walk walk;
    struct slice member;
    double score;

    put_type(dump, RDB_TYPE_ZSET_2);
    rdb_put_length(dump->out, zset_count(zset));
    zset_walk_begin(&walk, zset, false);
    while (zset_walk_next(&walk, &member, &score)) {
        put_string(dump, member);
        rdb_put_double(dump->out, score);
    }
    zset_walk_end(&walk);
}

static enum status end_key(void *context)
{
    struct dump *dump = context;

    if (dump->type == ENTRY_LIST) {
        end_list(dump);
    } else if (dump->is_compact && dump->type == ENTRY_SET) {
        end_intset(dump);
    } else if (dump->is_compact) {
        rdb_put_short_listpack(dump->out, &dump->lzf, &dump->pack);
    }
    return STATUS_OK;
}

/* By the writer of files, which knows the form of streams. */
static enum status dump_stream(struct keyspace *keyspace, const struct rdb_dump_options *options, struct buf *out)
{
    struct rdb_writer writer;
    struct key_visitor visitor;
    enum status status;

    rdb_writer_init_value(&writer, RDB_VERSION_WRITTEN);
    visitor = rdb_writer_visitor(&writer);
    status = key_tell(keyspace, options->db, options->key, options->entry, &visitor);
    if (status == STATUS_OK) {
        buf_put(out, buf_slice(&writer.out));
    }
    rdb_writer_release(&writer);
    return status;
}

static void dump_large_zset(struct dump *dump, struct keyspace *keyspace)
{
    const struct rdb_dump_options *options = dump->options;
    struct collection zset;

    collection_look(keyspace, options->db, options->key, options->entry, &zset);
    put_large_zset(dump, &zset);
    collection_close(&zset);
}

static enum status dump_value(struct dump *dump, struct keyspace *keyspace)
{
    const struct rdb_dump_options *options = dump->options;
    const struct key_visitor visitor = {
        .context = dump,
        .key_begin = begin_key,
        .string = add_string,
        .list_item = add_item,
        .set_member = add_member,
        .hash_field = add_field,
        .zset_member = add_scored,
        .key_end = end_key,
    };

    if (options->entry->type == ENTRY_STREAM) {
        return dump_stream(keyspace, options, dump->out);
    }
    if (options->entry->type == ENTRY_ZSET && !options->is_compact) {
        dump_large_zset(dump, keyspace);
        return STATUS_OK;
    }
    return key_tell(keyspace, options->db, options->key, options->entry, &visitor);
}

enum status rdb_dump(struct keyspace *keyspace, const struct rdb_dump_options *options, struct buf *out)
{
    struct dump dump = {.options = options, .out = out};
    size_t begin = out->len;
    enum status status;

    rdb_lzf_init(&dump.lzf);
    rdb_listpack_init(&dump.pack);
    buf_init(&dump.nodes, BUF_NO_CEILING);
    status = dump_value(&dump, keyspace);
    buf_release(&dump.nodes);
    rdb_listpack_release(&dump.pack);
    rdb_lzf_release(&dump.lzf);
    memory_free(dump.integers);
    if (status == STATUS_OK) {
        rdb_put_value_footer(out, begin);
    } else {
        buf_truncate(out, begin);
    }
    return status;
}
