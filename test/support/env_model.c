#include "support/env_model.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "storage/env/env_lmdb.h"

void env_model_assert(struct env *env, const struct sorted_model *model)
{
    size_t index = 0;
    MDB_txn *txn;

    ASSERT(env_begin_read(env, &txn) == STATUS_OK);
    for (enum table table = TABLE_KEYS; table < TABLE_COUNT; table++) {
        MDB_cursor *cursor;
        MDB_val key;
        MDB_val value;
        int result = mdb_cursor_open(txn, env_table_handle(env, table), &cursor);

        ASSERT(result == 0);
        while ((result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            const struct sorted_model_record *record = &model->records[index++];

            ASSERT(index <= model->count && record->table == table);
            ASSERT(slice_equal(record->key, slice_make(key.mv_data, key.mv_size)));
            ASSERT(slice_equal(record->value, slice_make(value.mv_data, value.mv_size)));
        }
        ASSERT(result == MDB_NOTFOUND);
        mdb_cursor_close(cursor);
    }
    ASSERT(index == model->count);
    mdb_txn_abort(txn);
}

static void change_one(struct memtable *frozen, struct sorted_model *model, const struct env_model_changes *changes)
{
    enum table table = (enum table)(TABLE_KEYS + random_below(changes->random, TABLE_COUNT - TABLE_KEYS));
    char key_bytes[TABLE_KEY_BYTES_MAX];
    struct slice key = slice_make(key_bytes, 8);
    size_t len = random_below(changes->random, changes->value_bytes_max + 1);
    char *value;

    if (changes->key_range == 0) {
        key = sorted_model_random_key(changes->random, key_bytes);
    } else {
        bytes_put_be64(key_bytes, random_below(changes->random, changes->key_range));
    }
    if (random_below(changes->random, 4) == 0) {
        memtable_delete(frozen, table, key);
        sorted_model_remove(model, table, key);
        return;
    }
    value = memory_allocate(len);
    memset(value, (int)random_below(changes->random, 256), len);
    memtable_put(frozen, table, key, slice_make(value, len));
    sorted_model_put(model, table, key, slice_make(value, len));
    memory_free(value);
}

void env_model_change(struct memtable *frozen, struct sorted_model *model, const struct env_model_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        change_one(frozen, model, changes);
    }
}
