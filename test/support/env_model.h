/* An environment's rows beside the naive model of them: for tests of what writes LMDB. */
#ifndef TEST_SUPPORT_ENV_MODEL_H
#define TEST_SUPPORT_ENV_MODEL_H

#include "storage/env/env.h"
#include "storage/memtable/memtable.h"
#include "support/sorted_model.h"

/* Assert that the tables of `env` but the meta hold exactly `model`. */
void env_model_assert(struct env *env, const struct sorted_model *model);
/* Change `count` random rows in `frozen`, and so in `model`; every fourth change deletes. `key_range` 0: keys of all
 * shapes, else numbers below it. Values have up to `value_bytes_max` bytes. */
struct env_model_changes {
    struct random *random;
    size_t count;
    size_t value_bytes_max;
    uint64_t key_range;
};
void env_model_change(struct memtable *frozen, struct sorted_model *model, const struct env_model_changes *changes);

#endif
