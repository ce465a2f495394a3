#include "storage/snapshot/snapshot_format.h"

#include "base/bytes.h"
#include <stdio.h>

_Static_assert(SNAPSHOT_TRAILER_BYTES > SNAPSHOT_BLOCK_HEADER_BYTES, "a reader takes a block header's bytes first");

enum header_place {
    HEADER_VERSION = 8,
    HEADER_LENGTH = 12,
    HEADER_HISTORY = 16,
    HEADER_PREVIOUS = 56,
    HEADER_PREVIOUS_END = 96,
    HEADER_OFFSET = 104,
    HEADER_HASH = 112,
    HEADER_CREATED = 120,
    HEADER_RAW = 128,
    HEADER_COMPRESSION = 136,
    HEADER_BLOCK = 140,
    HEADER_ENV_VERSION = 144,
    HEADER_PAGE = 148,
    HEADER_ZERO = 152,
    HEADER_CRC = 188,
};

enum block_place {
    BLOCK_RAW = 0,
    BLOCK_STORED = 4,
    BLOCK_NUMBER = 8,
    BLOCK_HASH = 16,
    BLOCK_STORED_CRC = 32,
    BLOCK_CRC = 36,
};

enum trailer_place {
    TRAILER_COUNT = 8,
    TRAILER_DIGEST = 16,
    TRAILER_RAW = 32,
    TRAILER_ZERO = 40,
    TRAILER_CRC = 44,
};

static void put_crc(char *bytes, size_t at)
{
    bytes_put_le32(bytes + at, checksum_crc32(0, slice_make(bytes, at)));
}

static bool crc_fits(const char *bytes, size_t at)
{
    return bytes_get_le32(bytes + at) == checksum_crc32(0, slice_make(bytes, at));
}

static bool is_zero(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void put_hash(char *to, struct checksum_hash128 hash)
{
    bytes_put_le64(to, hash.low);
    bytes_put_le64(to + 8, hash.high);
}

static struct checksum_hash128 get_hash(const char *from)
{
    return (struct checksum_hash128){.low = bytes_get_le64(from), .high = bytes_get_le64(from + 8)};
}

void snapshot_header_encode(const struct snapshot_header *header, char bytes[SNAPSHOT_HEADER_BYTES])
{
    memset(bytes, 0, SNAPSHOT_HEADER_BYTES);
    memcpy(bytes, SNAPSHOT_MAGIC, 8);
    bytes_put_le32(bytes + HEADER_VERSION, header->version);
    bytes_put_le32(bytes + HEADER_LENGTH, SNAPSHOT_HEADER_BYTES);
    memcpy(bytes + HEADER_HISTORY, header->history.id, HISTORY_ID_LEN);
    memcpy(bytes + HEADER_PREVIOUS, header->history.previous_id, HISTORY_ID_LEN);
    bytes_put_le64(bytes + HEADER_PREVIOUS_END, (uint64_t)header->history.previous_end);
    bytes_put_le64(bytes + HEADER_OFFSET, header->position.offset);
    bytes_put_le64(bytes + HEADER_HASH, header->position.hash);
    bytes_put_le64(bytes + HEADER_CREATED, header->created_ms);
    bytes_put_le64(bytes + HEADER_RAW, header->raw_bytes);
    bytes_put_le32(bytes + HEADER_COMPRESSION, (uint32_t)header->compression);
    bytes_put_le32(bytes + HEADER_BLOCK, SNAPSHOT_BLOCK_BYTES);
    bytes_put_le32(bytes + HEADER_ENV_VERSION, header->env_version);
    bytes_put_le32(bytes + HEADER_PAGE, header->page_bytes);
    put_crc(bytes, HEADER_CRC);
}

static void get_history(const char *bytes, struct history *history)
{
    memcpy(history->id, bytes + HEADER_HISTORY, HISTORY_ID_LEN);
    history->id[HISTORY_ID_LEN] = '\0';
    memcpy(history->previous_id, bytes + HEADER_PREVIOUS, HISTORY_ID_LEN);
    history->previous_id[HISTORY_ID_LEN] = '\0';
    history->previous_end = (int64_t)bytes_get_le64(bytes + HEADER_PREVIOUS_END);
}

static enum status check_header_form(const char *bytes, const char **reason)
{
    if (memcmp(bytes, SNAPSHOT_MAGIC, 8) != 0) {
        *reason = "this is not a snapshot (no HEARTHSN at its start)";
        return STATUS_CORRUPT;
    }
    /* A later version may move its checksum, so that the version is looked at first. */
    if (bytes_get_le32(bytes + HEADER_VERSION) != SNAPSHOT_VERSION) {
        *reason = "unknown format version";
        return STATUS_UNSUPPORTED;
    }
    if (!crc_fits(bytes, HEADER_CRC)) {
        *reason = "header: checksum mismatch";
        return STATUS_CORRUPT;
    }
    if (bytes_get_le32(bytes + HEADER_LENGTH) != SNAPSHOT_HEADER_BYTES ||
        bytes_get_le32(bytes + HEADER_BLOCK) != SNAPSHOT_BLOCK_BYTES ||
        bytes_get_le32(bytes + HEADER_COMPRESSION) > SNAPSHOT_ZLIB ||
        !is_zero(bytes + HEADER_ZERO, HEADER_CRC - HEADER_ZERO)) {
        *reason = "header: a field has a value that this version does not know";
        return STATUS_CORRUPT;
    }
    if (!history_id_is_valid(slice_make(bytes + HEADER_HISTORY, HISTORY_ID_LEN)) ||
        !history_id_is_valid(slice_make(bytes + HEADER_PREVIOUS, HISTORY_ID_LEN))) {
        *reason = "header: a history id is not 40 hex digits";
        return STATUS_CORRUPT;
    }
    return STATUS_OK;
}

enum status snapshot_header_decode(const char bytes[SNAPSHOT_HEADER_BYTES], struct snapshot_header *header,
                                   const char **reason)
{
    enum status status = check_header_form(bytes, reason);

    if (status != STATUS_OK) {
        return status;
    }
    header->version = bytes_get_le32(bytes + HEADER_VERSION);
    get_history(bytes, &header->history);
    header->position.offset = bytes_get_le64(bytes + HEADER_OFFSET);
    header->position.hash = bytes_get_le64(bytes + HEADER_HASH);
    header->created_ms = bytes_get_le64(bytes + HEADER_CREATED);
    header->raw_bytes = bytes_get_le64(bytes + HEADER_RAW);
    header->compression = (enum snapshot_compression)bytes_get_le32(bytes + HEADER_COMPRESSION);
    header->env_version = bytes_get_le32(bytes + HEADER_ENV_VERSION);
    header->page_bytes = bytes_get_le32(bytes + HEADER_PAGE);
    return STATUS_OK;
}

void snapshot_block_header_encode(const struct snapshot_block_header *block, char bytes[SNAPSHOT_BLOCK_HEADER_BYTES])
{
    bytes_put_le32(bytes + BLOCK_RAW, block->raw_len);
    bytes_put_le32(bytes + BLOCK_STORED, block->stored_len);
    bytes_put_le64(bytes + BLOCK_NUMBER, block->number);
    put_hash(bytes + BLOCK_HASH, block->raw_hash);
    bytes_put_le32(bytes + BLOCK_STORED_CRC, block->stored_crc);
    put_crc(bytes, BLOCK_CRC);
}

bool snapshot_is_trailer(const char bytes[SNAPSHOT_BLOCK_HEADER_BYTES])
{
    return is_zero(bytes, TRAILER_COUNT);
}

enum status snapshot_block_header_decode(const char bytes[SNAPSHOT_BLOCK_HEADER_BYTES],
                                         struct snapshot_block_header *block, const char **reason)
{
    if (!crc_fits(bytes, BLOCK_CRC)) {
        *reason = "header checksum mismatch";
        return STATUS_CORRUPT;
    }
    block->raw_len = bytes_get_le32(bytes + BLOCK_RAW);
    block->stored_len = bytes_get_le32(bytes + BLOCK_STORED);
    block->number = bytes_get_le64(bytes + BLOCK_NUMBER);
    block->raw_hash = get_hash(bytes + BLOCK_HASH);
    block->stored_crc = bytes_get_le32(bytes + BLOCK_STORED_CRC);
    if (block->raw_len == 0 || block->raw_len > SNAPSHOT_BLOCK_BYTES || block->stored_len == 0 ||
        block->stored_len > block->raw_len) {
        *reason = "impossible length";
        return STATUS_CORRUPT;
    }
    return STATUS_OK;
}

void snapshot_trailer_encode(const struct snapshot_trailer *trailer, char bytes[SNAPSHOT_TRAILER_BYTES])
{
    memset(bytes, 0, SNAPSHOT_TRAILER_BYTES);
    bytes_put_le64(bytes + TRAILER_COUNT, trailer->block_count);
    put_hash(bytes + TRAILER_DIGEST, trailer->digest);
    bytes_put_le64(bytes + TRAILER_RAW, trailer->raw_bytes);
    put_crc(bytes, TRAILER_CRC);
}

enum status snapshot_trailer_decode(const char bytes[SNAPSHOT_TRAILER_BYTES], struct snapshot_trailer *trailer,
                                    const char **reason)
{
    if (!crc_fits(bytes, TRAILER_CRC)) {
        *reason = "trailer: checksum mismatch";
        return STATUS_CORRUPT;
    }
    if (!is_zero(bytes, TRAILER_COUNT) || !is_zero(bytes + TRAILER_ZERO, TRAILER_CRC - TRAILER_ZERO)) {
        *reason = "trailer: a field has a value that this version does not know";
        return STATUS_CORRUPT;
    }
    trailer->block_count = bytes_get_le64(bytes + TRAILER_COUNT);
    trailer->digest = get_hash(bytes + TRAILER_DIGEST);
    trailer->raw_bytes = bytes_get_le64(bytes + TRAILER_RAW);
    return STATUS_OK;
}

struct checksum_hash128 snapshot_digest_begin(const char header[SNAPSHOT_HEADER_BYTES])
{
    char copy[HEADER_CRC];

    /* The raw length is bounded and compared by itself; without it the name does not depend on whether it was known. */
    memcpy(copy, header, sizeof(copy));
    bytes_put_le64(copy + HEADER_RAW, 0);
    return checksum_hash128(slice_make(copy, sizeof(copy)), 0);
}

struct checksum_hash128 snapshot_digest_add(struct checksum_hash128 digest,
                                            const char block_header[SNAPSHOT_BLOCK_HEADER_BYTES])
{
    char link[16 + SNAPSHOT_BLOCK_HEADER_BYTES];

    put_hash(link, digest);
    memcpy(link + 16, block_header, SNAPSHOT_BLOCK_HEADER_BYTES);
    return checksum_hash128(slice_make(link, sizeof(link)), 0);
}

void snapshot_name(struct checksum_hash128 digest, char name[SNAPSHOT_NAME_LEN + 1])
{
    unsigned char bytes[16];

    put_hash((char *)bytes, digest);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        snprintf(name + 2 * i, 3, "%02x", bytes[i]);
    }
}

bool snapshot_name_is_valid(struct slice name)
{
    if (name.len != SNAPSHOT_NAME_LEN) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        char digit = name.data[i];

        if (!((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'))) {
            return false;
        }
    }
    return true;
}
