/* image (LMDB's copy, its own thread) -> pipeline (compressing threads) -> sink, all led by the calling thread. */
#include "storage/snapshot/snapshot_write.h"

#include "base/assert.h"
#include "base/clock.h"
#include "storage/env/env.h"
#include "storage/snapshot/snapshot_image.h"
#include "storage/snapshot/snapshot_pipeline.h"

struct writer {
    const struct snapshot_sink *sink;
    const struct snapshot_write_options *options;
    struct snapshot_image *image;
    struct snapshot_pipeline *pipeline;
    struct checksum_hash128 digest;
    uint64_t raw_expected; /* By LMDB's word; 0 unknown. */
    uint64_t raw_read;
    uint64_t raw_written;
    uint64_t block_count;
    uint64_t file_bytes;
};

static enum status put(struct writer *writer, const struct slice *pieces, size_t count)
{
    enum status status = writer->sink->write(writer->sink->context, pieces, count);

    for (size_t i = 0; i < count; i++) {
        writer->file_bytes += pieces[i].len;
    }
    return status;
}

static enum status write_header(struct writer *writer, const struct snapshot_header *header)
{
    char bytes[SNAPSHOT_HEADER_BYTES];

    snapshot_header_encode(header, bytes);
    writer->digest = snapshot_digest_begin(bytes);
    return put(writer, (struct slice[]){slice_make(bytes, sizeof(bytes))}, 1);
}

/* Write the oldest block; `*written` is false if there is none. */
static enum status write_block(struct writer *writer, bool *written)
{
    char bytes[SNAPSHOT_BLOCK_HEADER_BYTES];
    struct snapshot_made_block made;
    enum status status;

    *written = snapshot_pipeline_take(writer->pipeline, &made);
    if (!*written) {
        return STATUS_OK;
    }
    ASSERT(made.header.number == writer->block_count);
    snapshot_block_header_encode(&made.header, bytes);
    writer->digest = snapshot_digest_add(writer->digest, bytes);
    status = put(writer, (struct slice[]){slice_make(bytes, sizeof(bytes)), made.stored}, 2);
    snapshot_pipeline_give_back(writer->pipeline);
    writer->block_count++;
    writer->raw_written += made.header.raw_len;
    if (status == STATUS_OK && writer->options->on_progress != NULL) {
        writer->options->on_progress(writer->options->context, writer->raw_written, writer->raw_expected);
    }
    return status;
}

static enum status write_trailer(struct writer *writer)
{
    char bytes[SNAPSHOT_TRAILER_BYTES];
    struct snapshot_trailer trailer = {
        .block_count = writer->block_count,
        .digest = writer->digest,
        .raw_bytes = writer->raw_written,
    };

    snapshot_trailer_encode(&trailer, bytes);
    return put(writer, (struct slice[]){slice_make(bytes, sizeof(bytes))}, 1);
}

static bool is_cancelled(const struct writer *writer)
{
    return writer->options->cancelled != NULL && atomic_load(writer->options->cancelled);
}

/* Move the whole image through the pipeline. */
static enum status write_blocks(struct writer *writer)
{
    enum status status;
    bool written;

    for (;;) {
        size_t len;
        char *room = snapshot_pipeline_room(writer->pipeline);

        if (is_cancelled(writer)) {
            return STATUS_CLOSED;
        }
        if (room == NULL) {
            status = write_block(writer, &written);
            if (status != STATUS_OK) {
                return status;
            }
            continue;
        }
        status = snapshot_image_read(writer->image, room, SNAPSHOT_BLOCK_BYTES, &len);
        if (status != STATUS_OK) {
            return status;
        }
        if (len == 0) {
            break;
        }
        snapshot_pipeline_put(writer->pipeline, len);
        writer->raw_read += len;
    }
    do {
        status = is_cancelled(writer) ? STATUS_CLOSED : write_block(writer, &written);
    } while (status == STATUS_OK && written);
    return status;
}

static void fill_header(const struct snapshot_image_facts *facts, int level, struct snapshot_header *header)
{
    *header = (struct snapshot_header){
        .version = SNAPSHOT_VERSION,
        .history = facts->history,
        .position = facts->position,
        .created_ms = clock_wall_ms(),
        .raw_bytes = facts->raw_bytes,
        .compression = level == 0 ? SNAPSHOT_STORED : SNAPSHOT_ZLIB,
        .env_version = ENV_FORMAT_VERSION,
        .page_bytes = facts->page_bytes,
    };
}

static enum status write_all(struct writer *writer, const struct snapshot_header *header)
{
    enum status status = write_header(writer, header);

    if (status == STATUS_OK) {
        status = write_blocks(writer);
    }
    if (status == STATUS_OK && writer->raw_read != writer->raw_expected) {
        status = STATUS_CORRUPT; /* LMDB wrote another count of pages than it had said. */
    }
    if (status == STATUS_OK) {
        status = write_trailer(writer);
    }
    return status;
}

enum status snapshot_write(struct env *env, const struct snapshot_sink *sink,
                           const struct snapshot_write_options *options, struct snapshot_summary *summary)
{
    struct snapshot_image_facts facts;
    struct snapshot_header header;
    struct writer writer = {.sink = sink, .options = options};
    enum status status;

    status = snapshot_image_open(env, options->cancelled, &writer.image, &facts);
    if (status != STATUS_OK) {
        return status;
    }
    fill_header(&facts, options->level, &header);
    writer.raw_expected = facts.raw_bytes;
    writer.pipeline = snapshot_pipeline_create(options->level, options->thread_count);
    status = write_all(&writer, &header);
    snapshot_pipeline_free(writer.pipeline);
    snapshot_image_close(writer.image);
    if (status == STATUS_OK) {
        summary->header = header;
        summary->raw_bytes = writer.raw_written;
        summary->file_bytes = writer.file_bytes;
        snapshot_name(writer.digest, summary->name);
    }
    return status;
}

struct file_sink {
    struct file *file;
    uint64_t offset;
};

static enum status write_to_file(void *context, const struct slice *pieces, size_t count)
{
    struct file_sink *sink = context;
    enum status status = file_write(sink->file, sink->offset, pieces, count);

    for (size_t i = 0; i < count; i++) {
        sink->offset += pieces[i].len;
    }
    return status;
}

enum status snapshot_write_file(struct env *env, struct file *file, const struct snapshot_write_options *options,
                                struct snapshot_summary *summary)
{
    struct file_sink context = {.file = file};
    struct snapshot_sink sink = {.write = write_to_file, .context = &context};
    struct snapshot_summary made;
    enum status status = snapshot_write(env, &sink, options, &made);

    if (status == STATUS_OK) {
        status = file_sync(file);
    }
    if (status == STATUS_OK) {
        *summary = made;
    }
    return status;
}
