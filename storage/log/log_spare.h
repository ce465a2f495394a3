/* The spare segment in the making: zeros, written and synced step by step. No thread: its user calls. */
#ifndef STORAGE_LOG_LOG_SPARE_H
#define STORAGE_LOG_LOG_SPARE_H

#include "base/file.h"

struct log_spare {
    struct file_system *files;
    char *path;           /* Owned. */
    struct file *file;    /* Owned; NULL before the first step. */
    uint64_t ready_bytes; /* Zeros on disk. */
};

void log_spare_init(struct log_spare *spare, struct file_system *files, const char *directory);
/* Remove the file too. */
void log_spare_release(struct log_spare *spare);

/* Make it up to `step_bytes` longer, but no longer than `target_bytes`.
 *   STATUS_NO_SPACE  The disk is full; what was ready stays.
 *   STATUS_IO        The file failed and is removed: the next step begins a new one. */
MUST_CHECK enum status log_spare_step(struct log_spare *spare, uint64_t step_bytes, uint64_t target_bytes);

/* Give the file away, and begin with none. */
struct file *log_spare_take(struct log_spare *spare);

#endif
