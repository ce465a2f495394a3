/* A data directory as the tools see it (its layout: storage/store.h). */
#ifndef TOOLS_DATA_DIRECTORY_H
#define TOOLS_DATA_DIRECTORY_H

#include "base/status.h"
#include "tools/options.h"

/* Where a tool builds what becomes `data`: below incoming/, which recovery never reads. */
#define DATA_DIRECTORY_BUILD_NAME "restore"

/* What is in a directory, before a tool puts data there. */
struct data_directory {
    const char *path; /* Borrowed. */
    bool is_there;    /* The folder exists. */
    bool has_data;    /* data/ or log/ is there. */
    bool has_other;   /* Anything else, but incoming/ and lost+found. */
};

MUST_CHECK enum status data_directory_look(const char *path, struct data_directory *directory);
/* Make what is missing of DIR/incoming, empty the place to build in, and store its path (memory_free()) in
 * `*build_path`: the environment is to be made there. */
MUST_CHECK enum status data_directory_prepare(const struct data_directory *directory, char **build_path);
/* Put the environment at `build_path` in the place of DIR/data, and take DIR/log away: it belongs to what was there
 * before.
 *
 * A crash in between leaves the former data with the former log, or the new data alone, or the new data with the
 * former log. The last is refused by the server if they do not fit together; if they do, the log leads from the new
 * data to where the former one was: no state in between is taken for whole. */
MUST_CHECK enum status data_directory_install(const struct data_directory *directory, const char *build_path);
/* Remove what was built, and the directory itself if it was made here and is empty. */
void data_directory_abandon(const struct data_directory *directory, const char *build_path);

#endif
