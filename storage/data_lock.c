#include "storage/data_lock.h"
#include "base/file.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define PID_TEXT_MAX 24

static long read_pid(int fd)
{
    char text[PID_TEXT_MAX];
    ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

    if (len <= 0) {
        return 0;
    }
    text[len] = '\0';
    return strtol(text, NULL, 10);
}

/* For people and for the next one's message; who holds the lock, the kernel knows. */
static enum status write_pid(int fd)
{
    char text[PID_TEXT_MAX];
    int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len) {
        return file_status_from_errno(errno);
    }
    return STATUS_OK;
}

enum status data_lock_acquire(const char *directory, struct data_lock *lock, long *holder_pid)
{
    char *path = file_join(directory, DATA_LOCK_NAME);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    enum status status;

    memory_free(path);
    if (fd < 0) {
        return file_status_from_errno(errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        bool is_held = errno == EWOULDBLOCK;

        status = is_held ? STATUS_BUSY : file_status_from_errno(errno);
        if (is_held) {
            *holder_pid = read_pid(fd);
        }
        close(fd);
        return status;
    }
    status = write_pid(fd);
    if (status != STATUS_OK) {
        close(fd);
        return status;
    }
    lock->fd = fd;
    return STATUS_OK;
}

void data_lock_release(struct data_lock *lock)
{
    if (lock->fd >= 0) {
        close(lock->fd);
    }
    lock->fd = -1;
}
