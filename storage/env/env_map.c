#include "storage/env/env_map.h"
#include "base/memory.h"
#include "base/memory_limit.h"
#include "storage/env/env_lmdb.h"
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14; an older one refuses it, and the reads take all faults. */
#endif

#define RUN_PAGES_MAX 512                        /* Mapped in one go, in some 50 us. */
#define STEP_BYTES    ((size_t)32 * 1024 * 1024) /* Looked at in one go: 8 KB of answers, some 3 ms. */

/* Where the file with this identity is mapped; NULL if it is not. LMDB does not tell. */
static const char *find_map(const struct stat *file)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    const char *found = NULL;
    char line[512];

    if (maps == NULL) {
        return NULL;
    }
    while (found == NULL && fgets(line, sizeof(line), maps) != NULL) {
        unsigned device_major;
        unsigned device_minor;
        uint64_t inode;
        uintptr_t start;

        if (sscanf(line, "%" SCNxPTR "-%*x %*s %*x %x:%x %" SCNu64, &start, &device_major, &device_minor, &inode) ==
                4 &&
            inode == file->st_ino && makedev(device_major, device_minor) == file->st_dev) {
            found = (const char *)start;
        }
    }
    (void)fclose(maps);
    return found;
}

/* Have pages of the page cache mapped, and read a byte of each: mapped or not, a virtual machine may take a fault of
 * its own for it. */
static void touch_run(const char *start, size_t page_count, size_t page_bytes)
{
    (void)madvise((void *)(uintptr_t)start, page_count * page_bytes, MADV_POPULATE_READ);
    for (size_t i = 0; i < page_count; i++) {
        (void)*(const volatile char *)(start + i * page_bytes);
    }
}

/* How many of the first pages are in the page cache, one after the other. */
static size_t count_resident(const unsigned char *is_resident, size_t page_count)
{
    size_t count = 0;

    while (count < page_count && (is_resident[count] & 1) != 0) {
        count++;
    }
    return count;
}

/* The runs of pages that are in the page cache. They are short: while one is mapped, the loop's mmap() waits. */
static void touch_step(const char *start, size_t len, size_t page_bytes, unsigned char *is_resident)
{
    size_t left = len / page_bytes;

    if (mincore((void *)(uintptr_t)start, len, is_resident) != 0) {
        return;
    }
    while (left > 0) {
        size_t run = count_resident(is_resident, left < RUN_PAGES_MAX ? left : RUN_PAGES_MAX);
        size_t done = run > 0 ? run : 1; /* At least a page that is not there is passed. */

        if (run > 0) {
            touch_run(start, run, page_bytes);
        }
        start += done * page_bytes;
        is_resident += done;
        left -= done;
    }
}

static void touch_resident(const char *map, size_t len, size_t page_bytes, const atomic_bool *hurry)
{
    unsigned char *is_resident = memory_allocate(STEP_BYTES / page_bytes);

    for (size_t start = 0; start < len && !atomic_load(hurry); start += STEP_BYTES) {
        touch_step(map + start, len - start < STEP_BYTES ? len - start : STEP_BYTES, page_bytes, is_resident);
    }
    memory_free(is_resident);
}

void env_tend_map(const struct env *env, const atomic_bool *hurry)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    bool fits;
    struct stat file;
    mdb_filehandle_t fd;
    MDB_envinfo info;
    const char *map;

    if (mdb_env_get_fd(env_handle(env), &fd) != 0 || fstat(fd, &file) != 0 ||
        mdb_env_info(env_handle(env), &info) != 0) {
        return;
    }
    map = find_map(&file);
    if (map == NULL) {
        return;
    }
    fits = (uint64_t)file.st_size <= memory_limit_bytes() / ENV_MEMORY_SHARE;
    /* The whole map, as its pages are one area for the kernel; without a change of mind this costs nothing. */
    (void)madvise((void *)(uintptr_t)map, info.me_mapsize, fits ? MADV_NORMAL : MADV_RANDOM);
    if (fits) {
        touch_resident(map, (size_t)file.st_size / page_bytes * page_bytes, page_bytes, hurry);
    }
}
