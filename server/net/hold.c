#include "server/net/hold.h"
#include "base/assert.h"
#include "base/memory.h"

struct hold {
    struct list_node node; /* In holds->waiting. */
    struct hold *next;     /* In its queue. */
    struct hold_queue *queue;
    uint64_t offset;
    uint64_t position; /* End of what it holds back. */
};

void holds_init(struct holds *holds, void (*released)(struct holds *holds, struct hold_queue *queue))
{
    list_init(&holds->waiting);
    holds->unused = NULL;
    holds->released = released;
}

void holds_release_memory(struct holds *holds)
{
    ASSERT(list_is_empty(&holds->waiting));
    while (holds->unused != NULL) {
        struct hold *hold = holds->unused;

        holds->unused = hold->next;
        memory_free(hold);
    }
}

static struct hold *take(struct holds *holds)
{
    struct hold *hold = holds->unused;

    if (hold == NULL) {
        return memory_allocate(sizeof(*hold));
    }
    holds->unused = hold->next;
    return hold;
}

static void give_back(struct holds *holds, struct hold *hold)
{
    list_remove(&hold->node);
    hold->next = holds->unused;
    holds->unused = hold;
}

static void append(struct holds *holds, struct hold_queue *queue, uint64_t offset, uint64_t position)
{
    struct hold *hold = take(holds);

    *hold = (struct hold){.queue = queue, .offset = offset, .position = position};
    ASSERT(list_is_empty(&holds->waiting) || /* D3 */
           LIST_ENTRY(holds->waiting.head.prev, struct hold, node)->offset <= offset);
    list_append(&holds->waiting, &hold->node);
    if (queue->last == NULL) {
        queue->first = hold;
    } else {
        queue->last->next = hold;
    }
    queue->last = hold;
}

void holds_put(struct holds *holds, struct hold_queue *queue, uint64_t offset, uint64_t position, uint64_t released)
{
    if (offset > released && (queue->last == NULL || offset > queue->last->offset)) {
        append(holds, queue, offset, position); /* D1 */
    } else if (queue->last != NULL) {
        queue->last->position = position; /* D2: waits with what stands before it. */
    } else {
        queue->free_position = position;
    }
}

void holds_release(struct holds *holds, uint64_t released)
{
    LIST_FOR_EACH(&holds->waiting, node)
    {
        struct hold *hold = LIST_ENTRY(node, struct hold, node);
        struct hold_queue *queue = hold->queue;

        if (hold->offset > released) {
            return;
        }
        ASSERT(queue->first == hold);
        queue->free_position = hold->position;
        queue->first = hold->next;
        if (hold->next == NULL) {
            queue->last = NULL;
        }
        give_back(holds, hold);
        holds->released(holds, queue);
    }
}

void holds_drop(struct holds *holds, struct hold_queue *queue)
{
    while (queue->first != NULL) {
        struct hold *hold = queue->first;

        queue->first = hold->next;
        give_back(holds, hold);
    }
    queue->last = NULL;
}
