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
    bool is_forced;
    bool is_quiet;
    struct interrupt interrupt;
    struct input input;
    /* What was restored. */
    struct snapshot_header header;
    uint64_t raw_bytes;
};

/* Make an environment at the new path `build_path`, verified and durable. After false a message was written, and
 * nothing is there. */
bool restore_from_snapshot(struct restore *restore, const char *build_path);

/* What the tool says at its end. */
void restore_describe(const struct restore *restore);

#endif
