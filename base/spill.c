#include "base/spill.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define RESERVE_BYTES_MAX ((uint64_t)1024 * 1024 * 1024) /* Left free, or a sixteenth of a smaller disk. */

/* Not every file system makes a file without a name; there it has one for a moment. */
static int open_unnamed(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    char path[4096];
    int len;

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) {
        return fd;
    }
    len = snprintf(path, sizeof(path), "%s/spill-XXXXXX", folder);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        (void)unlink(path);
    }
    return fd;
}

enum status spill_open(struct spill *spill, const char *folder, size_t needed)
{
    struct spill opened = {.fd = open_unnamed(folder)};
    enum status status;

    if (opened.fd < 0) {
        return file_status_from_errno(errno);
    }
    status = spill_grow(&opened, needed);
    if (status != STATUS_OK) {
        (void)close(opened.fd);
        return status;
    }
    *spill = opened;
    return STATUS_OK;
}

/* What waits for slow readers must not be why a write finds the disk full. */
static bool leaves_room(int fd, size_t added)
{
    struct statvfs disk;
    uint64_t reserve;

    if (fstatvfs(fd, &disk) != 0) {
        return false;
    }
    reserve = (uint64_t)disk.f_blocks * disk.f_frsize / 16;
    reserve = reserve < RESERVE_BYTES_MAX ? reserve : RESERVE_BYTES_MAX;
    return (uint64_t)disk.f_bavail * disk.f_frsize >= added + reserve;
}

static size_t capacity_for(size_t needed)
{
    return (needed + SPILL_STEP_BYTES - 1) / SPILL_STEP_BYTES * SPILL_STEP_BYTES;
}

static enum status grow_file(const struct spill *spill, size_t capacity)
{
    if (!leaves_room(spill->fd, capacity - spill->capacity)) {
        return STATUS_NO_SPACE;
    }
    return fallocate(spill->fd, 0, (off_t)spill->capacity, (off_t)(capacity - spill->capacity)) == 0
               ? STATUS_OK
               : file_status_from_errno(errno);
}

enum status spill_grow(struct spill *spill, size_t needed)
{
    size_t capacity = capacity_for(needed);
    enum status status;
    void *memory;

    if (capacity <= spill->capacity) {
        return STATUS_OK;
    }
    status = spill->fd < 0 ? STATUS_OK : grow_file(spill, capacity);
    if (status != STATUS_OK) {
        return status;
    }
    if (spill->memory == NULL) {
        memory = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_SHARED, spill->fd, 0);
    } else {
        memory = mremap(spill->memory, spill->capacity, capacity, MREMAP_MAYMOVE);
    }
    if (memory == MAP_FAILED) {
        return STATUS_NO_MEMORY; /* The file is longer than its block, which does no harm. */
    }
    spill->memory = memory;
    spill->capacity = capacity;
    return STATUS_OK;
}

enum status spill_lose(struct spill *spill, size_t needed)
{
    size_t capacity = capacity_for(needed);
    void *memory = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED) {
        return STATUS_NO_MEMORY;
    }
    spill_close(spill);
    *spill = (struct spill){.memory = memory, .capacity = capacity, .fd = -1};
    return STATUS_OK;
}

void spill_rest(const struct spill *spill, size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    /* Of a shared map of a file this drops the mapping alone: the bytes are the file's. */
    if (len >= page) {
        (void)madvise(spill->memory, len / page * page, MADV_DONTNEED);
    }
}

void spill_close(struct spill *spill)
{
    (void)munmap(spill->memory, spill->capacity);
    if (spill->fd >= 0) {
        (void)close(spill->fd);
    }
    *spill = (struct spill){.fd = -1};
}
