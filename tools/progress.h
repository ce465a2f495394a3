/* Progress on stderr: a bar that redraws itself on a terminal, a line each ten seconds elsewhere. */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *verb; /* "copying"; borrowed. */
    bool is_quiet;
    bool is_terminal;
    bool is_drawn;       /* There is a bar on the line now. */
    uint64_t begun_us;   /* Monotonic. */
    uint64_t shown_us;   /* When the last line or bar was written; 0 never. */
    uint64_t done_bytes; /* Of the last update. */
};

/* Begin to tell about `verb`; nothing is written if `is_quiet`. */
void progress_begin(struct progress *progress, const char *verb, bool is_quiet);
/* Called as often as one likes; writes at most ten times a second. `total_bytes` 0 is not known. */
void progress_update(struct progress *progress, uint64_t done_bytes, uint64_t total_bytes);
/* End the line, so that messages may follow; with the time it took if it took a while. */
void progress_end(struct progress *progress);

/* "1.4 GB" into `text`. */
void progress_format_bytes(char text[16], uint64_t bytes);

#endif
