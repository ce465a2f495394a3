/* A stream: nodes of items, its facts, groups with what they have pending.
 *
 * A node is a key (the id that its items count from) and a listpack: first the node's own entry (items alive, items
 * deleted, count of fields, the fields, 0), then the items. An item is flags, its id less the node's, its fields and
 * values (or values only, if its fields are the node's), and the count of what stands before. */
#include "storage/rdb/rdb_read_value.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "storage/rdb/rdb_format.h"
#include "storage/rdb/rdb_packed.h"
#include <inttypes.h>
#include <stdlib.h>

/* One entry of a group that was delivered and not acknowledged. */
struct pending {
    struct stream_id id;
    uint64_t delivered_ms;
    uint64_t delivery_count;
    bool is_owned; /* A consumer has named it. */
};

struct stream_reader {
    struct rdb_value *value;
    struct stream_id last_id; /* Of the items so far. */
    uint64_t item_count;
    /* Of the node in hand. */
    struct rdb_packed packed;
    struct stream_id master_id;
    struct rdb_packed_item *fields; /* field_count of them; owned. */
    size_t field_count;
    struct rdb_packed_item *items; /* Scratch for an item's words, word_room of them; owned. */
    struct slice *words;           /* The same as slices; owned. */
    size_t word_room;
    /* Of the group in hand. */
    struct pending *pending; /* Owned; sorted by id. */
    size_t pending_count;
};

static enum status refuse(struct stream_reader *reader, const char *text)
{
    return rdb_input_refuse(reader->value->input, "%s", text);
}

static struct stream_id parse_id(const char *bytes)
{
    return (struct stream_id){.ms = bytes_get_be64(bytes), .sequence = bytes_get_be64(bytes + 8)};
}

/* An id as two lengths. */
static enum status read_id(struct rdb_input *input, struct stream_id *id)
{
    enum status status = rdb_input_length(input, &id->ms);

    return status == STATUS_OK ? rdb_input_length(input, &id->sequence) : status;
}

static bool take_item(struct stream_reader *reader, struct rdb_packed_item *item)
{
    return rdb_packed_next(&reader->packed, item) == RDB_PACKED_ITEM;
}

static bool take_integer(struct stream_reader *reader, int64_t *integer)
{
    struct rdb_packed_item item;

    if (!take_item(reader, &item)) {
        return false;
    }
    /* Redis writes integers as such; as text they are just as good. */
    if (!item.is_integer) {
        return number_parse_int64(item.string, integer);
    }
    *integer = item.integer;
    return true;
}

/* A count of items that must still be in the listpack: never more than it has bytes. */
static bool take_count(struct stream_reader *reader, size_t *count)
{
    int64_t integer;

    if (!take_integer(reader, &integer) || integer < 0 || (uint64_t)integer > reader->packed.bytes.len) {
        return false;
    }
    *count = (size_t)integer;
    return true;
}

/* The node's own entry. */
static enum status read_master(struct stream_reader *reader, size_t *alive_count, size_t *deleted_count)
{
    size_t field_count;
    int64_t zero;

    if (!take_count(reader, alive_count) || !take_count(reader, deleted_count) || !take_count(reader, &field_count)) {
        return refuse(reader, "a stream's node with a damaged head");
    }
    memory_free(reader->fields);
    reader->field_count = 0;
    reader->fields = memory_try_allocate((field_count + 1) * sizeof(*reader->fields));
    if (reader->fields == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (; reader->field_count < field_count; reader->field_count++) {
        if (!take_item(reader, &reader->fields[reader->field_count])) {
            return refuse(reader, "a stream's node with fewer fields than it says");
        }
    }
    if (!take_integer(reader, &zero) || zero != 0) {
        return refuse(reader, "a stream's node whose head has no end");
    }
    return STATUS_OK;
}

static enum status make_room(struct stream_reader *reader, size_t count)
{
    struct rdb_packed_item *items;
    struct slice *words;

    if (count <= reader->word_room) {
        return STATUS_OK;
    }
    items = memory_try_resize(reader->items, count * sizeof(*items));
    if (items != NULL) {
        reader->items = items;
    }
    words = memory_try_resize(reader->words, count * sizeof(*words));
    if (words != NULL) {
        reader->words = words;
    }
    if (items == NULL || words == NULL) {
        return STATUS_NO_MEMORY;
    }
    reader->word_room = count;
    return STATUS_OK;
}

/* Read an item's fields and values into reader->words. */
static enum status read_words(struct stream_reader *reader, bool has_own_fields, size_t *field_count)
{
    enum status status;

    *field_count = reader->field_count;
    if (has_own_fields && !take_count(reader, field_count)) {
        return refuse(reader, "a stream's item with a damaged count of fields");
    }
    status = make_room(reader, 2 * *field_count);
    for (size_t i = 0; status == STATUS_OK && i < 2 * *field_count; i++) {
        bool is_field = i % 2 == 0;

        if ((has_own_fields || !is_field) && !take_item(reader, &reader->items[i])) {
            return refuse(reader, "a stream's item with fewer values than it says");
        }
        reader->words[i] =
            rdb_packed_item_bytes(has_own_fields || !is_field ? &reader->items[i] : &reader->fields[i / 2]);
    }
    return status;
}

static enum status tell_item(struct stream_reader *reader, struct stream_id id, size_t word_count)
{
    const struct key_visitor *visitor = reader->value->visitor;
    uint64_t bytes = 0;
    enum status status;

    /* The first item may be 0-1 at least; each must lie behind the one before. */
    if (stream_id_compare(id, reader->last_id) <= 0) {
        return refuse(reader, "a stream's items out of order");
    }
    for (size_t i = 0; i < word_count; i++) {
        bytes += reader->words[i].len;
    }
    status = rdb_value_add(reader->value, bytes);
    if (status != STATUS_OK) {
        return status;
    }
    reader->last_id = id;
    reader->item_count++;
    return visitor->stream_item(visitor->context, id, reader->words, word_count);
}

/* One item after its flags. */
static enum status read_item(struct stream_reader *reader, int64_t flags)
{
    bool has_own_fields = (flags & RDB_STREAM_ITEM_SAME_FIELDS) == 0;
    struct stream_id id = reader->master_id;
    int64_t ms_ahead;
    int64_t sequence_ahead;
    size_t field_count = 0;
    size_t stated_count;
    enum status status;

    if (!take_integer(reader, &ms_ahead) || !take_integer(reader, &sequence_ahead)) {
        return refuse(reader, "a stream's item with a damaged id");
    }
    id.ms += (uint64_t)ms_ahead;
    id.sequence += (uint64_t)sequence_ahead;
    status = read_words(reader, has_own_fields, &field_count);
    if (status != STATUS_OK) {
        return status;
    }
    if (!take_count(reader, &stated_count) ||
        stated_count != (has_own_fields ? 2 * field_count + 4 : field_count + 3)) {
        return refuse(reader, "a stream's item of another length than it says");
    }
    return flags & RDB_STREAM_ITEM_DELETED ? STATUS_OK : tell_item(reader, id, 2 * field_count);
}

static enum status read_items(struct stream_reader *reader)
{
    uint64_t before_count = reader->item_count;
    size_t alive_count;
    size_t deleted_count;
    size_t read_count = 0;
    enum status status = read_master(reader, &alive_count, &deleted_count);

    while (status == STATUS_OK && read_count < alive_count + deleted_count) {
        int64_t flags;

        if (!take_integer(reader, &flags)) {
            return refuse(reader, "a stream's node with fewer items than it says");
        }
        status = read_item(reader, flags);
        read_count++;
    }
    if (status == STATUS_OK) {
        struct rdb_packed_item item;

        if (rdb_packed_next(&reader->packed, &item) != RDB_PACKED_END ||
            reader->item_count - before_count != alive_count) {
            return refuse(reader, "a stream's node with another count of items than it says");
        }
    }
    return status;
}

static enum status read_node(struct stream_reader *reader)
{
    struct rdb_value *value = reader->value;
    enum status status = rdb_input_string(value->input, &value->first);

    if (status == STATUS_OK && value->first.len != STREAM_ID_BYTES) {
        return refuse(reader, "a stream's node without an id");
    }
    if (status == STATUS_OK) {
        reader->master_id = parse_id(buf_slice(&value->first).data);
        status = rdb_input_string(value->input, &value->first);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!rdb_packed_open(&reader->packed, RDB_LISTPACK, buf_slice(&value->first))) {
        return refuse(reader, "a stream's node with a damaged head");
    }
    return read_items(reader);
}

static enum status read_facts(struct stream_reader *reader)
{
    struct rdb_value *value = reader->value;
    struct key_visit_stream stream = {.has_counters = value->type != RDB_TYPE_STREAM_LISTPACKS};
    enum status status = rdb_input_length(value->input, &stream.item_count);

    if (status == STATUS_OK) {
        status = read_id(value->input, &stream.last_id);
    }
    if (status == STATUS_OK && stream.has_counters) {
        status = read_id(value->input, &stream.first_id);
        if (status == STATUS_OK) {
            status = read_id(value->input, &stream.greatest_deleted_id);
        }
        if (status == STATUS_OK) {
            status = rdb_input_length(value->input, &stream.added_count);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (stream.item_count != reader->item_count || stream_id_compare(stream.last_id, reader->last_id) < 0) {
        return refuse(reader, "a stream whose length or last id does not fit its items");
    }
    return value->visitor->stream_facts(value->visitor->context, &stream);
}

static int compare_pending(const void *a, const void *b)
{
    return stream_id_compare(((const struct pending *)a)->id, ((const struct pending *)b)->id);
}

static enum status read_raw_id(struct rdb_input *input, struct stream_id *id)
{
    char bytes[STREAM_ID_BYTES];
    enum status status = rdb_input_bytes(input, bytes, sizeof(bytes));

    if (status == STATUS_OK) {
        *id = parse_id(bytes);
    }
    return status;
}

static enum status read_one_pending(struct rdb_input *input, struct pending *pending)
{
    enum status status = read_raw_id(input, &pending->id);

    if (status == STATUS_OK) {
        status = rdb_input_le64(input, &pending->delivered_ms);
    }
    return status == STATUS_OK ? rdb_input_length(input, &pending->delivery_count) : status;
}

/* All that the group has pending, of whichever consumer; kept, since the consumers name only ids. The array grows as
 * entries come, whatever count is promised. */
static enum status read_group_pending(struct stream_reader *reader)
{
    struct rdb_input *input = reader->value->input;
    size_t room = 0;
    uint64_t count;
    enum status status = rdb_input_length(input, &count);

    reader->pending_count = 0;
    for (uint64_t i = 0; status == STATUS_OK && i < count; i++) {
        struct pending pending = {.is_owned = false};

        status = read_one_pending(input, &pending);
        if (status == STATUS_OK && reader->pending_count == room) {
            struct pending *grown;

            room = room == 0 ? 64 : 2 * room;
            grown = memory_try_resize(reader->pending, room * sizeof(*grown));
            if (grown == NULL) {
                return STATUS_NO_MEMORY;
            }
            reader->pending = grown;
        }
        if (status == STATUS_OK) {
            reader->pending[reader->pending_count++] = pending;
        }
    }
    if (status == STATUS_OK && reader->pending_count > 1) {
        qsort(reader->pending, reader->pending_count, sizeof(*reader->pending), compare_pending);
    }
    return status;
}

static enum status tell_owned(struct stream_reader *reader)
{
    const struct key_visitor *visitor = reader->value->visitor;
    struct pending wanted;
    struct pending *pending = NULL;
    enum status status = read_raw_id(reader->value->input, &wanted.id);

    if (status != STATUS_OK) {
        return status;
    }
    if (reader->pending_count > 0) {
        pending = bsearch(&wanted, reader->pending, reader->pending_count, sizeof(wanted), compare_pending);
    }
    if (pending == NULL || pending->is_owned) {
        return refuse(reader, "a consumer's pending entry that its group does not have, or another consumer has");
    }
    pending->is_owned = true;
    return visitor->stream_pending(visitor->context, pending->id, pending->delivered_ms, pending->delivery_count);
}

static enum status read_consumer(struct stream_reader *reader)
{
    struct rdb_value *value = reader->value;
    uint64_t seen_ms;
    uint64_t active_ms;
    uint64_t count;
    enum status status = rdb_input_string(value->input, &value->first);

    if (status == STATUS_OK) {
        status = rdb_value_add(value, value->first.len);
    }
    if (status == STATUS_OK) {
        status = rdb_input_le64(value->input, &seen_ms);
    }
    if (status == STATUS_OK) {
        active_ms = seen_ms;
        if (value->type == RDB_TYPE_STREAM_LISTPACKS_3) {
            status = rdb_input_le64(value->input, &active_ms);
        }
    }
    if (status == STATUS_OK) {
        status = value->visitor->stream_consumer(value->visitor->context, buf_slice(&value->first), seen_ms, active_ms);
    }
    if (status == STATUS_OK) {
        status = rdb_input_length(value->input, &count);
    }
    for (uint64_t i = 0; status == STATUS_OK && i < count; i++) {
        status = tell_owned(reader);
    }
    return status;
}

static enum status read_group(struct stream_reader *reader)
{
    struct rdb_value *value = reader->value;
    struct stream_id last_id;
    uint64_t read_count = UINT64_MAX; /* -1: not known. */
    uint64_t consumer_count;
    enum status status = rdb_input_string(value->input, &value->first);

    if (status == STATUS_OK) {
        status = rdb_value_add(value, value->first.len);
    }
    if (status == STATUS_OK) {
        status = read_id(value->input, &last_id);
    }
    if (status == STATUS_OK && value->type != RDB_TYPE_STREAM_LISTPACKS) {
        status = rdb_input_length(value->input, &read_count);
    }
    if (status == STATUS_OK) {
        status = value->visitor->stream_group(value->visitor->context, buf_slice(&value->first), last_id,
                                              (int64_t)read_count);
    }
    if (status == STATUS_OK) {
        status = read_group_pending(reader);
    }
    if (status == STATUS_OK) {
        status = rdb_input_length(value->input, &consumer_count);
    }
    for (uint64_t i = 0; status == STATUS_OK && i < consumer_count; i++) {
        status = read_consumer(reader);
    }
    for (size_t i = 0; status == STATUS_OK && i < reader->pending_count; i++) {
        if (!reader->pending[i].is_owned) {
            return refuse(reader, "a group's pending entry that no consumer has");
        }
    }
    return status;
}

static enum status read_all(struct stream_reader *reader)
{
    struct rdb_value *value = reader->value;
    uint64_t count;
    enum status status = rdb_input_length(value->input, &count);

    for (uint64_t i = 0; status == STATUS_OK && i < count; i++) {
        status = read_node(reader);
    }
    if (status == STATUS_OK) {
        status = read_facts(reader);
    }
    if (status == STATUS_OK) {
        status = rdb_input_length(value->input, &count);
    }
    for (uint64_t i = 0; status == STATUS_OK && i < count; i++) {
        status = read_group(reader);
    }
    return status;
}

enum status rdb_read_stream(struct rdb_value *value)
{
    struct stream_reader reader = {.value = value};
    enum status status = rdb_value_begin(value);

    if (status == STATUS_OK) {
        status = read_all(&reader);
    }
    memory_free(reader.fields);
    memory_free(reader.items);
    memory_free(reader.words);
    memory_free(reader.pending);
    return status;
}
