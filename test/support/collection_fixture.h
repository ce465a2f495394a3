/* One collection under one key that a test edits step by step, while checkpoints begin and end, its content is purged,
 * and the environment is closed and opened again: for tests of a type's store against a naive model.
 *
 * Names are drawn from a small range, so that they meet again: empty, short, and too long to be a row's key as they
 * are, those with one prefix that only their ends tell apart. */
#ifndef TEST_SUPPORT_COLLECTION_FIXTURE_H
#define TEST_SUPPORT_COLLECTION_FIXTURE_H

#include "base/random.h"
#include "storage/value/collection.h"
#include "support/keyspace_fixture.h"

#define COLLECTION_FIXTURE_NAME_BYTES 700

struct collection_fixture {
    struct keyspace_fixture *keyspace;
    struct random random;
    enum entry_type type;
    struct collection open; /* Between begin and end of a step. */
    unsigned name_range;    /* Names are drawn from so many. */
    char name[COLLECTION_FIXTURE_NAME_BYTES];
};

/* Prints the seed, so that a failure can be run again. */
void collection_fixture_open(struct collection_fixture *fixture, enum entry_type type, uint64_t seed);
void collection_fixture_close(struct collection_fixture *fixture);

/* Open the collection for a few edits; `count` is how many elements it must have. And write it back. */
void collection_fixture_begin(struct collection_fixture *fixture, size_t count);
void collection_fixture_end(struct collection_fixture *fixture);
/* Now and then: a checkpoint begins or ends, what is orphaned is purged, all is closed and opened. Between steps. */
void collection_fixture_shake(struct collection_fixture *fixture);

/* A name; borrowed until the next draw. */
struct slice collection_fixture_name(struct collection_fixture *fixture);
uint64_t collection_fixture_below(struct collection_fixture *fixture, uint64_t bound);

#endif
