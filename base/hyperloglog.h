/* HyperLogLog: how many different elements a set had, in at most 12 KB with an error of 0.81%. Pure.
 *
 * The bytes are those of Redis, which keeps them in strings: a header (magic, form, cached count), then 16,384
 * registers of 6 bits, packed (dense) or as runs (sparse: hyperloglog_sparse.h). An element's hash chooses a register
 * and gives it a value; a register keeps the highest. The same elements in the same order give the same bytes as there.
 */
#ifndef BASE_HYPERLOGLOG_H
#define BASE_HYPERLOGLOG_H

#include "base/buf.h"

#define HYPERLOGLOG_REGISTERS    16384u
#define HYPERLOGLOG_HEADER_BYTES 16u
#define HYPERLOGLOG_DENSE_BYTES  (HYPERLOGLOG_HEADER_BYTES + HYPERLOGLOG_REGISTERS * 6 / 8)
#define HYPERLOGLOG_VALUE_MAX    63u /* Of a register. Elements give 1 to 51. */

enum hyperloglog_form { HYPERLOGLOG_DENSE = 0, HYPERLOGLOG_SPARSE = 1 };

/* Whether the bytes begin as one; all else here wants such bytes. Whether a sparse one is whole shows when it is read.
 */
bool hyperloglog_is_one(struct slice bytes);
enum hyperloglog_form hyperloglog_form(struct slice hll);

/* Append an empty one, sparse, with its count cached, to the empty buffer `hll`. */
void hyperloglog_create(struct buf *hll);

/* The register that an element belongs to, and the value that it has at least. */
struct hyperloglog_place {
    uint32_t index;
    uint8_t value; /* 1 to 51. */
};
struct hyperloglog_place hyperloglog_place(struct slice element);
/* Whether a dense one's register has that value or more. */
bool hyperloglog_holds(struct slice dense, struct hyperloglog_place place);

enum hyperloglog_outcome { HYPERLOGLOG_UNCHANGED, HYPERLOGLOG_CHANGED, HYPERLOGLOG_CORRUPT };
/* Give the register at least that value. A sparse one becomes dense where it would pass `sparse_bytes_max` or cannot
 * tell the value. The cached count stays as it is: hyperloglog_forget(). */
enum hyperloglog_outcome hyperloglog_raise(struct buf *hll, struct hyperloglog_place place, size_t sparse_bytes_max);
/* False, and nothing changed, if it is corrupt. */
bool hyperloglog_make_dense(struct buf *hll);
/* Make it a dense one of these registers; the cached count stays as it is. */
void hyperloglog_set_dense(struct buf *hll, const uint8_t registers[HYPERLOGLOG_REGISTERS]);
/* Raise `registers` to those of `hll`. False if it is corrupt; some may be raised then. */
bool hyperloglog_merge(struct slice hll, uint8_t registers[HYPERLOGLOG_REGISTERS]);

/* The count that was cached; false if the registers have changed since. */
bool hyperloglog_cached(struct slice hll, uint64_t *count);
/* To cache a count, write it as a little-endian 64-bit number here. */
#define HYPERLOGLOG_AT_COUNT 8u
void hyperloglog_forget(struct buf *hll);
/* Count, whatever is cached. False if it is corrupt. */
bool hyperloglog_count(struct slice hll, uint64_t *count);
uint64_t hyperloglog_count_registers(const uint8_t registers[HYPERLOGLOG_REGISTERS]);
/* The estimate for registers of which `histogram[v]` have the value v (Ertl: New cardinality estimation algorithms for
 * HyperLogLog sketches, arXiv 1702.01284, algorithm 6). */
uint64_t hyperloglog_estimate(const uint32_t histogram[HYPERLOGLOG_VALUE_MAX + 1]);

#endif
