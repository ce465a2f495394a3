#include "storage/snapshot/snapshot_reader.h"

#include "base/memory.h"
#include "storage/snapshot/snapshot_block.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct snapshot_reader {
    struct snapshot_source source;
    struct snapshot_header header;
    struct snapshot_inflater *inflater;
    struct checksum_hash128 digest;
    uint64_t offset;      /* File bytes read. */
    uint64_t part_offset; /* Where the header, block or trailer in hand begins. */
    uint64_t block_count;
    uint64_t raw_bytes;
    bool saw_short_block; /* Only the last one may be. */
    char *stored;         /* SNAPSHOT_BLOCK_BYTES. */
    char *raw;            /* SNAPSHOT_BLOCK_BYTES. */
};

__attribute__((format(printf, 3, 4))) static enum status
refuse(const struct snapshot_reader *reader, struct snapshot_problem *problem, const char *format, ...)
{
    va_list arguments;

    problem->offset = reader->part_offset;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof(problem->text), format, arguments);
    va_end(arguments);
    return STATUS_CORRUPT;
}

static enum status refuse_block(const struct snapshot_reader *reader, struct snapshot_problem *problem,
                                const char *reason)
{
    return refuse(reader, problem, "block %" PRIu64 " at byte %" PRIu64 ": %s", reader->block_count,
                  reader->part_offset, reason);
}

/* Read all `len` bytes or say that the file ends too early, in the part called `what`. */
static enum status read_exactly(struct snapshot_reader *reader, char *to, size_t len, const char *what,
                                struct snapshot_problem *problem)
{
    size_t read_len = 0;
    enum status status = reader->source.read(reader->source.context, to, len, &read_len);

    reader->offset += read_len;
    if (status == STATUS_OK && read_len < len) {
        return refuse(reader, problem, "the file ends at byte %" PRIu64 ", inside %s", reader->offset, what);
    }
    return status;
}

enum status snapshot_reader_open(const struct snapshot_source *source, struct snapshot_reader **opened,
                                 struct snapshot_problem *problem)
{
    struct snapshot_reader *reader = memory_allocate_zeroed(sizeof(*reader));
    char bytes[SNAPSHOT_HEADER_BYTES];
    const char *reason;
    enum status status;

    reader->source = *source;
    status = read_exactly(reader, bytes, sizeof(bytes), "the header", problem);
    if (status != STATUS_OK) {
        goto fail_reader;
    }
    status = snapshot_header_decode(bytes, &reader->header, &reason);
    if (status != STATUS_OK) {
        (void)refuse(reader, problem, "%s", reason);
        goto fail_reader;
    }
    reader->digest = snapshot_digest_begin(bytes);
    reader->inflater = snapshot_inflater_create();
    reader->stored = memory_allocate(SNAPSHOT_BLOCK_BYTES);
    reader->raw = memory_allocate(SNAPSHOT_BLOCK_BYTES);
    *opened = reader;
    return STATUS_OK;

fail_reader:
    memory_free(reader);
    return status;
}

void snapshot_reader_close(struct snapshot_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    snapshot_inflater_free(reader->inflater);
    memory_free(reader->stored);
    memory_free(reader->raw);
    memory_free(reader);
}

const struct snapshot_header *snapshot_reader_header(const struct snapshot_reader *reader)
{
    return &reader->header;
}

static enum status check_trailer(struct snapshot_reader *reader, const char bytes[SNAPSHOT_TRAILER_BYTES],
                                 struct snapshot_problem *problem)
{
    struct snapshot_trailer trailer;
    const char *reason;

    if (snapshot_trailer_decode(bytes, &trailer, &reason) != STATUS_OK) {
        return refuse(reader, problem, "at byte %" PRIu64 ": %s", reader->part_offset, reason);
    }
    if (trailer.block_count != reader->block_count || trailer.raw_bytes != reader->raw_bytes) {
        return refuse(reader, problem,
                      "trailer: it speaks of %" PRIu64 " blocks and %" PRIu64 " bytes, the file has %" PRIu64
                      " and %" PRIu64,
                      trailer.block_count, trailer.raw_bytes, reader->block_count, reader->raw_bytes);
    }
    if (reader->header.raw_bytes != 0 && reader->header.raw_bytes != reader->raw_bytes) {
        return refuse(reader, problem, "trailer: %" PRIu64 " bytes, but the header says %" PRIu64, reader->raw_bytes,
                      reader->header.raw_bytes);
    }
    if (trailer.digest.high != reader->digest.high || trailer.digest.low != reader->digest.low) {
        return refuse(reader, problem, "trailer: the digest does not fit the blocks");
    }
    return STATUS_OK;
}

static enum status read_trailer(struct snapshot_reader *reader, const char first[SNAPSHOT_BLOCK_HEADER_BYTES],
                                struct snapshot_problem *problem)
{
    char bytes[SNAPSHOT_TRAILER_BYTES + 1];
    size_t extra_len = 0;
    enum status status;

    memcpy(bytes, first, SNAPSHOT_BLOCK_HEADER_BYTES);
    status = read_exactly(reader, bytes + SNAPSHOT_BLOCK_HEADER_BYTES,
                          SNAPSHOT_TRAILER_BYTES - SNAPSHOT_BLOCK_HEADER_BYTES, "the trailer", problem);
    if (status == STATUS_OK) {
        status = check_trailer(reader, bytes, problem);
    }
    if (status == STATUS_OK) {
        status = reader->source.read(reader->source.context, bytes, 1, &extra_len);
    }
    if (status == STATUS_OK && extra_len != 0) {
        reader->part_offset = reader->offset;
        return refuse(reader, problem, "at byte %" PRIu64 ": bytes after the trailer", reader->offset);
    }
    return status == STATUS_OK ? STATUS_END : status;
}

/* What the header of a block claims, against what came before it. */
static enum status check_sequence(struct snapshot_reader *reader, const struct snapshot_block_header *block,
                                  struct snapshot_problem *problem)
{
    if (block->number != reader->block_count) {
        return refuse(reader, problem, "block %" PRIu64 " at byte %" PRIu64 ": it is block %" PRIu64,
                      reader->block_count, reader->part_offset, block->number);
    }
    if (reader->saw_short_block) {
        return refuse_block(reader, problem, "it follows a short block");
    }
    if (reader->header.raw_bytes != 0 && block->raw_len > reader->header.raw_bytes - reader->raw_bytes) {
        return refuse_block(reader, problem, "more bytes than the header says");
    }
    reader->saw_short_block = block->raw_len < SNAPSHOT_BLOCK_BYTES;
    return STATUS_OK;
}

enum status snapshot_reader_next(struct snapshot_reader *reader, struct slice *raw, struct snapshot_problem *problem)
{
    char bytes[SNAPSHOT_BLOCK_HEADER_BYTES];
    struct snapshot_block_header block;
    const char *reason;
    char what[40];
    enum status status;

    reader->part_offset = reader->offset;
    snprintf(what, sizeof(what), "block %" PRIu64, reader->block_count);
    status = read_exactly(reader, bytes, sizeof(bytes), what, problem);
    if (status != STATUS_OK) {
        return status;
    }
    if (snapshot_is_trailer(bytes)) {
        return read_trailer(reader, bytes, problem);
    }
    if (snapshot_block_header_decode(bytes, &block, &reason) != STATUS_OK) {
        return refuse_block(reader, problem, reason);
    }
    status = check_sequence(reader, &block, problem);
    if (status == STATUS_OK) {
        status = read_exactly(reader, reader->stored, block.stored_len, what, problem);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = snapshot_block_open(reader->inflater, &block, slice_make(reader->stored, block.stored_len), reader->raw,
                                 raw, &reason);
    if (status != STATUS_OK) {
        return refuse_block(reader, problem, reason);
    }
    reader->digest = snapshot_digest_add(reader->digest, bytes);
    reader->block_count++;
    reader->raw_bytes += block.raw_len;
    return STATUS_OK;
}

uint64_t snapshot_reader_offset(const struct snapshot_reader *reader)
{
    return reader->offset;
}

uint64_t snapshot_reader_raw_bytes(const struct snapshot_reader *reader)
{
    return reader->raw_bytes;
}

void snapshot_reader_contents(const struct snapshot_reader *reader, struct snapshot_contents *contents)
{
    contents->header = reader->header;
    contents->raw_bytes = reader->raw_bytes;
    contents->file_bytes = reader->offset;
    snapshot_name(reader->digest, contents->name);
}
