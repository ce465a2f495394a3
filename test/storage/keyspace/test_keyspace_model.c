/* Random operations against a naive model: an array of keys. After each, counts and the hook's words agree; now and
 * then all rows do: keys, entries, expiry index, generations (K1 to K3). Meanwhile checkpoints begin and end, orphans
 * are purged, and all is closed and opened from the disk. */
#include "base/memory.h"
#include "base/random.h"
#include "storage/keyspace/keycode.h"
#include "storage/keyspace/keyspace.h"
#include "storage/keyspace/keyspace_scan.h"
#include "storage/memtable/view_cursor.h"
#include "storage/value/string_store.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define NAME_COUNT  40
#define MODEL_ROOM  (NAME_COUNT * KEYSPACE_FIXTURE_DATABASES)
#define OPERATIONS  30000
#define VALUE_BYTES 40000

struct model_key {
    bool is_there;
    uint64_t expire_at_ms;
    uint32_t value_seed;
    size_t value_len;
};

struct model {
    struct keyspace_fixture *f;
    struct random random;
    uint64_t now_ms;
    enum { MASTER, REPLICA, REPLAY } role;
    char names[NAME_COUNT][1400];
    struct slice name[NAME_COUNT];
    struct model_key keys[KEYSPACE_FIXTURE_DATABASES][NAME_COUNT];
    char *bytes; /* VALUE_BYTES and more of no pattern: a value is a part of it. */
};

/* Short names, names that begin others, names about the limit, and long ones with the same 464 bytes in front. */
static void make_names(struct model *m)
{
    for (int i = 0; i < NAME_COUNT; i++) {
        size_t len = i < 10 ? (size_t)i : i < 20 ? 4 : i < 30 ? (size_t)(464 + 3 * i - 60) : (size_t)(500 + 20 * i);

        memset(m->names[i], 'n', sizeof(m->names[i]));
        if (i >= 10 && i < 20) {
            snprintf(m->names[i], sizeof(m->names[i]), "k:%02d", i);
        } else if (len > 0) {
            m->names[i][len - 1] = (char)i;
        }
        m->name[i] = slice_make(m->names[i], len);
    }
}

static struct slice value_of(const struct model *m, const struct model_key *key)
{
    return slice_make(m->bytes + key->value_seed, key->value_len);
}

static uint32_t any_db(struct model *m)
{
    return (uint32_t)random_below(&m->random, KEYSPACE_FIXTURE_DATABASES);
}

static int any_name(struct model *m)
{
    return (int)random_below(&m->random, NAME_COUNT);
}

static uint64_t any_expiry(struct model *m)
{
    return random_below(&m->random, 2) == 0 ? 0 : m->now_ms + 1 + random_below(&m->random, 300);
}

/* Set the clock of one of the three roles. */
static void any_role(struct model *m)
{
    uint64_t choice = random_below(&m->random, 4);

    m->role = choice == 1 ? REPLICA : choice == 2 ? REPLAY : MASTER;
    if (m->role == REPLICA) {
        keyspace_fixture_replica(m->f, m->now_ms);
    } else if (m->role == REPLAY) {
        keyspace_fixture_replay(m->f);
    } else {
        keyspace_fixture_master(m->f, m->now_ms);
    }
}

static bool is_due(const struct model *m, const struct model_key *key)
{
    return key->is_there && key->expire_at_ms != 0 && m->role != REPLAY && m->now_ms > key->expire_at_ms;
}

/* What finding a key does: whether it is live; on a master a due one goes, and its name is expected of the hook. */
static bool model_find(struct model *m, uint32_t db, int name, struct buf *expired)
{
    struct model_key *key = &m->keys[db][name];

    if (!is_due(m, key)) {
        return key->is_there;
    }
    if (m->role == MASTER) {
        key->is_there = false;
        buf_put_format(expired, "%u:%.*s ", db, (int)m->name[name].len, m->name[name].data);
    }
    return false;
}

static void do_set(struct model *m, uint32_t db, int name, struct buf *expired)
{
    struct model_key *key = &m->keys[db][name];

    model_find(m, db, name, expired);
    key->is_there = true;
    key->expire_at_ms = any_expiry(m);
    key->value_seed = (uint32_t)random_below(&m->random, 1000);
    key->value_len = random_below(&m->random, random_below(&m->random, 8) == 0 ? VALUE_BYTES : 50);
    string_set(m->f->keyspace, db, m->name[name], value_of(m, key), key->expire_at_ms);
}

static void do_transfer(struct model *m, bool copy, struct buf *expired)
{
    uint32_t from_db = any_db(m);
    uint32_t to_db = any_db(m);
    int from = any_name(m);
    int to = any_name(m);
    bool is_same = from_db == to_db && from == to;
    bool found = model_find(m, from_db, from, expired);
    bool result;

    if (found && !is_same) {
        model_find(m, to_db, to, expired);
        m->keys[to_db][to] = m->keys[from_db][from];
        m->keys[from_db][from].is_there = copy;
    }
    if (copy) {
        result = keyspace_copy(m->f->keyspace, from_db, m->name[from], to_db, m->name[to]);
    } else {
        result = keyspace_move(m->f->keyspace, from_db, m->name[from], to_db, m->name[to]);
    }
    assert_int_equal(result, found);
}

static void do_expire_due(struct model *m, struct buf *expired)
{
    size_t limit = 1 + random_below(&m->random, 5);
    size_t count = keyspace_expire_due(m->f->keyspace, limit);
    const char *told = buf_slice(&m->f->expired).data;

    assert_true(count <= limit);
    assert_true(m->role == MASTER || count == 0);
    /* The model does not know the order of the index: take them as told, if due. */
    buf_put(expired, slice_make(told, buf_slice(&m->f->expired).len));
    for (size_t i = 0; i < count; i++) {
        uint32_t db = (uint32_t)(told[0] - '0');
        bool found = false;

        told += 2;
        for (int name = 0; name < NAME_COUNT && !found; name++) {
            struct model_key *key = &m->keys[db][name];
            struct slice text = m->name[name];

            if (memcmp(told, text.data, text.len) == 0 && told[text.len] == ' ' && key->is_there) {
                assert_true(is_due(m, key));
                key->is_there = false;
                told += text.len + 1;
                found = true;
            }
        }
        assert_true(found);
    }
}

static void do_flush(struct model *m)
{
    uint32_t db = any_db(m);

    if (random_below(&m->random, 4) == 0) {
        keyspace_flush_all(m->f->keyspace);
        memset(m->keys, 0, sizeof(m->keys));
    } else {
        keyspace_flush_database(m->f->keyspace, db);
        memset(m->keys[db], 0, sizeof(m->keys[db]));
    }
}

static void do_swap(struct model *m)
{
    uint32_t a = any_db(m);
    uint32_t b = any_db(m);
    struct model_key former[NAME_COUNT];

    memcpy(former, m->keys[a], sizeof(former));
    memcpy(m->keys[a], m->keys[b], sizeof(former));
    memcpy(m->keys[b], former, sizeof(former));
    keyspace_swap(m->f->keyspace, a, b);
}

static void do_find(struct model *m, uint32_t db, int name, struct buf *expired)
{
    struct entry entry;
    struct slice value;
    struct buf scratch;
    bool found = model_find(m, db, name, expired);

    assert_int_equal(keyspace_find(m->f->keyspace, db, m->name[name], &entry), found);
    if (found) {
        buf_init(&scratch, BUF_NO_CEILING);
        assert_true(entry.expire_at_ms == m->keys[db][name].expire_at_ms);
        assert_int_equal(string_value(m->f->keyspace, &entry, &scratch, &value), STATUS_OK);
        assert_true(slice_equal(value, value_of(m, &m->keys[db][name])));
        buf_release(&scratch);
    }
}

static void do_delete(struct model *m, uint32_t db, int name, struct buf *expired)
{
    bool found = model_find(m, db, name, expired);

    m->keys[db][name].is_there = false;
    assert_int_equal(keyspace_delete(m->f->keyspace, db, m->name[name]), found);
}

static void do_set_expiry(struct model *m, uint32_t db, int name, struct buf *expired)
{
    bool found = model_find(m, db, name, expired);
    uint64_t expire_at_ms = any_expiry(m);

    if (found) {
        m->keys[db][name].expire_at_ms = expire_at_ms;
    }
    assert_int_equal(keyspace_set_expiry(m->f->keyspace, db, m->name[name], expire_at_ms), found);
}

static void do_any(struct model *m, struct buf *expired)
{
    uint32_t db = any_db(m);
    int name = any_name(m);
    uint64_t kind = random_below(&m->random, 1000);

    if (kind < 350) {
        do_set(m, db, name, expired);
    } else if (kind < 550) {
        do_find(m, db, name, expired);
    } else if (kind < 650) {
        do_delete(m, db, name, expired);
    } else if (kind < 750) {
        do_set_expiry(m, db, name, expired);
    } else if (kind < 850) {
        do_transfer(m, false, expired);
    } else if (kind < 930) {
        do_transfer(m, true, expired);
    } else if (kind < 980) {
        do_expire_due(m, expired);
    } else if (kind < 985) {
        do_flush(m);
    } else if (kind < 992) {
        do_swap(m);
    } else if (keyspace_fixture_has_checkpoint(m->f)) {
        keyspace_fixture_end_checkpoint(m->f);
    } else if (kind < 997) {
        keyspace_fixture_begin_checkpoint(m->f);
    } else if (kind < 999) {
        keyspace_fixture_purge(m->f);
    } else {
        keyspace_fixture_restart(m->f);
    }
}

static void assert_counts(struct model *m)
{
    for (uint32_t db = 0; db < KEYSPACE_FIXTURE_DATABASES; db++) {
        uint64_t key_count = 0;
        uint64_t expiry_count = 0;
        uint64_t ttl_ms = 0;

        for (int name = 0; name < NAME_COUNT; name++) {
            struct model_key *key = &m->keys[db][name];

            key_count += key->is_there;
            expiry_count += key->is_there && key->expire_at_ms != 0;
            ttl_ms += key->is_there ? key->expire_at_ms : 0;
        }
        assert_int_equal(keyspace_key_count(m->f->keyspace, db), key_count);
        assert_int_equal(keyspace_expiry_count(m->f->keyspace, db), expiry_count);
        keyspace_fixture_replay(m->f);
        assert_int_equal(keyspace_average_ttl_ms(m->f->keyspace, db), expiry_count == 0 ? 0 : ttl_ms / expiry_count);
    }
}

/* Each key of the model is walked over once, in the order of codes, and nothing else is. */
static void assert_walks(struct model *m)
{
    for (uint32_t db = 0; db < KEYSPACE_FIXTURE_DATABASES; db++) {
        struct keyspace_walk *walk = keyspace_walk_begin(m->f->keyspace, db, slice_empty());
        uint64_t count = 0;
        struct slice key;
        struct entry entry;
        struct keycode last;
        struct keycode code;

        keycode_start(&last);
        while (keyspace_walk_next(walk, &key, &entry)) {
            int name = 0;

            while (name < NAME_COUNT && !slice_equal(m->name[name], key)) {
                name++;
            }
            assert_true(name < NAME_COUNT && m->keys[db][name].is_there);
            assert_true(m->keys[db][name].expire_at_ms == entry.expire_at_ms);
            assert_int_equal(string_len(&entry), m->keys[db][name].value_len);
            keycode_key(&code, 1, key, keyspace_name_seed(m->f->keyspace));
            assert_true(count == 0 || slice_compare(keycode_slice(&last), keycode_slice(&code)) < 0);
            last = code;
            count++;
        }
        keyspace_walk_end(walk);
        assert_int_equal(count, keyspace_key_count(m->f->keyspace, db));
    }
}

/* The database that has `space` now; KEYSPACE_FIXTURE_DATABASES for an orphan. */
static uint32_t db_of(const struct env_meta *meta, uint64_t space)
{
    uint32_t db = 0;

    while (db < meta->database_count && meta->databases[db].space != space) {
        db++;
    }
    return db;
}

/* K1: a row for each expiry, and no other but of orphaned spaces. */
static void assert_expiry_index(struct model *m, const struct env_meta *meta)
{
    struct view_cursor *cursor = view_cursor_create(m->f->view, TABLE_EXPIRY, slice_empty());
    uint64_t count = 0;
    uint64_t expected = 0;

    for (bool more = view_cursor_first(cursor); more; more = view_cursor_next(cursor)) {
        uint64_t due_ms;
        uint64_t space;
        struct slice coded_key;
        struct slice name;
        struct slice key;
        struct slice value;
        struct entry entry;

        assert_true(keycode_parse_expiry(view_cursor_key(cursor), &due_ms, &coded_key));
        assert_true(keycode_parse_key(coded_key, &space, &name));
        if (db_of(meta, space) == meta->database_count) {
            continue;
        }
        assert_true(view_get(m->f->view, TABLE_KEYS, coded_key, &value));
        assert_true(entry_decode_row(coded_key, value, &key, &entry));
        assert_true(entry_indexed_at_ms(&entry) == due_ms && due_ms <= entry.expire_at_ms);
        count++;
    }
    view_cursor_free(cursor);
    for (uint32_t db = 0; db < KEYSPACE_FIXTURE_DATABASES; db++) {
        expected += keyspace_expiry_count(m->f->keyspace, db);
    }
    assert_int_equal(count, expected);
}

/* K3: whatever content there is belongs to one entry, or is an orphan, or its entry's space is. A row in the memtable
 * may say so of an orphan that is purged already. */
static void assert_content_is_owned(struct model *m, const struct env_meta *meta)
{
    struct view_cursor *cursor = view_cursor_create(m->f->view, TABLE_KEYS, slice_empty());
    bool *owned = memory_allocate_zeroed(meta->next_generation);
    struct slice bytes;
    uint64_t generation = 0;

    for (bool more = view_cursor_first(cursor); more; more = view_cursor_next(cursor)) {
        struct slice key;
        struct entry entry;

        assert_true(entry_decode_row(view_cursor_key(cursor), view_cursor_value(cursor), &key, &entry));
        assert_true(entry.generation < meta->next_generation);
        assert_true(entry.generation == 0 || !owned[entry.generation]);
        owned[entry.generation] = true;
    }
    view_cursor_free(cursor);
    cursor = view_cursor_create(m->f->view, TABLE_FIELDS, slice_empty());
    for (bool more = view_cursor_first(cursor); more; more = view_cursor_next(cursor)) {
        struct keycode code;
        struct slice value;

        bytes = view_cursor_key(cursor);
        assert_true(keycode_take_number(&bytes, &generation));
        keycode_orphan(&code, KEYCODE_ORPHAN_GENERATION, generation);
        assert_true(owned[generation] != view_get(m->f->view, TABLE_ORPHANS, keycode_slice(&code), &value));
    }
    view_cursor_free(cursor);
    memory_free(owned);
}

static void assert_rows(struct model *m)
{
    struct env_meta meta = {.selected_db = -1};

    keyspace_describe(m->f->keyspace, &meta);
    keyspace_fixture_replay(m->f);
    assert_walks(m);
    assert_expiry_index(m, &meta);
    assert_content_is_owned(m, &meta);
    env_meta_release(&meta);
}

static void test_keyspace_is_what_a_naive_one_is(void **state)
{
    struct model *m = memory_allocate_zeroed(sizeof(*m));
    struct buf expired;

    m->f = *state;
    m->now_ms = 1000;
    m->bytes = memory_allocate(VALUE_BYTES + 1000);
    buf_init(&expired, BUF_NO_CEILING);
    random_init(&m->random, 8);
    for (size_t i = 0; i < VALUE_BYTES + 1000; i++) {
        m->bytes[i] = (char)random_next(&m->random);
    }
    make_names(m);
    for (int i = 0; i < OPERATIONS; i++) {
        any_role(m);
        buf_clear(&expired);
        buf_clear(&m->f->expired);
        do_any(m, &expired);
        assert_true(slice_equal(buf_slice(&m->f->expired), buf_slice(&expired)));
        assert_counts(m);
        m->now_ms += random_below(&m->random, 8);
        if (i % 500 == 0 || i == OPERATIONS - 1) {
            assert_rows(m);
        }
    }
    buf_release(&expired);
    memory_free(m->bytes);
    memory_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keyspace_is_what_a_naive_one_is, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
