#include "storage/rdb/rdb_write.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include <stdio.h>

#define FLUSH_BYTES  (64u * 1024)
#define FOOTER_BYTES 10 /* Version and checksum. */

void rdb_writer_init_file(struct rdb_writer *writer, const struct rdb_sink *sink, uint32_t version)
{
    ASSERT(version == 9 || version == 10);
    *writer = (struct rdb_writer){.sink = *sink, .version = version, .db = -1};
    buf_init(&writer->out, BUF_NO_CEILING);
    rdb_stream_writer_init(&writer->stream);
}

void rdb_writer_init_value(struct rdb_writer *writer, uint32_t version)
{
    const struct rdb_sink none = {.write = NULL};

    rdb_writer_init_file(writer, &none, version);
    writer->is_value = true;
}

void rdb_writer_release(struct rdb_writer *writer)
{
    buf_release(&writer->out);
    rdb_stream_writer_release(&writer->stream);
}

/* Give `out` and then `extra` to the sink. */
static enum status flush(struct rdb_writer *writer, struct slice extra)
{
    struct slice pieces[2] = {buf_slice(&writer->out), extra};
    enum status status = writer->sink.write(writer->sink.context, pieces, 2);

    writer->crc = checksum_crc64(checksum_crc64(writer->crc, pieces[0]), extra);
    writer->written_bytes += pieces[0].len + extra.len;
    buf_clear(&writer->out);
    return status;
}

enum status rdb_writer_flush_if_long(struct rdb_writer *writer)
{
    if (writer->sink.write == NULL || writer->out.len < FLUSH_BYTES) {
        return STATUS_OK;
    }
    return flush(writer, slice_empty());
}

/* A string of the key's; a long one goes to the sink without a copy. */
static enum status put_string(struct rdb_writer *writer, struct slice string)
{
    if (writer->sink.write != NULL && string.len >= FLUSH_BYTES) {
        rdb_put_length(&writer->out, string.len);
        return flush(writer, string);
    }
    rdb_put_string(&writer->out, string);
    return rdb_writer_flush_if_long(writer);
}

void rdb_write_header(struct rdb_writer *writer)
{
    buf_put_format(&writer->out, RDB_MAGIC "%04u", writer->version);
}

void rdb_write_aux(struct rdb_writer *writer, const char *name, struct slice value)
{
    buf_put_byte(&writer->out, (char)RDB_OPCODE_AUX);
    rdb_put_string(&writer->out, slice_of(name));
    rdb_put_string(&writer->out, value);
}

/* A library of functions; Redis before 7 has none. */
static enum status add_function(void *context, struct slice code)
{
    struct rdb_writer *writer = context;

    if (writer->version < 10) {
        return STATUS_OK;
    }
    buf_put_byte(&writer->out, (char)RDB_OPCODE_FUNCTION2);
    rdb_put_string(&writer->out, code);
    return rdb_writer_flush_if_long(writer);
}

static enum rdb_type type_of(const struct rdb_writer *writer, enum entry_type type)
{
    static const enum rdb_type types[ENTRY_TYPE_COUNT] = {
        [ENTRY_STRING] = RDB_TYPE_STRING, [ENTRY_LIST] = RDB_TYPE_LIST, [ENTRY_SET] = RDB_TYPE_SET,
        [ENTRY_ZSET] = RDB_TYPE_ZSET_2,   [ENTRY_HASH] = RDB_TYPE_HASH, [ENTRY_STREAM] = RDB_TYPE_STREAM_LISTPACKS,
    };

    return type == ENTRY_STREAM && writer->version >= 10 ? RDB_TYPE_STREAM_LISTPACKS_2 : types[type];
}

/* What stands before a key's type in a file. */
static void put_key_head(struct rdb_writer *writer, const struct key_visit *key)
{
    if (writer->db != key->db) {
        buf_put_byte(&writer->out, (char)RDB_OPCODE_SELECTDB);
        rdb_put_length(&writer->out, key->db);
        writer->db = key->db;
    }
    if (key->expire_at_ms != 0) {
        buf_put_byte(&writer->out, (char)RDB_OPCODE_EXPIRETIME_MS);
        rdb_put_le64(&writer->out, key->expire_at_ms);
    }
}

static enum status begin_key(void *context, const struct key_visit *key)
{
    struct rdb_writer *writer = context;
    enum status status = STATUS_OK;

    ASSERT(key->type == ENTRY_STRING || key->count != KEY_VISIT_COUNT_UNKNOWN);
    writer->type = key->type;
    writer->promised_count = key->type == ENTRY_STRING ? 1 : key->count;
    writer->told_count = 0;
    writer->key_count++;
    if (!writer->is_value) {
        put_key_head(writer, key);
    }
    buf_put_byte(&writer->out, (char)type_of(writer, key->type));
    if (!writer->is_value) {
        status = put_string(writer, key->name);
    }
    if (key->type == ENTRY_STREAM) {
        rdb_stream_writer_begin(&writer->stream);
    } else if (key->type != ENTRY_STRING) {
        rdb_put_length(&writer->out, key->count);
    }
    return status;
}

/* A string, an element of a list, a member of a set. */
static enum status put_element(void *context, struct slice element)
{
    struct rdb_writer *writer = context;

    writer->told_count++;
    return put_string(writer, element);
}

static enum status put_field(void *context, struct slice field, struct slice value)
{
    struct rdb_writer *writer = context;
    enum status status = put_element(writer, field);

    return status == STATUS_OK ? put_string(writer, value) : status;
}

static enum status put_score(void *context, struct slice member, double score)
{
    struct rdb_writer *writer = context;
    enum status status = put_element(writer, member);

    rdb_put_double(&writer->out, score);
    return status;
}

static enum status end_key(void *context)
{
    struct rdb_writer *writer = context;
    enum status status = STATUS_OK;

    if (writer->told_count != writer->promised_count) {
        return STATUS_CORRUPT;
    }
    if (writer->type == ENTRY_STREAM) {
        status = rdb_stream_writer_end(writer);
    }
    return status == STATUS_OK ? rdb_writer_flush_if_long(writer) : status;
}

struct key_visitor rdb_writer_visitor(struct rdb_writer *writer)
{
    struct key_visitor visitor = {
        .context = writer,
        .function = add_function,
        .key_begin = begin_key,
        .string = put_element,
        .list_item = put_element,
        .set_member = put_element,
        .hash_field = put_field,
        .zset_member = put_score,
        .key_end = end_key,
    };

    rdb_stream_writer_visit(&visitor);
    return visitor;
}

enum status rdb_write_end(struct rdb_writer *writer)
{
    enum status status;
    char crc[8];

    buf_put_byte(&writer->out, (char)RDB_OPCODE_EOF);
    status = flush(writer, slice_empty());
    if (status != STATUS_OK) {
        return status;
    }
    bytes_put_le64(crc, writer->crc);
    return flush(writer, slice_make(crc, sizeof(crc)));
}

void rdb_put_value_footer(struct buf *out, size_t begin)
{
    char footer[FOOTER_BYTES];

    bytes_put_le16(footer, RDB_VERSION_WRITTEN);
    buf_put(out, slice_make(footer, 2));
    bytes_put_le64(footer + 2, checksum_crc64(0, slice_after(buf_slice(out), begin)));
    buf_put(out, slice_make(footer + 2, 8));
}

enum status rdb_check_value_footer(struct slice payload, struct slice *body)
{
    size_t len = payload.len - FOOTER_BYTES;

    if (payload.len <= FOOTER_BYTES || bytes_get_le16(payload.data + len) > RDB_VERSION_READ_MAX ||
        bytes_get_le64(payload.data + len + 2) != checksum_crc64(0, slice_first(payload, len + 2))) {
        return STATUS_CORRUPT;
    }
    *body = slice_first(payload, len);
    return STATUS_OK;
}
