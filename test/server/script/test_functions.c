/* Functions: what of libraries is logged, and that what cannot be done leaves everything as it was. */
#include "base/buf.h"
#include "base/resp_write.h"
#include "server/script/function_set.h"
#include "server/script/functions.h"
#include "server/support/small_server.h"
#include "storage/keyspace/library_rows.h"
#include "storage/store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { A, B };

static int setup(void **state)
{
    small_server_setup(state);
    small_server_connect(*state);
    small_server_connect(*state);
    return 0;
}

/* FUNCTION LOAD [REPLACE] of a library whose function `name` in `library` returns its name. */
static void post_load(struct small_server *s, const char *library, const char *name, bool replaces)
{
    struct slice words[4] = {slice_of("FUNCTION"), slice_of("LOAD"), slice_of("REPLACE")};
    size_t count = replaces ? 3 : 2;
    struct buf request;
    struct buf code;

    buf_init(&request, BUF_NO_CEILING);
    buf_init(&code, BUF_NO_CEILING);
    buf_put_format(&code,
                   "#!lua name=%s\nredis.register_function('%s',function(keys)return redis.call('incr',keys[1])end)",
                   library, name);
    words[count++] = buf_slice(&code);
    resp_write_request(&request, words, count);
    buf_put_byte(&request, '\0');
    small_server_post(s, A, buf_slice(&request).data);
    buf_release(&request);
    buf_release(&code);
}

static void assert_load(struct small_server *s, const char *library, const char *name, bool replaces,
                        const char *expected)
{
    post_load(s, library, name, replaces);
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, A), expected);
}

static void count_row(void *context, struct slice code)
{
    size_t *count = context;

    (void)code;
    (*count)++;
}

/* The rows and the set say the same. */
static void assert_libraries(struct small_server *s, const char *expected)
{
    const struct function_set *set = functions_all(s->services.script);
    size_t row_count = 0;
    struct buf names;

    buf_init(&names, BUF_NO_CEILING);
    LIST_FOR_EACH(&set->libraries, node)
    {
        buf_put_format(&names, "%s ", LIST_ENTRY(node, struct library, node)->name);
    }
    buf_put_byte(&names, '\0');
    assert_string_equal(buf_slice(&names).data, expected);
    library_rows_visit(store_keyspace(s->services.store), count_row, &row_count);
    assert_int_equal(row_count, set->library_count);
    buf_release(&names);
}

static void test_a_library_is_logged_and_a_call_is_not(void **state)
{
    struct small_server *s = *state;

    assert_load(s, "mine", "f", false, "$4 mine ");
    assert_string_equal(small_server_logged(s),
                        "SELECT 0 ; FUNCTION LOAD #!lua name=mine\nredis.register_function('f',function(keys)return "
                        "redis.call('incr',keys[1])end)");
    small_server_ask(s, A, "FCALL f 1 k", ":1 ");
    assert_string_equal(small_server_logged(s), "incr k");
    small_server_ask(s, A, "FUNCTION DELETE mine", "+OK ");
    assert_string_equal(small_server_logged(s), "FUNCTION DELETE mine");
    small_server_ask(s, A, "FCALL f 1 k", "-ERR Function not found ");
    assert_libraries(s, "");
}

static void test_functions_are_found_whatever_the_case_and_libraries_are_not(void **state)
{
    struct small_server *s = *state;

    assert_load(s, "mine", "Count", false, "$4 mine ");
    small_server_ask(s, A, "FCALL cOUNT 1 k", ":1 ");
    small_server_ask(s, A, "FCALL Count 1 k", ":2 ");
    small_server_ask(s, A, "FCALL coun 1 k", "-ERR Function not found ");
    assert_load(s, "other", "COUNT", false, "-ERR Function COUNT already exists ");
    assert_load(s, "Mine", "g", false, "$4 Mine ");
    small_server_ask(s, A, "FUNCTION DELETE MINE", "-ERR Library not found ");
    small_server_ask(s, A, "FUNCTION DELETE mine", "+OK ");
    small_server_ask(s, A, "FCALL count 1 k", "-ERR Function not found ");
    small_server_ask(s, A, "FCALL G 1 k", ":3 ");
}

static void test_what_cannot_be_loaded_changes_nothing(void **state)
{
    struct small_server *s = *state;

    assert_load(s, "b", "f", false, "$1 b ");
    assert_load(s, "a", "g", false, "$1 a ");
    (void)small_server_logged(s);
    assert_load(s, "b", "h", false, "-ERR Library 'b' already exists ");
    assert_load(s, "c", "f", false, "-ERR Function f already exists ");
    assert_load(s, "b", "g", true, "-ERR Function g already exists ");
    assert_load(
        s, "b", "bad name", true,
        "-ERR Error registering functions: ERR Library names can only contain letters, numbers, or underscores(_) "
        "and must be at least one character long ");
    assert_string_equal(small_server_logged(s), "");
    assert_libraries(s, "a b ");
    small_server_ask(s, A, "FCALL f 1 k", ":1 ");
    assert_load(s, "b", "f", true, "$1 b "); /* The very same text. */
    assert_libraries(s, "a b ");
    assert_load(s, "b", "h", true, "$1 b ");
    small_server_ask(s, A, "FCALL f 1 k", "-ERR Function not found ");
    small_server_ask(s, A, "FCALL h 1 k", ":2 ");
    assert_libraries(s, "a b ");
}

/* D1 */
static void test_a_list_waits_until_its_libraries_are_safe(void **state)
{
    struct small_server *s = *state;

    s->is_log_held = true;
    post_load(s, "mine", "f", false);
    small_server_post(s, B, "FUNCTION STATS\r\n");
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, A), "");
    assert_string_equal(small_server_hears(s, B), "");
    s->is_log_held = false;
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, A), "$4 mine ");
    assert_non_null(strstr(small_server_hears(s, B), "$15 libraries_count :1 $15 functions_count :1 "));
}

/* After a full sync the rows are others. */
static void test_libraries_follow_the_rows(void **state)
{
    struct small_server *s = *state;

    assert_load(s, "mine", "f", false, "$4 mine ");
    library_rows_put(store_keyspace(s->services.store),
                     slice_of("#!lua name=other\nredis.register_function('o',print)"));
    functions_note_replaced(s->services.script);
    assert_int_equal(functions_all(s->services.script)->library_count, 1); /* The other one is not even Lua. */
    small_server_ask(s, A, "FCALL f 1 k", ":1 ");
    small_server_ask(s, A, "FUNCTION FLUSH", "+OK ");
    assert_libraries(s, ""); /* Nor is it kept for ever. */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, small_server_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_library_is_logged_and_a_call_is_not),
        TEST(test_functions_are_found_whatever_the_case_and_libraries_are_not),
        TEST(test_what_cannot_be_loaded_changes_nothing),
        TEST(test_a_list_waits_until_its_libraries_are_safe),
        TEST(test_libraries_follow_the_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
