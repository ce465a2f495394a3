/* A data directory as the tools look at it, and as hearth-restore changes it (its layout: storage/store_layout.h). */
#ifndef TOOLS_DATA_DIRECTORY_H
#define TOOLS_DATA_DIRECTORY_H

#include "storage/data_lock.h"
#include "storage/history.h"

struct data_directory {
    const char *path; /* Borrowed. */
    bool was_there;   /* The folder exists. */
    bool has_data;    /* Hearth data is there, whole or not. */
    bool has_other;   /* Anything else, but what a tool or a server left behind that means nothing. */
    struct data_lock lock;
    long holder_pid;  /* Who has the lock, after STATUS_BUSY; 0 unknown. */
    char *build_path; /* Owned: where the new environment is made. */
};

/* Whether a process holds the lock of the directory. It is tried for a moment, and not made. */
bool data_directory_is_in_use(const char *path);

/* Look what is there, without touching it. */
MUST_CHECK enum status data_directory_look(const char *path, struct data_directory *directory);
/* Take its lock, making it if it is missing, and make the place to build in ready. On error all is as it was.
 *   STATUS_BUSY  A server or another tool has it. */
MUST_CHECK enum status data_directory_begin(struct data_directory *directory);
/* Make the log that install() puts beside the data: empty, at that history and position. */
MUST_CHECK enum status data_directory_make_log(const struct data_directory *directory, const struct history *history,
                                               const struct history_position *position);
/* Where it is made, in a new block: for who makes another. The folder is to hold a closed log. */
char *data_directory_log_path(const struct data_directory *directory);
/* Put the environment at build_path and the log that was made in the place of whatever was there. A crash at any point
 * leaves the old or the new, never a mix: a marker decides (store_layout.h).
 * On error the former data holds, or the next start of a server or of this tool ends what was begun. */
MUST_CHECK enum status data_directory_install(const struct data_directory *directory);
/* Give the lock back and remove what is left of the building, and the folder itself if it was made here and is empty.
 */
void data_directory_end(struct data_directory *directory);

#endif
