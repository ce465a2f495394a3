#include "storage/env/purge.h"

#include "base/memory.h"
#include "storage/env/checkpoint_apply.h"
#include "storage/keyspace/entry.h"
#include "storage/keyspace/keycode.h"
#include "support/env_model.h"
#include "support/sample_env.h"
#include "support/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    char *folder;
    struct env *env;
    struct env_meta meta;
    struct memtable *frozen;    /* Changes to come. */
    struct sorted_model living; /* What purging must leave. */
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));
    char *path;

    f->folder = scratch_create();
    path = file_join(f->folder, "data");
    f->env = sample_env_create(path, 0, 1);
    memory_free(path);
    assert_int_equal(env_read_meta(f->env, &f->meta), STATUS_OK);
    f->frozen = memtable_create(1);
    sorted_model_init(&f->living);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    sorted_model_release(&f->living);
    memtable_free(f->frozen);
    env_meta_release(&f->meta);
    env_close(f->env);
    scratch_remove(f->folder);
    memory_free(f);
    return 0;
}

static void checkpoint(struct fixture *f, uint64_t key_count)
{
    struct checkpoint_apply apply = {.files = file_system_posix(),
                                     .env = f->env,
                                     .frozen = f->frozen,
                                     .meta = &f->meta,
                                     .whole_pages_max = CHECKPOINT_WHOLE_PAGES,
                                     .step_pages_max = CHECKPOINT_STEP_PAGES};

    f->meta.databases[0].key_count = key_count;
    assert_int_equal(checkpoint_apply(&apply), STATUS_OK);
    memtable_free(f->frozen);
    f->frozen = memtable_create(1);
}

static void put(struct fixture *f, bool lives, enum table table, const struct keycode *code, struct slice value)
{
    memtable_put(f->frozen, table, keycode_slice(code), value);
    if (lives) {
        sorted_model_put(&f->living, table, keycode_slice(code), value);
    }
}

/* Rows of a collection: fields with values of `value_len` bytes, and scores. */
static void put_content(struct fixture *f, bool lives, uint64_t generation, uint32_t count, size_t value_len)
{
    char *value = memory_allocate_zeroed(value_len);
    struct keycode code;

    for (uint32_t i = 0; i < count; i++) {
        char name[16];
        int len = snprintf(name, sizeof(name), "field%u", i);

        keycode_field(&code, generation, slice_make(name, (size_t)len), 0);
        put(f, lives, TABLE_FIELDS, &code, slice_make(value, value_len));
        keycode_score(&code, generation, i, slice_make(name, (size_t)len), 0);
        put(f, lives, TABLE_SCORES, &code, slice_empty());
    }
    memory_free(value);
}

/* A key of a space; with an expiry and a generation if they are not 0. */
static void put_key(struct fixture *f, bool lives, uint64_t space, const char *name, uint64_t expire_at_ms,
                    uint64_t generation)
{
    struct entry entry = {
        .type = generation == 0 ? ENTRY_STRING : ENTRY_HASH,
        .expire_at_ms = expire_at_ms,
        .encoding = generation == 0 ? ENTRY_INLINE : 1,
        .generation = generation,
        .count = 1,
        .body = slice_of("body"),
    };
    char value[ENTRY_HEADER_BYTES_MAX + 4];
    size_t len = entry_encode_header(&entry, value);
    struct keycode code;
    struct keycode expiry;

    memcpy(value + len, "body", 4);
    keycode_key(&code, space, slice_of(name), 0);
    put(f, lives, TABLE_KEYS, &code, slice_make(value, len + 4));
    if (expire_at_ms != 0) {
        keycode_expiry(&expiry, expire_at_ms, keycode_slice(&code));
        put(f, lives, TABLE_EXPIRY, &expiry, slice_empty());
    }
}

static void orphan(struct fixture *f, enum keycode_orphan_kind kind, uint64_t number)
{
    struct keycode code;

    keycode_orphan(&code, kind, number);
    put(f, false, TABLE_ORPHANS, &code, slice_empty());
}

/* Purge until nothing is left to purge; returns how many steps it took. */
static unsigned purge_all(struct fixture *f)
{
    unsigned step_count = 0;
    bool more = true;

    while (more) {
        assert_int_equal(purge_step(f->env, &more), STATUS_OK);
        step_count++;
        assert_in_range(step_count, 1, 100);
    }
    env_model_assert(f->env, &f->living);
    return step_count;
}

static void test_a_generation_goes_and_its_neighbours_stay(void **state)
{
    struct fixture *f = *state;

    /* Across the lengths that the code of a number has. */
    for (uint64_t generation = 238; generation < 244; generation++) {
        put_content(f, generation != 240 && generation != 241, generation, 50, 20);
    }
    orphan(f, KEYCODE_ORPHAN_GENERATION, 240);
    orphan(f, KEYCODE_ORPHAN_GENERATION, 241);
    orphan(f, KEYCODE_ORPHAN_GENERATION, 500); /* With no rows. */
    checkpoint(f, 1);
    assert_int_equal(purge_all(f), 1);
}

static void test_a_long_purge_goes_in_steps(void **state)
{
    struct fixture *f = *state;
    struct env_usage usage;
    bool more;

    put_content(f, false, 7, 100000, 300);
    put_content(f, false, 8, 20000, 5000);
    put_content(f, true, 9, 100, 300);
    orphan(f, KEYCODE_ORPHAN_GENERATION, 7);
    orphan(f, KEYCODE_ORPHAN_GENERATION, 8);
    checkpoint(f, 1);
    assert_int_equal(purge_step(f->env, &more), STATUS_OK);
    assert_true(more);
    assert_int_equal(env_measure(f->env, &usage), STATUS_OK);
    assert_int_equal(usage.orphan_count, 2);
    assert_in_range(purge_all(f), 2, 10);
    assert_int_equal(env_measure(f->env, &usage), STATUS_OK);
    assert_in_range(usage.used_bytes, 1, 200000);
}

static void test_a_space_takes_its_keys_with_all_they_have(void **state)
{
    struct fixture *f = *state;

    put_key(f, false, 3, "plain", 0, 0);
    put_key(f, false, 3, "expires", 1000, 0);
    put_key(f, false, 3, "collection", 0, 50);
    put_content(f, false, 50, 30, 10);
    put_key(f, false, 3, "both", 2000, 51);
    put_content(f, false, 51, 30, 10);
    put_key(f, true, 4, "expires", 1000, 0);
    put_key(f, true, 4, "both", 2000, 52);
    put_content(f, true, 52, 30, 10);
    orphan(f, KEYCODE_ORPHAN_SPACE, 3);
    checkpoint(f, 2);
    assert_in_range(purge_all(f), 1, 2);
}

static void test_a_long_name_is_purged_too(void **state)
{
    struct fixture *f = *state;
    char row[2000];
    char name[1000];
    size_t name_len_len;
    size_t header_len;
    struct keycode code;
    struct keycode expiry;
    struct entry entry = {.type = ENTRY_STRING, .encoding = ENTRY_INLINE, .expire_at_ms = 5};

    memset(name, 'n', sizeof(name));
    name_len_len = keycode_put_number(row, sizeof(name));
    memcpy(row + name_len_len, name, sizeof(name));
    header_len = entry_encode_header(&entry, row + name_len_len + sizeof(name));
    keycode_key(&code, 3, slice_make(name, sizeof(name)), 4);
    put(f, false, TABLE_KEYS, &code, slice_make(row, name_len_len + sizeof(name) + header_len));
    keycode_expiry(&expiry, 5, keycode_slice(&code));
    put(f, false, TABLE_EXPIRY, &expiry, slice_empty());
    orphan(f, KEYCODE_ORPHAN_SPACE, 3);
    checkpoint(f, 1);
    assert_int_equal(purge_all(f), 1);
}

static void test_a_damaged_row_of_a_space_does_not_stop_it(void **state)
{
    struct fixture *f = *state;
    struct keycode code;

    keycode_key(&code, 3, slice_of("damaged"), 0);
    put(f, false, TABLE_KEYS, &code, slice_empty());
    put_key(f, false, 3, "plain", 0, 0);
    orphan(f, KEYCODE_ORPHAN_SPACE, 3);
    checkpoint(f, 1);
    assert_int_equal(purge_all(f), 1);
}

/* After FLUSHALL no row is anybody's, whatever the records name. */
static void test_all_goes_at_once_when_no_key_is_left(void **state)
{
    struct fixture *f = *state;
    struct env_usage usage;

    put_content(f, false, 7, 100000, 100);
    put_key(f, false, 3, "collection", 1000, 7);
    orphan(f, KEYCODE_ORPHAN_SPACE, 3);
    checkpoint(f, 0);
    assert_int_equal(purge_all(f), 1);
    assert_int_equal(env_measure(f->env, &usage), STATUS_OK);
    assert_in_range(usage.used_bytes, 0, 4096);
    put_content(f, true, 8, 100, 100);
    checkpoint(f, 1);
    assert_int_equal(purge_all(f), 1);
}

static void test_without_orphans_nothing_is_committed(void **state)
{
    struct fixture *f = *state;
    uint64_t transaction = env_last_transaction(f->env);
    bool more = true;

    assert_int_equal(purge_step(f->env, &more), STATUS_OK);
    assert_false(more);
    assert_int_equal(env_last_transaction(f->env), transaction);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_generation_goes_and_its_neighbours_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_long_purge_goes_in_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_space_takes_its_keys_with_all_they_have, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_long_name_is_purged_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_damaged_row_of_a_space_does_not_stop_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_goes_at_once_when_no_key_is_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_orphans_nothing_is_committed, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
