#include "storage/log/log_writer.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "base/crash_point.h"
#include "base/memory.h"
#include "base/random.h"

uint64_t log_writer_left(const struct log_writer *writer)
{
    uint64_t used = writer->position + LOG_SEAL_BYTES;

    return writer->capacity > used ? writer->capacity - used : 0;
}

/* Give the spare `file` its header and then its name. A crash before the rename leaves a spare that is thrown away;
 * between rename and the folder's sync, the one or a segment without records; after it, that segment. */
static enum status install(struct log_writer *writer, struct file *file, struct log_segment_header *header)
{
    const char *directory = writer->chain->directory;
    char bytes[LOG_SEGMENT_HEADER_BYTES];
    struct slice piece;
    char *spare_path = file_join(directory, LOG_SPARE_NAME);
    char *path = log_segment_path(directory, header->start.offset);
    enum status status;

    log_segment_encode(header, bytes);
    piece = slice_make(bytes, sizeof(bytes));
    status = file_write(file, 0, &piece, 1);
    crash_point("log.roll.header.after");
    if (status == STATUS_OK) {
        status = file_sync(file); /* Before the name: a file with a segment's name has a whole header. */
    }
    crash_point("log.roll.rename.before");
    if (status == STATUS_OK) {
        status = file_rename(writer->chain->files, spare_path, path);
    }
    crash_point("log.roll.rename.after");
    if (status == STATUS_OK) {
        status = file_sync_directory(writer->chain->files, directory);
        status = status == STATUS_NO_SPACE ? STATUS_IO : status; /* It has its name, and who knows for how long. */
    }
    crash_point("log.roll.directory.after");
    memory_free(path);
    memory_free(spare_path);
    return status;
}

/* Make the spare the newest segment and go on in it. */
static enum status take_next(struct log_writer *writer, struct log_segment_header *header, uint64_t record_bytes)
{
    struct random random;
    struct file *file;
    uint64_t capacity;
    enum status status;

    status = log_keeper_take_spare(writer->keeper, log_writer_segment_bytes(record_bytes), record_bytes > 0, &file,
                                   &capacity);
    if (status != STATUS_OK) {
        return status;
    }
    random_init_from_system(&random);
    header->salt = random_next(&random);
    status = install(writer, file, header);
    log_keeper_make_next(writer->keeper);
    if (status != STATUS_OK) {
        file_close(file);
        return status;
    }
    file_close(writer->file);
    writer->file = file;
    writer->header = *header;
    writer->position = LOG_SEGMENT_HEADER_BYTES;
    writer->capacity = capacity;
    log_chain_add(writer->chain, header, capacity);
    writer->serial = log_chain_newest(writer->chain);
    return STATUS_OK;
}

enum status log_writer_create(struct log_writer *writer, const struct history *history, struct history_position origin)
{
    struct log_segment_header header = {.history = *history, .start = origin};
    enum status status = take_next(writer, &header, 0);

    if (status == STATUS_OK) {
        writer->end = origin;
    }
    return status;
}

enum status log_writer_roll(struct log_writer *writer, const struct history *history, uint64_t record_bytes,
                            uint64_t now_ms)
{
    struct log_segment_header header = {.history = *history, .start = writer->end, .wall_ms = now_ms};
    uint64_t old_start = writer->header.start.offset;
    uint64_t old_serial = writer->serial;
    uint64_t old_position = writer->position;
    enum status status = take_next(writer, &header, record_bytes);

    if (status == STATUS_OK && old_start != header.start.offset) {
        log_chain_set_file_bytes(writer->chain, old_serial, old_position);
        log_keeper_trim(writer->keeper, old_start, old_position);
    }
    return status;
}

enum status log_writer_write(struct log_writer *writer, struct slice payload, uint64_t synced, uint64_t wall_ms)
{
    uint32_t seed = writer->header.crc;
    struct log_record_header header = {
        .payload_len = (uint32_t)payload.len,
        .payload_crc = checksum_crc32(seed, payload),
        .offset = writer->end.offset,
        .synced = synced,
        .wall_ms = wall_ms,
        .hash = writer->end.hash,
    };
    char bytes[LOG_RECORD_HEADER_BYTES];
    struct slice pieces[2] = {{.data = bytes, .len = sizeof(bytes)}, payload};
    enum status status;

    ASSERT(payload.len <= UINT32_MAX);
    ASSERT(log_writer_record_bytes(payload.len) <= log_writer_left(writer));
    log_record_encode(&header, seed, bytes);
    crash_point("log.write.before");
    status = file_write(writer->file, writer->position, pieces, 2);
    crash_point("log.write.after");
    if (status == STATUS_OK) {
        log_chain_mark(writer->chain, writer->serial, header.offset, writer->position);
        writer->position += log_writer_record_bytes(payload.len);
    }
    return status;
}

void log_writer_advance(struct log_writer *writer, struct slice payload)
{
    writer->end.hash = checksum_crc64(writer->end.hash, payload);
    writer->end.offset += payload.len;
}

void log_writer_seal(struct log_writer *writer, uint64_t wall_ms)
{
    uint32_t seed = writer->header.crc;
    struct log_record_header header = {
        .payload_crc = seed,
        .offset = writer->end.offset,
        .synced = writer->end.offset,
        .wall_ms = wall_ms,
        .hash = writer->end.hash,
    };
    char bytes[LOG_RECORD_HEADER_BYTES];
    struct slice piece = {.data = bytes, .len = sizeof(bytes)};

    log_record_encode(&header, seed, bytes);
    if (writer->position + sizeof(bytes) <= writer->capacity &&
        file_write(writer->file, writer->position, &piece, 1) == STATUS_OK) {
        (void)!file_sync(writer->file);
    }
}
