/* Behaviour by behaviour; all of it together against a model is in test_keyspace_model.c. */
#include "storage/keyspace/keycode.h"
#include "storage/keyspace/keyspace.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void fill(char *to, size_t len, char last)
{
    memset(to, 'k', len);
    to[len - 1] = last;
    to[len] = '\0';
}

static void test_key_is_found_in_its_database_alone(void **state)
{
    struct keyspace_fixture *f = *state;

    keyspace_fixture_set(f, 1, "key", "value");
    keyspace_fixture_set(f, 1, "", "of no name");
    assert_string_equal(keyspace_fixture_get(f, 1, "key"), "value");
    assert_string_equal(keyspace_fixture_get(f, 1, ""), "of no name");
    assert_null(keyspace_fixture_get(f, 0, "key"));
    assert_null(keyspace_fixture_get(f, 1, "ke"));
    assert_int_equal(keyspace_key_count(f->keyspace, 1), 2);
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 0);
}

static void test_announcing_changes_nothing(void **state)
{
    struct keyspace_fixture *f = *state;
    struct slice keys[VIEW_ANNOUNCE_MAX];
    char long_key[1001];

    fill(long_key, 1000, 'a');
    keyspace_fixture_set_due(f, 1, "due", 100);
    keyspace_fixture_master(f, 101);
    for (uint32_t i = 0; i < VIEW_ANNOUNCE_MAX; i++) {
        keys[i] = i % 3 == 0 ? slice_of(long_key) : i % 3 == 1 ? slice_of("due") : slice_empty();
    }
    keyspace_announce(f->keyspace, 1, keys, VIEW_ANNOUNCE_MAX);
    keyspace_announce(f->keyspace, 1, keys, 0);
    assert_int_equal(keyspace_key_count(f->keyspace, 1), 1);
    assert_string_equal(keyspace_fixture_expired(f), "");
}

static void test_put_replaces_and_counts_once(void **state)
{
    struct keyspace_fixture *f = *state;

    keyspace_fixture_set(f, 0, "key", "one");
    keyspace_fixture_set(f, 0, "key", "two, which is longer");
    assert_string_equal(keyspace_fixture_get(f, 0, "key"), "two, which is longer");
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 1);
    assert_true(keyspace_delete(f->keyspace, 0, slice_of("key")));
    assert_false(keyspace_delete(f->keyspace, 0, slice_of("key")));
    assert_null(keyspace_fixture_get(f, 0, "key"));
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 0);
}

/* Keys beyond LMDB's limit that differ in their last byte only. */
static void test_long_keys_are_told_apart(void **state)
{
    struct keyspace_fixture *f = *state;
    char key[3][3000];
    char plain[KEYCODE_NAME_LITERAL_MAX + 1];

    fill(key[0], 2000, 'a');
    fill(key[1], 2000, 'b');
    fill(key[2], 2001, 'b');
    fill(plain, KEYCODE_NAME_LITERAL_MAX, 'a');
    keyspace_fixture_set(f, 0, key[0], "a");
    keyspace_fixture_set(f, 0, key[1], "b");
    keyspace_fixture_set(f, 0, plain, "plain");
    assert_string_equal(keyspace_fixture_get(f, 0, key[0]), "a");
    assert_string_equal(keyspace_fixture_get(f, 0, key[1]), "b");
    assert_string_equal(keyspace_fixture_get(f, 0, plain), "plain");
    assert_null(keyspace_fixture_get(f, 0, key[2]));
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 3);
}

/* No two keys with one hash are known, so the row of one is put where the other's belongs. */
static void test_key_of_the_same_hash_is_never_taken_for_another(void **state)
{
    struct keyspace_fixture *f = *state;
    struct env_meta meta = {.selected_db = -1};
    char key[2][1001];
    struct keycode code[2];
    struct slice value;
    int ending;
    pid_t child;

    keyspace_describe(f->keyspace, &meta);
    for (int i = 0; i < 2; i++) {
        fill(key[i], 1000, (char)('a' + i));
        keycode_key(&code[i], meta.databases[0].space, slice_of(key[i]), keyspace_name_seed(f->keyspace));
    }
    keyspace_fixture_set(f, 0, key[0], "a");
    assert_true(view_get(f->view, TABLE_KEYS, keycode_slice(&code[0]), &value));
    view_put(f->view, TABLE_KEYS, keycode_slice(&code[1]), value);
    assert_null(keyspace_fixture_get(f, 0, key[1]));
    assert_false(keyspace_delete(f->keyspace, 0, slice_of(key[1])));
    child = fork();
    if (child == 0) {
        keyspace_fixture_set(f, 0, key[1], "b");
        _exit(0);
    }
    assert_true(waitpid(child, &ending, 0) == child);
    assert_true(WIFSIGNALED(ending) && WTERMSIG(ending) == SIGABRT);
    env_meta_release(&meta);
}

/* What keyspace_find() gives may be put back, although it lies where the new value will. */
static void test_entry_may_be_put_back_under_its_key(void **state)
{
    struct keyspace_fixture *f = *state;
    static char value[9000];
    struct slice key = slice_of("key");
    struct entry entry = {.type = ENTRY_STRING};

    for (size_t len = 1; len < sizeof(value); len += len < 2000 ? 7 : 997) {
        memset(value, (int)('a' + len % 26), len);
        entry = (struct entry){.type = ENTRY_STRING, .body = slice_make(value, len)};
        keyspace_put(f->keyspace, 0, key, &entry);
        assert_true(keyspace_find(f->keyspace, 0, key, &entry));
        entry.expire_at_ms = 1000; /* Moves the body by 8 bytes. */
        keyspace_put(f->keyspace, 0, key, &entry);
        assert_true(keyspace_find(f->keyspace, 0, key, &entry));
        assert_int_equal(entry.body.len, len);
        assert_memory_equal(entry.body.data, value, len);
    }
}

static void test_expiry_is_set_changed_and_removed(void **state)
{
    struct keyspace_fixture *f = *state;
    struct slice key = slice_of("key");
    struct entry entry;

    assert_false(keyspace_set_expiry(f->keyspace, 0, key, 1000));
    keyspace_fixture_set(f, 0, "key", "value");
    assert_true(keyspace_set_expiry(f->keyspace, 0, key, 1000));
    assert_int_equal(keyspace_expiry_count(f->keyspace, 0), 1);
    assert_true(keyspace_set_expiry(f->keyspace, 0, key, 2000));
    assert_int_equal(keyspace_expiry_count(f->keyspace, 0), 1);
    assert_true(keyspace_find(f->keyspace, 0, key, &entry));
    assert_int_equal(entry.expire_at_ms, 2000);
    assert_true(slice_equal(entry.body, slice_of("value")));
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_EXPIRY, slice_empty()), 1);
    assert_true(keyspace_set_expiry(f->keyspace, 0, key, 0));
    assert_int_equal(keyspace_expiry_count(f->keyspace, 0), 0);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_EXPIRY, slice_empty()), 0);
}

static void test_average_ttl_is_exact_however_many_due_times_sum_up(void **state)
{
    struct keyspace_fixture *f = *state;
    uint64_t now_ms = UINT64_C(1) << 62;

    keyspace_fixture_master(f, now_ms);
    assert_int_equal(keyspace_average_ttl_ms(f->keyspace, 0), 0);
    for (uint64_t i = 0; i < 9; i++) {
        char key[2] = {(char)('a' + i), '\0'};

        keyspace_fixture_set_due(f, 0, key, now_ms + 1000 * i);
    }
    assert_int_equal(keyspace_average_ttl_ms(f->keyspace, 0), 4000);
    keyspace_fixture_replica(f, now_ms + 100000);
    assert_int_equal(keyspace_average_ttl_ms(f->keyspace, 0), 0);
}

/* A key is due when the clock is past its expiry, as in Redis, not when it is reached. */
static void test_master_deletes_a_due_key_when_it_finds_it(void **state)
{
    struct keyspace_fixture *f = *state;

    keyspace_fixture_set_due(f, 2, "key", 1000);
    keyspace_fixture_master(f, 1000);
    assert_non_null(keyspace_fixture_get(f, 2, "key"));
    assert_string_equal(keyspace_fixture_expired(f), "");
    keyspace_fixture_master(f, 1001);
    assert_null(keyspace_fixture_get(f, 2, "key"));
    assert_string_equal(keyspace_fixture_expired(f), "2:key ");
    assert_int_equal(keyspace_key_count(f->keyspace, 2), 0);
    assert_int_equal(keyspace_expiry_count(f->keyspace, 2), 0);
    assert_null(keyspace_fixture_get(f, 2, "key"));
    assert_string_equal(keyspace_fixture_expired(f), "");
}

static void test_master_tells_of_a_due_key_whatever_meets_it(void **state)
{
    struct keyspace_fixture *f = *state;
    struct slice key = slice_of("key");

    keyspace_fixture_master(f, 1001);
    keyspace_fixture_set_due(f, 0, "key", 1000);
    assert_false(keyspace_delete(f->keyspace, 0, key));
    assert_string_equal(keyspace_fixture_expired(f), "0:key ");
    keyspace_fixture_set_due(f, 0, "key", 1000);
    assert_false(keyspace_set_expiry(f->keyspace, 0, key, 5000));
    assert_string_equal(keyspace_fixture_expired(f), "0:key ");
    keyspace_fixture_set_due(f, 0, "key", 1000);
    assert_false(keyspace_move(f->keyspace, 0, key, 1, key));
    assert_string_equal(keyspace_fixture_expired(f), "0:key ");
    keyspace_fixture_set_due(f, 0, "key", 1000);
    assert_false(keyspace_copy(f->keyspace, 0, key, 1, key));
    assert_string_equal(keyspace_fixture_expired(f), "0:key ");
    keyspace_fixture_set_due(f, 0, "key", 1000);
    keyspace_fixture_set(f, 0, "key", "overwritten");
    assert_string_equal(keyspace_fixture_expired(f), "0:key ");
    assert_string_equal(keyspace_fixture_get(f, 0, "key"), "overwritten");
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 1);
}

static void test_replica_hides_a_due_key_and_keeps_it(void **state)
{
    struct keyspace_fixture *f = *state;
    struct entry entry;

    keyspace_fixture_set_due(f, 0, "key", 1000);
    keyspace_fixture_replica(f, 1001);
    assert_null(keyspace_fixture_get(f, 0, "key"));
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 1);
    assert_true(keyspace_peek(f->keyspace, 0, slice_of("key"), &entry));
    assert_int_equal(keyspace_expire_due(f->keyspace, 10), 0);
    assert_string_equal(keyspace_fixture_expired(f), "");
}

/* The master executed APPEND before the key fell due; the replica executes it when its clock says that it is. */
static void test_replay_sees_what_the_master_saw(void **state)
{
    struct keyspace_fixture *f = *state;

    keyspace_fixture_set_due(f, 0, "key", 1000);
    keyspace_fixture_replica(f, 1001);
    assert_null(keyspace_fixture_get(f, 0, "key"));
    keyspace_fixture_replay(f);
    assert_string_equal(keyspace_fixture_get(f, 0, "key"), "v");
    assert_true(keyspace_set_expiry(f->keyspace, 0, slice_of("key"), 900));
    assert_true(keyspace_delete(f->keyspace, 0, slice_of("key")));
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 0);
    assert_string_equal(keyspace_fixture_expired(f), "");
}

static void note_told(void *context, uint32_t db, struct slice key)
{
    buf_put_format(context, "%u:%.*s ", (unsigned int)db, (int)key.len, key.data);
}

/* INFO's keyspace_hits and keyspace_misses, and keymiss events, stand on this. */
static void test_find_counts_what_it_finds_and_tells_what_it_misses(void **state)
{
    struct keyspace_fixture *f = *state;
    struct buf missed;
    struct keyspace_hooks hooks = {.on_missed = note_told, .context = &missed};
    struct entry entry;
    uint64_t found_before;

    buf_init(&missed, BUF_NO_CEILING);
    keyspace_fixture_set(f, 0, "here", "value");
    keyspace_fixture_set_due(f, 0, "due", 100);
    keyspace_fixture_master(f, 200);
    keyspace_set_hooks(f->keyspace, &hooks);
    found_before = keyspace_found_count(f->keyspace);
    assert_true(keyspace_find(f->keyspace, 0, slice_of("here"), &entry));
    assert_true(keyspace_find(f->keyspace, 0, slice_of("here"), &entry));
    assert_false(keyspace_find(f->keyspace, 1, slice_of("here"), &entry));
    assert_false(keyspace_find(f->keyspace, 0, slice_of("due"), &entry));
    assert_true(keyspace_peek(f->keyspace, 0, slice_of("here"), &entry));
    assert_false(keyspace_peek(f->keyspace, 0, slice_of("gone"), &entry));
    assert_int_equal(keyspace_found_count(f->keyspace) - found_before, 2);
    assert_true(slice_equal(buf_slice(&missed), slice_of("1:here 0:due ")));
    buf_release(&missed);
}

static void test_description_opens_as_it_was(void **state)
{
    struct keyspace_fixture *f = *state;
    struct env_meta before = {.selected_db = -1};
    struct env_meta after = {.selected_db = -1};

    keyspace_fixture_set(f, 0, "key", "value");
    keyspace_fixture_set_due(f, 3, "due", 1000);
    keyspace_flush_database(f->keyspace, 0);
    keyspace_describe(f->keyspace, &before);
    keyspace_fixture_reopen(f, KEYSPACE_FIXTURE_DATABASES);
    keyspace_describe(f->keyspace, &after);
    assert_int_equal(before.database_count, KEYSPACE_FIXTURE_DATABASES);
    assert_int_equal(after.database_count, before.database_count);
    assert_true(after.next_generation == before.next_generation);
    assert_true(after.key_hash_seed == before.key_hash_seed);
    assert_memory_equal(after.databases, before.databases, before.database_count * sizeof(*before.databases));
    assert_int_equal(after.databases[3].expiry_sum_ms, 1000);
    assert_string_equal(keyspace_fixture_get(f, 3, "due"), "v");
    env_meta_release(&before);
    env_meta_release(&after);
}

static void test_databases_beyond_the_count_wait_out_of_reach(void **state)
{
    struct keyspace_fixture *f = *state;

    keyspace_fixture_set(f, 3, "key", "value");
    keyspace_fixture_reopen(f, 2);
    assert_int_equal(keyspace_database_count(f->keyspace), 2);
    keyspace_fixture_set(f, 1, "key", "other");
    keyspace_fixture_reopen(f, 8);
    assert_string_equal(keyspace_fixture_get(f, 3, "key"), "value");
    assert_string_equal(keyspace_fixture_get(f, 1, "key"), "other");
    assert_int_equal(keyspace_key_count(f->keyspace, 7), 0);
    keyspace_fixture_set(f, 7, "key", "new");
    assert_string_equal(keyspace_fixture_get(f, 7, "key"), "new");
}

static void test_reload_takes_other_data(void **state)
{
    struct keyspace_fixture *f = *state;
    struct keyspace_fixture *other = keyspace_fixture_open();
    struct env_meta meta = {.selected_db = -1};

    keyspace_fixture_set(f, 0, "key", "old");
    keyspace_fixture_set(f, 0, "old data's alone", "old");
    keyspace_fixture_set(other, 0, "key", "new");
    keyspace_fixture_set_due(other, 1, "due", 1000);
    keyspace_describe(other->keyspace, &meta);
    keyspace_fixture_master(f, 2000);
    assert_int_equal(keyspace_expire_due(f->keyspace, 10), 0);
    keyspace_reload(f->keyspace, other->view, &meta);
    assert_string_equal(keyspace_fixture_get(f, 0, "key"), "new");
    keyspace_fixture_set(f, 0, "old data's alone", "new");
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 2);
    assert_int_equal(keyspace_expire_due(f->keyspace, 10), 1);
    assert_string_equal(keyspace_fixture_expired(f), "1:due ");
    env_meta_release(&meta);
    keyspace_fixture_close(other);
}

static void test_each_birth_of_a_key_is_told(void **state)
{
    struct keyspace_fixture *f = *state;
    struct buf created;
    struct keyspace_hooks hooks = {.on_created = note_told, .context = &created};
    struct slice a = slice_of("a");
    struct slice b = slice_of("b");

    buf_init(&created, BUF_NO_CEILING);
    keyspace_set_hooks(f->keyspace, &hooks);
    keyspace_fixture_set(f, 0, "a", "1");
    keyspace_fixture_set(f, 0, "a", "2"); /* It is there. */
    assert_true(keyspace_copy(f->keyspace, 0, a, 1, b));
    assert_true(keyspace_copy(f->keyspace, 0, a, 1, b)); /* The copy replaces the other one. */
    assert_true(keyspace_move(f->keyspace, 0, a, 1, b));
    assert_true(keyspace_delete(f->keyspace, 1, b));
    keyspace_fixture_set(f, 1, "b", "3");
    assert_true(slice_equal(buf_slice(&created), slice_of("0:a 1:b 1:b 1:b 1:b ")));
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 0);
    assert_int_equal(keyspace_key_count(f->keyspace, 1), 1);
    buf_release(&created);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keyspace_fixture_setup, keyspace_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_birth_of_a_key_is_told),
        TEST(test_key_is_found_in_its_database_alone),
        TEST(test_announcing_changes_nothing),
        TEST(test_put_replaces_and_counts_once),
        TEST(test_long_keys_are_told_apart),
        TEST(test_key_of_the_same_hash_is_never_taken_for_another),
        TEST(test_entry_may_be_put_back_under_its_key),
        TEST(test_expiry_is_set_changed_and_removed),
        TEST(test_average_ttl_is_exact_however_many_due_times_sum_up),
        TEST(test_master_deletes_a_due_key_when_it_finds_it),
        TEST(test_master_tells_of_a_due_key_whatever_meets_it),
        TEST(test_replica_hides_a_due_key_and_keeps_it),
        TEST(test_replay_sees_what_the_master_saw),
        TEST(test_find_counts_what_it_finds_and_tells_what_it_misses),
        TEST(test_description_opens_as_it_was),
        TEST(test_databases_beyond_the_count_wait_out_of_reach),
        TEST(test_reload_takes_other_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
