/* The sparse form of a HyperLogLog's registers: runs of equal ones, each of one or two bytes.
 *
 *     00nnnnnn            n + 1 zeros
 *     01nnnnnn nnnnnnnn   n + 1 zeros
 *     1vvvvvnn            n + 1 registers of value v + 1
 *
 * Redis' bytes depend on the way by which they came about, so raising a register splits and joins runs just as there.
 */
#ifndef BASE_HYPERLOGLOG_SPARSE_H
#define BASE_HYPERLOGLOG_SPARSE_H

#include "base/hyperloglog.h"

#define HYPERLOGLOG_SPARSE_VALUE_MAX 32u

/* Append the runs of 16,384 zeros. */
void hyperloglog_sparse_create(struct buf *hll);

enum hyperloglog_sparse_outcome {
    HYPERLOGLOG_SPARSE_UNCHANGED,
    HYPERLOGLOG_SPARSE_CHANGED,
    HYPERLOGLOG_SPARSE_TOO_LONG, /* It would pass `bytes_max`, header and all; nothing was changed. */
    HYPERLOGLOG_SPARSE_CORRUPT
};
/* Give the register at least that value, which is at most HYPERLOGLOG_SPARSE_VALUE_MAX. */
enum hyperloglog_sparse_outcome hyperloglog_sparse_raise(struct buf *hll, struct hyperloglog_place place,
                                                         size_t bytes_max);

/* Tell `take` of each run, in order; it is told of none beyond the last register. False if they are not 16,384. */
typedef void hyperloglog_take_run(void *context, uint32_t first, uint32_t count, uint8_t value);
bool hyperloglog_sparse_walk(struct slice hll, hyperloglog_take_run *take, void *context);

/* Append the runs as PFDEBUG DECODE tells them ("Z:100 v:1,2 z:3"), corrupt or not. */
void hyperloglog_sparse_describe(struct slice hll, struct buf *text);

#endif
