/* The tables beside the keys: rows that belong to a key, and to the right one. */
#include "storage/env/env_check_state.h"
#include "storage/value/zset_store.h"

#include <inttypes.h>

#define NEGATIVE_ZERO (UINT64_C(1) << 63)

void env_check_orphans(struct env_check *check)
{
    struct env_rows rows;
    struct slice key;
    struct slice value;

    if (!env_check_open(check, &rows, TABLE_ORPHANS)) {
        return;
    }
    while (env_check_next(check, &rows, TABLE_ORPHANS, &key, &value)) {
        enum keycode_orphan_kind kind;
        uint64_t number;

        if (!keycode_parse_orphan(key, &kind, &number)) {
            env_check_tell(check, "table orphans, row %" PRIu64 ": it does not decode",
                           check->summary->row_counts[TABLE_ORPHANS]);
        } else {
            env_check_add_number(kind == KEYCODE_ORPHAN_SPACE ? &check->lost_spaces : &check->lost_generations, number);
        }
    }
    env_rows_close(&rows);
    env_check_sort_numbers(&check->lost_spaces);
    env_check_sort_numbers(&check->lost_generations);
}

/* K1, from the expiry's side. */
static void check_expiry_row(struct env_check *check, struct slice coded)
{
    char text[ENV_CHECK_TEXT_BYTES];
    struct entry entry;
    struct slice coded_key;
    struct slice value;
    struct slice name;
    uint64_t due_ms;
    uint64_t space;

    if (!keycode_parse_expiry(coded, &due_ms, &coded_key) || !keycode_parse_key(coded_key, &space, &name)) {
        env_check_tell(check, "table expiry, row %" PRIu64 ": it does not decode",
                       check->summary->row_counts[TABLE_EXPIRY]);
        return;
    }
    if (env_check_has_number(&check->lost_spaces, space)) {
        return;
    }
    (void)slice_show(name, text, sizeof(text));
    if (!env_check_find(check, TABLE_KEYS, coded_key, &value)) {
        env_check_tell(check, "table expiry: key '%s' is due at %" PRIu64 ", but is not there", text, due_ms);
    } else if (entry_decode_row(coded_key, value, &name, &entry) && entry_indexed_at_ms(&entry) != due_ms) {
        env_check_tell(check, "table expiry: key '%s' is due at %" PRIu64 ", but itself says %" PRIu64, text, due_ms,
                       entry_indexed_at_ms(&entry));
    }
}

void env_check_expiry(struct env_check *check)
{
    struct env_rows rows;
    struct slice key;
    struct slice value;

    if (!env_check_open(check, &rows, TABLE_EXPIRY)) {
        return;
    }
    while (env_check_next(check, &rows, TABLE_EXPIRY, &key, &value)) {
        check_expiry_row(check, key);
    }
    env_rows_close(&rows);
}

/* K3: rows of a generation that nobody has would never be removed. Told once a generation. */
void env_check_content(struct env_check *check, enum table table)
{
    const char *name = table == TABLE_FIELDS ? "fields" : "scores";
    uint64_t told = 0;
    struct env_rows rows;
    struct slice key;
    struct slice value;

    if (!env_check_open(check, &rows, table)) {
        return;
    }
    while (env_check_next(check, &rows, table, &key, &value)) {
        struct slice rest = key;
        uint64_t generation;

        if (!keycode_take_number(&rest, &generation)) {
            env_check_tell(check, "table %s, row %" PRIu64 ": it does not decode", name,
                           check->summary->row_counts[table]);
        } else if (generation != told && !env_check_has_number(&check->generations, generation) &&
                   !env_check_has_number(&check->lost_generations, generation)) {
            told = generation;
            env_check_tell(check, "table %s: rows of generation %" PRIu64 ", which no key has", name, generation);
        }
    }
    env_rows_close(&rows);
}

/* A set's member says its slot, and the slot must say the member. */
static bool slot_fits(struct env_check *check, const struct entry *entry, struct slice member, struct slice value)
{
    struct keycode code;
    struct slice found;
    uint64_t slot;

    if (!keycode_take_number(&value, &slot) || value.len != 0 || slot >= entry->count) {
        return false;
    }
    keycode_slot(&code, entry->generation, slot);
    return env_check_find(check, TABLE_SCORES, keycode_slice(&code), &found) && slice_equal(found, member);
}

/* A sorted set's member says its score, and the row of that score must be there, with the whole of a long member, and
 * with the sign that a zero has. */
static bool score_fits(struct env_check *check, const struct entry *entry, struct slice member, struct slice value)
{
    struct slice coded_name;
    struct keycode code;
    struct slice found;
    struct slice name;
    uint64_t generation;
    uint64_t bits;
    double score;

    if (value.len != 8) {
        return false;
    }
    bits = bytes_get_le64(value.data);
    memcpy(&score, &bits, sizeof(score));
    keycode_score(&code, entry->generation, score, member, check->visit.meta.key_hash_seed);
    if (!env_check_find(check, TABLE_SCORES, keycode_slice(&code), &found) ||
        !keycode_parse_score(keycode_slice(&code), &generation, &score, &coded_name) ||
        !keycode_take_full_name(coded_name, &found, &name) || !slice_equal(name, member)) {
        return false;
    }
    return bits == NEGATIVE_ZERO ? slice_equal(found, slice_make(&(char){ZSET_ROW_NEGATIVE}, 1)) : found.len == 0;
}

static uint64_t count_scores(struct env_check *check, uint64_t generation)
{
    struct keycode prefix;
    struct env_rows rows;
    struct slice key;
    struct slice value;
    uint64_t count = 0;

    keycode_prefix(&prefix, generation);
    if (env_rows_open(&rows, check->visit.env, check->visit.txn, TABLE_SCORES, keycode_slice(&prefix)) != STATUS_OK) {
        return 0;
    }
    while (env_rows_next(&rows, &key, &value) == STATUS_OK) {
        count++;
    }
    env_rows_close(&rows);
    return count;
}

static bool partner_fits(struct env_check *check, const struct entry *entry, struct slice key, struct slice value)
{
    uint64_t generation;
    struct slice coded_name;
    struct slice name;

    if (!keycode_parse_key(key, &generation, &coded_name) || !keycode_take_full_name(coded_name, &value, &name)) {
        return false;
    }
    return entry->type == ENTRY_SET ? slot_fits(check, entry, name, value) : score_fits(check, entry, name, value);
}

void env_check_partners(struct env_check *check, const struct entry *entry, const char *key_text)
{
    struct keycode prefix;
    struct env_rows rows;
    struct slice key;
    struct slice value;
    uint64_t wrong_count = 0;

    if (entry->type == ENTRY_STREAM) {
        env_check_stream(check, entry, key_text);
    }
    if (entry->type != ENTRY_SET && entry->type != ENTRY_ZSET) {
        return;
    }
    keycode_prefix(&prefix, entry->generation);
    if (env_rows_open(&rows, check->visit.env, check->visit.txn, TABLE_FIELDS, keycode_slice(&prefix)) != STATUS_OK) {
        return;
    }
    while (env_rows_next(&rows, &key, &value) == STATUS_OK) {
        wrong_count += !partner_fits(check, entry, key, value);
    }
    env_rows_close(&rows);
    if (wrong_count > 0 || count_scores(check, entry->generation) != entry->count) {
        env_check_tell(check,
                       "key '%s': the table of scores does not have its members (%" PRIu64 " of %" PRIu64 " are wrong)",
                       key_text, wrong_count, entry->count);
    }
}
