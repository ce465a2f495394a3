/* From a snapshot to an environment folder: <path>/data.mdb, written in order, synced once at its end, and opened once
 * to see that LMDB takes it. */
#include "base/diag.h"
#include "base/memory.h"
#include "storage/env/env.h"
#include "storage/snapshot/snapshot_read.h"
#include <inttypes.h>
#include <stdio.h>

struct unpacker {
    const char *path;
    const struct snapshot_read_options *options;
    struct snapshot_reader *reader;
    struct file *file;    /* data.mdb. */
    uint64_t total_bytes; /* Of the snapshot; 0 not known. */
};

static enum status write_blocks(struct unpacker *unpacker, struct snapshot_problem *problem)
{
    const struct snapshot_read_options *options = unpacker->options;
    enum status status;

    for (;;) {
        struct slice raw;
        uint64_t at = snapshot_reader_raw_bytes(unpacker->reader);

        status = snapshot_reader_next(unpacker->reader, &raw, problem);
        if (status == STATUS_END) {
            return STATUS_OK;
        }
        if (status == STATUS_OK) {
            status = file_write(unpacker->file, at, &raw, 1);
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (options->on_progress != NULL) {
            options->on_progress(options->context, snapshot_reader_offset(unpacker->reader), unpacker->total_bytes);
        }
    }
}

static enum status write_data_file(struct unpacker *unpacker, struct snapshot_problem *problem)
{
    struct file_system *files = unpacker->options->files;
    char *data_path = file_join(unpacker->path, "data.mdb");
    enum status status = file_open(files, data_path, FILE_CREATE, &unpacker->file);

    memory_free(data_path);
    if (status != STATUS_OK) {
        return status;
    }
    status = write_blocks(unpacker, problem);
    if (status == STATUS_OK) {
        status = file_sync(unpacker->file);
    }
    file_close(unpacker->file);
    if (status == STATUS_OK) {
        status = file_sync_directory(files, unpacker->path);
    }
    return status;
}

static bool meta_fits(const struct env_meta *meta, const struct snapshot_header *header)
{
    return !meta->is_pending && strcmp(meta->history.id, header->history.id) == 0 &&
           strcmp(meta->history.previous_id, header->history.previous_id) == 0 &&
           meta->history.previous_end == header->history.previous_end &&
           meta->position.offset == header->position.offset && meta->position.hash == header->position.hash;
}

static enum status refuse(struct snapshot_problem *problem, enum status status, const char *text)
{
    problem->offset = 0;
    snprintf(problem->text, sizeof(problem->text), "%s", text);
    return status;
}

/* Open the environment as a server would, and compare what it says of itself with the header. It may have been copied
 * beside a running server, so it is marked as having no log beyond its offset: there is none here. */
static enum status check_environment(struct unpacker *unpacker, struct snapshot_problem *problem)
{
    char *lock_path = file_join(unpacker->path, "lock.mdb");
    struct env *env;
    struct env_meta meta;
    enum status status = env_open(unpacker->path, false, &env);

    if (status == STATUS_OK) {
        status = env_read_meta(env, &meta);
        if (status == STATUS_OK) {
            bool fits = meta_fits(&meta, snapshot_reader_header(unpacker->reader));

            env_meta_release(&meta);
            status = fits ? STATUS_OK : refuse(problem, STATUS_CORRUPT, "the data inside is of another offset");
        }
        if (status == STATUS_OK) {
            status = env_mark_clean(env, true);
        }
        env_close(env);
    }
    if (status == STATUS_UNSUPPORTED) {
        status = refuse(problem, status, "the keyspace inside has an unknown format version");
    } else if ((status == STATUS_CORRUPT || status == STATUS_NOT_FOUND) && problem->text[0] == '\0') {
        status = refuse(problem, STATUS_CORRUPT, "the data inside is not a Hearth environment");
    }
    if (status == STATUS_OK) {
        enum status removed = file_remove(unpacker->options->files, lock_path);

        status = removed == STATUS_NOT_FOUND ? STATUS_OK : removed;
    }
    memory_free(lock_path);
    return status;
}

static void remove_folder(const struct unpacker *unpacker)
{
    enum status status = file_remove_tree(unpacker->options->files, unpacker->path);

    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "cannot remove %s, which a failed unpacking has left: %s", unpacker->path,
             status_name(status));
    }
}

static enum status unpack(const struct snapshot_source *source, struct unpacker *unpacker,
                          struct snapshot_contents *contents, struct snapshot_problem *problem)
{
    enum status status;

    problem->text[0] = '\0';
    status = snapshot_reader_open(source, &unpacker->reader, problem);
    if (status != STATUS_OK) {
        return status;
    }
    status = file_make_directory(unpacker->options->files, unpacker->path);
    if (status != STATUS_OK) {
        goto fail_reader;
    }
    status = write_data_file(unpacker, problem);
    if (status == STATUS_OK) {
        status = check_environment(unpacker, problem);
    }
    if (status != STATUS_OK) {
        remove_folder(unpacker);
        goto fail_reader;
    }
    snapshot_reader_contents(unpacker->reader, contents);

fail_reader:
    snapshot_reader_close(unpacker->reader);
    return status;
}

enum status snapshot_unpack_from(const struct snapshot_source *source, const char *path,
                                 const struct snapshot_read_options *options, struct snapshot_contents *contents,
                                 struct snapshot_problem *problem)
{
    struct unpacker unpacker = {.path = path, .options = options};

    return unpack(source, &unpacker, contents, problem);
}

enum status snapshot_unpack(struct file *file, const char *path, const struct snapshot_read_options *options,
                            struct snapshot_contents *contents, struct snapshot_problem *problem)
{
    struct unpacker unpacker = {.path = path, .options = options};
    struct snapshot_file_source context = {.file = file};
    struct snapshot_source source = {.read = snapshot_read_from_file, .context = &context};
    enum status status = file_size(file, &unpacker.total_bytes);

    problem->text[0] = '\0';
    return status == STATUS_OK ? unpack(&source, &unpacker, contents, problem) : status;
}
