#include "storage/snapshot/snapshot_read.h"

enum status snapshot_read_from_file(void *context, char *to, size_t len, size_t *read_len)
{
    struct snapshot_file_source *source = context;
    enum status status = file_read(source->file, source->offset, to, len, read_len);

    if (status == STATUS_OK) {
        source->offset += *read_len;
    }
    return status;
}

enum status snapshot_read_header(struct file *file, struct snapshot_header *header, struct snapshot_problem *problem)
{
    struct snapshot_file_source context = {.file = file};
    struct snapshot_source source = {.read = snapshot_read_from_file, .context = &context};
    struct snapshot_reader *reader;
    enum status status;

    problem->text[0] = '\0';
    status = snapshot_reader_open(&source, &reader, problem);
    if (status == STATUS_OK) {
        *header = *snapshot_reader_header(reader);
        snapshot_reader_close(reader);
    }
    return status;
}

enum status snapshot_verify(struct file *file, const struct snapshot_read_options *options,
                            struct snapshot_contents *contents, struct snapshot_problem *problem)
{
    struct snapshot_file_source context = {.file = file};
    struct snapshot_source source = {.read = snapshot_read_from_file, .context = &context};
    struct snapshot_reader *reader;
    uint64_t total_bytes;
    struct slice raw;
    enum status status;

    problem->text[0] = '\0';
    status = file_size(file, &total_bytes);
    if (status == STATUS_OK) {
        status = snapshot_reader_open(&source, &reader, problem);
    }
    if (status != STATUS_OK) {
        return status;
    }
    do {
        status = snapshot_reader_next(reader, &raw, problem);
        if (options->on_progress != NULL) {
            options->on_progress(options->context, snapshot_reader_offset(reader), total_bytes);
        }
    } while (status == STATUS_OK);
    if (status == STATUS_END) {
        snapshot_reader_contents(reader, contents);
        status = STATUS_OK;
    }
    snapshot_reader_close(reader);
    return status;
}

enum status snapshot_find_resume(struct file *file, uint64_t *offset)
{
    struct snapshot_file_source context = {.file = file};
    struct snapshot_source source = {.read = snapshot_read_from_file, .context = &context};
    struct snapshot_problem problem;
    struct snapshot_reader *reader;
    uint64_t sound_bytes = 0;
    struct slice raw;
    enum status status;

    status = snapshot_reader_open(&source, &reader, &problem);
    if (status == STATUS_OK) {
        do {
            sound_bytes = snapshot_reader_offset(reader);
            status = snapshot_reader_next(reader, &raw, &problem);
        } while (status == STATUS_OK);
        if (status == STATUS_END) {
            sound_bytes = snapshot_reader_offset(reader);
        }
        snapshot_reader_close(reader);
    }
    if (status != STATUS_END && status != STATUS_CORRUPT && status != STATUS_UNSUPPORTED) {
        return status;
    }
    *offset = sound_bytes;
    return STATUS_OK;
}
