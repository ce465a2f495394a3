/* Where a tool writes: a file that appears under its name only when it is whole, or standard output.
 *
 * A file grows up as <name>.part, locked against a second tool, and is synced and renamed at its end. */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

#include "base/slice.h"
#include "base/status.h"
#include <stdint.h>

struct output {
    char *path;      /* Owned; NULL for standard output. */
    char *part_path; /* Owned. */
    int fd;
    bool may_replace;
    uint64_t written_bytes;
};

#define OUTPUT_SPOOL_DIRECTORY "/var/tmp" /* If $TMPDIR is not set. */

/* `path` "-" is standard output.
 *   STATUS_EXISTS  There is something at `path` and `may_replace` is false.
 *   STATUS_BUSY    Another tool is writing it.
 *   STATUS_IO and others: errno says why. */
MUST_CHECK enum status output_open(struct output *output, const char *path, bool may_replace);
bool output_is_stream(const struct output *output);
MUST_CHECK enum status output_write(struct output *output, const struct slice *pieces, size_t count);
/* Cut off what was written, to begin again. Not for streams. */
MUST_CHECK enum status output_restart(struct output *output);
/* Let a stream's bytes go to an unlinked temporary file first, so that writing never waits for the reader. A regular
 * file at standard output stays as it is: that is never slow. errno says why not. */
MUST_CHECK enum status output_spool(struct output *output);
/* Send on what was spooled, if anything was. STATUS_CLOSED: the reader has gone. */
MUST_CHECK enum status output_forward(struct output *output);
/* Sync it; it stays <name>.part until output_publish(). A stream is only flushed. */
MUST_CHECK enum status output_sync(struct output *output);
/* Give it its name, durably, and release the output. STATUS_EXISTS: somebody else made one meanwhile. */
MUST_CHECK enum status output_publish(struct output *output);
/* Remove what was written and release the output. */
void output_discard(struct output *output);

#endif
