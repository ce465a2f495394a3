#include "replication/role_file.h"

#include "base/buf.h"
#include "base/memory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID    "0123456789abcdef0123456789abcdef01234567"
#define OTHER "76543210fedcba9876543210fedcba9876543210"

static int make_folder(void **state)
{
    char path[] = "/tmp/hearth-role-XXXXXX";

    *state = mkdtemp(path) == NULL ? NULL : memory_copy_text(path);
    return *state == NULL;
}

static int remove_folder(void **state)
{
    enum status status = file_remove_tree(file_system_posix(), *state);

    memory_free(*state);
    return status != STATUS_OK;
}

static void assert_role(const struct role *role, bool is_replica, const char *host, unsigned port)
{
    assert_int_equal(role->is_replica, is_replica);
    assert_string_equal(role->host, host);
    assert_int_equal(role->port, port);
}

static void test_what_is_stored_is_loaded(void **state)
{
    const char *folder = *state;
    struct role replica = {.is_replica = true, .host = "fe80::1%eth0", .port = 65535};
    struct role master = {.promoted_from = ID, .promoted_at = UINT64_MAX};
    struct role role;

    assert_int_equal(role_load(file_system_posix(), folder, &role), STATUS_NOT_FOUND);
    assert_int_equal(role_store(file_system_posix(), folder, &replica), STATUS_OK);
    assert_int_equal(role_load(file_system_posix(), folder, &role), STATUS_OK);
    assert_role(&role, true, "fe80::1%eth0", 65535);
    assert_string_equal(role.promoted_from, "");
    assert_false(role.is_failover);

    snprintf(replica.diverged_from, sizeof(replica.diverged_from), "%s", ID);
    replica.diverged_at = 77;
    snprintf(replica.was_master_of, sizeof(replica.was_master_of), "%s", OTHER);
    replica.shared_to = 55;
    assert_int_equal(role_store(file_system_posix(), folder, &replica), STATUS_OK);
    assert_int_equal(role_load(file_system_posix(), folder, &role), STATUS_OK);
    assert_role(&role, true, "fe80::1%eth0", 65535);
    assert_string_equal(role.diverged_from, ID);
    assert_int_equal(role.diverged_at, 77);
    assert_string_equal(role.was_master_of, OTHER);
    assert_int_equal(role.shared_to, 55);

    replica.diverged_from[0] = '\0';
    replica.is_failover = true;
    assert_int_equal(role_store(file_system_posix(), folder, &replica), STATUS_OK);
    assert_int_equal(role_load(file_system_posix(), folder, &role), STATUS_OK);
    assert_role(&role, true, "fe80::1%eth0", 65535);
    assert_true(role.is_failover);

    assert_int_equal(role_store(file_system_posix(), folder, &master), STATUS_OK);
    assert_int_equal(role_load(file_system_posix(), folder, &role), STATUS_OK);
    assert_role(&role, false, "", 0);
    assert_string_equal(role.promoted_from, ID);
    assert_true(role.promoted_at == UINT64_MAX);
    assert_string_equal(role.diverged_from, "");
}

static void test_reads_what_a_hand_may_have_edited(void **state)
{
    struct role role;
    unsigned line;

    (void)state;
    assert_int_equal(role_parse(slice_of("# comment\r\n\n  REPLICAOF\t10.0.0.7   6379 \r\n"), &role, &line), STATUS_OK);
    assert_role(&role, true, "10.0.0.7", 6379);
    assert_int_equal(role_parse(slice_of("replicaof nowhere 0\n"), &role, &line), STATUS_OK);
    assert_role(&role, true, "nowhere", 0);
    assert_int_equal(role_parse(slice_of("master"), &role, &line), STATUS_OK);
    assert_role(&role, false, "", 0);
}

static void test_refuses_anything_else_and_names_the_line(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
    } bad[] = {
        {"", 0},
        {"master\ndiverged " ID "\n", 2},
        {"master\nwas-master-of " ID " 5\n", 2},
        {"# nothing\n", 1},
        {"replicaof\n", 1},
        {"replicaof host\n", 1},
        {"\nreplicaof host -1\n", 2},
        {"replicaof host 65536\n", 1},
        {"replicaof host -1\n", 1},
        {"replicaof host 6379 more\n", 1},
        {"replicaof host 6379 more and more\n", 1},
        {"master\nreplicaof host 6379\n", 2},
        {"master now\n", 1},
        {"master\npromoted-from " ID "\n", 2},
        {"master\npromoted-from xyz 7\n", 2},
        {"master\nmaxmemory 7\n", 2},
        {"replicaof host 6379\npromoted-from " ID " 7\n", 2},
        {"master\nfailover\n", 2},
        {"failover\nreplicaof host 6379\n", 1},
        {"replicaof host 6379\nfailover now\n", 2},
    };
    struct role role = {.port = 7};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unsigned line = 99;

        assert_int_equal(role_parse(slice_of(bad[i].text), &role, &line), STATUS_CORRUPT);
        assert_int_equal(line, bad[i].line);
        assert_int_equal(role.port, 7);
    }
}

static void test_host_must_be_one_printable_word(void **state)
{
    char longest[ROLE_HOST_BYTES + 1];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    assert_true(role_host_is_valid(slice_make(longest, ROLE_HOST_BYTES - 1)));
    assert_false(role_host_is_valid(slice_make(longest, ROLE_HOST_BYTES)));
    assert_false(role_host_is_valid(slice_empty()));
    assert_false(role_host_is_valid(slice_of("two words")));
    assert_false(role_host_is_valid(slice_of("line\nreplicaof")));
    assert_false(role_host_is_valid(slice_make("nul\0", 4)));
    assert_true(role_host_is_valid(slice_of("h\xc3\xa9tre.example")));
}

/* Any cut or changed byte is either a whole role or an error, never a crash or half a role. */
static void test_any_damage_is_a_role_or_an_error(void **state)
{
    struct role full = {.promoted_from = ID, .promoted_at = 12345};
    struct buf text;

    (void)state;
    buf_init(&text, BUF_NO_CEILING);
    role_format(&full, &text);
    for (size_t at = 0; at < text.len; at++) {
        for (unsigned byte = 0; byte < 256; byte += 5) {
            char *copy = memory_copy(buf_slice(&text).data, text.len);
            struct role role;
            unsigned line;

            copy[at] = (char)byte;
            if (role_parse(slice_make(copy, text.len), &role, &line) == STATUS_OK) {
                assert_false(role.is_replica);
            }
            memory_free(copy);
        }
    }
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_stored_is_loaded, make_folder, remove_folder),
        cmocka_unit_test(test_reads_what_a_hand_may_have_edited),
        cmocka_unit_test(test_refuses_anything_else_and_names_the_line),
        cmocka_unit_test(test_host_must_be_one_printable_word),
        cmocka_unit_test(test_any_damage_is_a_role_or_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
