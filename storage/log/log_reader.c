#include "storage/log/log_reader.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "base/memory.h"

enum status log_reader_open(struct log_reader *reader, struct file_system *files, const char *path)
{
    struct file *file;
    enum status status = file_open(files, path, FILE_READ, &file);

    if (status != STATUS_OK) {
        return status;
    }
    *reader = (struct log_reader){.file = file, .window = memory_allocate(LOG_READER_WINDOW_BYTES)};
    return STATUS_OK;
}

void log_reader_close(struct log_reader *reader)
{
    file_close(reader->file);
    memory_free(reader->window);
    memset(reader, 0, sizeof(*reader));
}

void log_reader_forget(struct log_reader *reader)
{
    reader->position = 0;
    reader->len = 0;
}

enum status log_reader_view(struct log_reader *reader, uint64_t position, size_t len, struct slice *bytes)
{
    size_t held;

    ASSERT(len <= LOG_READER_WINDOW_BYTES);
    if (position < reader->position || position + len > reader->position + reader->len) {
        size_t wanted =
            reader->is_skipping && len <= LOG_READER_SKIP_BYTES ? LOG_READER_SKIP_BYTES : LOG_READER_WINDOW_BYTES;
        size_t read_len;
        enum status status = file_read(reader->file, position, reader->window, wanted, &read_len);

        if (status != STATUS_OK) {
            log_reader_forget(reader);
            return status;
        }
        reader->position = position;
        reader->len = read_len;
    }
    held = (size_t)(reader->position + reader->len - position);
    *bytes = slice_make(reader->window + (position - reader->position), held < len ? held : len);
    return STATUS_OK;
}

enum status log_reader_segment(struct log_reader *reader, struct log_segment_header *header)
{
    struct slice bytes;
    enum status status = log_reader_view(reader, 0, LOG_SEGMENT_HEADER_BYTES, &bytes);

    if (status != STATUS_OK) {
        return status;
    }
    return bytes.len < LOG_SEGMENT_HEADER_BYTES ? STATUS_CORRUPT : log_segment_decode(bytes.data, header);
}

static bool is_zero(struct slice bytes)
{
    return bytes.data[0] == 0 && memcmp(bytes.data, bytes.data + 1, bytes.len - 1) == 0;
}

enum status log_reader_header(struct log_reader *reader, uint64_t position, uint32_t seed,
                              struct log_record_header *header)
{
    struct slice bytes;
    enum status status = log_reader_view(reader, position, LOG_RECORD_HEADER_BYTES, &bytes);

    if (status != STATUS_OK) {
        return status;
    }
    if (bytes.len < LOG_RECORD_HEADER_BYTES || is_zero(bytes)) {
        return STATUS_END;
    }
    return log_record_decode(bytes.data, seed, header) ? STATUS_OK : STATUS_CORRUPT;
}

/* Call `visit` with the pieces of `len` bytes at `position`. STATUS_CORRUPT: the file ends before. */
static enum status walk(struct log_reader *reader, uint64_t position, uint64_t len,
                        void (*visit)(void *context, struct slice piece), void *context)
{
    while (len > 0) {
        size_t wanted = len < LOG_READER_WINDOW_BYTES ? (size_t)len : LOG_READER_WINDOW_BYTES;
        struct slice piece;
        enum status status = log_reader_view(reader, position, wanted, &piece);

        if (status != STATUS_OK) {
            return status;
        }
        if (piece.len == 0) {
            return STATUS_CORRUPT;
        }
        visit(context, piece);
        position += piece.len;
        len -= piece.len;
    }
    return STATUS_OK;
}

static void add_to_crc(void *context, struct slice piece)
{
    uint32_t *crc = context;

    *crc = checksum_crc32(*crc, piece);
}

static void add_to_hash(void *context, struct slice piece)
{
    uint64_t *hash = context;

    *hash = checksum_crc64(*hash, piece);
}

enum status log_reader_payload(struct log_reader *reader, uint64_t position, uint32_t seed,
                               const struct log_record_header *header)
{
    uint32_t crc = seed;
    enum status status;

    status = walk(reader, position + LOG_RECORD_HEADER_BYTES, header->payload_len, add_to_crc, &crc);
    if (status != STATUS_OK) {
        return status;
    }
    return crc == header->payload_crc ? STATUS_OK : STATUS_CORRUPT;
}

enum status log_reader_hash(struct log_reader *reader, uint64_t position, const struct log_record_header *header,
                            uint64_t len, uint64_t *hash)
{
    uint64_t running = header->hash;
    enum status status;

    ASSERT(len <= header->payload_len);
    status = walk(reader, position + LOG_RECORD_HEADER_BYTES, len, add_to_hash, &running);
    if (status == STATUS_OK) {
        *hash = running;
    }
    return status;
}
