#include "base/prefault.h"
#include "base/assert.h"
#include "base/memory.h"
#include "base/thread.h"
#include <stdatomic.h>
#include <sys/mman.h>

#define RANGES_MAX 16 /* A power of two. */

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; an older one refuses it, and faults come as they come. */
#endif

struct range {
    char *start;
    size_t size_bytes;
};

/* The kernel acts on the whole process's memory, so one thread serves all. It lives as long as the process: nothing
 * waits for it and it holds nothing. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t is_wanted;
    struct range ranges[RANGES_MAX]; /* Ring. */
    prefault_ticket asked;           /* The last one given. */
    _Atomic prefault_ticket served;  /* All up to this one are done with. */
    bool has_thread;
} service = {.lock = PTHREAD_MUTEX_INITIALIZER, .is_wanted = PTHREAD_COND_INITIALIZER};

/* Asking for huge pages waits for whoever holds the process's map, as populating does for milliseconds; so that, too,
 * is done here. Page by page, so that others who change the map wait for one only. */
static void populate(struct range range)
{
    (void)madvise(range.start, range.size_bytes, MADV_HUGEPAGE); /* Where it is refused, small pages do. */
    for (size_t at = 0; at < range.size_bytes; at += MEMORY_HUGE_PAGE_BYTES) {
        if (madvise(range.start + at, MEMORY_HUGE_PAGE_BYTES, MADV_POPULATE_WRITE) != 0) {
            return; /* Freed meanwhile, or memory is short: who needs it will take the faults. */
        }
    }
}

static struct range *range_of(prefault_ticket ticket)
{
    return &service.ranges[ticket % RANGES_MAX];
}

static void *serve(void *context)
{
    (void)context;
    for (prefault_ticket ticket = 1;; ticket++) {
        struct range range;

        (void)pthread_mutex_lock(&service.lock);
        while (service.asked < ticket) {
            (void)pthread_cond_wait(&service.is_wanted, &service.lock);
        }
        range = *range_of(ticket);
        (void)pthread_mutex_unlock(&service.lock);
        populate(range);
        atomic_store(&service.served, ticket);
    }
    return NULL;
}

static bool start_thread(void)
{
    pthread_t thread;

    if (thread_start(&thread, "prefault", serve, NULL) != STATUS_OK) {
        return false;
    }
    (void)pthread_detach(thread);
    return true;
}

prefault_ticket prefault(void *start, size_t size_bytes)
{
    prefault_ticket ticket = PREFAULT_SERVED;

    ASSERT(size_bytes % MEMORY_HUGE_PAGE_BYTES == 0);
    (void)pthread_mutex_lock(&service.lock);
    if (!service.has_thread) {
        service.has_thread = start_thread();
    }
    if (service.has_thread && service.asked - atomic_load(&service.served) < RANGES_MAX) {
        service.asked++;
        ticket = service.asked;
        *range_of(ticket) = (struct range){.start = start, .size_bytes = size_bytes};
        (void)pthread_cond_signal(&service.is_wanted);
    }
    (void)pthread_mutex_unlock(&service.lock);
    return ticket;
}

bool prefault_is_served(prefault_ticket ticket)
{
    return ticket <= atomic_load_explicit(&service.served, memory_order_relaxed);
}
