/* The places for which SCAN's cursors stand.
 *
 * A cursor given to a client is a number for a place in a walk: the last key that it was told of. The places of one
 * scan form a chain, which keeps the newest few, so that a client which asks again with a cursor whose reply it lost
 * gets the same page. As a scan goes on its chain takes no more room, so a fast scan never pushes out a slow one;
 * beyond SCAN_PLACES_CHAINS_MAX scans under way the one that was idle longest goes. An unknown cursor is for the caller
 * to begin anew.
 *
 * Cursors are never 0 and below 2^52, so that clients which read them as a double or a signed number keep them whole.
 */
#ifndef STORAGE_KEYSPACE_SCAN_PLACES_H
#define STORAGE_KEYSPACE_SCAN_PLACES_H

#include "base/slice.h"
#include <stdint.h>

#define SCAN_PLACES_CHAINS_MAX 16384
#define SCAN_PLACES_PER_CHAIN  4

struct scan_places; /* Opaque; owned by the keyspace. */

struct scan_places *scan_places_create(void);
void scan_places_free(struct scan_places *places);

/* The place for which `cursor` stands, borrowed until the next call but this; false if it is unknown or was given for
 * another `owner` (0 for the keys of a database, the generation for a collection). */
bool scan_places_find(const struct scan_places *places, uint64_t owner, uint64_t cursor, struct slice *place);

/* Remember `place` (copied) and return its cursor. `former` is the cursor from which the scan came here, whose chain
 * goes on; 0 or an unknown one begins a chain. A place that the chain has already keeps its cursor. */
uint64_t scan_places_remember(struct scan_places *places, uint64_t owner, uint64_t former, struct slice place);
/* The scan that came from `former` is through: its chain is the next to go. */
void scan_places_finish(struct scan_places *places, uint64_t former);

#endif
