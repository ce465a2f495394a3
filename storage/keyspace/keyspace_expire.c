/* Active expiry: keys whose time has come, soonest first. */
#include "storage/keyspace/keyspace_state.h"

static bool find_database(const struct keyspace *keyspace, uint64_t space, uint32_t *db)
{
    for (uint32_t i = 0; i < keyspace->held_count; i++) {
        if (keyspace->databases[i].space == space) {
            *db = i;
            return true;
        }
    }
    return false;
}

/* Delete the key of an expiry row. False if the row alone goes, as its space is an orphan (the purge, which may be at
 * it now, finds it gone), or moves to a later time, as the key's expiry was put off. */
static bool expire_row(struct keyspace *keyspace, const struct keycode *row)
{
    struct keyspace_place place;
    struct slice coded_key;
    struct slice name;
    struct slice value;
    struct entry entry;
    uint64_t due_ms;
    uint64_t space;
    bool is_whole =
        keycode_parse_expiry(keycode_slice(row), &due_ms, &coded_key) && keycode_parse_key(coded_key, &space, &name);
    bool found;

    ASSERT(is_whole); /* K4 */
    if (!find_database(keyspace, space, &place.db)) {
        expiry_remove(&keyspace->expiry, due_ms, coded_key);
        return false;
    }
    place.is_known_plain = false;
    keycode_start(&place.code);
    keycode_add_coded(&place.code, coded_key);
    found = view_get(keyspace->view, TABLE_KEYS, coded_key, &value);
    ASSERT(found); /* K1 */
    keyspace_decode(coded_key, value, &place.key, &entry);
    ASSERT(entry_indexed_at_ms(&entry) == due_ms); /* K1 */
    if (!keyspace_is_due(keyspace, &entry)) {
        keyspace_reindex(keyspace, &place, &entry);
        return false;
    }
    buf_clear(&keyspace->scratch); /* The row holds the key, and goes. */
    buf_put(&keyspace->scratch, place.key);
    place.key = buf_slice(&keyspace->scratch);
    keyspace_expire(keyspace, &place, &entry);
    return true;
}

size_t keyspace_expire_due(struct keyspace *keyspace, size_t limit)
{
    struct keycode row;
    size_t count = 0;

    if (!keyspace->expire_on_access) {
        return 0;
    }
    /* Rows that delete no key count toward the work, so that a call stays bounded. */
    for (size_t work = 0; work < limit && keyspace->expiry.floor_due_ms < keyspace->now_ms; work++) {
        if (!expiry_first(&keyspace->expiry, &row) || keyspace->expiry.floor_due_ms >= keyspace->now_ms) {
            break;
        }
        count += expire_row(keyspace, &row);
    }
    return count;
}

uint64_t keyspace_next_due_ms(const struct keyspace *keyspace)
{
    uint64_t floor_ms = keyspace->expiry.floor_due_ms;

    return floor_ms == UINT64_MAX ? UINT64_MAX : floor_ms + 1; /* The clock has to be past it. */
}
