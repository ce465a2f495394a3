#include "storage/log/log_segment.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/memory.h"
#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>

static const char magic[8] = {'H', 'e', 'a', 'r', 't', 'h', 'L', 'g'};

/* Where the fields lie; what is between them and the crc at the end is zero. */
enum {
    AT_MAGIC = 0,
    AT_VERSION = 8,
    AT_HEADER_BYTES = 12,
    AT_HISTORY = 16,
    AT_PREVIOUS = 56,
    AT_PREVIOUS_END = 96,
    AT_START = 104,
    AT_HASH = 112,
    AT_SALT = 120,
    AT_WALL_MS = 128,
    AT_CRC = LOG_SEGMENT_HEADER_BYTES - 4,
};

#define NAME_DIGITS 20

void log_segment_encode(struct log_segment_header *header, char bytes[LOG_SEGMENT_HEADER_BYTES])
{
    memset(bytes, 0, LOG_SEGMENT_HEADER_BYTES);
    memcpy(bytes + AT_MAGIC, magic, sizeof(magic));
    bytes_put_le32(bytes + AT_VERSION, LOG_SEGMENT_VERSION);
    bytes_put_le32(bytes + AT_HEADER_BYTES, LOG_SEGMENT_HEADER_BYTES);
    memcpy(bytes + AT_HISTORY, header->history.id, HISTORY_ID_LEN);
    memcpy(bytes + AT_PREVIOUS, header->history.previous_id, HISTORY_ID_LEN);
    bytes_put_le64(bytes + AT_PREVIOUS_END, (uint64_t)header->history.previous_end);
    bytes_put_le64(bytes + AT_START, header->start.offset);
    bytes_put_le64(bytes + AT_HASH, header->start.hash);
    bytes_put_le64(bytes + AT_SALT, header->salt);
    bytes_put_le64(bytes + AT_WALL_MS, header->wall_ms);
    header->crc = checksum_crc32(0, slice_make(bytes, AT_CRC));
    bytes_put_le32(bytes + AT_CRC, header->crc);
}

static void copy_id(char id[HISTORY_ID_LEN + 1], const char *bytes)
{
    memcpy(id, bytes, HISTORY_ID_LEN);
    id[HISTORY_ID_LEN] = '\0';
}

enum status log_segment_decode(const char bytes[LOG_SEGMENT_HEADER_BYTES], struct log_segment_header *header)
{
    struct slice id = slice_make(bytes + AT_HISTORY, HISTORY_ID_LEN);
    struct slice previous = slice_make(bytes + AT_PREVIOUS, HISTORY_ID_LEN);

    if (memcmp(bytes + AT_MAGIC, magic, sizeof(magic)) != 0 ||
        checksum_crc32(0, slice_make(bytes, AT_CRC)) != bytes_get_le32(bytes + AT_CRC)) {
        return STATUS_CORRUPT;
    }
    /* After the crc, so that a flipped bit in the version is damage and not a later build's file. */
    if (bytes_get_le32(bytes + AT_VERSION) != LOG_SEGMENT_VERSION ||
        bytes_get_le32(bytes + AT_HEADER_BYTES) != LOG_SEGMENT_HEADER_BYTES) {
        return STATUS_UNSUPPORTED;
    }
    if (!history_id_is_valid(id) || !history_id_is_valid(previous)) {
        return STATUS_CORRUPT;
    }
    copy_id(header->history.id, id.data);
    copy_id(header->history.previous_id, previous.data);
    header->history.previous_end = (int64_t)bytes_get_le64(bytes + AT_PREVIOUS_END);
    header->start.offset = bytes_get_le64(bytes + AT_START);
    header->start.hash = bytes_get_le64(bytes + AT_HASH);
    header->salt = bytes_get_le64(bytes + AT_SALT);
    header->wall_ms = bytes_get_le64(bytes + AT_WALL_MS);
    header->crc = bytes_get_le32(bytes + AT_CRC);
    return STATUS_OK;
}

void log_segment_format_name(uint64_t start, char name[LOG_SEGMENT_NAME_BYTES])
{
    (void)snprintf(name, LOG_SEGMENT_NAME_BYTES, "%020" PRIu64 ".log", start);
}

bool log_segment_parse_name(const char *name, uint64_t *start)
{
    uint64_t value = 0;

    if (strlen(name) != LOG_SEGMENT_NAME_BYTES - 1 || strcmp(name + NAME_DIGITS, ".log") != 0) {
        return false;
    }
    for (size_t i = 0; i < NAME_DIGITS; i++) {
        uint64_t digit = (uint64_t)(unsigned char)name[i] - '0';

        if (digit > 9 || value > ((uint64_t)INT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *start = value;
    return true;
}

char *log_segment_path(const char *directory, uint64_t start)
{
    char name[LOG_SEGMENT_NAME_BYTES];

    log_segment_format_name(start, name);
    return file_join(directory, name);
}
