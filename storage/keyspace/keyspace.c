/* Keys and their entries. Invariants K1 to K4: docs/formats/keyspace.md. */
#include "storage/keyspace/keyspace.h"
#include "base/memory.h"
#include "storage/env/env.h"
#include "storage/keyspace/keyspace_state.h"
#include "storage/keyspace/scan_places.h"
#include "storage/value/zset_memo.h"

/* Up to here a value is put together on the stack. */
#define STACK_VALUE_BYTES 1024
/* What scratch keeps between calls. */
#define SCRATCH_KEEP_BYTES (64u * 1024)

/* Opening and the meta. */

static void load_meta(struct keyspace *keyspace, const struct env_meta *meta)
{
    uint32_t held_count = meta->database_count;

    if (held_count < keyspace->database_count) {
        held_count = keyspace->database_count;
    }
    keyspace->next_generation = meta->next_generation;
    keyspace->name_seed = meta->key_hash_seed;
    keyspace->held_count = held_count;
    keyspace->databases = memory_allocate_zeroed(held_count * sizeof(*keyspace->databases));
    for (uint32_t db = 0; db < held_count; db++) {
        if (db < meta->database_count) {
            keyspace->databases[db] = (struct keyspace_database){
                .space = meta->databases[db].space,
                .key_count = meta->databases[db].key_count,
                .expiry_count = meta->databases[db].expiry_count,
                .expiry_sum_ms = meta->databases[db].expiry_sum_ms,
            };
        } else {
            keyspace->databases[db].space = keyspace_new_generation(keyspace);
        }
    }
}

static uint64_t count_keys(const struct keyspace *keyspace)
{
    uint64_t count = 0;

    for (uint32_t db = 0; db < keyspace->held_count; db++) {
        count += keyspace->databases[db].key_count;
    }
    return count;
}

struct keyspace *keyspace_open(struct view *view, const struct env_meta *meta, uint32_t database_count)
{
    struct keyspace *keyspace = memory_allocate_zeroed(sizeof(*keyspace));
    struct random random;

    ASSERT(database_count > 0 && database_count <= KEYSPACE_DATABASES_MAX);
    ASSERT(meta->next_generation > 0); /* 0 stands for no content. */
    keyspace->view = view;
    keyspace->database_count = database_count;
    load_meta(keyspace, meta);
    expiry_init(&keyspace->expiry, view);
    buf_init(&keyspace->scratch, BUF_NO_CEILING);
    keyspace->places = scan_places_create();
    keyspace->zset_memos = zset_memos_create();
    random_init_from_system(&random);
    plain_keys_init(&keyspace->plain_keys, random_next(&random));
    return keyspace;
}

void keyspace_close(struct keyspace *keyspace)
{
    if (keyspace == NULL) {
        return;
    }
    plain_keys_release(&keyspace->plain_keys);
    zset_memos_free(keyspace->zset_memos);
    scan_places_free(keyspace->places);
    buf_release(&keyspace->scratch);
    memory_free(keyspace->databases);
    memory_free(keyspace);
}

void keyspace_describe(const struct keyspace *keyspace, struct env_meta *meta)
{
    meta->databases = memory_allocate_zeroed(keyspace->held_count * sizeof(*meta->databases));
    meta->database_count = keyspace->held_count;
    meta->next_generation = keyspace->next_generation;
    meta->key_hash_seed = keyspace->name_seed;
    for (uint32_t db = 0; db < keyspace->held_count; db++) {
        meta->databases[db].space = keyspace->databases[db].space;
        meta->databases[db].key_count = keyspace->databases[db].key_count;
        meta->databases[db].expiry_count = keyspace->databases[db].expiry_count;
        meta->databases[db].expiry_sum_ms = keyspace->databases[db].expiry_sum_ms;
    }
}

void keyspace_warm_up(struct keyspace *keyspace)
{
    plain_keys_start(&keyspace->plain_keys, count_keys(keyspace));
    view_warm_up(keyspace->view);
}

void keyspace_reload(struct keyspace *keyspace, struct view *view, const struct env_meta *meta)
{
    memory_free(keyspace->databases);
    keyspace->view = view;
    load_meta(keyspace, meta);
    expiry_init(&keyspace->expiry, view);
    scan_places_free(keyspace->places);
    keyspace->places = scan_places_create();
    zset_memos_clear(keyspace->zset_memos);
    keyspace_warm_up(keyspace);
}

/* Clock, hooks, counts. */

void keyspace_set_clock(struct keyspace *keyspace, uint64_t now_ms, bool expire_on_access)
{
    keyspace->now_ms = now_ms;
    keyspace->expire_on_access = expire_on_access;
}

void keyspace_set_hooks(struct keyspace *keyspace, const struct keyspace_hooks *hooks)
{
    keyspace->hooks = *hooks;
}

uint32_t keyspace_database_count(const struct keyspace *keyspace)
{
    return keyspace->database_count;
}

uint64_t keyspace_key_count(const struct keyspace *keyspace, uint32_t db)
{
    ASSERT(db < keyspace->database_count);
    return keyspace->databases[db].key_count;
}

uint64_t keyspace_all_key_count(const struct keyspace *keyspace)
{
    uint64_t count = 0;

    for (uint32_t db = 0; db < keyspace_database_count(keyspace); db++) {
        count += keyspace_key_count(keyspace, db);
    }
    return count;
}

uint64_t keyspace_expiry_count(const struct keyspace *keyspace, uint32_t db)
{
    ASSERT(db < keyspace->database_count);
    return keyspace->databases[db].expiry_count;
}

uint64_t keyspace_average_ttl_ms(const struct keyspace *keyspace, uint32_t db)
{
    const struct keyspace_database *database;
    int64_t sum_ms;

    ASSERT(db < keyspace->database_count);
    database = &keyspace->databases[db];
    /* Due times alone sum up to 2^64 with some ten million keys; what is left of each to live does not. */
    sum_ms = (int64_t)(database->expiry_sum_ms - database->expiry_count * keyspace->now_ms);
    return database->expiry_count == 0 || sum_ms <= 0 ? 0 : (uint64_t)sum_ms / database->expiry_count;
}

struct view *keyspace_view(const struct keyspace *keyspace)
{
    return keyspace->view;
}

uint64_t keyspace_name_seed(const struct keyspace *keyspace)
{
    return keyspace->name_seed;
}

struct zset_memos *keyspace_zset_memos(const struct keyspace *keyspace)
{
    return keyspace->zset_memos;
}

/* Rows. */

static void begin_place(struct keyspace *keyspace, uint32_t db, struct slice key, struct keyspace_place *place)
{
    place->db = db;
    place->key = key;
    place->is_known_plain = false;
    keycode_key(&place->code, keyspace_database(keyspace, db)->space, key, keyspace->name_seed);
}

void keyspace_decode(struct slice coded_key, struct slice value, struct slice *key, struct entry *entry)
{
    bool is_whole = entry_decode_row(coded_key, value, key, entry);

    ASSERT(is_whole); /* K4 */
}

static bool read_row(struct keyspace *keyspace, const struct keyspace_place *place, struct entry *entry)
{
    struct slice value;

    if (!view_get(keyspace->view, TABLE_KEYS, keycode_slice(&place->code), &value)) {
        return false;
    }
    if (__builtin_expect(place->key.len > KEYCODE_NAME_LITERAL_MAX, 0)) {
        struct slice full;

        keyspace_decode(keycode_slice(&place->code), value, &full, entry);
        return slice_equal(full, place->key);
    }
    if (!entry_decode(value, entry)) {
        ASSERT_NEVER("a value of TABLE_KEYS is damaged"); /* K4 */
    }
    return true;
}

static char *put_bytes(char *to, struct slice bytes)
{
    if (bytes.len > 0) {
        memcpy(to, bytes.data, bytes.len);
    }
    return to + bytes.len;
}

/* A row's value in three parts: the full name of a long key, the entry's header, its body. */
struct row_value {
    struct slice key; /* Empty if it stands for itself. */
    struct slice body;
    size_t key_header_len;
    size_t header_len;
    size_t len; /* Of all. */
    char key_header[KEYCODE_NUMBER_BYTES_MAX];
    char header[ENTRY_HEADER_BYTES_MAX];
};

static void make_value(const struct keyspace_place *place, const struct entry *entry, struct row_value *value)
{
    value->body = entry->body;
    value->header_len = entry_encode_header(entry, value->header);
    value->key_header_len = 0;
    value->key = slice_empty();
    if (__builtin_expect(place->key.len > KEYCODE_NAME_LITERAL_MAX, 0)) {
        value->key = place->key;
        value->key_header_len = keycode_put_number(value->key_header, place->key.len);
    }
    value->len = value->key_header_len + value->key.len + value->header_len + value->body.len;
}

static void put_value(char *to, const struct row_value *value)
{
    to = put_bytes(to, slice_make(value->key_header, value->key_header_len));
    to = put_bytes(to, value->key);
    to = put_bytes(to, slice_make(value->header, value->header_len));
    put_bytes(to, value->body);
}

static bool is_plain(const struct entry *entry)
{
    return entry->expire_at_ms == 0 && entry->index_at_ms == 0 && entry->generation == 0;
}

/* Each write and each deletion of a row comes through here, which keeps K5. Long names stay out: their code alone does
 * not tell them apart. */
static void note_plainness(struct keyspace *keyspace, const struct keyspace_place *place, bool is_now_plain)
{
    struct checksum_hash128 hash;

    if ((place->is_known_plain && is_now_plain) || place->key.len > KEYCODE_NAME_LITERAL_MAX) {
        return;
    }
    hash = plain_keys_hash(&keyspace->plain_keys, keycode_slice(&place->code));
    if (is_now_plain) {
        plain_keys_add(&keyspace->plain_keys, hash);
    } else {
        plain_keys_remove(&keyspace->plain_keys, hash);
    }
}

/* Write the row of a body that lies outside the keyspace. */
static void write_foreign_row(struct keyspace *keyspace, const struct keyspace_place *place, const struct entry *entry)
{
    struct row_value value;

    note_plainness(keyspace, place, is_plain(entry));
    make_value(place, entry, &value);
    put_value(view_put_space(keyspace->view, TABLE_KEYS, keycode_slice(&place->code), value.len), &value);
}

/* Write the row of a body that may lie in the very value that is replaced, so it is put together elsewhere first. */
static void write_row(struct keyspace *keyspace, const struct keyspace_place *place, const struct entry *entry)
{
    struct row_value value;

    note_plainness(keyspace, place, is_plain(entry));
    make_value(place, entry, &value);
    if (value.len <= STACK_VALUE_BYTES) {
        char bytes[STACK_VALUE_BYTES];

        put_value(bytes, &value);
        view_put(keyspace->view, TABLE_KEYS, keycode_slice(&place->code), slice_make(bytes, value.len));
    } else {
        buf_clear(&keyspace->scratch);
        buf_put(&keyspace->scratch, slice_make(value.key_header, value.key_header_len));
        buf_put(&keyspace->scratch, value.key);
        buf_put(&keyspace->scratch, slice_make(value.header, value.header_len));
        buf_put(&keyspace->scratch, value.body);
        view_put(keyspace->view, TABLE_KEYS, keycode_slice(&place->code), buf_slice(&keyspace->scratch));
        buf_clear(&keyspace->scratch);
        buf_shrink(&keyspace->scratch, SCRATCH_KEEP_BYTES);
    }
}

/* Let sums and index follow when a key's entry `from` becomes `to`, both of which may have no expiry. Keeps K1 and K2.
 *
 * A key whose expiry is put off stays where it stands in the index, until that time comes (keyspace_reindex): to put
 * off an expiry with each use of a key costs no more than to write the key. */
static void change_expiry(struct keyspace *keyspace, const struct keyspace_place *place, const struct entry *from,
                          struct entry *to)
{
    struct keyspace_database *database = keyspace_database(keyspace, place->db);
    uint64_t from_row_ms = entry_indexed_at_ms(from);
    uint64_t to_row_ms = to->expire_at_ms;

    database->expiry_count -= from->expire_at_ms != 0;
    database->expiry_count += to->expire_at_ms != 0;
    database->expiry_sum_ms += to->expire_at_ms - from->expire_at_ms;
    if (from_row_ms != 0 && from_row_ms < to_row_ms) {
        to_row_ms = from_row_ms;
    }
    to->index_at_ms = to_row_ms == to->expire_at_ms ? 0 : to_row_ms;
    if (from_row_ms == to_row_ms) {
        return;
    }
    if (from_row_ms != 0) {
        expiry_remove(&keyspace->expiry, from_row_ms, keycode_slice(&place->code));
    }
    if (to_row_ms != 0) {
        expiry_add(&keyspace->expiry, to_row_ms, keycode_slice(&place->code));
    }
}

void keyspace_reindex(struct keyspace *keyspace, const struct keyspace_place *place, struct entry *entry)
{
    expiry_remove(&keyspace->expiry, entry_indexed_at_ms(entry), keycode_slice(&place->code));
    expiry_add(&keyspace->expiry, entry->expire_at_ms, keycode_slice(&place->code));
    entry->index_at_ms = 0;
    write_row(keyspace, place, entry);
}

void keyspace_drop(struct keyspace *keyspace, const struct keyspace_place *place, const struct entry *entry,
                   bool keep_content)
{
    struct entry nothing = {.expire_at_ms = 0};

    change_expiry(keyspace, place, entry, &nothing);
    if (entry->generation != 0 && !keep_content) {
        keyspace_orphan_generation(keyspace, entry->generation);
    }
    keyspace_database(keyspace, place->db)->key_count--;
    note_plainness(keyspace, place, false);
    view_delete(keyspace->view, TABLE_KEYS, keycode_slice(&place->code));
}

void keyspace_expire(struct keyspace *keyspace, const struct keyspace_place *place, const struct entry *entry)
{
    keyspace_drop(keyspace, place, entry, false);
    if (keyspace->hooks.on_expired != NULL) {
        keyspace->hooks.on_expired(keyspace->hooks.context, place->db, place->key);
    }
}

/* Read the row if it is live; one that is due is deleted on a master. */
static bool read_live_row(struct keyspace *keyspace, const struct keyspace_place *place, struct entry *entry)
{
    if (!read_row(keyspace, place, entry)) {
        return false;
    }
    if (__builtin_expect(keyspace_is_due(keyspace, entry), 0)) {
        if (keyspace->expire_on_access) {
            keyspace_expire(keyspace, place, entry);
        }
        return false;
    }
    return true;
}

/* Operations. */

bool keyspace_find(struct keyspace *keyspace, uint32_t db, struct slice key, struct entry *entry)
{
    struct keyspace_place place;

    begin_place(keyspace, db, key, &place);
    if (read_live_row(keyspace, &place, entry)) {
        keyspace->found_count++;
        return true;
    }
    if (keyspace->hooks.on_missed != NULL) {
        keyspace->hooks.on_missed(keyspace->hooks.context, db, key);
    }
    return false;
}

uint64_t keyspace_found_count(const struct keyspace *keyspace)
{
    return keyspace->found_count;
}

bool keyspace_peek(struct keyspace *keyspace, uint32_t db, struct slice key, struct entry *entry)
{
    struct keyspace_place place;

    begin_place(keyspace, db, key, &place);
    return read_row(keyspace, &place, entry);
}

bool keyspace_has_live(struct keyspace *keyspace, uint32_t db, struct slice key)
{
    struct entry entry;

    return keyspace_peek(keyspace, db, key, &entry) && !keyspace_is_due(keyspace, &entry);
}

void keyspace_announce(struct keyspace *keyspace, uint32_t db, const struct slice *keys, size_t count)
{
    struct view_announced announced[VIEW_ANNOUNCE_MAX];
    struct keycode codes[VIEW_ANNOUNCE_MAX];
    uint64_t space = keyspace_database(keyspace, db)->space;
    size_t announced_count = 0;

    ASSERT(count <= VIEW_ANNOUNCE_MAX);
    for (size_t i = 0; i < count; i++) {
        struct keycode *code = &codes[announced_count];

        if (keys[i].len > KEYCODE_NAME_LITERAL_MAX) {
            continue; /* Hashing it costs more than it saves. */
        }
        keycode_key(code, space, keys[i], keyspace->name_seed);
        plain_keys_prefetch(&keyspace->plain_keys, plain_keys_hash(&keyspace->plain_keys, keycode_slice(code)));
        announced[announced_count] = (struct view_announced){.table = TABLE_KEYS, .key = keycode_slice(code)};
        announced_count++;
    }
    view_announce(keyspace->view, announced, announced_count);
}

/* A long key may not take the place of another that has its prefix and hash (docs/formats/keyspace.md, Names). */
static void assert_no_other_key(struct keyspace *keyspace, const struct keyspace_place *place)
{
    struct slice value;

    if (__builtin_expect(place->key.len > KEYCODE_NAME_LITERAL_MAX, 0)) {
        ASSERT(!view_get(keyspace->view, TABLE_KEYS, keycode_slice(&place->code), &value));
    }
}

static void tell_created(struct keyspace *keyspace, uint32_t db, struct slice key)
{
    if (keyspace->hooks.on_created != NULL) {
        keyspace->hooks.on_created(keyspace->hooks.context, db, key);
    }
}

/* All of a put but the row itself: what was there goes, counts and index follow. */
static void prepare_put(struct keyspace *keyspace, struct keyspace_place *place, struct entry *entry)
{
    struct entry old;
    bool found;

    if (is_plain(entry) &&
        plain_keys_know(&keyspace->plain_keys, plain_keys_hash(&keyspace->plain_keys, keycode_slice(&place->code)))) {
        place->is_known_plain = true;
        return; /* From plain to plain nothing changes but the row. */
    }
    found = read_row(keyspace, place, &old);
    if (found && old.expire_at_ms != 0 && keyspace_is_due(keyspace, &old) && keyspace->expire_on_access) {
        keyspace_expire(keyspace, place, &old);
        found = false;
    }
    if (!found) {
        assert_no_other_key(keyspace, place);
        old = (struct entry){.expire_at_ms = 0};
        keyspace_database(keyspace, place->db)->key_count++;
        tell_created(keyspace, place->db, place->key);
    }
    change_expiry(keyspace, place, &old, entry);
    if (old.generation != 0 && old.generation != entry->generation) {
        keyspace_orphan_generation(keyspace, old.generation);
    }
}

void keyspace_put(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry)
{
    struct keyspace_place place;
    struct entry next = *entry;

    begin_place(keyspace, db, key, &place);
    prepare_put(keyspace, &place, &next);
    write_row(keyspace, &place, &next);
}

void keyspace_put_foreign(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry)
{
    struct keyspace_place place;
    struct entry next = *entry;

    begin_place(keyspace, db, key, &place);
    prepare_put(keyspace, &place, &next);
    write_foreign_row(keyspace, &place, &next);
}

bool keyspace_delete(struct keyspace *keyspace, uint32_t db, struct slice key)
{
    struct keyspace_place place;
    struct entry entry;

    begin_place(keyspace, db, key, &place);
    if (!read_row(keyspace, &place, &entry)) {
        return false;
    }
    if (keyspace_is_due(keyspace, &entry)) {
        if (keyspace->expire_on_access) {
            keyspace_expire(keyspace, &place, &entry);
        } else {
            keyspace_drop(keyspace, &place, &entry, false);
        }
        return false;
    }
    keyspace_drop(keyspace, &place, &entry, false);
    return true;
}

bool keyspace_set_expiry(struct keyspace *keyspace, uint32_t db, struct slice key, uint64_t expire_at_ms)
{
    struct keyspace_place place;
    struct entry entry;
    struct entry next;

    begin_place(keyspace, db, key, &place);
    if (!read_live_row(keyspace, &place, &entry)) {
        return false;
    }
    if (entry.expire_at_ms != expire_at_ms) {
        next = entry;
        next.expire_at_ms = expire_at_ms;
        change_expiry(keyspace, &place, &entry, &next);
        write_row(keyspace, &place, &next);
    }
    return true;
}

bool keyspace_move(struct keyspace *keyspace, uint32_t from_db, struct slice from, uint32_t to_db, struct slice to)
{
    struct keyspace_place place;
    struct entry entry;

    begin_place(keyspace, from_db, from, &place);
    if (!read_live_row(keyspace, &place, &entry)) {
        return false;
    }
    if (from_db == to_db && slice_equal(from, to)) {
        return true;
    }
    (void)keyspace_delete(keyspace, to_db, to);
    keyspace_put(keyspace, to_db, to, &entry);
    keyspace_drop(keyspace, &place, &entry, true);
    return true;
}
