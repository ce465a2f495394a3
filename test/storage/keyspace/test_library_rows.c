/* Libraries of functions as rows: kept over checkpoints, apart from all databases, and known when they are damaged. */
#include "storage/keyspace/keycode.h"
#include "storage/keyspace/library_rows.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void append(void *context, struct slice code)
{
    struct buf *text = context;

    buf_put_format(text, "%.*s(%zu) ", (int)strnlen(code.data, code.len < 9 ? code.len : 9), code.data, code.len);
}

/* What is there, in the order of the texts' hashes. */
static void assert_libraries(struct keyspace_fixture *f, const char *expected)
{
    struct buf text;

    buf_init(&text, BUF_NO_CEILING);
    library_rows_visit(f->keyspace, append, &text);
    buf_put_byte(&text, '\0');
    assert_string_equal(buf_slice(&text).data, expected);
    buf_release(&text);
}

static void test_libraries_are_kept_over_checkpoints(void **state)
{
    struct keyspace_fixture *f = *state;
    char *large = malloc(3000000);

    memset(large, 'x', 3000000);
    memcpy(large, "large", 6);
    library_rows_put(f->keyspace, slice_of("first"));
    library_rows_put(f->keyspace, slice_make(large, 3000000));
    library_rows_put(f->keyspace, slice_of("first"));
    assert_libraries(f, "large(3000000) first(5) ");
    keyspace_fixture_restart(f);
    assert_libraries(f, "large(3000000) first(5) ");
    assert_true(library_rows_delete(f->keyspace, slice_make(large, 3000000)));
    assert_false(library_rows_delete(f->keyspace, slice_make(large, 3000000)));
    assert_libraries(f, "first(5) ");
    keyspace_fixture_restart(f);
    assert_libraries(f, "first(5) ");
    free(large);
}

static void test_no_database_has_them(void **state)
{
    struct keyspace_fixture *f = *state;
    struct random random;
    struct buf key;

    library_rows_put(f->keyspace, slice_of("code"));
    buf_init(&key, BUF_NO_CEILING);
    random_init(&random, 1);
    for (uint32_t db = 0; db < KEYSPACE_FIXTURE_DATABASES; db++) {
        assert_int_equal(keyspace_key_count(f->keyspace, db), 0);
        assert_false(keyspace_random_key(f->keyspace, db, &random, &key));
    }
    keyspace_flush_all(f->keyspace);
    keyspace_fixture_restart(f);
    keyspace_fixture_purge(f);
    assert_libraries(f, "code(4) ");
    buf_release(&key);
}

/* What the emptied database had is orphaned, and then it is all that the tables hold but for the library. */
static void test_purge_of_the_last_keys_leaves_them(void **state)
{
    struct keyspace_fixture *f = *state;
    struct keycode everything;

    keycode_start(&everything);
    library_rows_put(f->keyspace, slice_of("code"));
    keyspace_fixture_set(f, 0, "key", "value");
    keyspace_fixture_set_due(f, 1, "due", 4102444800000);
    keyspace_fixture_restart(f);
    keyspace_flush_all(f->keyspace);
    keyspace_fixture_restart(f);
    keyspace_fixture_purge(f);
    assert_libraries(f, "code(4) ");
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_KEYS, keycode_slice(&everything)), 1);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_EXPIRY, keycode_slice(&everything)), 0);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_ORPHANS, keycode_slice(&everything)), 0);
    keyspace_fixture_restart(f);
    assert_libraries(f, "code(4) ");
    assert_true(library_rows_delete(f->keyspace, slice_of("code")));
}

static void test_damage_is_seen(void **state)
{
    struct keycode key;
    struct slice code;
    /* What put() writes for "code". */
    static const unsigned char hash[] = {0xe6, 0xfb, 0x06, 0x21, 0x0f, 0xaf, 0xc0, 0x2f, 0xd7, 0x47,
                                         0x9d, 0xdb, 0xed, 0x2d, 0x04, 0x2c, 0xc3, 0xa5, 0x15, 0x5e};

    (void)state;
    keycode_key(&key, LIBRARY_SPACE, slice_make(hash, sizeof(hash)), 0);
    assert_true(library_rows_decode(keycode_slice(&key), slice_make("\0code", 5), &code));
    assert_true(slice_equal(code, slice_of("code")));
    assert_false(library_rows_decode(keycode_slice(&key), slice_make("\0codE", 5), &code));
    assert_false(library_rows_decode(keycode_slice(&key), slice_make("\1code", 5), &code));
    assert_false(library_rows_decode(keycode_slice(&key), slice_make("", 0), &code));
    key.bytes[4] ^= 1;
    assert_false(library_rows_decode(keycode_slice(&key), slice_make("\0code", 5), &code));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, keyspace_fixture_setup, keyspace_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_libraries_are_kept_over_checkpoints),
        TEST(test_no_database_has_them),
        TEST(test_purge_of_the_last_keys_leaves_them),
        cmocka_unit_test(test_damage_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
