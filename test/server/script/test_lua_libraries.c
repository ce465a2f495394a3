/* What scripts find in `bit`, `cmsgpack`, `struct` and `cjson`, and where Lua's own libraries end: each line is a
 * script and what it replies. */
#include "base/buf.h"
#include "base/resp_write.h"
#include "server/support/small_server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int setup(void **state)
{
    small_server_setup(state);
    small_server_connect(*state);
    return 0;
}

static void assert_eval(struct small_server *s, const char *script, const char *expected)
{
    const struct slice words[] = {slice_of("EVAL"), slice_of(script), slice_of("0")};
    struct buf request;

    buf_init(&request, BUF_NO_CEILING);
    resp_write_request(&request, words, 3);
    buf_put_byte(&request, '\0');
    small_server_send(s, 0, buf_slice(&request).data);
    assert_string_equal(small_server_hears(s, 0), expected);
    buf_release(&request);
}

/* Bytes of a result as hex digits. */
#define HEX(expression_) "return (" expression_ "):gsub('.', function(c) return ('%02x'):format(c:byte()) end)"

static void test_bits_are_32_and_signed(void **state)
{
    assert_eval(*state,
                "return {bit.tobit(4294967295), bit.bnot(0), bit.band(7, 12, 6), bit.bxor(5, 1), bit.bor(1, 8)}",
                "*5 :-1 :-1 :4 :4 :9 ");
    assert_eval(*state, "return {bit.lshift(1, 31), bit.rshift(-1, 28), bit.arshift(-256, 4), bit.arshift(-1, 32)}",
                "*4 :-2147483648 :15 :-16 :-1 ");
    assert_eval(*state, "return {bit.rol(0x12345678, 12), bit.ror(1, 1), bit.bswap(1)}",
                "*3 :1164411171 :-2147483648 :16777216 ");
    /* However many digits are asked for, as the lowest number, too, which has no positive one. */
    assert_eval(*state, "return {bit.tohex(255), bit.tohex(255, -4), bit.tohex(-1, 100), bit.tohex(7, -2147483648)}",
                "*4 $8 000000ff $4 00FF $8 ffffffff $8 00000007 ");
}

static void test_msgpack_takes_the_shortest_form(void **state)
{
    assert_eval(*state, HEX("cmsgpack.pack(127, 128, -32, -33, 65536, 2^40)"),
                "$40 7fcc80e0d0dfce00010000cf000001000000"
                "0000 ");
    assert_eval(*state, HEX("cmsgpack.pack(1.5, 0.1, true, false, nil)"), "$34 ca3fc00000cb3fb999999999999ac3c2c0 ");
    assert_eval(*state, HEX("cmsgpack.pack({1, {a = 'b'}}, {})"), "$16 920181a161a16290 ");
    assert_eval(*state, "return cmsgpack.unpack(cmsgpack.pack({1, {2, 'x'}, -3}))", "*3 :1 *2 :2 $1 x :-3 ");
    assert_eval(*state, "return {cmsgpack.unpack_one(cmsgpack.pack(7, 8), 1)}", "*2 :-1 :8 ");
}

static void test_msgpack_refuses_what_is_cut(void **state)
{
    assert_eval(*state, "return select(2, pcall(cmsgpack.unpack, '\\146\\1'))", "$23 Missing bytes in input. ");
    assert_eval(*state, "return select(2, pcall(cmsgpack.unpack, '\\221\\255\\255\\255\\255'))",
                "$23 Missing bytes in input. ");
    assert_eval(*state, "return select(2, pcall(cmsgpack.unpack, '\\193'))", "$25 Bad data format in input. ");
    /* Deep ones come to the end of Lua's stack, not of ours. */
    assert_eval(*state, "return pcall(cmsgpack.unpack, ('\\145'):rep(1000000)) and 1 or 0", ":0 ");
    assert_eval(*state, "local t = {} t[1] = t return #cmsgpack.pack(t)", ":17 ");
}

static void test_struct_knows_order_and_alignment(void **state)
{
    assert_eval(*state, HEX("struct.pack('>hB<i', -2, 255, 1)"), "$14 fffeff01000000 ");
    assert_eval(*state, HEX("struct.pack('!bi', 1, 2)"), "$16 0100000002000000 ");
    assert_eval(*state, HEX("struct.pack('>I3sc2', 66051, 'ab', 'xyz')"), "$16 0102036162007879 ");
    assert_eval(*state, "return {struct.unpack('>hBs', '\\255\\254\\255ab\\0')}", "*4 :-2 :255 $2 ab :7 ");
    assert_eval(*state, "return {struct.unpack('Bc0', '\\3abcd')}", "*2 $3 abc :5 ");
    assert_eval(*state, "return {struct.size('!bd'), struct.size('i32')}", "*2 :16 :32 ");
}

static void test_struct_reads_not_beyond_its_data(void **state)
{
    assert_eval(*state, "return select(2, pcall(struct.unpack, 'i', 'abc'))",
                "$46 bad argument #2 to '?' (data string too short) ");
    assert_eval(*state, "return pcall(struct.unpack, 'Bc0', '\\9abc') and 1 or 0", ":0 ");
    assert_eval(*state, "return pcall(struct.unpack, 'b', 'abc', 2147483647) and 1 or 0", ":0 ");
    assert_eval(*state, "return pcall(struct.unpack, 's', 'abc') and 1 or 0", ":0 ");
    assert_eval(*state, "return pcall(struct.pack, 'i33', 1) and 1 or 0", ":0 ");
}

/* What a function of this body raises. */
static void assert_raises(struct small_server *s, const char *body, const char *message)
{
    struct buf script;
    struct buf expected;

    buf_init(&script, BUF_NO_CEILING);
    buf_init(&expected, BUF_NO_CEILING);
    buf_put_format(&script, "return select(2, pcall(function() %s end))", body);
    buf_put_byte(&script, '\0');
    buf_put_format(&expected, "$%zu user_script:1: %s ", strlen("user_script:1: ") + strlen(message), message);
    buf_put_byte(&expected, '\0');
    assert_eval(s, buf_slice(&script).data, buf_slice(&expected).data);
    buf_release(&script);
    buf_release(&expected);
}

static void test_json_is_measured_before_it_is_written(void **state)
{
    /* A string that is in a table many times is hardly any memory, but its text is. */
    assert_raises(*state, "local t, s = {}, ('a'):rep(2^20) for i = 1, 200 do t[i] = s end return cjson.encode({t})",
                  "Cannot serialise table: too large");
    assert_raises(*state,
                  "local t, s = {}, ('a'):rep(2^20) for i = 1, 200 do t[s .. i] = i end "
                  "return cjson.new().encode(t)",
                  "Cannot serialise table: too large");
    assert_eval(*state, "local t = 1 for i = 1, 20 do t = {t, t} end return #cjson.encode(t)", ":4194301 ");
    assert_raises(*state, "local t = 1 for i = 1, 40 do t = {t, t} end return cjson.encode(t)",
                  "Cannot serialise table: too large");
}

static void test_json_counts_the_holes_of_arrays(void **state)
{
    assert_eval(*state, "return cjson.encode({[1] = 1, [3] = {}})", "$11 [1,null,{}] ");
    assert_raises(*state, "return cjson.encode({[2147483647] = 1})",
                  "Cannot serialise table: excessively sparse array");
    assert_eval(*state, "return cjson.encode({[2147483648] = 1})", "$16 {\"2147483648\":1} ");
    assert_eval(*state, "cjson.encode_sparse_array(true) return cjson.encode({[2147483647] = 1})",
                "$16 {\"2147483647\":1} ");
    assert_raises(*state, "cjson.encode_sparse_array(false, 0) return cjson.encode({[2147483647] = 1})",
                  "Cannot serialise table: too large");
}

static void test_json_goes_no_deeper_than_it_may(void **state)
{
    assert_raises(*state, "local t = {} t[1] = t t[2] = t return cjson.encode(t)",
                  "Cannot serialise, excessive nesting (1001)");
    assert_raises(*state, "cjson.encode_max_depth(1e9) local t = {} t[1] = t t[2] = t return cjson.encode(t)",
                  "Cannot serialise, excessive nesting (3991)");
    assert_eval(*state, "local t = {} for i = 1, 1999 do t = {t} end return #cjson.encode(t)", ":4000 ");
    assert_raises(*state, "return cjson.encode({function() end, ('a'):rep(1e9)})", "resulting string too large");
    assert_raises(*state, "return cjson.encode({print = pcall})", "Cannot serialise function: type not supported");
}

/* What was large is given back, however the setting stands. */
static void test_json_leaves_settings_as_they_were(void **state)
{
    assert_eval(*state, "return {#cjson.encode(('a'):rep(2^20)), tostring(cjson.encode_keep_buffer())}",
                "*2 :1048578 $4 true ");
    assert_eval(*state,
                "cjson.encode_keep_buffer(false) "
                "return {#cjson.encode(('a'):rep(2^20)), tostring(cjson.encode_keep_buffer())}",
                "*2 :1048578 $5 false ");
    assert_eval(*state, "return cjson.decode(cjson.encode({('a'):rep(2^21)}))[1] == ('a'):rep(2^21)", ":1 ");
}

static void test_unpack_counts_beyond_an_int(void **state)
{
    assert_raises(*state, "return unpack({}, -1, 2147483647)", "too many results to unpack");
    assert_raises(*state, "return unpack({}, -2147483648, 2147483647)", "too many results to unpack");
    assert_raises(*state, "return unpack({}, 1, 8000)", "too many results to unpack");
    assert_eval(*state, "return {unpack({1, 2, 3})}", "*3 :1 :2 :3 ");
    assert_eval(*state, "return {unpack({1, 2, 3}, 2)}", "*2 :2 :3 ");
    assert_eval(*state, "return {select('#', unpack({}, -2, 0)), unpack({1}, 2, 1)}", "*1 :3 ");
}

static void test_patterns_do_not_exhaust_the_stack(void **state)
{
    static const char *const calls[] = {
        "string.find(s, p)",    "string.match(s, p)",   "string.gmatch(s, p)()",
        "string.gsub(s, p, 1)", "string.gfind(s, p)()", "s:find(p)",
    };
    char script[256];

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        (void)snprintf(script, sizeof(script), "local s, p = ('a'):rep(1e6), ('a?'):rep(1e6) return %s", calls[i]);
        assert_raises(*state, script, "pattern too complex");
    }
    assert_eval(*state, "return #('a'):rep(1e4):match(('a-'):rep(1e4))", ":0 ");
    assert_eval(*state, "return {('-'):rep(2e4):find(('-'):rep(1e4 + 1), 1, true)}", "*2 :1 :10001 ");
}

static void test_strings_and_tables_have_bounds(void **state)
{
    assert_eval(*state,
                "return {('ab'):rep(3), ('ab'):rep(0), (''):rep(2147483647), ('ab'):rep(-1), #('abc'):rep(1e6)}",
                "*5 $6 ababab $0  $0  $0  :3000000 ");
    assert_raises(*state, "return ('ab'):rep(2147483647)", "resulting string too large");
    assert_raises(*state, "table.insert({}, -2147483648, 1)", "bad argument #2 to 'insert' (position out of bounds)");
    assert_eval(*state, "local t = {1, 2} table.insert(t, 0, 3) return {t[0], t[2], t[3]}", "*3 :3 :1 :2 ");
}

static void test_the_collector_is_no_scripts_to_set(void **state)
{
    assert_eval(*state, "return {collectgarbage('stop'), collectgarbage('setpause', 1e6), collectgarbage('setpause')}",
                "*3 :0 :200 :200 ");
    assert_eval(*state, "for i = 1, 1e5 do local t = {i} end return collectgarbage('count') < 2e4", ":1 ");
    assert_eval(*state, "return collectgarbage()", ":0 ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, small_server_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_bits_are_32_and_signed),
        TEST(test_msgpack_takes_the_shortest_form),
        TEST(test_msgpack_refuses_what_is_cut),
        TEST(test_struct_knows_order_and_alignment),
        TEST(test_struct_reads_not_beyond_its_data),
        TEST(test_json_is_measured_before_it_is_written),
        TEST(test_json_counts_the_holes_of_arrays),
        TEST(test_json_goes_no_deeper_than_it_may),
        TEST(test_json_leaves_settings_as_they_were),
        TEST(test_unpack_counts_beyond_an_int),
        TEST(test_patterns_do_not_exhaust_the_stack),
        TEST(test_strings_and_tables_have_bounds),
        TEST(test_the_collector_is_no_scripts_to_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
