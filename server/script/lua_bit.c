#include "server/script/lua_bit.h"
#include <lauxlib.h>
#include <stdint.h>

/* The argument's low 32 bits as two's complement, rounded to the nearest whole number: adding this leaves them at the
 * end of the double's own bits. Beyond 2^51 the result means nothing, as in LuaBitOp. */
static uint32_t check_bits(lua_State *lua, int index)
{
    union {
        double number;
        uint64_t bits;
    } sum = {.number = luaL_checknumber(lua, index) + 6755399441055744.0};

    return (uint32_t)sum.bits;
}

/* Results are signed. */
static int push_bits(lua_State *lua, uint32_t bits)
{
    lua_pushnumber(lua, (lua_Number)(int32_t)bits);
    return 1;
}

static int run_tobit(lua_State *lua)
{
    return push_bits(lua, check_bits(lua, 1));
}

static int run_bnot(lua_State *lua)
{
    return push_bits(lua, ~check_bits(lua, 1));
}

static int run_band(lua_State *lua)
{
    uint32_t bits = check_bits(lua, 1);

    for (int i = lua_gettop(lua); i > 1; i--) {
        bits &= check_bits(lua, i);
    }
    return push_bits(lua, bits);
}

static int run_bor(lua_State *lua)
{
    uint32_t bits = check_bits(lua, 1);

    for (int i = lua_gettop(lua); i > 1; i--) {
        bits |= check_bits(lua, i);
    }
    return push_bits(lua, bits);
}

static int run_bxor(lua_State *lua)
{
    uint32_t bits = check_bits(lua, 1);

    for (int i = lua_gettop(lua); i > 1; i--) {
        bits ^= check_bits(lua, i);
    }
    return push_bits(lua, bits);
}

static int run_lshift(lua_State *lua)
{
    uint32_t bits = check_bits(lua, 1);

    return push_bits(lua, bits << (check_bits(lua, 2) & 31));
}

static int run_rshift(lua_State *lua)
{
    uint32_t bits = check_bits(lua, 1);

    return push_bits(lua, bits >> (check_bits(lua, 2) & 31));
}

static int run_arshift(lua_State *lua)
{
    uint32_t bits = check_bits(lua, 1);
    uint32_t count = check_bits(lua, 2) & 31;
    uint32_t sign = (bits & 0x80000000u) && count != 0 ? ~(UINT32_MAX >> count) : 0;

    return push_bits(lua, bits >> count | sign);
}

static uint32_t rotate_left(uint32_t bits, uint32_t count)
{
    count &= 31;
    return count == 0 ? bits : bits << count | bits >> (32 - count);
}

static int run_rol(lua_State *lua)
{
    uint32_t bits = check_bits(lua, 1);

    return push_bits(lua, rotate_left(bits, check_bits(lua, 2)));
}

static int run_ror(lua_State *lua)
{
    uint32_t bits = check_bits(lua, 1);

    return push_bits(lua, rotate_left(bits, 0u - check_bits(lua, 2)));
}

static int run_bswap(lua_State *lua)
{
    return push_bits(lua, __builtin_bswap32(check_bits(lua, 1)));
}

/* bit.tohex(number [, digits]): the last so many digits, in capitals if negative. */
static int run_tohex(lua_State *lua)
{
    uint32_t bits = check_bits(lua, 1);
    int64_t count = lua_isnone(lua, 2) ? 8 : (int32_t)check_bits(lua, 2);
    const char *digits = count < 0 ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[8];

    count = count < 0 ? -count : count;
    count = count > 8 ? 8 : count;
    for (int64_t i = count; i > 0; i--) {
        text[i - 1] = digits[bits & 15];
        bits >>= 4;
    }
    lua_pushlstring(lua, text, (size_t)count);
    return 1;
}

void lua_bit_open(lua_State *lua)
{
    static const luaL_Reg functions[] = {
        {"tobit", run_tobit}, {"bnot", run_bnot},     {"band", run_band},     {"bor", run_bor},
        {"bxor", run_bxor},   {"lshift", run_lshift}, {"rshift", run_rshift}, {"arshift", run_arshift},
        {"rol", run_rol},     {"ror", run_ror},       {"bswap", run_bswap},   {"tohex", run_tohex},
        {NULL, NULL},
    };

    luaL_register(lua, "bit", functions);
    lua_pop(lua, 1);
}
