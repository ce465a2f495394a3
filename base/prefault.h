/* Page faults taken beforehand: fresh memory costs its first user a fault for each page. In huge pages that is one of
 * 512, and spares the processor most misses of its page table later; but one takes 0.1 ms, and up to ten where a
 * virtual machine has to ask its host. A thread of the process's own takes them instead, for memory that is wanted
 * soon. */
#ifndef BASE_PREFAULT_H
#define BASE_PREFAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tells one range from another: ranges are served in the order in which they were asked for. */
typedef uint64_t prefault_ticket;
#define PREFAULT_SERVED ((prefault_ticket)0)
#define PREFAULT_NEVER  UINT64_MAX /* Nobody has it. */

/* Have the memory of this range, whole huge pages that are untouched as yet, made present some time soon, as such where
 * the kernel has some. Best effort, and never a change of content, so that the range may be in use already and may be
 * freed at any time. The thread is started by the first call. From any thread.
 */
prefault_ticket prefault(void *start, size_t size_bytes);
/* Whether the memory is present, or will not be made so. From any thread. */
bool prefault_is_served(prefault_ticket ticket);

#endif
