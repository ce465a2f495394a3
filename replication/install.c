#include "replication/install.h"

#include "base/crash_point.h"
#include "storage/env/env.h"
#include "storage/rdb/rdb_import.h"
#include "storage/snapshot/snapshot_read.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 3, 4))) static void fail(struct install *install, enum replica_install_result result,
                                                       const char *format, ...)
{
    va_list arguments;

    install->result = result;
    va_start(arguments, format);
    vsnprintf(install->problem, sizeof(install->problem), format, arguments);
    va_end(arguments);
}

/* A payload's file as a source that ends when the job is to end. */
struct payload_source {
    struct snapshot_file_source file;
    const atomic_bool *cancelled;
};

static enum status read_payload(void *context, char *to, size_t len, size_t *read_len)
{
    struct payload_source *source = context;

    if (source->cancelled != NULL && atomic_load(source->cancelled)) {
        return STATUS_CLOSED;
    }
    return snapshot_read_from_file(&source->file, to, len, read_len);
}

static bool unpack_snapshot(struct install *install)
{
    const struct snapshot_read_options options = {.files = install->files};
    struct snapshot_problem problem = {.text = ""};
    struct snapshot_contents contents;
    struct payload_source reader = {.cancelled = install->cancelled};
    const struct snapshot_source source = {.read = read_payload, .context = &reader};
    enum status status;

    status = file_open(install->files, install->payload_path, FILE_READ, &reader.file.file);
    if (status == STATUS_OK) {
        status = snapshot_unpack_from(&source, install->data_path, &options, &contents, &problem);
        file_close(reader.file.file);
    }
    if (status != STATUS_OK) {
        fail(install, REPLICA_INSTALL_FAILED, "the snapshot cannot be unpacked: %s",
             problem.text[0] != '\0' ? problem.text : status_name(status));
        return false;
    }
    if (strcmp(contents.name, install->payload.name) != 0) {
        fail(install, REPLICA_INSTALL_FAILED, "the snapshot is another one than was announced");
        return false;
    }
    return true;
}

static enum status import_rdb(struct install *install, struct file *file, struct rdb_problem *problem)
{
    struct snapshot_file_source reader = {.file = file};
    const struct rdb_source source = {.read = snapshot_read_from_file, .context = &reader};
    struct rdb_import_summary summary;
    struct history history;
    const struct rdb_import_options options = {
        .files = install->files,
        .history = &history,
        .position = {.offset = install->payload.offset},
        .database_count = install->database_count,
        .cancelled = install->cancelled,
    };

    history_adopt(&history, slice_of(install->payload.id));
    return rdb_import(&source, install->data_path, &options, &summary, problem);
}

static bool load_rdb(struct install *install)
{
    struct rdb_problem problem = {.text = ""};
    struct file *file;
    enum status status;

    status = file_open(install->files, install->payload_path, FILE_READ, &file);
    if (status == STATUS_OK) {
        status = import_rdb(install, file, &problem);
        file_close(file);
    }
    if (status != STATUS_OK) {
        fail(install, REPLICA_INSTALL_FAILED, "the master's RDB file cannot be loaded: %s",
             problem.text[0] != '\0' ? problem.text : status_name(status));
        return false;
    }
    return true;
}

/* How many keys the new environment holds. */
static enum status count_keys(struct install *install)
{
    struct env *env;
    struct env_meta meta;
    enum status status;

    status = env_open(install->data_path, true, &env);
    if (status != STATUS_OK) {
        return status;
    }
    status = env_read_meta(env, &meta);
    if (status == STATUS_OK) {
        install->key_count = env_meta_key_count(&meta);
        env_meta_release(&meta);
    }
    env_close(env);
    return status;
}

/* R6 (P7): an empty master that has nothing to do with our history must not wipe what we hold. */
static bool may_replace(struct install *install)
{
    enum status status = count_keys(install);

    if (status != STATUS_OK) {
        fail(install, REPLICA_INSTALL_FAILED, "the new data cannot be opened: %s", status_name(status));
        return false;
    }
    if (install->key_count == 0 && install->own_key_count > 0 && !install->may_wipe) {
        fail(install, REPLICA_INSTALL_REFUSED,
             "refused: the master is empty and unrelated, and would wipe our %" PRIu64
             " keys; allow it with CONFIG SET repl-allow-wipe yes",
             install->own_key_count);
        return false;
    }
    return true;
}

static bool save_tail(struct install *install)
{
    enum status status;

    if (install->tail.cursor == NULL) {
        return true;
    }
    status = lone_tail_save(&install->tail, install->files, install->data_directory);
    if (status != STATUS_OK) {
        fail(install, REPLICA_INSTALL_FAILED, "%s cannot be saved: %s", install->tail.name, status_name(status));
        return false;
    }
    return true;
}

void install_run(void *context)
{
    struct install *install = context;
    bool is_made;

    crash_point("install.unpack.before");
    if (file_remove_tree(install->files, install->data_path) != STATUS_OK) {
        fail(install, REPLICA_INSTALL_FAILED, "%s cannot be removed", install->data_path);
        return;
    }
    is_made = install->payload.kind == REPLICA_PAYLOAD_SNAPSHOT ? unpack_snapshot(install) : load_rdb(install);
    crash_point("install.unpack.after");
    if (is_made && may_replace(install) && save_tail(install)) {
        install->result = REPLICA_INSTALLED;
        install->problem[0] = '\0';
    }
}
