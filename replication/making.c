#include "replication/making.h"

#include "base/clock.h"
#include "base/crash_point.h"
#include "storage/env/env.h"
#include "storage/rdb/rdb_export.h"
#include <stdio.h>

#define SNAPSHOT_LEVEL   1 /* zlib's fastest: a full sync is to be over soon, not small. */
#define SNAPSHOT_THREADS 2

static void count_progress(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
    struct making *making = context;

    (void)total_bytes;
    atomic_store_explicit(&making->done_bytes, done_bytes, memory_order_relaxed);
}

static enum status make_snapshot(struct making *making, struct file *file)
{
    const struct snapshot_write_options options = {
        .level = SNAPSHOT_LEVEL,
        .thread_count = SNAPSHOT_THREADS,
        .cancelled = making->cancelled,
        .on_progress = count_progress,
        .context = making,
    };
    struct snapshot_summary summary;
    enum status status = snapshot_write_file(making->env, file, &options, &summary);

    if (status == STATUS_OK) {
        making->history = summary.header.history;
        making->position = summary.header.position;
        making->file_bytes = summary.file_bytes;
        memcpy(making->name, summary.name, sizeof(making->name));
    }
    return status;
}

/* An RDB file's bytes, in order. */
struct rdb_file {
    struct file *file;
    uint64_t written_bytes;
};

static enum status write_rdb(void *context, const struct slice *pieces, size_t count)
{
    struct rdb_file *rdb = context;
    enum status status = file_write(rdb->file, rdb->written_bytes, pieces, count);

    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        rdb->written_bytes += pieces[i].len;
    }
    return status;
}

/* It is sent once and goes with the last receiver, so it need not be synced. */
static enum status make_rdb(struct making *making, struct file *file)
{
    struct rdb_file rdb = {.file = file};
    const struct rdb_sink sink = {.write = write_rdb, .context = &rdb};
    const struct env_visit_options options = {.cancelled = making->cancelled,
                                              .is_without_keys = making->kind == FULL_SYNC_RDB_WITHOUT_KEYS};
    struct rdb_export_summary summary;
    struct env_visit_problem problem = {.text = ""};
    enum status status = rdb_export(making->env, &sink, RDB_VERSION_WRITTEN, &options, &summary, &problem);

    if (status == STATUS_OK) {
        making->history = summary.history;
        making->position = summary.position;
        making->file_bytes = summary.file_bytes;
    } else if (problem.text[0] != '\0') {
        snprintf(making->problem, sizeof(making->problem), "%.*s", (int)sizeof(making->problem) - 1, problem.text);
    }
    return status;
}

void making_run(void *context)
{
    struct making *making = context;
    uint64_t begun_us = clock_monotonic_us();
    struct file *file;

    crash_point("full_sync.make.before");
    making->status = file_open(making->files, making->path, FILE_CREATE_OR_TRUNCATE, &file);
    if (making->status == STATUS_OK) {
        making->status = making->kind == FULL_SYNC_SNAPSHOT ? make_snapshot(making, file) : make_rdb(making, file);
        file_close(file);
    }
    if (making->status != STATUS_OK && making->problem[0] == '\0') {
        snprintf(making->problem, sizeof(making->problem), "its file cannot be made: %s", status_name(making->status));
    }
    making->took_us = clock_monotonic_us() - begun_us;
    crash_point("full_sync.make.after");
}
