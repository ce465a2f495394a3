/* When a replica owes its master an acknowledgement that was asked for. Pure.
 *
 * Questions come faster than the disk answers: the first one must not wait for what only a later one asks about, or
 * under load no answer would ever be due. */
#ifndef REPLICATION_ACK_DUE_H
#define REPLICATION_ACK_DUE_H

#include <stdbool.h>
#include <stdint.h>

struct ack_due {
    bool is_due;
    uint64_t first; /* From there on an answer says something new to somebody who asked. */
    uint64_t last;  /* And from there on it says everything that was asked for. */
};

/* The master asks; our log ends at `end`. */
static inline void ack_due_ask(struct ack_due *due, uint64_t end)
{
    if (!due->is_due) {
        *due = (struct ack_due){.is_due = true, .first = end};
    }
    due->last = end;
}

/* Whether to answer now that `have` can be acknowledged. What it does not cover is still due. */
static inline bool ack_due_take(struct ack_due *due, uint64_t have)
{
    if (!due->is_due || have < due->first) {
        return false;
    }
    due->is_due = have < due->last;
    due->first = have + 1;
    return true;
}

#endif
