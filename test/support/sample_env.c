#include "support/sample_env.h"

#include "base/assert.h"
#include "base/random.h"
#include "storage/env/env_lmdb.h"

static void put_records(MDB_txn *txn, MDB_dbi table, uint32_t key_count, struct random *random)
{
    for (uint32_t i = 0; i < key_count; i++) {
        char key[24];
        char value[400];
        MDB_val key_value = {.mv_data = key, .mv_size = 8 + random_below(random, 16)};
        MDB_val data = {.mv_data = value, .mv_size = random_below(random, sizeof(value))};
        int result;

        for (size_t j = 0; j < sizeof(key); j++) {
            key[j] = (char)random_next(random);
        }
        for (size_t j = 0; j < sizeof(value); j++) {
            value[j] = i % 2 == 0 ? 'v' : (char)random_next(random);
        }
        result = mdb_put(txn, table, &key_value, &data, 0);
        ASSERT(result == MDB_SUCCESS);
    }
}

/* Commit records and meta in one transaction. */
static void commit(struct env *env, const struct env_meta *meta, uint32_t key_count, struct random *random)
{
    MDB_txn *txn;
    int result = mdb_txn_begin(env_handle(env), NULL, 0, &txn);

    ASSERT(result == MDB_SUCCESS);
    put_records(txn, env_table_handle(env, TABLE_KEYS), key_count, random);
    ASSERT(env_put_meta(env, txn, meta) == STATUS_OK);
    result = mdb_txn_commit(txn);
    ASSERT(result == MDB_SUCCESS);
}

void sample_env_commit_in_steps(struct env *env, uint32_t key_count, uint64_t seed, uint32_t commit_count)
{
    struct random random;
    struct env_meta meta;

    random_init(&random, seed);
    ASSERT(env_read_meta(env, &meta) == STATUS_OK);
    for (uint32_t i = 1; i <= commit_count; i++) {
        meta.is_pending = i < commit_count;
        if (!meta.is_pending) {
            meta.position.offset += key_count;
            meta.position.hash += seed;
        }
        commit(env, &meta, key_count / commit_count, &random);
    }
    env_meta_release(&meta);
}

void sample_env_commit(struct env *env, uint32_t key_count, uint64_t seed)
{
    sample_env_commit_in_steps(env, key_count, seed, 1);
}

struct env *sample_env_create(const char *path, uint32_t key_count, uint64_t seed)
{
    struct env_database databases[2] = {{.space = 1}, {.space = 2}};
    struct env_meta meta = {
        .position = {.hash = 77},
        .selected_db = -1,
        .next_generation = 3,
        .key_hash_seed = 4,
        .database_count = 2,
        .databases = databases,
    };
    struct env *env;

    history_init(&meta.history);
    history_fork(&meta.history, 0);
    ASSERT(env_create(file_system_posix(), path, &meta) == STATUS_OK);
    ASSERT(env_open(path, false, &env) == STATUS_OK);
    if (key_count > 0) {
        sample_env_commit(env, key_count, seed);
    }
    return env;
}

uint64_t sample_env_digest(struct env *env, uint64_t *count)
{
    uint64_t digest = 0;
    MDB_txn *txn;

    *count = 0;
    ASSERT(env_begin_read(env, &txn) == STATUS_OK);
    for (enum table table = TABLE_KEYS; table < TABLE_COUNT; table++) {
        MDB_cursor *cursor;
        MDB_val key;
        MDB_val value;
        int result = mdb_cursor_open(txn, env_table_handle(env, table), &cursor);

        ASSERT(result == MDB_SUCCESS);
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == MDB_SUCCESS) {
            digest = checksum_hash64(slice_make(key.mv_data, key.mv_size), digest + (uint64_t)table);
            digest = checksum_hash64(slice_make(value.mv_data, value.mv_size), digest);
            (*count)++;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return digest;
}

enum status sample_env_snapshot(struct env *env, const char *path, const struct snapshot_write_options *options,
                                struct snapshot_summary *summary)
{
    struct file *file;
    enum status status;

    ASSERT(file_open(file_system_posix(), path, FILE_CREATE, &file) == STATUS_OK);
    status = snapshot_write_file(env, file, options, summary);
    file_close(file);
    return status;
}
