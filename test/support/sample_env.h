/* Environments with known content, for tests of what reads them whole. */
#ifndef TEST_SUPPORT_SAMPLE_ENV_H
#define TEST_SUPPORT_SAMPLE_ENV_H

#include "storage/env/env.h"
#include "storage/snapshot/snapshot_write.h"

/* Make an environment at `path` with `key_count` records of arbitrary bytes (half of them compressible) in TABLE_KEYS,
 * at offset `key_count`, by `seed`; open it for writing. */
struct env *sample_env_create(const char *path, uint32_t key_count, uint64_t seed);
/* Commit `key_count` more records and move the offset on by as much: a checkpoint. */
void sample_env_commit(struct env *env, uint32_t key_count, uint64_t seed);
/* The same in `commit_count` commits, as a large checkpoint goes: pending until the last. */
void sample_env_commit_in_steps(struct env *env, uint32_t key_count, uint64_t seed, uint32_t commit_count);
/* Hash of all records of all tables but the meta, with their count. */
uint64_t sample_env_digest(struct env *env, uint64_t *count);

/* Write a snapshot of `env` to the new file at `path`. */
enum status sample_env_snapshot(struct env *env, const char *path, const struct snapshot_write_options *options,
                                struct snapshot_summary *summary);

#endif
