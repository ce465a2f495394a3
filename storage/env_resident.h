/* Keeping the loop's reads of LMDB's map free of page faults that wait.
 *
 * A read of a page that the process has not mapped yet faults; it is quick when the page is in the page cache, unless
 * the kernel holds that page, or the large folio that it is part of, for a write beside it: then it waits for the disk,
 * measured up to 80 ms during a checkpoint. */
#ifndef STORAGE_ENV_RESIDENT_H
#define STORAGE_ENV_RESIDENT_H

struct env;

/* Map into the process what the page cache holds of the data file. It reads nothing from the disk, fails silently where
 * the kernel cannot, and costs about 50 ms for each GB. By the checkpoint thread after a commit, before the loop
 * renews its view. */
void env_map_resident(const struct env *env);

#endif
