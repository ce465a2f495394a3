/* Output that waits until a log offset is released.
 *
 * Each owner (a connection) has a queue of holds: an offset, and the position in its output stream up to which that
 * offset holds it back. The holds of all owners stand in one list by offset, so that releasing costs what is released,
 * however many owners there are (D3). Event loop only. */
#ifndef SERVER_NET_HOLD_H
#define SERVER_NET_HOLD_H

#include "base/list.h"
#include <stdint.h>

struct hold;
struct hold_queue;

/* Of all owners. */
struct holds {
    struct list waiting; /* By offset. */
    struct hold *unused; /* Kept for reuse. */
    /* Everything of `queue`'s owner up to queue->free_position may leave now. */
    void (*released)(struct holds *holds, struct hold_queue *queue);
};

/* Of one owner; embedded in it. */
struct hold_queue {
    struct hold *first;
    struct hold *last;
    uint64_t free_position; /* Up to there output may leave: what stands before the first hold. */
};

void holds_init(struct holds *holds, void (*released)(struct holds *holds, struct hold_queue *queue));
/* All queues are empty. */
void holds_release_memory(struct holds *holds);

/* The owner's output ends at `position` now, and what was added since the last call reveals changes up to `offset`, of
 * which those before `released` may be shown. `offset` is never less than that of any hold of any owner (0 reveals
 * nothing). */
void holds_put(struct holds *holds, struct hold_queue *queue, uint64_t offset, uint64_t position, uint64_t released);
/* The log is released up to `released`. */
void holds_release(struct holds *holds, uint64_t released);
/* The owner goes away. */
void holds_drop(struct holds *holds, struct hold_queue *queue);

#endif
