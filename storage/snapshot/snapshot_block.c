#include "storage/snapshot/snapshot_block.h"

#include "base/assert.h"
#include "base/memory.h"
#include <zlib.h>

struct snapshot_deflater {
    z_stream stream;
    bool stores; /* Level 0: the stream is not used. */
};

struct snapshot_inflater {
    z_stream stream;
};

static bool hash_equal(struct checksum_hash128 a, struct checksum_hash128 b)
{
    return a.high == b.high && a.low == b.low;
}

struct snapshot_deflater *snapshot_deflater_create(int level)
{
    struct snapshot_deflater *deflater = memory_allocate_zeroed(sizeof(*deflater));
    int outcome;

    ASSERT(level >= 0 && level <= 9);
    deflater->stores = level == 0;
    if (!deflater->stores) {
        outcome = deflateInit(&deflater->stream, level);
        ASSERT(outcome == Z_OK); /* It fails for want of memory only. */
    }
    return deflater;
}

void snapshot_deflater_free(struct snapshot_deflater *deflater)
{
    if (deflater != NULL && !deflater->stores) {
        deflateEnd(&deflater->stream);
    }
    memory_free(deflater);
}

/* Compress into at most raw.len - 1 bytes; 0 when that is too little. */
static size_t deflate_shorter(z_stream *stream, struct slice raw, char *room)
{
    int outcome = deflateReset(stream);

    ASSERT(outcome == Z_OK);
    stream->next_in = (Bytef *)(uintptr_t)raw.data;
    stream->avail_in = (uInt)raw.len;
    stream->next_out = (Bytef *)room;
    stream->avail_out = (uInt)raw.len - 1;
    outcome = deflate(stream, Z_FINISH);
    return outcome == Z_STREAM_END ? (size_t)stream->total_out : 0;
}

void snapshot_block_make(struct snapshot_deflater *deflater, uint64_t number, struct slice raw, char *room,
                         struct snapshot_block_header *block, struct slice *stored)
{
    size_t deflated_len = deflater->stores ? 0 : deflate_shorter(&deflater->stream, raw, room);

    ASSERT(raw.len >= 1 && raw.len <= SNAPSHOT_BLOCK_BYTES);
    *stored = deflated_len == 0 ? raw : slice_make(room, deflated_len);
    block->raw_len = (uint32_t)raw.len;
    block->stored_len = (uint32_t)stored->len;
    block->number = number;
    block->raw_hash = checksum_hash128(raw, 0);
    block->stored_crc = checksum_crc32(0, *stored);
}

struct snapshot_inflater *snapshot_inflater_create(void)
{
    struct snapshot_inflater *inflater = memory_allocate_zeroed(sizeof(*inflater));
    int outcome = inflateInit(&inflater->stream);

    ASSERT(outcome == Z_OK);
    return inflater;
}

void snapshot_inflater_free(struct snapshot_inflater *inflater)
{
    if (inflater != NULL) {
        inflateEnd(&inflater->stream);
    }
    memory_free(inflater);
}

/* Whether `stored` is one whole zlib stream of exactly `raw_len` bytes and nothing after it. The room given to zlib is
 * no more than that, so a block that would grow beyond its word stops there. */
static bool inflate_exactly(z_stream *stream, struct slice stored, char *room, uint32_t raw_len)
{
    int outcome = inflateReset(stream);

    ASSERT(outcome == Z_OK);
    stream->next_in = (Bytef *)(uintptr_t)stored.data;
    stream->avail_in = (uInt)stored.len;
    stream->next_out = (Bytef *)room;
    stream->avail_out = raw_len;
    outcome = inflate(stream, Z_FINISH);
    return outcome == Z_STREAM_END && stream->avail_in == 0 && stream->total_out == raw_len;
}

enum status snapshot_block_open(struct snapshot_inflater *inflater, const struct snapshot_block_header *block,
                                struct slice stored, char *room, struct slice *raw, const char **reason)
{
    ASSERT(stored.len == block->stored_len && block->raw_len <= SNAPSHOT_BLOCK_BYTES);
    if (checksum_crc32(0, stored) != block->stored_crc) {
        *reason = "checksum mismatch";
        return STATUS_CORRUPT;
    }
    if (block->stored_len == block->raw_len) {
        *raw = stored;
    } else if (inflate_exactly(&inflater->stream, stored, room, block->raw_len)) {
        *raw = slice_make(room, block->raw_len);
    } else {
        *reason = "does not decompress to its length";
        return STATUS_CORRUPT;
    }
    if (!hash_equal(checksum_hash128(*raw, 0), block->raw_hash)) {
        *reason = "its raw bytes have another hash";
        return STATUS_CORRUPT;
    }
    return STATUS_OK;
}
