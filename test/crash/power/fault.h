/* One failing call, as HEARTH_FAULT orders it: "CALL PATH NTH ERRNO MODE".
 *
 *   CALL   open, read, write, sync, size, name (renaming, removing, making folders), or any
 *   PATH   below what is watched; all files whose paths begin with it
 *   NTH    from 1, of such calls in this process
 *   ERRNO  its number
 *   MODE   once; ever: all later ones too; short: a write writes half, and the next call fails
 *
 * When it has come to that, a line on standard error says so. */
#ifndef TEST_CRASH_POWER_FAULT_H
#define TEST_CRASH_POWER_FAULT_H

#include <stdbool.h>
#include <stddef.h>

enum fault_call { FAULT_OPEN, FAULT_READ, FAULT_WRITE, FAULT_SYNC, FAULT_SIZE, FAULT_NAME };

/* Whether calls on this path, relative to what is watched, may fail. */
bool fault_has_target(const char *path);
/* Count a call on a target: 0, or the error number to fail with. Any thread. */
int fault_meet(enum fault_call call);
/* The same of a write; `*len` may become less, and only so much is to be written. */
int fault_meet_write(size_t *len);

#endif
