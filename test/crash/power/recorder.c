/* LD_PRELOAD library: records each change of the files below HEARTH_TRACE_ROOT into HEARTH_TRACE (trace.h), LMDB's too.
 *
 * Where HEARTH_FAULT says so (fault.h), a call fails instead.
 *
 * It stands before the C library's functions and makes the system calls itself. What it does not know (fopen, links,
 * fallocate, memory mapped for writing) the replayer notices: at the end of a trace its files must be the real ones. */
#include "fault.h"
#include "trace.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FD_COUNT     65536
#define ZERO_BYTES   4096
#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

/* By descriptor, under the trace's lock; a handle of 0 is not watched. Of the file's own scope: see trace.c. */
static struct watched {
    uint64_t handle;
    int flags; /* As it was opened. */
    bool may_fail;
} watched[FD_COUNT];

/* -1 with errno for a call that must fail, else 0. */
static int meet(bool may_fail, enum fault_call call)
{
    int error_number = may_fail ? fault_meet(call) : 0;

    if (error_number == 0) {
        return 0;
    }
    errno = error_number;
    return -1;
}

static struct watched find(int fd)
{
    struct watched found = {0};

    if (fd >= 0 && fd < FD_COUNT) {
        found = watched[fd];
    }
    return found;
}

/* Opening and closing. */

static int open_below(int folder, const char *path, int flags, mode_t mode)
{
    char relative[PATH_MAX];
    int fd;

    if (strcmp(path, BOOT_ID_PATH) == 0 && trace_boot_id_path() != NULL) {
        path = trace_boot_id_path();
    }
    if ((flags & O_TMPFILE) == O_TMPFILE || (path[0] != '/' && folder != AT_FDCWD) ||
        !trace_is_watched(path, relative)) {
        return (int)syscall(SYS_openat, folder, path, flags, mode);
    }
    if (meet(fault_has_target(relative), FAULT_OPEN) != 0) {
        return -1;
    }
    trace_lock();
    fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (fd >= FD_COUNT) {
        abort();
    }
    if (fd >= 0) {
        watched[fd] =
            (struct watched){.handle = trace_next_number(), .flags = flags, .may_fail = fault_has_target(relative)};
        trace_append_text(
            (struct trace_head){.kind = TRACE_OPEN, .handle = watched[fd].handle, .a = (uint64_t)(unsigned)flags},
            relative);
    }
    trace_unlock();
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode;

    va_start(arguments, flags);
    mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_below(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode;

    va_start(arguments, flags);
    mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_below(folder, path, flags, mode);
}

int close(int fd)
{
    int result;

    if (find(fd).handle == 0) {
        return (int)syscall(SYS_close, fd);
    }
    trace_lock();
    watched[fd].handle = 0;
    result = (int)syscall(SYS_close, fd);
    trace_unlock();
    return result;
}

int dup3(int fd, int to, int flags)
{
    int result;

    trace_lock();
    result = (int)syscall(SYS_dup3, fd, to, flags);
    if (result >= 0 && result < FD_COUNT) {
        watched[result] = find(fd);
    }
    trace_unlock();
    return result;
}

int dup2(int fd, int to)
{
    return fd == to ? (fcntl(fd, F_GETFD) < 0 ? -1 : to) : dup3(fd, to, 0);
}

/* Content. */

static bool is_zero(const struct iovec *piece)
{
    static const char zeros[ZERO_BYTES];
    const char *at = piece->iov_base;

    for (size_t left = piece->iov_len; left > 0;) {
        size_t len = left < sizeof(zeros) ? left : sizeof(zeros);

        if (memcmp(at, zeros, len) != 0) {
            return false;
        }
        at += len;
        left -= len;
    }
    return true;
}

/* What was written may be less than what was to be. */
static void record_write(struct watched file, off_t offset, const struct iovec *pieces, size_t len)
{
    struct trace_head head = {.kind = TRACE_WRITE, .handle = file.handle, .a = (uint64_t)offset, .b = len};
    struct iovec written[IOV_MAX];
    int count = 0;
    bool is_all_zero = true;

    for (size_t left = len; left > 0; count++) {
        written[count] = pieces[count];
        if (written[count].iov_len > left) {
            written[count].iov_len = left;
        }
        left -= written[count].iov_len;
        is_all_zero = is_all_zero && is_zero(&written[count]);
    }
    trace_append(head, written, is_all_zero ? 0 : count);
    if ((file.flags & O_DSYNC) != 0) { /* O_SYNC has that bit too. */
        head.kind = TRACE_DURABLE;
        trace_append(head, NULL, 0);
    }
}

ssize_t pread(int fd, void *bytes, size_t len, off_t offset)
{
    return meet(find(fd).may_fail, FAULT_READ) != 0 ? -1 : syscall(SYS_pread64, fd, bytes, len, offset);
}

/* Write at `offset`, or where the file stands if that is negative; only a part if a fault wants it so. */
static ssize_t write_part(int fd, const struct iovec *pieces, int count, off_t offset)
{
    struct iovec part[IOV_MAX];
    size_t len = 0;
    size_t left;
    int used = 0;

    for (int i = 0; i < count; i++) {
        len += pieces[i].iov_len;
    }
    left = len;
    if (find(fd).may_fail) {
        int error_number = fault_meet_write(&left);

        if (error_number != 0) {
            errno = error_number;
            return -1;
        }
    }
    for (; used < count && left > 0; used++) {
        part[used] = pieces[used];
        part[used].iov_len = part[used].iov_len < left ? part[used].iov_len : left;
        left -= part[used].iov_len;
    }
    return offset < 0 ? syscall(SYS_writev, fd, part, used) : syscall(SYS_pwritev, fd, part, used, offset, 0);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset)
{
    struct watched file = find(fd);
    ssize_t written;

    if (file.handle == 0) {
        return syscall(SYS_pwritev, fd, pieces, count, offset, 0);
    }
    trace_lock();
    written = write_part(fd, pieces, count, offset);
    if (written > 0) {
        record_write(file, offset, pieces, (size_t)written);
    }
    trace_unlock();
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};

    return pwritev(fd, &piece, 1, offset);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    struct watched file = find(fd);
    ssize_t written;

    if (file.handle == 0) {
        return syscall(SYS_writev, fd, pieces, count);
    }
    trace_lock();
    written = write_part(fd, pieces, count, -1);
    if (written > 0) { /* The position is behind what was written, also with O_APPEND. */
        record_write(file, lseek(fd, 0, SEEK_CUR) - written, pieces, (size_t)written);
    }
    trace_unlock();
    return written;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};

    return find(fd).handle == 0 ? syscall(SYS_write, fd, bytes, len) : writev(fd, &piece, 1);
}

int ftruncate(int fd, off_t size)
{
    struct watched file = find(fd);
    int result;

    if (meet(file.may_fail, FAULT_SIZE) != 0) {
        return -1;
    }
    trace_lock();
    result = (int)syscall(SYS_ftruncate, fd, size);
    if (result == 0 && file.handle != 0) {
        trace_append((struct trace_head){.kind = TRACE_TRUNCATE, .handle = file.handle, .a = (uint64_t)size}, NULL, 0);
    }
    trace_unlock();
    return result;
}

int truncate(const char *path, off_t size)
{
    char relative[PATH_MAX];
    bool is_watched = trace_is_watched(path, relative);
    int result;

    if (meet(is_watched && fault_has_target(relative), FAULT_SIZE) != 0) {
        return -1;
    }
    trace_lock();
    result = (int)syscall(SYS_truncate, path, size);
    if (result == 0 && is_watched) {
        trace_append_text((struct trace_head){.kind = TRACE_TRUNCATE, .a = (uint64_t)size}, relative);
    }
    trace_unlock();
    return result;
}

/* Syncs take time and must not hold others up: what is written meanwhile is not covered by them. */

static int sync_by(long call, int fd)
{
    struct watched file = find(fd);
    struct trace_head head = {.kind = TRACE_SYNC_BEGIN, .handle = file.handle};
    int result;

    if (file.handle == 0) {
        return (int)syscall(call, fd);
    }
    trace_lock();
    head.a = trace_next_number();
    trace_append(head, NULL, 0);
    trace_unlock();
    result = meet(file.may_fail, FAULT_SYNC);
    if (result == 0) {
        result = (int)syscall(call, fd);
    }
    if (result == 0) {
        trace_lock();
        head.kind = TRACE_SYNC_END;
        trace_append(head, NULL, 0);
        trace_unlock();
    }
    return result;
}

int fsync(int fd)
{
    return sync_by(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_by(SYS_fdatasync, fd);
}

/* Names. */

int rename(const char *from, const char *to)
{
    char paths[2][PATH_MAX];
    bool is_watched = trace_is_watched(from, paths[0]);
    int result;

    if (trace_is_watched(to, paths[1]) != is_watched) {
        fprintf(stderr, "recorder: %s is renamed to %s, across the border of what is watched\n", from, to);
        abort();
    }
    if (meet(is_watched && fault_has_target(paths[0]), FAULT_NAME) != 0) {
        return -1;
    }
    trace_lock();
    result = (int)syscall(SYS_rename, from, to);
    if (result == 0 && is_watched) {
        const struct iovec pieces[2] = {{.iov_base = paths[0], .iov_len = strlen(paths[0]) + 1},
                                        {.iov_base = paths[1], .iov_len = strlen(paths[1])}};

        trace_append((struct trace_head){.kind = TRACE_RENAME}, pieces, 2);
    }
    trace_unlock();
    return result;
}

static int remove_by(const char *path, int flags)
{
    char relative[PATH_MAX];
    bool is_watched = trace_is_watched(path, relative);
    int result;

    if (meet(is_watched && fault_has_target(relative), FAULT_NAME) != 0) {
        return -1;
    }
    trace_lock();
    result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, flags);
    if (result == 0 && is_watched) {
        trace_append_text((struct trace_head){.kind = TRACE_REMOVE}, relative);
    }
    trace_unlock();
    return result;
}

int unlink(const char *path)
{
    return remove_by(path, 0);
}

int rmdir(const char *path)
{
    return remove_by(path, AT_REMOVEDIR);
}

int remove(const char *path)
{
    int result = remove_by(path, 0);

    return result != 0 && errno == EISDIR ? remove_by(path, AT_REMOVEDIR) : result;
}

int mkdir(const char *path, mode_t mode)
{
    char relative[PATH_MAX];
    bool is_watched = trace_is_watched(path, relative);
    int result;

    if (meet(is_watched && fault_has_target(relative), FAULT_NAME) != 0) {
        return -1;
    }
    trace_lock();
    result = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (result == 0 && is_watched) {
        trace_append_text((struct trace_head){.kind = TRACE_MAKE_DIRECTORY}, relative);
    }
    trace_unlock();
    return result;
}
