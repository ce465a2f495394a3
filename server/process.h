/* The process among others: descriptors, background, pid file, signals that it ignores. */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include "base/status.h"
#include <stdbool.h>
#include <stdint.h>

/* Raise the limit of open files so that `clients` fit. Returns how many do. */
int64_t process_raise_file_limit(int64_t clients);

/* Go to the background: the parent exits with 0 and this returns in the child. False if it cannot. */
bool process_daemonize(void);

/* Write and remove the pid file; a failure is a diag and no more. `path` "" is none. */
void process_write_pid_file(const char *path);
void process_remove_pid_file(const char *path);

/* Ignore SIGPIPE, SIGHUP and SIGXFSZ. */
void process_ignore_signals(void);

/* Resident memory, in bytes, with the pages of LMDB's map that are in it; 0 if it cannot be read. */
uint64_t process_resident_bytes(void);
/* The part of it that is no file's: what the process really costs. */
uint64_t process_anonymous_bytes(void);
/* All memory of the machine. */
uint64_t process_machine_bytes(void);

/* Space of the file system that `path` lies on: what may still be written, and all; 0 if it cannot be told. */
void process_disk_bytes(const char *path, uint64_t *free_bytes, uint64_t *total_bytes);

/* What the allocator has given out and what it holds for that, and its name. */
struct process_allocator {
    uint64_t allocated_bytes;
    uint64_t active_bytes;
    uint64_t resident_bytes;
    const char *name; /* Static storage. */
};
void process_ask_allocator(struct process_allocator *allocator);
/* Give freed memory back to the system, as far as the allocator can. */
void process_purge_allocator(void);

#endif
