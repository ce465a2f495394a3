/* The first lines of scripts and libraries. */
#include "base/buf.h"
#include "server/script/script_shebang.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_reads(const char *body, uint32_t expected_flags, size_t expected_len)
{
    struct buf error;
    uint32_t flags;
    size_t len;

    buf_init(&error, BUF_NO_CEILING);
    assert_true(script_shebang_read(slice_of(body), &flags, &len, &error));
    assert_int_equal(flags, expected_flags);
    assert_int_equal(len, expected_len);
    assert_int_equal(error.len, 0);
    buf_release(&error);
}

static void assert_refuses(const char *body, const char *expected)
{
    struct buf error;
    uint32_t flags;
    size_t len;

    buf_init(&error, BUF_NO_CEILING);
    assert_false(script_shebang_read(slice_of(body), &flags, &len, &error));
    buf_put_byte(&error, '\0');
    assert_string_equal(buf_slice(&error).data, expected);
    buf_release(&error);
}

static void test_a_script_without_a_shebang_tells_nothing(void **state)
{
    (void)state;
    assert_reads("return 1", SCRIPT_TELLS_NOTHING, 0);
    assert_reads("", SCRIPT_TELLS_NOTHING, 0);
    assert_reads("-- #!lua\n", SCRIPT_TELLS_NOTHING, 0);
}

/* The line's end stays with the body, so that errors count lines as they stand. */
static void test_flags_add_up(void **state)
{
    (void)state;
    assert_reads("#!lua\nx", 0, 5);
    assert_reads("#!lua flags=\nx", 0, 12);
    assert_reads("#!lua flags=no-writes,allow-stale\r\nx", SCRIPT_NO_WRITES | SCRIPT_ALLOW_STALE, 34);
    assert_reads("#!lua flags=no-writes 'flags=allow-oom'\nx", SCRIPT_NO_WRITES | SCRIPT_ALLOW_OOM, 39);
    assert_reads("#!lua flags=no-cluster,allow-cross-slot-keys\n", SCRIPT_NO_CLUSTER | SCRIPT_ALLOW_CROSS_SLOT_KEYS,
                 44);
}

static void test_bad_lines_are_named(void **state)
{
    (void)state;
    assert_refuses("#!lua", "ERR Invalid script shebang");
    assert_refuses("#!lua \"x\n", "ERR Invalid engine in script shebang");
    assert_refuses("#!luau\n", "ERR Unexpected engine in script shebang: #!luau");
    assert_refuses("#! lua\n", "ERR Unexpected engine in script shebang: #!");
    assert_refuses("#!lua name=x\n", "ERR Unknown lua shebang option: name=x");
    assert_refuses("#!lua flags=no-writes,\n", "ERR Unexpected flag in script shebang: ");
    assert_refuses("#!lua flags=No-Writes\n", "ERR Unexpected flag in script shebang: No-Writes");
}

static void assert_library(const char *code, const char *expected)
{
    struct script_library_line line = {.line_len = 0};
    struct buf text;

    buf_init(&text, BUF_NO_CEILING);
    if (script_shebang_read_library(slice_of(code), &line, &text)) {
        buf_put_format(&text, "%.*s %.*s %zu", (int)line.engine.len, line.engine.data, (int)line.name.len,
                       line.name.data, line.line_len);
    }
    buf_put_byte(&text, '\0');
    assert_string_equal(buf_slice(&text).data, expected);
    buf_release(&text);
}

static void test_a_library_names_engine_and_itself(void **state)
{
    (void)state;
    assert_library("#!lua name=mine\nx", "lua mine 15");
    assert_library("#!LUA 'name=mine'\nx", "LUA mine 17");
    assert_library("#!lua name=\nx", "lua  11");
    assert_library("x", "ERR Missing library metadata");
    assert_library("#!lua name=mine", "ERR Invalid library metadata");
    assert_library("#!lua\n", "ERR Library name was not given");
    assert_library("#!lua nam=a\n", "ERR Invalid metadata value given: nam=a");
    assert_library("#!lua name=a name=b\n", "ERR Invalid metadata value, name argument was given multiple times");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_script_without_a_shebang_tells_nothing),
        cmocka_unit_test(test_flags_add_up),
        cmocka_unit_test(test_bad_lines_are_named),
        cmocka_unit_test(test_a_library_names_engine_and_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
