/* What a reply reveals: up to which log offset changes must be on disk before it may leave (P1).
 *
 * A reply reveals the changes of the keys that its command names, and a read of keys that nobody has changed lately
 * need not wait for other clients' writes. So the end of each change is remembered by the hash of each key that it
 * touched. Keys that share a slot only make a reply wait longer than it must. A command whose keys are not all told by
 * its specifications (scripts, SORT with patterns, FLUSHALL, DBSIZE) is taken to touch, and to reveal, everything.
 * Databases are not told apart, as MOVE and COPY name keys of others. Event loop only. */
#ifndef SERVER_REQUEST_REVEAL_H
#define SERVER_REQUEST_REVEAL_H

#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

struct command_entry;

#define REVEAL_SLOTS 8192u /* Power of two; some hundred changes wait for the disk at a time. */

struct reveal {
    uint64_t everything;          /* Log end after the last change whose keys are not known. */
    uint64_t slots[REVEAL_SLOTS]; /* Log end after the last change of a key with that hash. */
};

/* A call of `entry` has changed something, and the log ends at `end` now. */
void reveal_note_change(struct reveal *reveal, const struct command_entry *entry, const struct slice *argv, size_t argc,
                        uint64_t end);
/* Something else has: anything may have changed up to `end`. */
void reveal_note_everything(struct reveal *reveal, uint64_t end);
/* Up to which offset a call reveals changes; at most `end`, the log's end. */
uint64_t reveal_offset(const struct reveal *reveal, const struct command_entry *entry, const struct slice *argv,
                       size_t argc, uint64_t end);

#endif
