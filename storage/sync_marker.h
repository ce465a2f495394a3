/* The marker <data-dir>/relaxed: while it is there, changes may have been shown to replicas before they were synced.
 *
 * Under LOG_SYNC_ALWAYS a replica gets durable bytes only, and no crash of ours can take back what it has. Under the
 * other policies it gets what the kernel was given: a crash of the process takes nothing back, one of the kernel may.
 * So the marker holds the kernel's boot id. It is durable before the first change is shown under such a policy, and
 * goes when all is synced under LOG_SYNC_ALWAYS. Found with another boot id beside a log that was not closed, it says
 * that a replica may be ahead of us (S8).
 *
 * It writes that down in the boot id's place, until a new history has begun. A replica begins none: it has lost nothing
 * for good, as its master has it, but its own replicas may be ahead of it on the day when it is a master. A master
 * first adds the new history's id, so that whoever finds both knows that the loss is dealt with. (That the log ends
 * where its history began says nothing: all that was written since may be what is lost.) */
#ifndef STORAGE_SYNC_MARKER_H
#define STORAGE_SYNC_MARKER_H

#include "base/file.h"
#include "storage/history.h"

#define SYNC_MARKER_NAME "relaxed"

enum sync_marker {
    SYNC_MARKER_ABSENT,   /* All that was shown was synced. */
    SYNC_MARKER_KEPT,     /* The kernel lives that was given what may not have been synced. */
    SYNC_MARKER_REBOOTED, /* It does not: unless the log was closed, bytes may be lost. */
    SYNC_MARKER_LOST,     /* Bytes may be lost, unless the log's history is the one that was to begin for that. */
};

/* `boot_id` is the present kernel's; NULL asks the system. `successor` gets the history that was to begin for a loss,
 * or is empty. STATUS_IO. */
MUST_CHECK enum status sync_marker_read(struct file_system *files, const char *directory, const char *boot_id,
                                        enum sync_marker *marker, char successor[HISTORY_ID_LEN + 1]);
/* Set the marker with the present boot id, or as SYNC_MARKER_LOST, with the history that is to begin or NULL; durable
 * when this returns. STATUS_IO, STATUS_NO_SPACE. */
MUST_CHECK enum status sync_marker_set(struct file_system *files, const char *directory, const char *boot_id);
MUST_CHECK enum status sync_marker_set_lost(struct file_system *files, const char *directory, const char *successor);
/* Remove the marker; absent is fine. One that comes back after a crash costs a needless new history at most. */
MUST_CHECK enum status sync_marker_clear(struct file_system *files, const char *directory);

#endif
