/* The table of keys: each row by itself, its value, its expiry's row, and which database it counts to. */
#include "storage/env/env_check_state.h"
#include "storage/keyspace/library_rows.h"

#include <inttypes.h>

/* The database that has `space` now; NULL if none. */
static struct env_check_database *find_database(struct env_check *check, uint64_t space, uint32_t *db)
{
    for (uint32_t i = 0; i < check->visit.meta.database_count; i++) {
        if (check->visit.meta.databases[i].space == space) {
            *db = i;
            return &check->databases[i];
        }
    }
    return NULL;
}

/* K1, from the key's side. */
static void check_expiry_row(struct env_check *check, struct slice coded_key, const struct entry *entry,
                             const char *text)
{
    struct keycode code;
    struct slice value;

    if (entry_indexed_at_ms(entry) > entry->expire_at_ms) {
        env_check_tell(check, "key '%s': it expires at %" PRIu64 ", but says that it is indexed later, at %" PRIu64,
                       text, entry->expire_at_ms, entry_indexed_at_ms(entry));
    }
    keycode_expiry(&code, entry_indexed_at_ms(entry), coded_key);
    if (!env_check_find(check, TABLE_EXPIRY, keycode_slice(&code), &value)) {
        env_check_tell(check, "key '%s': it expires at %" PRIu64 ", but the table of expiry does not have it", text,
                       entry->expire_at_ms);
    }
}

static void check_value(struct env_check *check, const struct entry *entry, const char *text)
{
    const char *reason = NULL;
    enum status status = env_visit_value(&check->visit, entry, &key_visitor_passing, &reason);

    if (status == STATUS_UNSUPPORTED) {
        check->summary->unchecked_count++;
    } else if (status != STATUS_OK) {
        env_check_tell(check, "key '%s': %s", text, reason == NULL ? status_name(status) : reason);
    } else if (entry->encoding != ENTRY_INLINE) {
        env_check_partners(check, entry, text);
    }
}

/* K6 */
static void check_library(struct env_check *check, struct slice coded_key, struct slice value)
{
    struct slice code;

    if (library_rows_decode(coded_key, value, &code)) {
        check->summary->library_count++;
    } else {
        env_check_tell(check, "table keys, row %" PRIu64 ": it is no whole library of functions",
                       check->summary->row_counts[TABLE_KEYS]);
    }
}

static void check_row(struct env_check *check, struct slice coded_key, struct slice value)
{
    struct env_check_database *database;
    char text[ENV_CHECK_TEXT_BYTES];
    struct entry entry;
    struct slice name;
    struct slice key;
    uint64_t space;
    uint32_t db = 0;

    if (!keycode_parse_key(coded_key, &space, &name) || !entry_decode_row(coded_key, value, &key, &entry)) {
        env_check_tell(check, "table keys, row %" PRIu64 " ('%s'): it does not decode",
                       check->summary->row_counts[TABLE_KEYS], slice_show(coded_key, text, sizeof(text)));
        return;
    }
    if (space == LIBRARY_SPACE) {
        check_library(check, coded_key, value);
        return;
    }
    if (entry.generation != 0) {
        env_check_add_number(&check->generations, entry.generation);
    }
    (void)slice_show(key, text, sizeof(text));
    database = find_database(check, space, &db);
    if (database == NULL) {
        /* What is left of a flushed database goes step by step, and its expiry rows may go first. */
        if (!env_check_has_number(&check->lost_spaces, space)) {
            env_check_tell(check, "key '%s': its space %" PRIu64 " belongs to no database", text, space);
        }
        return;
    }
    check->summary->key_count++;
    database->key_count++;
    if (entry.expire_at_ms != 0) {
        database->expiry_count++;
        database->expiry_sum_ms += entry.expire_at_ms;
        check_expiry_row(check, coded_key, &entry, text);
    }
    check_value(check, &entry, text);
}

void env_check_keys(struct env_check *check)
{
    struct env_rows rows;
    struct slice key;
    struct slice value;

    if (!env_check_open(check, &rows, TABLE_KEYS)) {
        return;
    }
    while (env_check_next(check, &rows, TABLE_KEYS, &key, &value)) {
        check_row(check, key, value);
    }
    env_rows_close(&rows);
}
