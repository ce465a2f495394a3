#include "base/file.h"
#include "storage/snapshot/snapshot_read.h"
#include "tools/progress.h"
#include "tools/restore.h"
#include <errno.h>

struct unpacking {
    struct restore *restore;
    struct progress progress;
};

static void show_progress(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
    struct unpacking *unpacking = context;

    (void)total_bytes; /* The reader knows no length; the input does, if it is a file. */
    progress_update(&unpacking->progress, done_bytes, unpacking->restore->input.total_bytes);
}

bool restore_from_snapshot(struct restore *restore, const char *build_path)
{
    struct unpacking unpacking = {.restore = restore};
    struct snapshot_source source = {.read = input_read, .context = &restore->input};
    struct snapshot_read_options options = {
        .files = file_system_posix(), .on_progress = show_progress, .context = &unpacking};
    struct snapshot_contents contents;
    struct snapshot_problem problem;
    enum status status;

    progress_begin(&unpacking.progress, "restoring", restore->is_quiet);
    status = snapshot_unpack_from(&source, build_path, &options, &contents, &problem);
    progress_end(&unpacking.progress);
    if (status == STATUS_OK) {
        restore->header = contents.header;
        restore->raw_bytes = contents.raw_bytes;
        return true;
    }
    if (problem.text[0] != '\0') {
        tool_say(restore->tool, "%s is damaged: %s", restore->input_path, problem.text);
    } else if (restore->interrupt.is_set) {
        tool_say(restore->tool, "interrupted");
    } else {
        tool_say(restore->tool, "cannot restore %s: %s (%s)", restore->input_path, status_name(status),
                 strerror(errno));
    }
    return false;
}
