#include "base/file.h"
#include "storage/rdb/rdb_import.h"
#include "tools/progress.h"
#include "tools/restore.h"
#include <errno.h>

struct importing {
    struct restore *restore;
    struct progress progress;
};

static void show_progress(void *context, uint64_t done_keys, uint64_t done_bytes)
{
    struct importing *importing = context;

    (void)done_keys;
    progress_update(&importing->progress, done_bytes, importing->restore->input.total_bytes);
}

bool restore_from_rdb(struct restore *restore, const char *build_path)
{
    struct importing importing = {.restore = restore};
    struct rdb_source source = {.read = input_read, .context = &restore->input};
    struct rdb_import_options options = {
        .files = file_system_posix(),
        .history = &restore->header.history,
        .database_count = (uint32_t)restore->database_count,
        .on_progress = show_progress,
        .context = &importing,
    };
    struct rdb_import_summary summary;
    struct rdb_problem problem;
    enum status status;

    /* An RDB file is a beginning: nobody else has its offsets. */
    history_init(&restore->header.history);
    progress_begin(&importing.progress, "importing", restore->is_quiet);
    status = rdb_import(&source, build_path, &options, &summary, &problem);
    progress_end(&importing.progress);
    if (status == STATUS_OK) {
        restore->raw_bytes = summary.file_bytes;
        restore->key_count = summary.key_count;
        return true;
    }
    if (problem.text[0] != '\0') {
        tool_say(restore->tool, "cannot import %s: %s", restore->input_path, problem.text);
    } else if (restore->interrupt.is_set) {
        tool_say(restore->tool, "interrupted");
    } else {
        tool_say(restore->tool, "cannot import %s: %s (%s)", restore->input_path, status_name(status), strerror(errno));
    }
    return false;
}
