/* A key at random. */
#include "base/random.h"
#include "storage/keyspace/keyspace_scan.h"
#include "storage/keyspace/keyspace_state.h"
#include "storage/keyspace/row_random.h"

/* Draws before due keys are taken to be all there are. */
#define DRAWS_MAX 32

/* Choose among all live keys by walking over them. */
static bool choose_walking(struct keyspace *keyspace, uint32_t db, struct random *random, struct buf *out)
{
    struct keyspace_walk *walk = keyspace_walk_begin(keyspace, db, slice_empty());
    size_t len = buf_slice(out).len;
    uint64_t count = 0;
    struct slice key;
    struct entry entry;

    while (count < KEYSPACE_EXACT_CHOICE && keyspace_walk_next(walk, &key, &entry)) {
        count++;
        if (random_below(random, count) == 0) {
            buf_truncate(out, len);
            buf_put(out, key);
        }
    }
    keyspace_walk_end(walk);
    return count > 0;
}

bool keyspace_random_key(struct keyspace *keyspace, uint32_t db, struct random *random, struct buf *out)
{
    const struct keyspace_database *database = keyspace_database(keyspace, db);
    struct row_range range = {.view = keyspace->view, .table = TABLE_KEYS, .count = database->key_count};

    keycode_prefix(&range.prefix, database->space);
    for (int i = 0; database->key_count > KEYSPACE_EXACT_CHOICE && i < DRAWS_MAX; i++) {
        struct keycode chosen;
        struct slice value;
        struct slice key;
        struct entry entry;
        bool found;

        row_random(&range, random, &chosen);
        found = view_get(keyspace->view, TABLE_KEYS, keycode_slice(&chosen), &value);
        ASSERT(found);
        keyspace_decode(keycode_slice(&chosen), value, &key, &entry);
        if (!keyspace_is_due(keyspace, &entry)) {
            buf_put(out, key);
            return true;
        }
    }
    /* Few keys, or most of them are due. */
    return choose_walking(keyspace, db, random, out);
}
