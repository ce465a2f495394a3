/* The ways of hearth-restore, by the kind of file. */
#ifndef TOOLS_RESTORE_H
#define TOOLS_RESTORE_H

#include "storage/snapshot_format.h"
#include "tools/input.h"
#include "tools/options.h"

struct restore {
    const struct tool_description *tool;
    const char *data_dir;
    const char *input_path;
    int64_t database_count; /* For RDB files. */
    bool is_forced;
    bool is_quiet;
    struct interrupt interrupt;
    struct input input;
    /* What was restored. */
    struct snapshot_header header;
    uint64_t raw_bytes;
    uint64_t key_count; /* Of an RDB file. */
};

/* Make an environment at the new path `build_path`, verified and durable. After false a message was written, and
 * nothing is there. */
bool restore_from_snapshot(struct restore *restore, const char *build_path);
bool restore_from_rdb(struct restore *restore, const char *build_path);

#endif
