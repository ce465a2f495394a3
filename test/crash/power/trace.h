/* The trace of what a program did to the files below one folder, for replaying a power cut at any point of it.
 *
 * A record is a struct trace_head and `text_len` bytes. Records of several processes stand in one file in the order of
 * time, because each is appended by one write; so a test may add marks of its own. trace.py reads it. */
#ifndef TEST_CRASH_POWER_TRACE_H
#define TEST_CRASH_POWER_TRACE_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

enum trace_kind {
    TRACE_OPEN = 1,   /* text: path; a: the flags of open(). */
    TRACE_WRITE,      /* a: offset; b: length; text: the bytes, or nothing if all are zero. */
    TRACE_TRUNCATE,   /* a: size; text: path, if not by descriptor. */
    TRACE_SYNC_BEGIN, /* a: number of the sync. */
    TRACE_SYNC_END,   /* a: the same: what was written before it began is on disk. */
    TRACE_DURABLE,    /* a: offset; b: length: a write through O_DSYNC that has returned. */
    TRACE_RENAME,     /* text: from, NUL, to. */
    TRACE_REMOVE,     /* text: path of a file or a folder. */
    TRACE_MAKE_DIRECTORY,
    TRACE_MARK, /* text: the test's own. */
};

/* Little endian, as all machines that run this. */
struct trace_head {
    uint64_t time_ns; /* Monotonic. */
    uint64_t handle;  /* Of the open file; never used again. */
    uint64_t a;
    uint64_t b;
    uint32_t kind;
    uint32_t text_len;
};

/* Sent to a recorded process, it is kill -9 with a whole trace. */
#define TRACE_DEATH_SIGNAL SIGUSR2

/* Calls and their records must be one step, or two threads' records could stand in the wrong order. */
void trace_lock(void);
void trace_unlock(void);

/* Whether `path` is below the folder that is watched; then its path from there is in `relative`. */
bool trace_is_watched(const char *path, char relative[PATH_MAX]);
/* Append a record. errno stays. `head` needs no time and no text_len. */
void trace_append(struct trace_head head, const struct iovec *pieces, int count);
/* The same, with a C string. */
void trace_append_text(struct trace_head head, const char *text);
/* A handle or a sync's number: never given twice, in no process. */
uint64_t trace_next_number(void);
/* What the program shall see as the kernel's boot id, or NULL. */
const char *trace_boot_id_path(void);

#endif
