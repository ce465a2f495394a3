/* hearth-restore: a data directory out of a snapshot. */
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "storage/keyspace/keyspace.h"
#include "storage/rdb/rdb_format.h"
#include "tools/data_directory.h"
#include "tools/owner.h"
#include "tools/progress.h"
#include "tools/restore.h"
#include "tools/time_text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Whether a log is to lead on from the snapshot. */
static bool has_log(const struct restore *restore)
{
    return restore->log_directory != NULL || restore->archive_directory != NULL;
}

/* Build the environment at `build_path` out of the input, by its kind. */
static bool build(struct restore *restore, const char *build_path)
{
    if (input_begins_with(&restore->input, SNAPSHOT_MAGIC)) {
        return restore_from_snapshot(restore, build_path);
    }
    if (input_begins_with(&restore->input, RDB_MAGIC)) {
        if (has_log(restore)) {
            tool_say(restore->tool, "%s is an RDB file, which has no place in a log", restore->input_path);
            return false;
        }
        return restore_from_rdb(restore, build_path);
    }
    tool_say(restore->tool, "%s is neither a Hearth snapshot nor an RDB file", restore->input_path);
    return false;
}

static void describe(const struct restore *restore)
{
    char size[16];

    if (restore->is_quiet) {
        return;
    }
    progress_format_bytes(size, restore->raw_bytes);
    if (restore->replay_offset > restore->header.position.offset) {
        char at[40];

        time_text_format(restore->replay_ms, at, sizeof(at));
        tool_say(restore->tool,
                 "%s holds %s of data at offset %" PRIu64 ", and a log to offset %" PRIu64
                 " (%s), which the server replays at its start",
                 restore->data_dir, size, restore->header.position.offset, restore->replay_offset, at);
        return;
    }
    if (restore->key_count > 0) {
        tool_say(restore->tool, "%s holds %" PRIu64 " keys, of %s RDB, as a new history %s", restore->data_dir,
                 restore->key_count, size, restore->header.history.id);
    } else {
        tool_say(restore->tool, "%s holds %s of data, at offset %" PRIu64 " of history %s", restore->data_dir, size,
                 restore->header.position.offset, restore->header.history.id);
    }
}

static bool look(struct restore *restore, struct data_directory *directory)
{
    enum status status = data_directory_look(restore->data_dir, directory);

    if (status != STATUS_OK) {
        tool_say(restore->tool, "cannot look into %s: %s", restore->data_dir, strerror(errno));
        return false;
    }
    if (!restore->is_forced && (directory->has_data || directory->has_other)) {
        tool_say(restore->tool, "%s is not empty%s; --force replaces Hearth's data and leaves other files",
                 restore->data_dir, directory->has_data ? ": it holds Hearth data" : "");
        return false;
    }
    return true;
}

static bool begin(struct restore *restore, struct data_directory *directory)
{
    enum status status = data_directory_begin(directory);

    if (status == STATUS_BUSY) {
        tool_say(restore->tool, "%s is in use by process %ld; stop it first", restore->data_dir, directory->holder_pid);
    } else if (status != STATUS_OK) {
        tool_say(restore->tool, "cannot build in %s: %s (%s)", restore->data_dir, status_name(status), strerror(errno));
    }
    return status == STATUS_OK;
}

/* The log beside the data: empty, or what leads to the point that was asked for. */
static bool make_log(struct restore *restore, const struct data_directory *directory)
{
    enum status status;

    if (has_log(restore)) {
        char *path = data_directory_log_path(directory);
        bool is_made = restore_log(restore, path);

        memory_free(path);
        return is_made;
    }
    status = data_directory_make_log(directory, &restore->header.history, &restore->header.position);
    if (status != STATUS_OK) {
        tool_say(restore->tool, "cannot make a log in %s: %s (%s)", restore->data_dir, status_name(status),
                 strerror(errno));
    }
    return status == STATUS_OK;
}

static int fill(struct restore *restore, struct data_directory *directory)
{
    enum status status;

    if (!build(restore, directory->build_path)) {
        return TOOL_EXIT_PROBLEM;
    }
    if (interrupt_check(&restore->interrupt)) {
        tool_say(restore->tool, "interrupted");
        return TOOL_EXIT_PROBLEM;
    }
    if (!make_log(restore, directory)) {
        return TOOL_EXIT_PROBLEM;
    }
    status = data_directory_install(directory);
    if (status != STATUS_OK) {
        tool_say(restore->tool, "cannot put the data in place: %s (%s)", status_name(status), strerror(errno));
        return TOOL_EXIT_PROBLEM;
    }
    describe(restore);
    return TOOL_EXIT_OK;
}

static int run_in(struct restore *restore, struct data_directory *directory)
{
    int exit_code = TOOL_EXIT_USAGE;
    struct owner owner;

    owner_begin(&owner, restore->data_dir);
    if (begin(restore, directory)) {
        exit_code = fill(restore, directory);
        data_directory_end(directory);
    }
    owner_end(&owner);
    return exit_code;
}

static int run(struct restore *restore)
{
    struct data_directory directory;
    enum status status;
    int exit_code;

    if (!interrupt_init(&restore->interrupt)) {
        tool_say(restore->tool, "signalfd: %s", strerror(errno));
        return TOOL_EXIT_PROBLEM;
    }
    if (!look(restore, &directory)) {
        return TOOL_EXIT_USAGE;
    }
    status = input_open(&restore->input, restore->input_path, &restore->interrupt);
    if (status != STATUS_OK) {
        tool_say(restore->tool, "cannot read %s: %s", restore->input_path, strerror(errno));
        return TOOL_EXIT_USAGE;
    }
    exit_code = run_in(restore, &directory);
    input_close(&restore->input);
    return exit_code;
}

/* The point in time that was asked for, from its texts. */
static bool check_point(struct restore *restore, const char *to_time)
{
    restore->to_time_ms = UINT64_MAX;
    if (to_time != NULL && !time_text_parse(to_time, &restore->to_time_ms)) {
        tool_say(restore->tool, "--to-time is \"2026-11-22 10:30:00\" (UTC) or ms since 1970, not '%s'", to_time);
        return false;
    }
    if (!has_log(restore) && (to_time != NULL || restore->to_offset >= 0)) {
        tool_say(restore->tool, "to go to a point, give --archive or --log-dir");
        return false;
    }
    return true;
}

static bool check(struct restore *restore, const char *const *arguments, int argument_count)
{
    if (restore->data_dir == NULL) {
        tool_say(restore->tool, "give --data-dir DIR");
        return false;
    }
    if (argument_count != 1) {
        tool_say(restore->tool, argument_count == 0 ? "which file? (- is standard input)" : "one file at a time");
        return false;
    }
    restore->input_path = arguments[0];
    return true;
}

int main(int argc, char **argv)
{
    struct restore restore = {.database_count = 16, .to_offset = -1};
    const char *to_time = NULL;
    const struct option_description options[] = {
        {"data-dir", OPTION_TEXT, "DIR", "The data directory to make; it must be new or empty.", &restore.data_dir, 0,
         0},
        {"databases", OPTION_NUMBER, "N", "For RDB files: as the server has it; 16 if not given.",
         &restore.database_count, 1, KEYSPACE_DATABASES_MAX},
        {"archive", OPTION_TEXT, "DIR", "Go on from the snapshot with the log in this log-archive-dir...",
         &restore.archive_directory, 0, 0},
        {"log-dir", OPTION_TEXT, "DIR", "...and in this log/ of a data directory, which has the newest changes...",
         &restore.log_directory, 0, 0},
        {"to-offset", OPTION_NUMBER, "N", "...up to this offset...", &restore.to_offset, 0, INT64_MAX},
        {"to-time", OPTION_TEXT, "TIME", "...or this time: \"2026-11-22 10:30:00\" (UTC), or ms since 1970.", &to_time,
         0, 0},
        {"force", OPTION_FLAG, NULL, "Replace the Hearth data that DIR holds.", &restore.is_forced, 0, 0},
        {"quiet", OPTION_FLAG, NULL, "Say nothing but errors.", &restore.is_quiet, 0, 0},
        {.name = NULL},
    };
    const struct tool_description tool = {
        .name = "hearth-restore",
        .usage = "  hearth-restore --data-dir DIR FILE [options]",
        .summary = "Makes a data directory out of a snapshot or an RDB file (- is standard input). Everything is "
                   "verified before\n"
                   "DIR changes. A server started on DIR joins its former master by partial sync. With the segments of "
                   "a log it\n"
                   "goes to a later point, whole records at a time, and is a history of its own from there.",
        .options = options,
        .exit_codes = "  0  The data is in place and on disk.\n"
                      "  1  FILE is damaged, or the disk failed; DIR is as it was.\n"
                      "  2  The command line is wrong, DIR is not empty, or FILE cannot be read.",
    };
    const char **arguments = memory_allocate((size_t)argc * sizeof(*arguments));
    int argument_count;
    enum options_outcome outcome = options_read(&tool, argc, argv, arguments, &argument_count);
    int exit_code;

    (void)diag_open("/dev/stderr");
    restore.tool = &tool;
    if (outcome == OPTIONS_DONE) {
        exit_code = TOOL_EXIT_OK;
    } else if (outcome == OPTIONS_WRONG || !check(&restore, arguments, argument_count) ||
               !check_point(&restore, to_time)) {
        exit_code = TOOL_EXIT_USAGE;
    } else {
        exit_code = run(&restore);
    }
    memory_free(arguments);
    return exit_code;
}
