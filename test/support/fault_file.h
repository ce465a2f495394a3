/* A disk in memory that crashes, fails and fills up when told to: the file_system double of the tests.
 *
 * It remembers what is synced. Content becomes durable by file_sync(), a name (created, renamed, removed, also that of
 * a folder) by file_sync_directory() of the folder that holds it. fault_file_crash() then leaves what a power cut may
 * leave, by a seed. Paths are a tree with one root ("/", "." or ""), which always exists; folders are made with
 * file_make_directory(). Any thread may call; each call is atomic.
 *
 * A crash at the n-th operation: fault_file_fail(disk, FAULT_ANY, n, STATUS_IO, true), run, fault_file_crash(). */
#ifndef TEST_SUPPORT_FAULT_FILE_H
#define TEST_SUPPORT_FAULT_FILE_H

#include "base/file.h"
#include "support/fault_content.h"

enum fault_operation {
    FAULT_OPEN,
    FAULT_READ,
    FAULT_WRITE,
    FAULT_SIZE,
    FAULT_TRUNCATE,
    FAULT_SYNC,
    FAULT_RENAME,
    FAULT_REMOVE,
    FAULT_MAKE_DIRECTORY,
    FAULT_SYNC_DIRECTORY,
    FAULT_LIST,
    FAULT_ANY, /* Each of the above counts. */
};

struct fault_file; /* The disk. */

struct fault_file *fault_file_create(void);
/* Files still open are closed with it; closing them later is an error of the test. */
void fault_file_free(struct fault_file *disk);
/* The disk as code under test takes it; lives as long as the disk. */
struct file_system *fault_file_system(struct fault_file *disk);

/* Crash and start again. Files open before the crash fail each call with STATUS_IO, and can be closed. Armed failures
 * and the limit of space are lifted. The same seed on the same history leaves the same disk. */
void fault_file_crash(struct fault_file *disk, enum fault_survival survival, uint64_t seed);

/* Let the `nth` (from 1) of such operations from now fail with `status`, and with `for_ever` all after it. A write that
 * fails leaves its first half. A sync that fails loses what was not yet durable, even if a later one succeeds. Other
 * operations have no effect when they fail. One failure is armed at a time. */
void fault_file_fail(struct fault_file *disk, enum fault_operation operation, uint64_t nth, enum status status,
                     bool for_ever);
/* No more armed failures and no limit of space. */
void fault_file_heal(struct fault_file *disk);
/* Has the armed failure happened since it was armed? When not, a loop over n is done. */
bool fault_file_has_failed(struct fault_file *disk);
/* How many such operations there were since creation, failed ones too. */
uint64_t fault_file_operation_count(struct fault_file *disk, enum fault_operation operation);

/* Files together may grow by `free_bytes` more; then a write stops short with STATUS_NO_SPACE. Removing and truncating
 * give space back. UINT64_MAX: no limit. */
void fault_file_set_free_bytes(struct fault_file *disk, uint64_t free_bytes);

#endif
