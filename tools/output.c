#include "tools/output.h"

#include "base/file.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORWARD_BYTES (256u * 1024) /* At a time. */

static char *with_suffix(const char *path)
{
    size_t len = strlen(path) + sizeof(".part");
    char *text = memory_allocate(len);

    snprintf(text, len, "%s.part", path);
    return text;
}

static void release(struct output *output)
{
    if (output->fd != STDOUT_FILENO) {
        close(output->fd);
    }
    memory_free(output->path);
    memory_free(output->part_path);
}

/* Whether the name still leads to the open file: its former writer may have published it between open and lock. */
static bool is_current(const struct output *output)
{
    struct stat by_fd;
    struct stat by_name;

    return fstat(output->fd, &by_fd) == 0 && stat(output->part_path, &by_name) == 0 && by_fd.st_ino == by_name.st_ino &&
           by_fd.st_dev == by_name.st_dev;
}

/* Open the part and be its only writer. A part that nobody locks is a dead tool's, and is written over. */
static enum status open_part(struct output *output)
{
    output->fd = open(output->part_path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (output->fd < 0) {
        return file_status_from_errno(errno);
    }
    if (flock(output->fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? STATUS_BUSY : file_status_from_errno(errno);
    }
    if (!is_current(output)) {
        return STATUS_BUSY;
    }
    return ftruncate(output->fd, 0) == 0 ? STATUS_OK : file_status_from_errno(errno);
}

enum status output_open(struct output *output, const char *path, bool may_replace)
{
    enum status status;

    *output = (struct output){.fd = STDOUT_FILENO, .may_replace = may_replace};
    if (strcmp(path, "-") == 0) {
        return STATUS_OK;
    }
    if (!may_replace && access(path, F_OK) == 0) {
        return STATUS_EXISTS;
    }
    output->path = memory_copy_text(path);
    output->part_path = with_suffix(path);
    status = open_part(output);
    if (status != STATUS_OK) {
        int saved_errno = errno;

        if (output->fd >= 0) {
            close(output->fd);
        }
        memory_free(output->path);
        memory_free(output->part_path);
        errno = saved_errno;
    }
    return status;
}

bool output_is_stream(const struct output *output)
{
    return output->path == NULL;
}

static enum status write_all(int fd, struct slice piece)
{
    while (piece.len > 0) {
        ssize_t written = write(fd, piece.data, piece.len);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return errno == EPIPE ? STATUS_CLOSED : file_status_from_errno(errno);
        }
        piece = slice_after(piece, (size_t)written);
    }
    return STATUS_OK;
}

enum status output_write(struct output *output, const struct slice *pieces, size_t count)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = write_all(output->fd, pieces[i]);
        output->written_bytes += status == STATUS_OK ? pieces[i].len : 0;
    }
    return status;
}

enum status output_spool(struct output *output)
{
    const char *directory = getenv("TMPDIR");
    struct stat out;
    char *path;
    int fd;

    if (fstat(STDOUT_FILENO, &out) == 0 && S_ISREG(out.st_mode)) {
        return STATUS_OK;
    }
    path =
        file_join(directory == NULL || directory[0] == '\0' ? OUTPUT_SPOOL_DIRECTORY : directory, "hearth-dump-XXXXXX");
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        unlink(path); /* It goes with the process, however that ends. */
        output->fd = fd;
    }
    memory_free(path);
    return fd >= 0 ? STATUS_OK : file_status_from_errno(errno);
}

enum status output_forward(struct output *output)
{
    char *part;
    uint64_t at = 0;
    enum status status = STATUS_OK;

    if (!output_is_stream(output) || output->fd == STDOUT_FILENO) {
        return STATUS_OK;
    }
    part = memory_allocate(FORWARD_BYTES);
    while (status == STATUS_OK && at < output->written_bytes) {
        ssize_t got = pread(output->fd, part, FORWARD_BYTES, (off_t)at);

        if (got <= 0) {
            status = got == 0 ? STATUS_CORRUPT : file_status_from_errno(errno);
        } else {
            status = write_all(STDOUT_FILENO, slice_make(part, (size_t)got));
            at += (uint64_t)got;
        }
    }
    memory_free(part);
    return status;
}

enum status output_restart(struct output *output)
{
    if (ftruncate(output->fd, 0) != 0 || lseek(output->fd, 0, SEEK_SET) != 0) {
        return file_status_from_errno(errno);
    }
    output->written_bytes = 0;
    return STATUS_OK;
}

enum status output_sync(struct output *output)
{
    if (output_is_stream(output) || fdatasync(output->fd) == 0) {
        return STATUS_OK;
    }
    return file_status_from_errno(errno);
}

/* A link fails if the name is taken, which a rename would not: nobody's file is replaced by accident. */
static enum status give_name(struct output *output)
{
    if (output->may_replace) {
        return rename(output->part_path, output->path) == 0 ? STATUS_OK : file_status_from_errno(errno);
    }
    if (link(output->part_path, output->path) == 0) {
        return unlink(output->part_path) == 0 ? STATUS_OK : file_status_from_errno(errno);
    }
    if (errno == EEXIST) {
        return STATUS_EXISTS;
    }
    /* File systems without hard links. */
    return rename(output->part_path, output->path) == 0 ? STATUS_OK : file_status_from_errno(errno);
}

enum status output_publish(struct output *output)
{
    enum status status;
    char *copy;

    if (output_is_stream(output)) {
        return STATUS_OK;
    }
    status = give_name(output);
    if (status == STATUS_OK) {
        copy = memory_copy_text(output->path);
        status = file_sync_directory(file_system_posix(), dirname(copy));
        memory_free(copy);
        release(output);
    } else {
        output_discard(output);
    }
    return status;
}

void output_discard(struct output *output)
{
    if (!output_is_stream(output)) {
        unlink(output->part_path);
    }
    release(output);
}
