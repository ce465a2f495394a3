/* A history: the run of changes whose offsets are comparable, and the one it grew out of.
 *
 * Redis calls the id replid. When a replica is promoted, or a master may have lost bytes that a replica could have, a
 * new history begins; the previous one stays valid for partial sync up to where it ended (PSYNC2). */
#ifndef STORAGE_HISTORY_H
#define STORAGE_HISTORY_H

#include "base/slice.h"
#include <stdint.h>

#define HISTORY_ID_LEN 40 /* Lower-case hex digits. */

struct history {
    char id[HISTORY_ID_LEN + 1];
    char previous_id[HISTORY_ID_LEN + 1]; /* 40 zeros when there is none. */
    int64_t previous_end;                 /* Offset at which the previous one ended; -1 when there is none. */
};

/* A place in a history, with what proves it: equal id, offset and hash means equal data (P6). */
struct history_position {
    uint64_t offset; /* Payload bytes since the history began. */
    uint64_t hash;   /* checksum_crc64 of all of them, however they were cut into records. */
};

/* A fresh random id with no previous one. */
void history_init(struct history *history);
/* Begin a new random id whose previous one is the present id, ended at `offset`. */
void history_fork(struct history *history, uint64_t offset);
/* Take the id that a master has announced for what we already follow (+CONTINUE newid), switching at `offset`. */
void history_rename(struct history *history, struct slice id, uint64_t offset);
/* Become what a master says in +FULLRESYNC: its id and no previous one. */
void history_adopt(struct history *history, struct slice id);
/* Whether `id` has the form of one. */
bool history_id_is_valid(struct slice id);

#endif
