/* Changes as the log's bytes. In the transcripts each command is its words, and commands are parted by " ; ". */
#include "base/buf.h"
#include "base/resp_read.h"
#include "base/resp_write.h"
#include "server/request/change.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    struct change *change;
    struct buf request;
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture.change = change_create();
    buf_init(&fixture.request, BUF_NO_CEILING);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    change_free(f->change);
    buf_release(&f->request);
    return 0;
}

static void assert_composes(struct fixture *f, const char *expected, int32_t expected_db)
{
    const struct resp_limits limits = {.bulk_bytes_max = 1024};
    int32_t selected_db = -7;
    struct slice rest = change_compose(f->change, &selected_db);
    struct resp_reader reader;
    struct buf text;
    size_t consumed;

    resp_reader_init(&reader);
    buf_init(&text, BUF_NO_CEILING);
    while (rest.len != 0) {
        assert_int_equal(resp_read(&reader, rest, &limits, &consumed), RESP_COMMAND);
        for (size_t i = 0; i < reader.argc; i++) {
            buf_put_format(&text, "%s%.*s", i == 0 ? "" : " ", (int)reader.argv[i].len, reader.argv[i].data);
        }
        rest = slice_after(rest, consumed);
        buf_put_text(&text, rest.len != 0 ? " ; " : "");
    }
    buf_put_byte(&text, '\0');
    assert_string_equal(buf_slice(&text).data, expected);
    assert_int_equal(selected_db, expected_db);
    buf_release(&text);
    resp_reader_release(&reader);
}

static void end_call(struct fixture *f, const char *a, const char *b)
{
    struct slice words[] = {slice_of(a), slice_of(b)};

    change_end_call(f->change, true, words, 2, slice_empty());
}

static void test_call_that_changed_nothing_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct slice words[] = {slice_of("DEL"), slice_of("absent")};

    change_begin(f->change, 3);
    change_begin_call(f->change, 5);
    change_end_call(f->change, false, words, 2, slice_empty());
    assert_composes(f, "", 3);
}

static void test_raw_request_is_logged_without_a_copy(void **state)
{
    struct fixture *f = *state;
    struct slice words[] = {slice_of("DEL"), slice_of("k")};
    int32_t selected_db;
    struct slice raw;

    resp_write_request(&f->request, words, 2);
    raw = buf_slice(&f->request);
    change_begin(f->change, 0);
    change_begin_call(f->change, 0);
    change_end_call(f->change, true, words, 2, raw);
    assert_ptr_equal(change_compose(f->change, &selected_db).data, raw.data);
    assert_composes(f, "DEL k", 0);
}

static void test_select_precedes_where_the_db_changes(void **state)
{
    struct fixture *f = *state;
    struct slice words[] = {slice_of("DEL"), slice_of("k")};

    resp_write_request(&f->request, words, 2);
    change_begin(f->change, -1);
    change_begin_call(f->change, 4);
    change_end_call(f->change, true, words, 2, buf_slice(&f->request));
    assert_composes(f, "SELECT 4 ; DEL k", 4);
}

static void test_replaced_words_are_logged_alone(void **state)
{
    struct fixture *f = *state;
    struct slice first[] = {slice_of("SREM"), slice_of("s"), slice_of("a")};
    struct slice second[] = {slice_of("DEL"), slice_of("s")};

    change_begin(f->change, 0);
    change_begin_call(f->change, 0);
    change_replace(f->change, first, 3);
    change_replace(f->change, second, 2);
    end_call(f, "SPOP", "s");
    assert_composes(f, "DEL s", 0);
}

static void test_replaced_words_of_a_call_without_changes_are_logged(void **state)
{
    struct fixture *f = *state;
    struct slice words[] = {slice_of("XGROUP"), slice_of("x")};

    change_begin(f->change, 0);
    change_begin_call(f->change, 0);
    change_add(f->change, words, 2);
    change_end_call(f->change, false, words, 2, slice_empty());
    assert_composes(f, "XGROUP x", 0);
}

static void test_suppressed_call_leaves_nothing_but_the_next_does(void **state)
{
    struct fixture *f = *state;

    change_begin(f->change, 0);
    change_begin_call(f->change, 0);
    change_suppress(f->change);
    end_call(f, "SET", "a");
    change_begin_call(f->change, 0);
    end_call(f, "SET", "b");
    assert_composes(f, "SET b", 0);
}

static void test_expired_keys_precede_the_call_as_one_transaction(void **state)
{
    struct fixture *f = *state;
    struct slice words[] = {slice_of("SET"), slice_of("k")};

    resp_write_request(&f->request, words, 2);
    change_begin(f->change, 0);
    change_begin_call(f->change, 0);
    change_expire(f->change, 0, slice_of("k"));
    change_end_call(f->change, true, words, 2, buf_slice(&f->request));
    assert_composes(f, "MULTI ; DEL k ; SET k ; EXEC", 0);
}

static void test_read_that_expires_a_key_logs_its_deletion_alone(void **state)
{
    struct fixture *f = *state;
    struct slice words[] = {slice_of("GET"), slice_of("k")};

    change_begin(f->change, 0);
    change_begin_call(f->change, 2);
    change_expire(f->change, 2, slice_of("k"));
    change_end_call(f->change, false, words, 2, slice_empty());
    assert_composes(f, "SELECT 2 ; DEL k", 2);
}

static void test_transaction_selects_inside_where_its_db_changes(void **state)
{
    struct fixture *f = *state;
    struct slice words[] = {slice_of("SET"), slice_of("a")};

    resp_write_request(&f->request, words, 2);
    change_begin(f->change, 0);
    change_begin_call(f->change, 1);
    change_end_call(f->change, true, words, 2, buf_slice(&f->request));
    change_begin_call(f->change, 2);
    end_call(f, "SET", "b");
    change_begin_call(f->change, 2);
    end_call(f, "SET", "c");
    assert_composes(f, "SELECT 1 ; MULTI ; SET a ; SELECT 2 ; SET b ; SET c ; EXEC", 2);
}

static void test_begin_forgets_the_former_change(void **state)
{
    struct fixture *f = *state;

    change_begin(f->change, 0);
    change_begin_call(f->change, 1);
    end_call(f, "SET", "a");
    change_begin(f->change, 0);
    assert_composes(f, "", 0);
    change_begin_call(f->change, 0);
    end_call(f, "SET", "b");
    assert_composes(f, "SET b", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_call_that_changed_nothing_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_raw_request_is_logged_without_a_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_select_precedes_where_the_db_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replaced_words_are_logged_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replaced_words_of_a_call_without_changes_are_logged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_suppressed_call_leaves_nothing_but_the_next_does, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expired_keys_precede_the_call_as_one_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_that_expires_a_key_logs_its_deletion_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transaction_selects_inside_where_its_db_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_begin_forgets_the_former_change, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
