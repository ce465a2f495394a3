/* A keyspace over a real environment, for tests of what lies above the view. */
#ifndef TEST_SUPPORT_KEYSPACE_FIXTURE_H
#define TEST_SUPPORT_KEYSPACE_FIXTURE_H

#include "base/buf.h"
#include "storage/env/env.h"
#include "storage/keyspace/keyspace.h"

#define KEYSPACE_FIXTURE_DATABASES 4

struct keyspace_fixture {
    char *directory; /* Owned. */
    struct env *env;
    struct view *view;
    struct keyspace *keyspace;
    struct buf expired;            /* What on_expired was told: "db:key " each. */
    const struct memtable *frozen; /* Of the checkpoint under way; NULL for none. */
    struct env_meta frozen_meta;   /* Its meta. */
};

/* An empty keyspace whose long names are hashed with a fixed seed. */
struct keyspace_fixture *keyspace_fixture_open(void);
void keyspace_fixture_close(struct keyspace_fixture *fixture);
/* The same as cmocka's setup and teardown. */
int keyspace_fixture_setup(void **state);
int keyspace_fixture_teardown(void **state);

/* Close the keyspace and open it from its own description, over the same view. */
void keyspace_fixture_reopen(struct keyspace_fixture *fixture, uint32_t database_count);

/* Checkpoints, on this thread. What is put between begin and end is in neither LMDB nor the frozen memtable. */
void keyspace_fixture_begin_checkpoint(struct keyspace_fixture *fixture);
bool keyspace_fixture_has_checkpoint(const struct keyspace_fixture *fixture);
void keyspace_fixture_end_checkpoint(struct keyspace_fixture *fixture);
/* Begin, end, and close all and open it from the disk. No checkpoint may be under way. */
void keyspace_fixture_restart(struct keyspace_fixture *fixture);
/* Purge all orphans that checkpoints have brought to LMDB. No checkpoint may be under way. */
void keyspace_fixture_purge(struct keyspace_fixture *fixture);

/* Be a master, or a replica's client, or replay: keyspace_set_clock() by name. */
void keyspace_fixture_master(struct keyspace_fixture *fixture, uint64_t now_ms);
void keyspace_fixture_replica(struct keyspace_fixture *fixture, uint64_t now_ms);
void keyspace_fixture_replay(struct keyspace_fixture *fixture);

/* What on_expired was told since the last call, as a C string borrowed until the next. */
const char *keyspace_fixture_expired(struct keyspace_fixture *fixture);

/* Store and read inline strings. `get` gives NULL for a key that is not live, else a string borrowed until the next. */
void keyspace_fixture_set(struct keyspace_fixture *fixture, uint32_t db, const char *key, const char *value);
void keyspace_fixture_set_due(struct keyspace_fixture *fixture, uint32_t db, const char *key, uint64_t expire_at_ms);
const char *keyspace_fixture_get(struct keyspace_fixture *fixture, uint32_t db, const char *key);

/* Rows in a table that begin with `prefix`. */
size_t keyspace_fixture_row_count(struct keyspace_fixture *fixture, enum table table, struct slice prefix);

#endif
