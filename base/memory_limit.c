#include "base/memory_limit.h"
#include "base/number.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define TEXT_BYTES 4096

/* Read the start of a small file as a C string. */
static bool read_text(const char *path, char text[TEXT_BYTES])
{
    FILE *file = fopen(path, "re");
    size_t len;

    if (file == NULL) {
        return false;
    }
    len = fread(text, 1, TEXT_BYTES - 1, file);
    text[len] = '\0';
    (void)fclose(file);
    return true;
}

/* The number in the file of a group; none, or a word like "max", is no limit. */
static uint64_t read_limit(const char *folder, size_t folder_len, const char *name)
{
    char path[PATH_BYTES];
    char text[TEXT_BYTES];
    uint64_t limit;

    if (snprintf(path, sizeof(path), "%.*s/%s", (int)folder_len, folder, name) >= (int)sizeof(path) ||
        !read_text(path, text) || !number_parse_uint64(slice_make(text, strcspn(text, "\n")), &limit)) {
        return UINT64_MAX;
    }
    return limit;
}

/* The least limit of the group at `root` + `path` and those above it. Inside a container the path may be the host's and
 * the mount begin at the group itself: folders that are not there tell nothing, and the root is asked too. */
static uint64_t least_limit(const char *root, struct slice group, const char *name)
{
    uint64_t least = UINT64_MAX;
    size_t root_len = strlen(root);
    char folder[PATH_BYTES];
    size_t len;

    if (root_len + group.len >= sizeof(folder)) {
        return UINT64_MAX;
    }
    memcpy(folder, root, root_len);
    memcpy(folder + root_len, group.data, group.len);
    len = root_len + group.len;
    for (;;) {
        uint64_t limit = read_limit(folder, len, name);

        least = limit < least ? limit : least;
        if (len == root_len) {
            return least;
        }
        do {
            len--;
        } while (len > root_len && folder[len] != '/');
    }
}

/* One line of /proc/self/cgroup: "4:memory:/group" in version 1, "0::/group" in version 2. */
static uint64_t limit_of_line(struct slice line, const char *mount)
{
    const char *controllers = memchr(line.data, ':', line.len);
    const char *group;
    struct slice names;
    char root[PATH_BYTES];

    if (controllers == NULL) {
        return UINT64_MAX;
    }
    controllers++;
    group = memchr(controllers, ':', line.len - (size_t)(controllers - line.data));
    if (group == NULL) {
        return UINT64_MAX;
    }
    names = slice_make(controllers, (size_t)(group - controllers));
    group++;
    line = slice_make(group, line.len - (size_t)(group - line.data));
    if (names.len == 0) {
        return least_limit(mount, line, "memory.max");
    }
    if (slice_equal(names, slice_of("memory")) &&
        snprintf(root, sizeof(root), "%s/memory", mount) < (int)sizeof(root)) {
        return least_limit(root, line, "memory.limit_in_bytes");
    }
    return UINT64_MAX;
}

uint64_t memory_limit_of_groups(const char *groups, const char *mount)
{
    uint64_t least = UINT64_MAX;

    while (*groups != '\0') {
        size_t len = strcspn(groups, "\n");
        uint64_t limit = limit_of_line(slice_make(groups, len), mount);

        least = limit < least ? limit : least;
        groups += len + (groups[len] == '\n');
    }
    return least;
}

uint64_t memory_limit_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_bytes = sysconf(_SC_PAGESIZE);
    uint64_t limit = UINT64_MAX;
    char groups[TEXT_BYTES];

    if (read_text("/proc/self/cgroup", groups)) {
        limit = memory_limit_of_groups(groups, "/sys/fs/cgroup");
    }
    if (pages > 0 && page_bytes > 0 && (uint64_t)pages * (uint64_t)page_bytes < limit) {
        limit = (uint64_t)pages * (uint64_t)page_bytes;
    }
    return limit;
}
