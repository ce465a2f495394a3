/* Files behind a table of functions, so that power loss and a failing disk are test doubles.
 *
 * The log, snapshots and configuration go through this; LMDB's own file does not (it has its own I/O). Paths are C
 * strings. No call is retried after STATUS_IO. Any thread may call, one at a time for each struct file. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/slice.h"
#include "base/status.h"
#include <stdint.h>

enum file_mode {
    FILE_READ,   /* Must exist. */
    FILE_WRITE,  /* Read and write; must exist. */
    FILE_CREATE, /* Read and write; must not exist: STATUS_EXISTS. */
    FILE_CREATE_OR_TRUNCATE,
};

struct file_system;

/* An open file; the implementation's own struct begins with this. */
struct file {
    struct file_system *system;
};

struct file_system_operations {
    enum status (*open)(struct file_system *system, const char *path, enum file_mode mode, struct file **file);
    void (*close)(struct file *file);
    /* Read up to `len` bytes at `offset`; `*read_len` is less only at the end of the file. */
    enum status (*read)(struct file *file, uint64_t offset, char *to, size_t len, size_t *read_len);
    /* Write all pieces one after the other at `offset`. */
    enum status (*write)(struct file *file, uint64_t offset, const struct slice *pieces, size_t count);
    enum status (*size)(struct file *file, uint64_t *size_bytes);
    enum status (*truncate)(struct file *file, uint64_t size_bytes);
    /* fdatasync: content and size are on disk when it returns. */
    enum status (*sync)(struct file *file);
    enum status (*rename)(struct file_system *system, const char *from, const char *to);
    enum status (*remove)(struct file_system *system, const char *path);         /* STATUS_NOT_FOUND if absent. */
    enum status (*make_directory)(struct file_system *system, const char *path); /* STATUS_EXISTS if there. */
    enum status (*sync_directory)(struct file_system *system, const char *path);
    /* Call `visit` with each name in the folder but "." and "..", in no order. */
    enum status (*list)(struct file_system *system, const char *path, void (*visit)(void *context, const char *name),
                        void *context);
    /* May be NULL: it cannot be told. */
    uint64_t (*free_bytes)(struct file_system *system, const char *path);
};

struct file_system {
    const struct file_system_operations *operations;
};

/* The real one. Static storage. */
struct file_system *file_system_posix(void);

MUST_CHECK enum status file_open(struct file_system *system, const char *path, enum file_mode mode, struct file **file);
/* Closing does not sync. NULL is fine. */
void file_close(struct file *file);
MUST_CHECK enum status file_read(struct file *file, uint64_t offset, char *to, size_t len, size_t *read_len);
MUST_CHECK enum status file_write(struct file *file, uint64_t offset, const struct slice *pieces, size_t count);
MUST_CHECK enum status file_size(struct file *file, uint64_t *size_bytes);
MUST_CHECK enum status file_truncate(struct file *file, uint64_t size_bytes);
MUST_CHECK enum status file_sync(struct file *file);
MUST_CHECK enum status file_rename(struct file_system *system, const char *from, const char *to);
MUST_CHECK enum status file_remove(struct file_system *system, const char *path);
MUST_CHECK enum status file_make_directory(struct file_system *system, const char *path);
MUST_CHECK enum status file_sync_directory(struct file_system *system, const char *path);
MUST_CHECK enum status file_list(struct file_system *system, const char *path,
                                 void (*visit)(void *context, const char *name), void *context);
/* How many more bytes the disk that `path` is on would take; UINT64_MAX if it cannot be told. */
uint64_t file_free_bytes(struct file_system *system, const char *path);

/* Whole-file helpers on top of the table. */

/* Read the file at `path` into a new NUL-terminated block that the caller frees with memory_free().
 *   STATUS_TOO_BIG  It is longer than `limit_bytes`. */
MUST_CHECK enum status file_read_whole(struct file_system *system, const char *path, size_t limit_bytes, char **text,
                                       size_t *len);
/* Replace `directory`/`name` by `content` so that a crash leaves the old or the new content, never a mix: write
 * `name`.tmp, sync it, rename it, sync the folder. When it returns STATUS_OK the new content is durable. */
MUST_CHECK enum status file_replace(struct file_system *system, const char *directory, const char *name,
                                    struct slice content);
/* Copy the first `len_max` bytes of the file `from`, or all of a shorter one, to `to`, made or emptied before, and sync
 * its content. On error what was copied so far stays. */
MUST_CHECK enum status file_copy(struct file_system *system, const char *from, const char *to, uint64_t len_max);
/* Write `len` zeros at `offset`, a megabyte a call. */
MUST_CHECK enum status file_write_zeros(struct file *file, uint64_t offset, uint64_t len);
/* Remove a folder and all below it; absent is fine. */
MUST_CHECK enum status file_remove_tree(struct file_system *system, const char *path);
MUST_CHECK enum status file_exists(struct file_system *system, const char *path, bool *exists);

/* Sync the folder that `path` is in ("." for a mere name): a name made, renamed or removed there is durable then. */
MUST_CHECK enum status file_sync_parent(struct file_system *system, const char *path);

/* "directory/name" in a new block that the caller frees with memory_free(). */
char *file_join(const char *directory, const char *name);

/* The status that fits an errno value: ENOSPC and EDQUOT are STATUS_NO_SPACE, ENOENT STATUS_NOT_FOUND, ... */
enum status file_status_from_errno(int error_number);
/* Why a call on a file has just failed, for diag: the kernel's words, by errno, where the status says less. */
const char *file_failure_text(enum status status);

#endif
