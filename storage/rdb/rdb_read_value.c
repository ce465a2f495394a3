/* One function a shape: plain lists of strings, packed runs, and lists of packed runs; which type has which shape and
 * whom its elements are told to stands in one switch. */
#include "storage/rdb/rdb_read_value.h"

#include "base/number.h"
#include "storage/rdb/rdb_format.h"
#include "storage/rdb/rdb_packed.h"
#include <inttypes.h>

#define ELEMENT_OVERHEAD 8 /* So that what has no bytes counts, too. */

enum status rdb_value_begin(struct rdb_value *value)
{
    if (value->has_begun) {
        return STATUS_OK;
    }
    value->has_begun = true;
    return value->visitor->key_begin(value->visitor->context, value->key);
}

enum status rdb_value_add(struct rdb_value *value, uint64_t bytes)
{
    value->bytes += bytes + ELEMENT_OVERHEAD;
    return value->bytes <= value->input->value_bytes_max
               ? STATUS_OK
               : rdb_input_refuse(value->input, "a value that comes to more than %" PRIu64 " bytes",
                                  value->input->value_bytes_max);
}

/* Count an element and see to it that the key has begun. */
static enum status begin_element(struct rdb_value *value, uint64_t bytes)
{
    enum status status = rdb_value_add(value, bytes);

    return status == STATUS_OK ? rdb_value_begin(value) : status;
}

/* Tell of one element of a list or set, or of a pair. */
static enum status tell(struct rdb_value *value, struct slice element)
{
    const struct key_visitor *visitor = value->visitor;
    enum status status = begin_element(value, element.len);

    if (status != STATUS_OK) {
        return status;
    }
    return value->key->type == ENTRY_LIST ? visitor->list_item(visitor->context, element)
                                          : visitor->set_member(visitor->context, element);
}

static enum status tell_field(struct rdb_value *value, struct slice field, struct slice content)
{
    enum status status = begin_element(value, field.len + content.len);

    return status == STATUS_OK ? value->visitor->hash_field(value->visitor->context, field, content) : status;
}

static enum status tell_score(struct rdb_value *value, struct slice member, double score)
{
    enum status status = begin_element(value, member.len);

    return status == STATUS_OK ? value->visitor->zset_member(value->visitor->context, member, score) : status;
}

static enum status read_string(struct rdb_value *value)
{
    enum status status = rdb_input_string(value->input, &value->first);

    if (status == STATUS_OK) {
        status = rdb_value_begin(value);
    }
    return status == STATUS_OK ? value->visitor->string(value->visitor->context, buf_slice(&value->first)) : status;
}

/* Lists and sets as they are: count, strings. */
static enum status read_elements(struct rdb_value *value)
{
    uint64_t count;
    enum status status = rdb_input_length(value->input, &count);

    for (uint64_t i = 0; status == STATUS_OK && i < count; i++) {
        status = rdb_input_string(value->input, &value->first);
        if (status == STATUS_OK) {
            status = tell(value, buf_slice(&value->first));
        }
    }
    return status;
}

static enum status read_fields(struct rdb_value *value)
{
    uint64_t count;
    enum status status = rdb_input_length(value->input, &count);

    for (uint64_t i = 0; status == STATUS_OK && i < count; i++) {
        status = rdb_input_string(value->input, &value->first);
        if (status == STATUS_OK) {
            status = rdb_input_string(value->input, &value->second);
        }
        if (status == STATUS_OK) {
            status = tell_field(value, buf_slice(&value->first), buf_slice(&value->second));
        }
    }
    return status;
}

static enum status read_scores(struct rdb_value *value)
{
    uint64_t count;
    enum status status = rdb_input_length(value->input, &count);

    for (uint64_t i = 0; status == STATUS_OK && i < count; i++) {
        double score = 0;

        status = rdb_input_string(value->input, &value->first);
        if (status == STATUS_OK) {
            status = value->type == RDB_TYPE_ZSET ? rdb_input_text_double(value->input, &score)
                                                  : rdb_input_double(value->input, &score);
        }
        if (status == STATUS_OK) {
            status = tell_score(value, buf_slice(&value->first), score);
        }
    }
    return status;
}

/* Tell a pair of a packed hash or sorted set. */
static enum status tell_pair(struct rdb_value *value, const struct rdb_packed_item *first,
                             const struct rdb_packed_item *second)
{
    struct slice content = rdb_packed_item_bytes(second);
    double score;

    if (value->key->type == ENTRY_HASH) {
        return tell_field(value, rdb_packed_item_bytes(first), content);
    }
    if (second->is_integer) {
        score = (double)second->integer;
    } else if (!number_parse_double(content, &score)) {
        return rdb_input_refuse(value->input, "a score that is no number");
    }
    return tell_score(value, rdb_packed_item_bytes(first), score);
}

/* Tell of all items of the packed run in value->first; two at a time for hashes and sorted sets. */
static enum status tell_packed(struct rdb_value *value, enum rdb_packed_form form)
{
    bool is_paired = value->key->type == ENTRY_HASH || value->key->type == ENTRY_ZSET;
    enum rdb_packed_outcome outcome;
    struct rdb_packed packed;
    struct rdb_packed_item items[2];

    if (!rdb_packed_open(&packed, form, buf_slice(&value->first))) {
        return rdb_input_refuse(value->input, "a packed value with a damaged head");
    }
    while ((outcome = rdb_packed_next(&packed, &items[0])) == RDB_PACKED_ITEM) {
        enum status status;

        if (is_paired && rdb_packed_next(&packed, &items[1]) != RDB_PACKED_ITEM) {
            return rdb_input_refuse(value->input, "a packed value with half a pair");
        }
        status = is_paired ? tell_pair(value, &items[0], &items[1]) : tell(value, rdb_packed_item_bytes(&items[0]));
        if (status != STATUS_OK) {
            return status;
        }
    }
    return outcome == RDB_PACKED_END ? STATUS_OK : rdb_input_refuse(value->input, "a damaged packed value");
}

static enum status read_packed(struct rdb_value *value, enum rdb_packed_form form)
{
    enum status status = rdb_input_string(value->input, &value->first);

    return status == STATUS_OK ? tell_packed(value, form) : status;
}

/* Lists of packed runs; since Redis 7 each says whether it is one, or a long element by itself. */
static enum status read_quicklist(struct rdb_value *value)
{
    uint64_t count;
    enum status status = rdb_input_length(value->input, &count);

    for (uint64_t i = 0; status == STATUS_OK && i < count; i++) {
        uint64_t container = RDB_QUICKLIST_PACKED;

        if (value->type == RDB_TYPE_LIST_QUICKLIST_2) {
            status = rdb_input_length(value->input, &container);
        }
        if (status == STATUS_OK && container != RDB_QUICKLIST_PACKED && container != RDB_QUICKLIST_PLAIN) {
            status = rdb_input_refuse(value->input, "a list's node of unknown kind %" PRIu64, container);
        }
        if (status == STATUS_OK) {
            status = rdb_input_string(value->input, &value->first);
        }
        if (status == STATUS_OK) {
            status = container == RDB_QUICKLIST_PLAIN         ? tell(value, buf_slice(&value->first))
                     : value->type == RDB_TYPE_LIST_QUICKLIST ? tell_packed(value, RDB_ZIPLIST)
                                                              : tell_packed(value, RDB_LISTPACK);
        }
    }
    return status;
}

static enum status read_body(struct rdb_value *value)
{
    switch (value->type) {
    case RDB_TYPE_STRING:
        return read_string(value);
    case RDB_TYPE_LIST:
    case RDB_TYPE_SET:
        return read_elements(value);
    case RDB_TYPE_HASH:
        return read_fields(value);
    case RDB_TYPE_ZSET:
    case RDB_TYPE_ZSET_2:
        return read_scores(value);
    case RDB_TYPE_HASH_ZIPMAP:
        return read_packed(value, RDB_ZIPMAP);
    case RDB_TYPE_SET_INTSET:
        return read_packed(value, RDB_INTSET);
    case RDB_TYPE_LIST_ZIPLIST:
    case RDB_TYPE_ZSET_ZIPLIST:
    case RDB_TYPE_HASH_ZIPLIST:
        return read_packed(value, RDB_ZIPLIST);
    case RDB_TYPE_HASH_LISTPACK:
    case RDB_TYPE_ZSET_LISTPACK:
    case RDB_TYPE_SET_LISTPACK:
        return read_packed(value, RDB_LISTPACK);
    case RDB_TYPE_LIST_QUICKLIST:
    case RDB_TYPE_LIST_QUICKLIST_2:
        return read_quicklist(value);
    default:
        return rdb_read_stream(value);
    }
}

/* The type of ours that the file's type is. */
static bool find_type(unsigned type, enum entry_type *found)
{
    static const enum entry_type types[] = {
        [RDB_TYPE_STRING] = ENTRY_STRING,
        [RDB_TYPE_LIST] = ENTRY_LIST,
        [RDB_TYPE_SET] = ENTRY_SET,
        [RDB_TYPE_ZSET] = ENTRY_ZSET,
        [RDB_TYPE_HASH] = ENTRY_HASH,
        [RDB_TYPE_ZSET_2] = ENTRY_ZSET,
        [RDB_TYPE_MODULE] = ENTRY_TYPE_COUNT,
        [RDB_TYPE_MODULE_2] = ENTRY_TYPE_COUNT,
        [8] = ENTRY_TYPE_COUNT,
        [RDB_TYPE_HASH_ZIPMAP] = ENTRY_HASH,
        [RDB_TYPE_LIST_ZIPLIST] = ENTRY_LIST,
        [RDB_TYPE_SET_INTSET] = ENTRY_SET,
        [RDB_TYPE_ZSET_ZIPLIST] = ENTRY_ZSET,
        [RDB_TYPE_HASH_ZIPLIST] = ENTRY_HASH,
        [RDB_TYPE_LIST_QUICKLIST] = ENTRY_LIST,
        [RDB_TYPE_STREAM_LISTPACKS] = ENTRY_STREAM,
        [RDB_TYPE_HASH_LISTPACK] = ENTRY_HASH,
        [RDB_TYPE_ZSET_LISTPACK] = ENTRY_ZSET,
        [RDB_TYPE_LIST_QUICKLIST_2] = ENTRY_LIST,
        [RDB_TYPE_STREAM_LISTPACKS_2] = ENTRY_STREAM,
        [RDB_TYPE_SET_LISTPACK] = ENTRY_SET,
        [RDB_TYPE_STREAM_LISTPACKS_3] = ENTRY_STREAM,
    };

    if (type >= sizeof(types) / sizeof(types[0]) || types[type] == ENTRY_TYPE_COUNT) {
        return false;
    }
    *found = types[type];
    return true;
}

enum status rdb_read_value(struct rdb_input *input, unsigned type, struct key_visit *key,
                           const struct key_visitor *visitor)
{
    struct rdb_value value = {.input = input, .visitor = visitor, .key = key, .type = type};
    enum status status;

    if (!find_type(type, &key->type)) {
        (void)rdb_input_refuse(input,
                               type == RDB_TYPE_MODULE || type == RDB_TYPE_MODULE_2 ? "a module's value (type %u)"
                                                                                    : "a value of unknown type %u",
                               type);
        return STATUS_UNSUPPORTED;
    }
    buf_init(&value.first, BUF_NO_CEILING);
    buf_init(&value.second, BUF_NO_CEILING);
    status = read_body(&value);
    if (status == STATUS_OK && value.has_begun) {
        status = visitor->key_end(visitor->context);
    }
    buf_release(&value.first);
    buf_release(&value.second);
    return status;
}
