/* A naive ordered map of (table, key) -> value: what memtables, views and cursors are compared with. */
#ifndef TEST_SUPPORT_SORTED_MODEL_H
#define TEST_SUPPORT_SORTED_MODEL_H

#include "base/random.h"
#include "base/slice.h"
#include "storage/keyspace/table.h"

struct sorted_model_record {
    enum table table;
    struct slice key;   /* Owned. */
    struct slice value; /* Owned. */
    bool is_deleted;    /* A tombstone, if the test keeps them. */
};

struct sorted_model {
    struct sorted_model_record *records; /* Owned, in order of table, then key. */
    size_t count;
    size_t capacity;
};

void sorted_model_init(struct sorted_model *model);
void sorted_model_release(struct sorted_model *model);

/* The index of the first record >= (table, key), or > it if `after_equal`; count if there is none. */
size_t sorted_model_seek(const struct sorted_model *model, enum table table, struct slice key, bool after_equal);
/* NULL if it is not there. */
const struct sorted_model_record *sorted_model_find(const struct sorted_model *model, enum table table,
                                                    struct slice key);
void sorted_model_put(struct sorted_model *model, enum table table, struct slice key, struct slice value);
void sorted_model_put_tombstone(struct sorted_model *model, enum table table, struct slice key);
/* Nothing happens if it is not there. */
void sorted_model_remove(struct sorted_model *model, enum table table, struct slice key);

/* Write a random key to `key` and return it. The shapes are those that orders trip over: few letters so that keys meet
 * again, common beginnings of any length, zero bytes at the end, numbers in a row, the longest key there is. */
struct slice sorted_model_random_key(struct random *random, char key[TABLE_KEY_BYTES_MAX]);
enum table sorted_model_random_table(struct random *random);

#endif
