#include "test/support/sorted_model.h"
#include "base/bytes.h"
#include "base/memory.h"

void sorted_model_init(struct sorted_model *model)
{
    *model = (struct sorted_model){0};
}

static void release_record(struct sorted_model_record *record)
{
    memory_free((char *)record->key.data);
    memory_free((char *)record->value.data);
}

void sorted_model_release(struct sorted_model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        release_record(&model->records[i]);
    }
    memory_free(model->records);
}

size_t sorted_model_seek(const struct sorted_model *model, enum table table, struct slice key, bool after_equal)
{
    size_t low = 0;
    size_t high = model->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct sorted_model_record *record = &model->records[middle];
        int order = record->table != table ? (int)record->table - (int)table : slice_compare(record->key, key);

        if (order < 0 || (after_equal && order == 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_at(const struct sorted_model *model, size_t index, enum table table, struct slice key)
{
    return index < model->count && model->records[index].table == table && slice_equal(model->records[index].key, key);
}

const struct sorted_model_record *sorted_model_find(const struct sorted_model *model, enum table table,
                                                    struct slice key)
{
    size_t index = sorted_model_seek(model, table, key, false);

    return is_at(model, index, table, key) ? &model->records[index] : NULL;
}

static struct slice copy(struct slice bytes)
{
    char *memory = memory_allocate(bytes.len + 1);

    memcpy(memory, bytes.data, bytes.len);
    return slice_make(memory, bytes.len);
}

static void set(struct sorted_model *model, enum table table, struct slice key, struct slice value, bool is_deleted)
{
    size_t index = sorted_model_seek(model, table, key, false);
    struct sorted_model_record record = {
        .table = table,
        .key = copy(key),
        .value = copy(value),
        .is_deleted = is_deleted,
    };

    if (is_at(model, index, table, key)) {
        release_record(&model->records[index]);
        model->records[index] = record;
        return;
    }
    if (model->count == model->capacity) {
        model->capacity = model->capacity == 0 ? 64 : model->capacity * 2;
        model->records = memory_resize(model->records, model->capacity * sizeof(model->records[0]));
    }
    memmove(&model->records[index + 1], &model->records[index], (model->count - index) * sizeof(model->records[0]));
    model->records[index] = record;
    model->count++;
}

void sorted_model_put(struct sorted_model *model, enum table table, struct slice key, struct slice value)
{
    set(model, table, key, value, false);
}

void sorted_model_put_tombstone(struct sorted_model *model, enum table table, struct slice key)
{
    set(model, table, key, slice_empty(), true);
}

void sorted_model_remove(struct sorted_model *model, enum table table, struct slice key)
{
    size_t index = sorted_model_seek(model, table, key, false);

    if (!is_at(model, index, table, key)) {
        return;
    }
    release_record(&model->records[index]);
    model->count--;
    memmove(&model->records[index], &model->records[index + 1], (model->count - index) * sizeof(model->records[0]));
}

/* A beginning that many keys share, then a few letters. */
static size_t write_shared(struct random *random, char *key, size_t prefix_len)
{
    size_t len = prefix_len;
    size_t letters = 1 + random_below(random, 4);

    memset(key, 'p', prefix_len);
    for (size_t i = 0; i < letters; i++) {
        key[len++] = (char)('a' + random_below(random, 4));
    }
    return len;
}

struct slice sorted_model_random_key(struct random *random, char key[TABLE_KEY_BYTES_MAX])
{
    static const size_t prefix_lens[] = {0, 1, 7, 8, 20, 52, 59, 60, 61, 100};
    size_t len;

    switch (random_below(random, 6)) {
    case 0:
        len = 1 + random_below(random, 3);
        memset(key, 0, len);
        key[0] = (char)random_below(random, 3);
        break;
    case 1:
        memset(key, (int)random_below(random, 256), TABLE_KEY_BYTES_MAX);
        len = TABLE_KEY_BYTES_MAX - random_below(random, 2);
        break;
    case 2:
        bytes_put_be64(key, random_below(random, 3));
        bytes_put_be64(key + 8, random_below(random, 1000));
        len = 16 + random_below(random, 2);
        key[16] = 0;
        break;
    default:
        len = write_shared(random, key, prefix_lens[random_below(random, 10)]);
        break;
    }
    return slice_make(key, len);
}

enum table sorted_model_random_table(struct random *random)
{
    static const enum table tables[] = {TABLE_KEYS, TABLE_FIELDS, TABLE_SCORES, TABLE_EXPIRY, TABLE_ORPHANS};

    return tables[random_below(random, 5)];
}
