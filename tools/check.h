/* What the parts of hearth-check share: telling what was found, and one function for each kind of thing. */
#ifndef TOOLS_CHECK_H
#define TOOLS_CHECK_H

#include "storage/history.h"
#include "tools/interrupt.h"
#include "tools/options.h"

#define CHECK_PROBLEMS_SHOWN_MAX 100 /* Of one table or file; the rest is counted. */

struct check {
    const struct tool_description *tool;
    bool is_quiet;
    bool is_unseen; /* Something could not be looked at. */
    uint64_t problem_count;
    struct interrupt interrupt; /* Not set up: Ctrl-C just ends a reader. */
};

/* A problem, on standard output: "path: text". */
__attribute__((format(printf, 3, 4))) void check_tell(struct check *check, const char *path, const char *format, ...);
/* What is not wrong but worth knowing, unless quiet. */
__attribute__((format(printf, 3, 4))) void check_note(struct check *check, const char *path, const char *format, ...);
/* Something cannot be looked at. */
__attribute__((format(printf, 3, 4))) void check_unseen(struct check *check, const char *path, const char *format, ...);

/* Whole files: check_file.c */
void check_snapshot(struct check *check, const char *path);
void check_rdb(struct check *check, const char *path);

/* What is learnt of a log. */
struct check_log {
    bool is_in_use;                 /* In: somebody may be writing it. */
    bool has_wanted;                /* In: look for the hash at a position... */
    struct history_position wanted; /* ...and compare it. */
    uint64_t first_offset;          /* Out. */
    struct history_position end;    /* Out: past the last good record. */
    struct history history;         /* Out: the newest segment's. */
    uint64_t record_count;
    size_t segment_count;
};
/* Check a folder of segments: check_log.c. False if there is no log, or it could not be read to its end. */
bool check_log(struct check *check, const char *directory, struct check_log *log);

/* What is learnt of an environment. */
struct check_env {
    bool is_done; /* It was walked to its end. */
    bool is_clean;
    struct history history;
    struct history_position position;
};
/* Walk an environment's folder in a process that may die of it: check_env.c. */
void check_env(struct check *check, const char *path, struct check_env *env);

/* All of a data directory: check_directory.c. */
void check_directory(struct check *check, const char *path);

#endif
