/* Ids of a stream's items: milliseconds and a sequence within them, ordered by both. */
#ifndef STORAGE_VALUE_STREAM_ID_H
#define STORAGE_VALUE_STREAM_ID_H

#include <stdbool.h>
#include <stdint.h>

struct stream_id {
    uint64_t ms;
    uint64_t sequence;
};

#define STREAM_ID_BYTES 16 /* As it is coded: two big endian numbers, that sort as the ids do. */
#define STREAM_ID_MIN   ((struct stream_id){0, 0})
#define STREAM_ID_MAX   ((struct stream_id){UINT64_MAX, UINT64_MAX})

/* Negative, 0 or positive as `a` comes before, with or after `b`. */
static inline int stream_id_compare(struct stream_id a, struct stream_id b)
{
    if (a.ms != b.ms) {
        return a.ms < b.ms ? -1 : 1;
    }
    return (a.sequence > b.sequence) - (a.sequence < b.sequence);
}

static inline bool stream_id_equal(struct stream_id a, struct stream_id b)
{
    return a.ms == b.ms && a.sequence == b.sequence;
}

static inline bool stream_id_is_zero(struct stream_id id)
{
    return id.ms == 0 && id.sequence == 0;
}

/* Step to the next id; false, and nothing changed, at the last one there is. */
static inline bool stream_id_increment(struct stream_id *id)
{
    if (id->sequence != UINT64_MAX) {
        id->sequence++;
    } else if (id->ms != UINT64_MAX) {
        *id = (struct stream_id){.ms = id->ms + 1};
    } else {
        return false;
    }
    return true;
}

/* Step to the former id; false, and nothing changed, at 0-0. */
static inline bool stream_id_decrement(struct stream_id *id)
{
    if (id->sequence != 0) {
        id->sequence--;
    } else if (id->ms != 0) {
        *id = (struct stream_id){.ms = id->ms - 1, .sequence = UINT64_MAX};
    } else {
        return false;
    }
    return true;
}

#endif
