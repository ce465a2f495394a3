/* Page faults taken beforehand: fresh memory costs its first user a fault for each page, which is microseconds for a
 * small one and up to ten milliseconds for a huge one where a virtual machine has to ask its host. A thread of the
 * process's own takes them instead, for memory that is wanted soon. */
#ifndef BASE_PREFAULT_H
#define BASE_PREFAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tells one range from another: ranges are served in the order in which they were asked for. */
typedef uint64_t prefault_ticket;
#define PREFAULT_SERVED ((prefault_ticket)0)

/* Have the memory of this range made present, some time soon; best effort, and never a change of content, so that the
 * range may be in use already and may be freed at any time. The thread is started by the first call. From any thread.
 */
prefault_ticket prefault(void *start, size_t size_bytes);
/* Whether the memory is present, or will not be made so. From any thread. */
bool prefault_is_served(prefault_ticket ticket);

#endif
