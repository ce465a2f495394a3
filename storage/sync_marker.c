#include "storage/sync_marker.h"
#include "base/memory.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define BOOT_ID_PATH    "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_BYTES   64
#define UNKNOWN_BOOT_ID "unknown" /* Equal to no boot id, not even to itself. */
#define LOST            "lost"    /* No boot id has this form. Alone, or " " and a history's id follow. */

/* Cut at the end of the line. */
static size_t id_len(const char *text, size_t len)
{
    const char *end = memchr(text, '\n', len);

    return end == NULL ? len : (size_t)(end - text);
}

/* The kernel's, with a new line; it does not go through our files, which may be a test's. */
static struct slice get_boot_id(const char *given, char text[BOOT_ID_BYTES])
{
    ssize_t len = 0;
    int fd;

    if (given != NULL) {
        return slice_of(given);
    }
    fd = open(BOOT_ID_PATH, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        len = read(fd, text, BOOT_ID_BYTES);
        close(fd);
    }
    return len > 0 ? slice_make(text, id_len(text, (size_t)len)) : slice_of(UNKNOWN_BOOT_ID);
}

static enum sync_marker judge(struct slice found, struct slice present, char successor[HISTORY_ID_LEN + 1])
{
    successor[0] = '\0';
    if (slice_starts_with(found, slice_of(LOST))) {
        struct slice id = slice_after(found, found.len > strlen(LOST " ") ? strlen(LOST " ") : found.len);

        if (history_id_is_valid(id)) {
            memcpy(successor, id.data, HISTORY_ID_LEN);
            successor[HISTORY_ID_LEN] = '\0';
        }
        return SYNC_MARKER_LOST;
    }
    if (slice_equal(found, present) && !slice_equal(found, slice_of(UNKNOWN_BOOT_ID))) {
        return SYNC_MARKER_KEPT;
    }
    return SYNC_MARKER_REBOOTED;
}

enum status sync_marker_read(struct file_system *files, const char *directory, const char *boot_id,
                             enum sync_marker *marker, char successor[HISTORY_ID_LEN + 1])
{
    char *path = file_join(directory, SYNC_MARKER_NAME);
    char present[BOOT_ID_BYTES];
    char *text;
    size_t len;
    enum status status = file_read_whole(files, path, SIZE_MAX, &text, &len);

    memory_free(path);
    if (status == STATUS_NOT_FOUND) {
        *marker = SYNC_MARKER_ABSENT;
        successor[0] = '\0';
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    *marker = judge(slice_make(text, id_len(text, len)), get_boot_id(boot_id, present), successor);
    memory_free(text);
    return STATUS_OK;
}

enum status sync_marker_set(struct file_system *files, const char *directory, const char *boot_id)
{
    char text[BOOT_ID_BYTES];

    return file_replace(files, directory, SYNC_MARKER_NAME, get_boot_id(boot_id, text));
}

enum status sync_marker_set_lost(struct file_system *files, const char *directory, const char *successor)
{
    char text[sizeof(LOST " ") + HISTORY_ID_LEN];
    int len =
        successor == NULL ? snprintf(text, sizeof(text), LOST) : snprintf(text, sizeof(text), LOST " %s", successor);

    return file_replace(files, directory, SYNC_MARKER_NAME, slice_make(text, (size_t)len));
}

enum status sync_marker_clear(struct file_system *files, const char *directory)
{
    char *path = file_join(directory, SYNC_MARKER_NAME);
    enum status status = file_remove(files, path);

    memory_free(path);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
