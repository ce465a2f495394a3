#include "replication/acks.h"

#include "base/assert.h"
#include "base/memory.h"
#include <stdio.h>
#include <string.h>

void acks_init(struct acks *acks)
{
    list_init(&acks->present);
    list_init(&acks->absent);
    acks->absent_count = 0;
}

void acks_release(struct acks *acks)
{
    ASSERT(list_is_empty(&acks->present));
    acks_forget_all(acks);
}

void acks_forget(struct acks *acks, struct ack *absent)
{
    ASSERT(acks->absent_count > 0);
    list_remove(&absent->node);
    acks->absent_count--;
    memory_free(absent);
}

void acks_forget_all(struct acks *acks)
{
    while (!list_is_empty(&acks->absent)) {
        acks_forget(acks, ack_of(acks->absent.head.next));
    }
}

static void forget_name(struct acks *acks, const char *name)
{
    LIST_FOR_EACH(&acks->absent, node)
    {
        if (strcmp(ack_of(node)->name, name) == 0) {
            acks_forget(acks, ack_of(node));
        }
    }
}

void acks_join(struct acks *acks, struct ack *ack, const char *name, uint64_t offset)
{
    forget_name(acks, name);
    *ack = (struct ack){.offset = offset};
    snprintf(ack->name, sizeof(ack->name), "%s", name);
    list_append(&acks->present, &ack->node);
}

bool acks_update(struct ack *ack, uint64_t offset, uint64_t now_ms)
{
    ack->heard_ms = now_ms;
    if (offset <= ack->offset) {
        return false;
    }
    ack->offset = offset;
    return true;
}

bool acks_update_durable(struct ack *ack, uint64_t durable)
{
    if (durable <= ack->durable) {
        return false;
    }
    ack->durable = durable;
    return true;
}

static bool is_present(const struct acks *acks, const char *name)
{
    LIST_FOR_EACH(&acks->present, node)
    {
        if (strcmp(ack_of(node)->name, name) == 0) {
            return true;
        }
    }
    return false;
}

void acks_remember(struct acks *acks, const char *name, uint64_t offset, uint64_t away_since_ms)
{
    struct ack *absent = memory_allocate_zeroed(sizeof(*absent));

    snprintf(absent->name, sizeof(absent->name), "%s", name);
    absent->offset = offset;
    absent->away_since_ms = away_since_ms;
    forget_name(acks, absent->name);
    list_append(&acks->absent, &absent->node);
    acks->absent_count++;
    if (acks->absent_count > ACKS_ABSENT_MAX) {
        acks_forget(acks, ack_of(acks->absent.head.next));
    }
}

void acks_leave(struct acks *acks, struct ack *ack, uint64_t now_ms, bool is_remembered)
{
    list_remove(&ack->node);
    /* A replica may be back before its old connection is found dead. */
    if (is_remembered && !is_present(acks, ack->name)) {
        acks_remember(acks, ack->name, ack->offset, now_ms);
    }
}

uint32_t acks_count(const struct acks *acks, uint64_t offset)
{
    uint32_t count = 0;

    LIST_FOR_EACH(&acks->present, node)
    {
        count += ack_of(node)->is_online && ack_of(node)->offset >= offset;
    }
    return count;
}

uint32_t acks_count_durable(const struct acks *acks, uint64_t offset)
{
    uint32_t count = 0;

    LIST_FOR_EACH(&acks->present, node)
    {
        const struct ack *ack = ack_of(node);

        count += ack->is_online && ack->durable >= offset;
    }
    return count;
}

uint64_t acks_durable_of(const struct acks *acks, uint32_t count)
{
    uint64_t most = 0;

    LIST_FOR_EACH(&acks->present, node)
    {
        uint64_t durable = ack_of(node)->durable;

        if (durable > most && acks_count_durable(acks, durable) >= count) {
            most = durable;
        }
    }
    return most;
}

uint64_t acks_lowest(const struct acks *acks)
{
    uint64_t lowest = UINT64_MAX;

    LIST_FOR_EACH(&acks->present, present_node)
    {
        const struct ack *ack = ack_of(present_node);

        lowest = ack->is_online && ack->offset < lowest ? ack->offset : lowest;
    }
    LIST_FOR_EACH(&acks->absent, node)
    {
        lowest = ack_of(node)->offset < lowest ? ack_of(node)->offset : lowest;
    }
    return lowest == UINT64_MAX ? 0 : lowest;
}

uint32_t acks_count_good(const struct acks *acks, uint64_t now_ms, uint64_t max_lag_ms)
{
    uint32_t count = 0;

    LIST_FOR_EACH(&acks->present, node)
    {
        count += ack_of(node)->is_online && now_ms - ack_of(node)->heard_ms <= max_lag_ms;
    }
    return count;
}
