/* A snapshot of any bytes is read to its end or refused with a place, within bounded memory.
 *
 * With the first byte odd the checksums are put right first, as far as the file has a form: behind them is what reads
 * lengths and decompresses. */
#include "base/assert.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "fuzz.h"
#include "storage/snapshot/snapshot_reader.h"

static enum status read_memory(void *context, char *to, size_t len, size_t *read_len)
{
    struct slice *rest = context;

    *read_len = len < rest->len ? len : rest->len;
    memcpy(to, rest->data, *read_len);
    *rest = slice_after(*rest, *read_len);
    return STATUS_OK;
}

static void put_crc(char *bytes, size_t at)
{
    bytes_put_le32(bytes + at, checksum_crc32(0, slice_make(bytes, at)));
}

static void mend(char *bytes, size_t len)
{
    size_t at = SNAPSHOT_HEADER_BYTES;

    if (len < at) {
        return;
    }
    put_crc(bytes, SNAPSHOT_HEADER_BYTES - 4);
    while (len - at >= SNAPSHOT_BLOCK_HEADER_BYTES && !snapshot_is_trailer(bytes + at)) {
        size_t stored_len = bytes_get_le32(bytes + at + 4);
        size_t rest_len = len - at - SNAPSHOT_BLOCK_HEADER_BYTES;

        stored_len = stored_len < rest_len ? stored_len : rest_len;
        bytes_put_le32(bytes + at + 32,
                       checksum_crc32(0, slice_make(bytes + at + SNAPSHOT_BLOCK_HEADER_BYTES, stored_len)));
        put_crc(bytes + at, SNAPSHOT_BLOCK_HEADER_BYTES - 4);
        at += SNAPSHOT_BLOCK_HEADER_BYTES + stored_len;
    }
    if (len - at >= SNAPSHOT_TRAILER_BYTES) {
        put_crc(bytes + at, SNAPSHOT_TRAILER_BYTES - 4);
    }
}

static void read_all(struct slice bytes)
{
    size_t file_len = bytes.len;
    struct snapshot_source source = {.read = read_memory, .context = &bytes};
    struct snapshot_problem problem = {.offset = UINT64_MAX};
    struct snapshot_reader *reader;
    struct slice raw;
    uint64_t raw_bytes = 0;
    enum status status = snapshot_reader_open(&source, &reader, &problem);

    if (status != STATUS_OK) {
        ASSERT((status == STATUS_CORRUPT || status == STATUS_UNSUPPORTED) && problem.offset <= file_len);
        return;
    }
    while ((status = snapshot_reader_next(reader, &raw, &problem)) == STATUS_OK) {
        ASSERT(raw.len >= 1 && raw.len <= SNAPSHOT_BLOCK_BYTES);
        raw_bytes += raw.len;
        ASSERT(snapshot_reader_raw_bytes(reader) == raw_bytes && snapshot_reader_offset(reader) <= file_len);
    }
    ASSERT(status == STATUS_END || (status == STATUS_CORRUPT && problem.offset <= file_len && problem.text[0] != 0));
    snapshot_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *copy;

    if (len == 0) {
        return 0;
    }
    copy = memory_copy(data + 1, len - 1);
    if (data[0] % 2 == 1) {
        mend(copy, len - 1);
    }
    read_all(slice_make(copy, len - 1));
    memory_free(copy);
    return 0;
}
