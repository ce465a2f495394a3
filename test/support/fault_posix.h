/* The real disk, but the n-th operation fails: for code whose files something beside our file layer reads too (LMDB).
 * Where power loss matters, use fault_file.h. Any thread; with several, which operation is the
 * n-th is as it comes. */
#ifndef TEST_SUPPORT_FAULT_POSIX_H
#define TEST_SUPPORT_FAULT_POSIX_H

#include "base/file.h"

struct fault_posix;

struct fault_posix *fault_posix_create(void);
void fault_posix_free(struct fault_posix *disk);
/* As code under test takes it; lives as long as the disk. */
struct file_system *fault_posix_system(struct fault_posix *disk);
/* Let the `nth` operation from now (from 1; of any kind but closing and removing) fail with `status`, once. Removing is
 * spared, so that cleaning up after the failure can be judged. 0: never. */
void fault_posix_fail(struct fault_posix *disk, unsigned nth, enum status status);
/* Whether it has failed since fault_posix_fail(). */
bool fault_posix_has_failed(const struct fault_posix *disk);

#endif
