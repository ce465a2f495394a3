/* A data directory: its environment, its log, whether the two fit together, and the snapshots that wait in it. */
#include "base/file.h"
#include "base/memory.h"
#include "storage/snapshot/snapshot_format.h"
#include "storage/store_layout.h"
#include "tools/check.h"
#include "tools/data_directory.h"
#include <inttypes.h>

/* The data's offset must lie in the log, in the same history, so that the next start can go on from it (P2). */
static void compare(struct check *check, const char *path, const struct check_env *env, const struct check_log *log,
                    bool has_log)
{
    if (!has_log) {
        if (!env->is_clean) {
            check_tell(check, path, "there is no log, but the data needs the one from offset %" PRIu64 " on",
                       env->position.offset);
        }
        return;
    }
    if (env->position.offset < log->first_offset && !log->is_in_use) {
        check_tell(check, path, "the data is at offset %" PRIu64 ", but the log begins only at %" PRIu64,
                   env->position.offset, log->first_offset);
    } else if (env->position.offset > log->end.offset && !log->is_in_use) {
        check_tell(check, path, "the data is at offset %" PRIu64 ", but the log ends at %" PRIu64, env->position.offset,
                   log->end.offset);
    } else if (strcmp(env->history.id, log->history.id) != 0 &&
               strcmp(env->history.id, log->history.previous_id) != 0 && !log->is_in_use) {
        check_tell(check, path, "the data is of history %s, the log of %s", env->history.id, log->history.id);
    } else if (log->end.offset > env->position.offset) {
        check_note(check, path, "the next start replays %" PRIu64 " bytes of the log",
                   log->end.offset - env->position.offset);
    }
}

struct snapshots {
    struct check *check;
    const char *directory;
};

static void check_one_snapshot(void *context, const char *name)
{
    struct snapshots *snapshots = context;
    size_t len = strlen(name);
    size_t suffix_len = strlen(SNAPSHOT_SUFFIX);

    if (len > suffix_len && strcmp(name + len - suffix_len, SNAPSHOT_SUFFIX) == 0) {
        char *path = file_join(snapshots->directory, name);

        check_snapshot(snapshots->check, path);
        memory_free(path);
    }
}

static void check_snapshots(struct check *check, const char *directory)
{
    char *path = file_join(directory, STORE_SNAPSHOTS);
    struct snapshots snapshots = {.check = check, .directory = path};
    enum status status = file_list(file_system_posix(), path, check_one_snapshot, &snapshots);

    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        check_unseen(check, path, "cannot be read: %s", status_name(status));
    }
    memory_free(path);
}

static void note_layout(struct check *check, const char *path, bool is_in_use)
{
    struct store_layout layout;

    if (store_layout_inspect(file_system_posix(), path, &layout) != STATUS_OK) {
        return;
    }
    if (layout.has_swap && !is_in_use) {
        check_note(check, path, "data is being replaced: the next start ends that; what is checked here is in between");
    }
    store_layout_release(&layout);
}

void check_directory(struct check *check, const char *path)
{
    char *data_path = file_join(path, STORE_DATA);
    char *log_path = file_join(path, STORE_LOG);
    struct check_log log = {.is_in_use = data_directory_is_in_use(path)};
    struct check_env env;
    bool has_log;

    note_layout(check, path, log.is_in_use);
    check_env(check, data_path, &env);
    log.has_wanted = env.is_done;
    log.wanted = env.position;
    has_log = check_log(check, log_path, &log);
    if (env.is_done) {
        compare(check, path, &env, &log, has_log);
    }
    check_snapshots(check, path);
    memory_free(log_path);
    memory_free(data_path);
}
