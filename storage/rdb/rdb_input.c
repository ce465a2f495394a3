#include "storage/rdb/rdb_input.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/memory.h"
#include "base/number.h"
#include "storage/rdb/rdb_format.h"
#include "storage/rdb/rdb_lzf.h"
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

void rdb_input_init(struct rdb_input *input, const struct rdb_source *source, uint64_t string_bytes_max,
                    struct rdb_problem *problem)
{
    *input = (struct rdb_input){
        .source = *source,
        .problem = problem,
        .string_bytes_max = string_bytes_max,
        .value_bytes_max = UINT64_MAX,
        .chunk = memory_allocate(RDB_INPUT_CHUNK_BYTES),
    };
    problem->offset = 0;
    problem->text[0] = '\0';
}

void rdb_input_release(struct rdb_input *input)
{
    memory_free(input->chunk);
}

uint64_t rdb_input_offset(const struct rdb_input *input)
{
    return input->chunk_offset + input->chunk_at;
}

uint64_t rdb_input_crc(struct rdb_input *input)
{
    struct slice taken = slice_make(input->chunk + input->crc_at, input->chunk_at - input->crc_at);

    input->crc = checksum_crc64(input->crc, taken);
    input->crc_at = input->chunk_at;
    return input->crc;
}

enum status rdb_input_refuse(struct rdb_input *input, const char *format, ...)
{
    struct rdb_problem *problem = input->problem;
    va_list arguments;
    int len;

    problem->offset = rdb_input_offset(input);
    len = snprintf(problem->text, sizeof(problem->text), "at byte %" PRIu64 ": ", problem->offset);
    va_start(arguments, format);
    vsnprintf(problem->text + len, sizeof(problem->text) - (size_t)len, format, arguments);
    va_end(arguments);
    return STATUS_CORRUPT;
}

/* Read the next chunk; all of the present one is taken. */
static enum status refill(struct rdb_input *input)
{
    enum status status;

    (void)rdb_input_crc(input);
    input->chunk_offset += input->chunk_len;
    input->chunk_at = 0;
    input->crc_at = 0;
    input->chunk_len = 0;
    status = input->source.read(input->source.context, input->chunk, RDB_INPUT_CHUNK_BYTES, &input->chunk_len);
    if (status == STATUS_OK && input->chunk_len == 0) {
        return rdb_input_refuse(input, "the file ends too early");
    }
    return status;
}

enum status rdb_input_bytes(struct rdb_input *input, char *to, size_t len)
{
    while (len > 0) {
        size_t rest = input->chunk_len - input->chunk_at;
        size_t part = rest < len ? rest : len;

        if (rest == 0) {
            enum status status = refill(input);

            if (status != STATUS_OK) {
                return status;
            }
            continue;
        }
        memcpy(to, input->chunk + input->chunk_at, part);
        input->chunk_at += part;
        to += part;
        len -= part;
    }
    return STATUS_OK;
}

enum status rdb_input_byte(struct rdb_input *input, unsigned *byte)
{
    unsigned char value;
    enum status status = rdb_input_bytes(input, (char *)&value, 1);

    if (status == STATUS_OK) {
        *byte = value;
    }
    return status;
}

enum status rdb_input_le64(struct rdb_input *input, uint64_t *value)
{
    char bytes[8];
    enum status status = rdb_input_bytes(input, bytes, sizeof(bytes));

    if (status == STATUS_OK) {
        *value = bytes_get_le64(bytes);
    }
    return status;
}

/* A length, or with `*is_special` the form of a special string. */
static enum status take_length(struct rdb_input *input, uint64_t *length, bool *is_special)
{
    char bytes[8];
    unsigned first;
    enum status status = rdb_input_byte(input, &first);

    if (status != STATUS_OK) {
        return status;
    }
    *is_special = first >> 6 == RDB_LENGTH_SPECIAL;
    if (*is_special || first >> 6 == RDB_LENGTH_6_BIT) {
        *length = first & 0x3f;
        return STATUS_OK;
    }
    if (first >> 6 == RDB_LENGTH_14_BIT) {
        status = rdb_input_bytes(input, bytes, 1);
        *length = (uint64_t)(first & 0x3f) << 8 | (unsigned char)bytes[0];
    } else if (first == RDB_LENGTH_32_BIT) {
        status = rdb_input_bytes(input, bytes, 4);
        *length = bytes_get_be32(bytes);
    } else if (first == RDB_LENGTH_64_BIT) {
        status = rdb_input_bytes(input, bytes, 8);
        *length = bytes_get_be64(bytes);
    } else {
        status = rdb_input_refuse(input, "a length of unknown form %u", first);
    }
    return status;
}

enum status rdb_input_length(struct rdb_input *input, uint64_t *length)
{
    uint64_t value = 0;
    bool is_special = false;
    enum status status = take_length(input, &value, &is_special);

    if (status == STATUS_OK && is_special) {
        return rdb_input_refuse(input, "a string where a length must be");
    }
    if (status == STATUS_OK) {
        *length = value;
    }
    return status;
}

static enum status check_string_length(struct rdb_input *input, uint64_t length)
{
    if (length > input->string_bytes_max) {
        (void)rdb_input_refuse(input, "a string of %" PRIu64 " bytes, where %" PRIu64 " are the limit", length,
                               input->string_bytes_max);
        return STATUS_TOO_BIG;
    }
    return STATUS_OK;
}

/* Append `length` bytes to `string`, making room only as they come. */
static enum status take_plain(struct rdb_input *input, uint64_t length, struct buf *string)
{
    enum status status = check_string_length(input, length);

    while (status == STATUS_OK && length > 0) {
        size_t rest = input->chunk_len - input->chunk_at;
        size_t part = rest < length ? rest : (size_t)length;

        if (rest == 0) {
            status = refill(input);
            continue;
        }
        status = buf_append(string, slice_make(input->chunk + input->chunk_at, part));
        if (status == STATUS_OK) {
            input->chunk_at += part;
            length -= part;
        }
    }
    return status;
}

static enum status take_integer(struct rdb_input *input, size_t width, struct buf *string)
{
    char text[NUMBER_INTEGER_TEXT_MAX];
    char bytes[4] = {0};
    int64_t value;
    enum status status = rdb_input_bytes(input, bytes, width);

    if (status != STATUS_OK) {
        return status;
    }
    value = width == 1   ? (int8_t)bytes[0]
            : width == 2 ? (int16_t)bytes_get_le16(bytes)
                         : (int32_t)bytes_get_le32(bytes);
    return buf_append(string, slice_make(text, number_format_int64(text, value)));
}

static enum status take_lzf(struct rdb_input *input, struct buf *string)
{
    struct buf packed;
    uint64_t packed_len = 0;
    uint64_t length = 0;
    char *room;
    enum status status = rdb_input_length(input, &packed_len);

    if (status == STATUS_OK) {
        status = rdb_input_length(input, &length);
    }
    if (status == STATUS_OK) {
        status = check_string_length(input, length);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (packed_len > length || length > packed_len * RDB_LZF_RATIO_MAX) {
        return rdb_input_refuse(input, "a compressed string that cannot have its length");
    }
    buf_init(&packed, BUF_NO_CEILING);
    status = take_plain(input, packed_len, &packed);
    if (status == STATUS_OK) {
        status = buf_reserve(string, (size_t)length, &room);
    }
    if (status == STATUS_OK) {
        if (rdb_lzf_expand(buf_slice(&packed), room, (size_t)length)) {
            buf_commit(string, (size_t)length);
        } else {
            status = rdb_input_refuse(input, "a damaged compressed string");
        }
    }
    buf_release(&packed);
    return status;
}

enum status rdb_input_string(struct rdb_input *input, struct buf *string)
{
    uint64_t length;
    bool is_special;
    enum status status = take_length(input, &length, &is_special);

    buf_clear(string);
    if (status != STATUS_OK) {
        return status;
    }
    if (!is_special) {
        return take_plain(input, length, string);
    }
    switch (length) {
    case RDB_STRING_INT8:
        return take_integer(input, 1, string);
    case RDB_STRING_INT16:
        return take_integer(input, 2, string);
    case RDB_STRING_INT32:
        return take_integer(input, 4, string);
    case RDB_STRING_LZF:
        return take_lzf(input, string);
    default:
        return rdb_input_refuse(input, "a string of unknown form %" PRIu64, length);
    }
}

enum status rdb_input_text_double(struct rdb_input *input, double *value)
{
    char text[256];
    unsigned len;
    enum status status = rdb_input_byte(input, &len);

    if (status != STATUS_OK) {
        return status;
    }
    if (len == RDB_SCORE_POSITIVE || len == RDB_SCORE_NEGATIVE) {
        *value = len == RDB_SCORE_POSITIVE ? INFINITY : -INFINITY;
        return STATUS_OK;
    }
    if (len == RDB_SCORE_NAN) {
        return rdb_input_refuse(input, "a score that is no number");
    }
    status = rdb_input_bytes(input, text, len);
    if (status == STATUS_OK && !number_parse_double(slice_make(text, len), value)) {
        return rdb_input_refuse(input, "a score that is no number");
    }
    return status;
}

enum status rdb_input_double(struct rdb_input *input, double *value)
{
    uint64_t bits;
    double number;
    enum status status = rdb_input_le64(input, &bits);

    if (status != STATUS_OK) {
        return status;
    }
    memcpy(&number, &bits, sizeof(number));
    if (isnan(number)) {
        return rdb_input_refuse(input, "a score that is no number");
    }
    *value = number;
    return STATUS_OK;
}
