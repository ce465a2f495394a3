/* Tending LMDB's map, so that the loop's reads of it wait for the disk as little as can be. */
#ifndef STORAGE_ENV_ENV_MAP_H
#define STORAGE_ENV_ENV_MAP_H

#include <stdatomic.h>

struct env;

/* While the data file fits in memory: let the kernel read ahead, and map into the process what the page cache holds. A
 * read of a page that is not mapped yet faults, and waits if the kernel holds the page, or the large folio that it is
 * part of, for a write beside it: measured up to 80 ms during a checkpoint.
 *
 * When it does not fit: end reading ahead, which reads 128 KB for each row and throws out 127 that are wanted, and
 * touch nothing, which would count as use.
 *
 * It reads nothing from the disk, fails silently where the kernel cannot, and costs 50 to 100 ms for each GB. By the
 * checkpoint thread after a commit, before the loop renews its view. Ends early once `*hurry` is true: the loop waits.
 */
void env_tend_map(const struct env *env, const atomic_bool *hurry);

#endif
