/* The ways of hearth-restore, by the kind of file. */
#ifndef TOOLS_RESTORE_H
#define TOOLS_RESTORE_H

#include "storage/snapshot/snapshot_format.h"
#include "tools/input.h"
#include "tools/options.h"

struct restore {
    const struct tool_description *tool;
    const char *data_dir;
    const char *input_path;
    int64_t database_count;        /* For RDB files. */
    const char *log_directory;     /* Where segments are, NULL none; */
    const char *archive_directory; /* and where more of them are. */
    int64_t to_offset;             /* Replay up to here; -1 all. */
    uint64_t to_time_ms;           /* Replay what was done up to then; UINT64_MAX all. */
    bool is_forced;
    bool is_quiet;
    struct interrupt interrupt;
    struct input input;
    /* What was restored. */
    struct snapshot_header header;
    uint64_t raw_bytes;
    uint64_t key_count;     /* Of an RDB file. */
    uint64_t replay_offset; /* Where the log ends; 0 none was made. */
    uint64_t replay_ms;     /* When its last change was made. */
};

/* Make an environment at the new path `build_path`, verified and durable. After false a message was written, and
 * nothing is there. */
bool restore_from_snapshot(struct restore *restore, const char *build_path);
bool restore_from_rdb(struct restore *restore, const char *build_path);
/* Make a log at the new folder `path` of the segments that lead on from restore->header, up to the point that was asked
 * for, and begin a new history there: the server replays it at its start. The same promise. */
bool restore_log(struct restore *restore, const char *path);

#endif
