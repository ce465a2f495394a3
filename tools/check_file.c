#include "base/file.h"
#include "storage/snapshot/snapshot_read.h"
#include "tools/check.h"
#include "tools/input.h"
#include "tools/progress.h"
#include "tools/rdb_check.h"
#include <inttypes.h>

static void show_progress(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
    progress_update(context, done_bytes, total_bytes);
}

void check_snapshot(struct check *check, const char *path)
{
    struct progress progress;
    struct snapshot_read_options options = {
        .files = file_system_posix(), .on_progress = show_progress, .context = &progress};
    struct snapshot_contents contents;
    struct snapshot_problem problem = {.text = ""};
    struct file *file;
    enum status status = file_open(options.files, path, FILE_READ, &file);

    if (status != STATUS_OK) {
        check_unseen(check, path, "cannot be opened: %s", status_name(status));
        return;
    }
    progress_begin(&progress, "checking", check->is_quiet);
    status = snapshot_verify(file, &options, &contents, &problem);
    progress_end(&progress);
    file_close(file);
    if (status == STATUS_CORRUPT) {
        check_tell(check, path, "%s", problem.text);
    } else if (status != STATUS_OK) {
        check_unseen(check, path, "%s", problem.text[0] == '\0' ? status_name(status) : problem.text);
    } else {
        check_note(check, path, "sound: snapshot %s, %" PRIu64 " bytes of data, history %s, offset %" PRIu64,
                   contents.name, contents.raw_bytes, contents.header.history.id, contents.header.position.offset);
    }
}

void check_rdb(struct check *check, const char *path)
{
    struct input input;
    struct rdb_source source = {.read = input_read, .context = &input};
    struct rdb_problem problem;
    uint64_t key_count;
    enum status status = input_open(&input, path, &check->interrupt);

    if (status != STATUS_OK) {
        check_unseen(check, path, "cannot be opened: %s", status_name(status));
        return;
    }
    status = rdb_check(&source, &key_count, &problem);
    input_close(&input);
    if (status == STATUS_CORRUPT) {
        check_tell(check, path, "%s", problem.text);
    } else if (status != STATUS_OK) {
        check_unseen(check, path, "%s", problem.text[0] == '\0' ? status_name(status) : problem.text);
    } else {
        check_note(check, path, "sound: RDB file of %" PRIu64 " keys", key_count);
    }
}
