/* What scripts find in `bit`, `cmsgpack` and `struct`: each line is a script and what it replies. */
#include "base/buf.h"
#include "base/resp_write.h"
#include "server/support/small_server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, small_server_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_bits_are_32_and_signed),           TEST(test_msgpack_takes_the_shortest_form),
        TEST(test_msgpack_refuses_what_is_cut),      TEST(test_struct_knows_order_and_alignment),
        TEST(test_struct_reads_not_beyond_its_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
