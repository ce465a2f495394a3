#include "base/memory.h"
#include "base/diag.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The test hook. `countdown` is 0 in production, so that the only cost is one predicted branch on an allocation of a
 * peer's choice of size; the small ones, which may not fail, never look at it. */
static struct {
    atomic_llong countdown; /* Allocations until the one that fails; 0: none will. */
    atomic_bool for_ever;   /* All after that one fail too. */
    atomic_bool has_failed;
} fault;

void memory_fail_nth(long long nth, bool for_ever)
{
    atomic_store(&fault.for_ever, for_ever);
    atomic_store(&fault.has_failed, false);
    atomic_store(&fault.countdown, nth);
}

bool memory_fail_stop(void)
{
    atomic_store(&fault.countdown, 0);
    return atomic_load(&fault.has_failed);
}

static bool fails_by_test(void)
{
    long long left = atomic_fetch_sub(&fault.countdown, 1);

    if (left > 1) {
        return false;
    }
    /* 1 is the n-th itself. Less is a later one, which counts only for ever; the countdown is put back to 1 or 0 so
     * that it cannot wrap into a second failure. */
    atomic_store(&fault.countdown, atomic_load(&fault.for_ever) ? 1 : 0);
    if (left < 1) {
        return false;
    }
    atomic_store(&fault.has_failed, true);
    return true;
}

static inline bool is_refused(void)
{
    return __builtin_expect(atomic_load_explicit(&fault.countdown, memory_order_relaxed) != 0, 0) && fails_by_test();
}

_Noreturn static void run_out(size_t size_bytes)
{
    diag(DIAG_WARNING, "Out of memory: %zu bytes are refused. The process stops; the next start recovers all data.",
         size_bytes);
    abort();
}

void *memory_allocate(size_t size_bytes)
{
    void *pointer = malloc(size_bytes == 0 ? 1 : size_bytes);

    if (pointer == NULL) {
        run_out(size_bytes);
    }
    return pointer;
}

void *memory_allocate_zeroed(size_t size_bytes)
{
    void *pointer = calloc(1, size_bytes == 0 ? 1 : size_bytes);

    if (pointer == NULL) {
        run_out(size_bytes);
    }
    return pointer;
}

void *memory_allocate_huge(size_t size_bytes)
{
    size_t rounded = (size_bytes + MEMORY_HUGE_PAGE_BYTES - 1) / MEMORY_HUGE_PAGE_BYTES * MEMORY_HUGE_PAGE_BYTES;
    void *pointer = aligned_alloc(MEMORY_HUGE_PAGE_BYTES, rounded);

    if (pointer == NULL) {
        run_out(rounded);
    }
    return pointer;
}

void *memory_resize(void *pointer, size_t size_bytes)
{
    void *resized = realloc(pointer, size_bytes == 0 ? 1 : size_bytes);

    if (resized == NULL) {
        run_out(size_bytes);
    }
    return resized;
}

char *memory_copy_text(const char *text)
{
    return memory_copy(text, strlen(text) + 1);
}

void *memory_copy(const void *data, size_t len)
{
    void *copy = memory_allocate(len);

    if (len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}

void *memory_try_allocate(size_t size_bytes)
{
    if (is_refused()) {
        return NULL;
    }
    return malloc(size_bytes == 0 ? 1 : size_bytes);
}

void *memory_try_resize(void *pointer, size_t size_bytes)
{
    if (is_refused()) {
        return NULL;
    }
    return realloc(pointer, size_bytes == 0 ? 1 : size_bytes);
}

void memory_free(void *pointer)
{
    free(pointer);
}
