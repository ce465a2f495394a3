#include "storage/rdb/rdb_read.h"

#include "base/bytes.h"
#include "base/number.h"
#include "storage/rdb/rdb_format.h"
#include <inttypes.h>

struct file_reader {
    struct rdb_input input;
    const struct key_visitor *visitor;
    uint32_t version;
    uint64_t db;
    uint64_t expire_at_ms; /* Of the key to come. */
    struct buf name;       /* Scratch. */
    struct buf content;    /* Scratch. */
};

static enum status refuse_unsupported(struct file_reader *reader, const char *what)
{
    (void)rdb_input_refuse(&reader->input, "%s", what);
    return STATUS_UNSUPPORTED;
}

static enum status read_magic(struct file_reader *reader)
{
    char bytes[9];
    uint64_t version = 0;
    enum status status = rdb_input_bytes(&reader->input, bytes, sizeof(bytes));

    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 5; i < sizeof(bytes); i++) {
        if (bytes[i] < '0' || bytes[i] > '9') {
            return rdb_input_refuse(&reader->input, "this is no RDB file");
        }
        version = version * 10 + (uint64_t)(bytes[i] - '0');
    }
    if (memcmp(bytes, RDB_MAGIC, 5) != 0 || version == 0) {
        return rdb_input_refuse(&reader->input, "this is no RDB file");
    }
    if (version > RDB_VERSION_READ_MAX) {
        (void)rdb_input_refuse(&reader->input, "RDB version %" PRIu64 ", where %d is the latest known", version,
                               RDB_VERSION_READ_MAX);
        return STATUS_UNSUPPORTED;
    }
    reader->version = (uint32_t)version;
    return STATUS_OK;
}

static enum status read_aux(struct file_reader *reader)
{
    enum status status = rdb_input_string(&reader->input, &reader->name);

    if (status == STATUS_OK) {
        status = rdb_input_string(&reader->input, &reader->content);
    }
    if (status == STATUS_OK && reader->visitor->aux != NULL) {
        status = reader->visitor->aux(reader->visitor->context, buf_slice(&reader->name), buf_slice(&reader->content));
    }
    return status;
}

static enum status read_function(struct file_reader *reader)
{
    enum status status;

    if (reader->visitor->function == NULL) {
        return refuse_unsupported(reader, "a library of functions, which is not supported");
    }
    status = rdb_input_string(&reader->input, &reader->content);
    return status == STATUS_OK ? reader->visitor->function(reader->visitor->context, buf_slice(&reader->content))
                               : status;
}

static enum status read_expiry_ms(struct file_reader *reader)
{
    uint64_t due_ms = 0;
    enum status status = rdb_input_le64(&reader->input, &due_ms);

    if (status == STATUS_OK) {
        /* Long past (or before 1970, which no clock of ours says) is due, and 0 is our "never". */
        reader->expire_at_ms = due_ms == 0 || due_ms > INT64_MAX ? 1 : due_ms;
    }
    return status;
}

static enum status read_expiry_seconds(struct file_reader *reader)
{
    char bytes[4];
    enum status status = rdb_input_bytes(&reader->input, bytes, sizeof(bytes));

    if (status == STATUS_OK) {
        int32_t seconds = (int32_t)bytes_get_le32(bytes);

        reader->expire_at_ms = seconds <= 0 ? 1 : (uint64_t)seconds * 1000;
    }
    return status;
}

static enum status read_select(struct file_reader *reader)
{
    enum status status = rdb_input_length(&reader->input, &reader->db);

    if (status == STATUS_OK && reader->db > INT32_MAX) {
        return rdb_input_refuse(&reader->input, "database %" PRIu64, reader->db);
    }
    return status;
}

/* Hints that we have no use for: sizes of tables, idle time, frequency. */
static enum status skip_hint(struct file_reader *reader, unsigned opcode)
{
    uint64_t ignored;
    unsigned byte;
    enum status status;

    if (opcode == RDB_OPCODE_FREQ) {
        return rdb_input_byte(&reader->input, &byte);
    }
    status = rdb_input_length(&reader->input, &ignored);
    if (status == STATUS_OK && opcode == RDB_OPCODE_RESIZEDB) {
        status = rdb_input_length(&reader->input, &ignored);
    }
    return status;
}

static enum status read_key(struct file_reader *reader, unsigned type)
{
    struct key_visit key = {
        .db = (uint32_t)reader->db, .expire_at_ms = reader->expire_at_ms, .count = KEY_VISIT_COUNT_UNKNOWN};
    enum status status = rdb_input_string(&reader->input, &reader->name);

    if (status == STATUS_OK) {
        key.name = buf_slice(&reader->name);
        status = rdb_read_value(&reader->input, type, &key, reader->visitor);
    }
    reader->expire_at_ms = 0;
    return status;
}

static enum status read_part(struct file_reader *reader, unsigned opcode)
{
    switch (opcode) {
    case RDB_OPCODE_AUX:
        return read_aux(reader);
    case RDB_OPCODE_SELECTDB:
        return read_select(reader);
    case RDB_OPCODE_EXPIRETIME_MS:
        return read_expiry_ms(reader);
    case RDB_OPCODE_EXPIRETIME:
        return read_expiry_seconds(reader);
    case RDB_OPCODE_RESIZEDB:
    case RDB_OPCODE_IDLE:
    case RDB_OPCODE_FREQ:
        return skip_hint(reader, opcode);
    case RDB_OPCODE_FUNCTION2:
        return read_function(reader);
    case RDB_OPCODE_FUNCTION:
        return refuse_unsupported(reader, "functions in the form of a release candidate");
    case RDB_OPCODE_MODULE_AUX:
        return refuse_unsupported(reader, "a module's data");
    default:
        return read_key(reader, opcode);
    }
}

/* Eight bytes at the end; all zero when it was written without a checksum. */
static enum status check_crc(struct file_reader *reader)
{
    uint64_t computed = rdb_input_crc(&reader->input);
    uint64_t stated = 0;
    enum status status;

    if (reader->version < RDB_VERSION_WITH_CRC) {
        return STATUS_OK;
    }
    status = rdb_input_le64(&reader->input, &stated);
    if (status == STATUS_OK && stated != 0 && stated != computed) {
        return rdb_input_refuse(&reader->input, "the checksum does not fit");
    }
    return status;
}

static enum status read_file(struct file_reader *reader)
{
    enum status status = read_magic(reader);

    while (status == STATUS_OK) {
        unsigned opcode = 0;

        status = rdb_input_byte(&reader->input, &opcode);
        if (status == STATUS_OK && opcode == RDB_OPCODE_EOF) {
            return check_crc(reader);
        }
        if (status == STATUS_OK) {
            status = read_part(reader, opcode);
        }
    }
    return status;
}

enum status rdb_read(const struct rdb_source *source, const struct key_visitor *visitor, struct rdb_problem *problem)
{
    struct file_reader reader = {.visitor = visitor};
    enum status status;

    rdb_input_init(&reader.input, source, RDB_STRING_BYTES_MAX, problem);
    buf_init(&reader.name, BUF_NO_CEILING);
    buf_init(&reader.content, BUF_NO_CEILING);
    status = read_file(&reader);
    buf_release(&reader.name);
    buf_release(&reader.content);
    rdb_input_release(&reader.input);
    return status;
}
