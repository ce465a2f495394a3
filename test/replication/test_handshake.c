#include "replication/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ID   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME "0123456789abcdef0123456789abcdef"

/* The reply to "REPLCONF" and these words; static storage. */
static const char *tell(struct replica_handshake *handshake, const char *text)
{
    static char shown[256];
    struct slice argv[16] = {slice_of("REPLCONF")};
    size_t argc = 1;
    struct buf reply;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");

        argv[argc++] = slice_make(text, len);
        text += len + (text[len] == ' ');
    }
    buf_init(&reply, BUF_NO_CEILING);
    handshake_take(handshake, argv, argc, &reply);
    assert_true(reply.len < sizeof(shown));
    memcpy(shown, buf_slice(&reply).data, reply.len);
    shown[reply.len] = '\0';
    buf_release(&reply);
    return shown;
}

static void test_takes_what_a_stock_replica_tells(void **state)
{
    struct replica_handshake handshake = {.listening_port = 0};

    (void)state;
    assert_string_equal(tell(&handshake, "listening-port 6380"), "+OK\r\n");
    assert_string_equal(tell(&handshake, "ip-address 10.0.0.9"), "+OK\r\n");
    assert_string_equal(tell(&handshake, "capa eof capa psync2"), "+OK\r\n");
    assert_int_equal(handshake.listening_port, 6380);
    assert_string_equal(handshake.announced_ip, "10.0.0.9");
    assert_true(handshake.capa_eof && handshake.capa_psync2);
    assert_false(handshake.capa_snapshot || handshake.rdb_only || handshake.has_hash);
}

static void test_takes_what_our_own_replicas_and_tools_tell(void **state)
{
    struct replica_handshake handshake = {.listening_port = 0};

    (void)state;
    assert_string_equal(tell(&handshake, "capa hearth-snapshot capa dual-channel"), "+OK\r\n");
    assert_string_equal(tell(&handshake, "hearth-hash 00000000deadbeef"), "+OK\r\n");
    assert_string_equal(tell(&handshake, "hearth-also " ID), "+OK\r\n");
    assert_string_equal(tell(&handshake, "hearth-snapshot-resume " NAME " 4096"), "+OK\r\n");
    assert_string_equal(tell(&handshake, "hearth-snapshot-only 1 rdb-only 1"), "+OK\r\n");
    assert_true(handshake.capa_snapshot && handshake.has_hash && handshake.snapshot_only && handshake.rdb_only);
    assert_true(handshake.hash == 0xdeadbeef);
    assert_string_equal(handshake.also_id, ID);
    assert_string_equal(handshake.resume_name, NAME);
    assert_int_equal(handshake.resume_from, 4096);
    assert_string_equal(tell(&handshake, "rdb-only 0"), "+OK\r\n");
    assert_false(handshake.rdb_only || handshake.is_without_keys);
}

/* redis-cli --replica names nothing, --functions-rdb functions. */
static void test_takes_filters_of_what_the_rdb_file_holds(void **state)
{
    struct replica_handshake handshake = {.listening_port = 0};
    const struct slice nothing[] = {slice_of("REPLCONF"), slice_of("rdb-filter-only"), slice_empty()};
    struct buf reply;

    (void)state;
    assert_string_equal(tell(&handshake, "rdb-filter-only keys"), "-ERR Unsupported rdb-filter-only option: keys\r\n");
    assert_false(handshake.is_without_keys);
    assert_string_equal(tell(&handshake, "rdb-filter-only functions"), "+OK\r\n");
    assert_true(handshake.is_without_keys);
    handshake.is_without_keys = false;
    buf_init(&reply, BUF_NO_CEILING);
    handshake_take(&handshake, nothing, 3, &reply);
    assert_true(slice_equal(buf_slice(&reply), slice_of("+OK\r\n")));
    assert_true(handshake.is_without_keys);
    buf_release(&reply);
}

static void test_refuses_what_means_nothing_and_keeps_what_it_had(void **state)
{
    static const struct {
        const char *words;
        const char *reply;
    } cases[] = {
        {"listening-port", "-ERR syntax error\r\n"},
        {"listening-port abc", "-ERR value is not an integer or out of range\r\n"},
        {"listening-port 65536", "-ERR value is not an integer or out of range\r\n"},
        {"hearth-hash xyz", "-ERR value is not an integer or out of range\r\n"},
        {"hearth-hash 00000000DEADBEEF", "-ERR value is not an integer or out of range\r\n"},
        {"hearth-also abc", "-ERR value is not an integer or out of range\r\n"},
        {"hearth-snapshot-resume " NAME " -1", "-ERR value is not an integer or out of range\r\n"},
        {"hearth-snapshot-resume " NAME NAME " 1", "-ERR value is not an integer or out of range\r\n"},
        {"wings 2", "-ERR Unrecognized REPLCONF option: wings\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct replica_handshake handshake = {.listening_port = 7};

        assert_string_equal(tell(&handshake, cases[i].words), cases[i].reply);
        assert_int_equal(handshake.listening_port, 7);
        assert_false(handshake.has_hash);
        assert_string_equal(handshake.also_id, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_what_a_stock_replica_tells),
        cmocka_unit_test(test_takes_what_our_own_replicas_and_tools_tell),
        cmocka_unit_test(test_takes_filters_of_what_the_rdb_file_holds),
        cmocka_unit_test(test_refuses_what_means_nothing_and_keeps_what_it_had),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
