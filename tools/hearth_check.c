/* hearth-check: is it sound, and if not, what is wrong and where? */
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "storage/log/log_segment.h"
#include "storage/rdb/rdb_format.h"
#include "storage/snapshot/snapshot_format.h"
#include "tools/check.h"
#include "tools/input.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void print(const char *path, const char *format, va_list arguments)
{
    printf("%s: ", path);
    vprintf(format, arguments);
    putchar('\n');
    fflush(stdout);
}

void check_tell(struct check *check, const char *path, const char *format, ...)
{
    va_list arguments;

    check->problem_count++;
    va_start(arguments, format);
    print(path, format, arguments);
    va_end(arguments);
}

void check_note(struct check *check, const char *path, const char *format, ...)
{
    va_list arguments;

    if (!check->is_quiet) {
        va_start(arguments, format);
        print(path, format, arguments);
        va_end(arguments);
    }
}

void check_unseen(struct check *check, const char *path, const char *format, ...)
{
    va_list arguments;

    check->is_unseen = true;
    fprintf(stderr, "%s: %s: ", check->tool->name, path);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

static bool holds(const char *directory, const char *name)
{
    char *path = file_join(directory, name);
    bool exists = false;
    bool is_there = file_exists(file_system_posix(), path, &exists) == STATUS_OK && exists;

    memory_free(path);
    return is_there;
}

static void note_segment(void *context, const char *name)
{
    uint64_t start;

    *(bool *)context |= log_segment_parse_name(name, &start);
}

static void check_folder(struct check *check, const char *path)
{
    struct check_log log = {.is_in_use = true}; /* Who knows: the lock is not here. */
    struct check_env env;
    bool has_segments = false;

    if (holds(path, "data") || holds(path, "log")) {
        check_directory(check, path);
    } else if (holds(path, "data.mdb")) {
        check_env(check, path, &env);
    } else if (file_list(file_system_posix(), path, note_segment, &has_segments) == STATUS_OK && has_segments) {
        (void)check_log(check, path, &log);
    } else {
        check_unseen(check, path, "is neither a data directory nor a part of one");
    }
}

static void check_file(struct check *check, const char *path)
{
    struct input input;
    enum status status = input_open(&input, path, &check->interrupt);

    if (status != STATUS_OK) {
        check_unseen(check, path, "cannot be opened: %s", strerror(errno));
        return;
    }
    input_close(&input);
    if (input_begins_with(&input, RDB_MAGIC)) {
        check_rdb(check, path);
    } else if (input_begins_with(&input, SNAPSHOT_MAGIC) || strstr(path, SNAPSHOT_SUFFIX) != NULL) {
        check_snapshot(check, path);
    } else {
        check_unseen(check, path, "is neither a snapshot nor an RDB file; of a log, name the folder");
    }
}

static void check_path(struct check *check, const char *path)
{
    struct stat facts;

    if (stat(path, &facts) != 0) {
        check_unseen(check, path, "%s", strerror(errno));
    } else if (S_ISDIR(facts.st_mode)) {
        check_folder(check, path);
    } else {
        check_file(check, path);
    }
}

static int run(struct check *check, const char *const *paths, int count)
{
    for (int i = 0; i < count; i++) {
        check_path(check, paths[i]);
    }
    if (check->problem_count > 0) {
        printf("%llu problem%s\n", (unsigned long long)check->problem_count, check->problem_count == 1 ? "" : "s");
        return TOOL_EXIT_PROBLEM;
    }
    return check->is_unseen ? TOOL_EXIT_USAGE : TOOL_EXIT_OK;
}

int main(int argc, char **argv)
{
    struct check check = {.interrupt = {.fd = -1}};
    const struct option_description options[] = {
        {"quiet", OPTION_FLAG, NULL, "Say nothing of what is sound.", &check.is_quiet, 0, 0},
        {.name = NULL},
    };
    const struct tool_description tool = {
        .name = "hearth-check",
        .usage = "  hearth-check PATH... [--quiet]",
        .summary =
            "PATH is a data directory, the data or log folder in one, a snapshot or an RDB file. Reads only, and all\n"
            "of it; a server may be running, whose file may grow a little meanwhile. What is wrong is said on "
            "standard\n"
            "output, with its place.",
        .options = options,
        .exit_codes = "  0  Sound.\n"
                      "  1  Problems were found.\n"
                      "  2  The command line is wrong, or something could not be looked at.",
    };
    const char **arguments = memory_allocate((size_t)argc * sizeof(*arguments));
    int argument_count;
    enum options_outcome outcome = options_read(&tool, argc, argv, arguments, &argument_count);
    int exit_code = TOOL_EXIT_OK;

    (void)diag_open("/dev/stderr");
    check.tool = &tool;
    if (outcome == OPTIONS_WRONG) {
        exit_code = TOOL_EXIT_USAGE;
    } else if (outcome == OPTIONS_RUN && argument_count == 0) {
        tool_say(&tool, "what is to be checked? See --help");
        exit_code = TOOL_EXIT_USAGE;
    } else if (outcome == OPTIONS_RUN) {
        exit_code = run(&check, arguments, argument_count);
    }
    memory_free(arguments);
    return exit_code;
}
