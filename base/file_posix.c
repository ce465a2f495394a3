/* The file system of the kernel. Interrupted and short calls go on where they stopped; errors do not. */
#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECES_A_CALL 64 /* Of a write; far below IOV_MAX, and few enough for the stack. */

struct posix_file {
    struct file base;
    int fd;
};

static int get_fd(struct file *file)
{
    return ((struct posix_file *)(void *)file)->fd;
}

/* ENOTDIR, EINVAL and the like would be our bug or a broken disk; the caller needs only to know that it failed. */
static enum status fail(void)
{
    return file_status_from_errno(errno);
}

static enum status open_file(struct file_system *system, const char *path, enum file_mode mode, struct file **file)
{
    static const int flags[] = {
        [FILE_READ] = O_RDONLY,
        [FILE_WRITE] = O_RDWR,
        [FILE_CREATE] = O_RDWR | O_CREAT | O_EXCL,
        [FILE_CREATE_OR_TRUNCATE] = O_RDWR | O_CREAT | O_TRUNC,
    };
    struct posix_file *opened;
    int fd;

    do {
        fd = open(path, flags[mode] | O_CLOEXEC, 0640);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        return fail();
    }
    opened = memory_allocate(sizeof(*opened));
    opened->base.system = system;
    opened->fd = fd;
    *file = &opened->base;
    return STATUS_OK;
}

static void close_file(struct file *file)
{
    int saved_errno = errno;

    close(get_fd(file)); /* What matters was synced; an error here could only be misread. */
    memory_free(file);
    errno = saved_errno;
}

static enum status read_file(struct file *file, uint64_t offset, char *to, size_t len, size_t *read_len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = pread(get_fd(file), to + done, len - done, (off_t)(offset + done));

        if (got < 0 && errno != EINTR) {
            return fail();
        }
        if (got == 0) {
            break;
        }
        if (got > 0) {
            done += (size_t)got;
        }
    }
    *read_len = done;
    return STATUS_OK;
}

/* Drop the first `len` bytes of the vector; returns how many of its entries are done with. */
static int advance(struct iovec *vector, int count, size_t len)
{
    int done = 0;

    while (done < count && len >= vector[done].iov_len) {
        len -= vector[done].iov_len;
        done++;
    }
    if (done < count) {
        vector[done].iov_base = (char *)vector[done].iov_base + len;
        vector[done].iov_len -= len;
    }
    return done;
}

static enum status write_vector(int fd, uint64_t *offset, struct iovec *vector, int count)
{
    int done = advance(vector, count, 0); /* Past empty pieces, which a write of nothing would never get past. */

    while (done < count) {
        ssize_t written = pwritev(fd, vector + done, count - done, (off_t)*offset);

        if (written < 0 && errno != EINTR) {
            return fail();
        }
        if (written == 0) {
            errno = ENOSPC; /* A regular file takes a byte or says why not; do not spin if one ever does neither. */
            return fail();
        }
        if (written > 0) {
            *offset += (uint64_t)written;
            done += advance(vector + done, count - done, (size_t)written);
        }
    }
    return STATUS_OK;
}

static enum status write_file(struct file *file, uint64_t offset, const struct slice *pieces, size_t count)
{
    struct iovec vector[PIECES_A_CALL];

    while (count > 0) {
        int filled = 0;
        enum status status;

        while (count > 0 && filled < PIECES_A_CALL) {
            vector[filled].iov_base = (void *)(uintptr_t)pieces->data;
            vector[filled].iov_len = pieces->len;
            filled++;
            pieces++;
            count--;
        }
        status = write_vector(get_fd(file), &offset, vector, filled);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status get_size(struct file *file, uint64_t *size_bytes)
{
    struct stat facts;

    if (fstat(get_fd(file), &facts) != 0) {
        return fail();
    }
    *size_bytes = (uint64_t)facts.st_size;
    return STATUS_OK;
}

static enum status truncate_file(struct file *file, uint64_t size_bytes)
{
    int result;

    do {
        result = ftruncate(get_fd(file), (off_t)size_bytes);
    } while (result != 0 && errno == EINTR);
    return result == 0 ? STATUS_OK : fail();
}

/* Never again after a failure: the kernel may have marked the lost pages clean, so that a second call would lie. */
static enum status sync_file(struct file *file)
{
    return fdatasync(get_fd(file)) == 0 ? STATUS_OK : fail();
}

static enum status rename_path(struct file_system *system, const char *from, const char *to)
{
    (void)system;
    return rename(from, to) == 0 ? STATUS_OK : fail();
}

static enum status remove_path(struct file_system *system, const char *path)
{
    (void)system;
    return remove(path) == 0 ? STATUS_OK : fail();
}

static enum status make_directory(struct file_system *system, const char *path)
{
    (void)system;
    return mkdir(path, 0750) == 0 ? STATUS_OK : fail();
}

static enum status sync_directory(struct file_system *system, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum status status = STATUS_OK;
    int saved_errno;

    (void)system;
    if (fd < 0) {
        return fail();
    }
    if (fsync(fd) != 0) {
        status = fail();
    }
    saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return status;
}

static enum status list_directory(struct file_system *system, const char *path,
                                  void (*visit)(void *context, const char *name), void *context)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    int saved_errno;

    (void)system;
    if (directory == NULL) {
        return fail();
    }
    errno = 0;
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            visit(context, entry->d_name);
        }
        errno = 0; /* The visitor may have set it, and only it tells an error from the end. */
    }
    saved_errno = errno;
    closedir(directory);
    errno = saved_errno;
    return saved_errno == 0 ? STATUS_OK : fail();
}

static uint64_t get_free_bytes(struct file_system *system, const char *path)
{
    struct statvfs disk;

    (void)system;
    return statvfs(path, &disk) == 0 ? (uint64_t)disk.f_bavail * disk.f_frsize : UINT64_MAX;
}

struct file_system *file_system_posix(void)
{
    static const struct file_system_operations operations = {
        .open = open_file,
        .close = close_file,
        .read = read_file,
        .write = write_file,
        .size = get_size,
        .truncate = truncate_file,
        .sync = sync_file,
        .rename = rename_path,
        .remove = remove_path,
        .make_directory = make_directory,
        .sync_directory = sync_directory,
        .list = list_directory,
        .free_bytes = get_free_bytes,
    };
    static struct file_system system = {.operations = &operations};

    return &system;
}
