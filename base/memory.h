/* Allocation.
 *
 * A small allocation that fails stops the process (recovery loses nothing, P2), so callers of memory_* see no NULL.
 * Where the size is a peer's choice, memory_try_* says NULL and the caller refuses the request. These go through one
 * hook, so that a test can make the n-th one fail. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* The smallest one of x86-64, and of arm64 with pages of 4 KB. */
#define MEMORY_HUGE_PAGE_BYTES ((size_t)2 * 1024 * 1024)

/* At least one byte each; a size of 0 gives a block too. */
void *memory_allocate(size_t size_bytes);
void *memory_allocate_zeroed(size_t size_bytes);
void *memory_resize(void *pointer, size_t size_bytes);
/* Rounded up to whole huge pages and aligned to them, for prefault() to have it backed by such. */
void *memory_allocate_huge(size_t size_bytes);
char *memory_copy_text(const char *text);
void *memory_copy(const void *data, size_t len);

/* NULL when memory is short; the old block of a resize stays as it was. */
void *memory_try_allocate(size_t size_bytes);
void *memory_try_resize(void *pointer, size_t size_bytes);

/* Free what any of the above gave; NULL is fine. */
void memory_free(void *pointer);

/* For tests: the `nth` memory_try_* call from now returns NULL, and with `for_ever` all after it. */
void memory_fail_nth(long long nth, bool for_ever);
/* No more failures; tells whether one has happened since memory_fail_nth(). */
bool memory_fail_stop(void);

#endif
