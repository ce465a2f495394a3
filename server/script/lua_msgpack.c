/* Form: msgpack.org's specification, without its binary and extension types, which this library never had. Numbers
 * without a fraction go as integers, others as floats where nothing is lost, else as doubles. */
#include "server/script/lua_msgpack.h"
#include "base/bytes.h"
#include <lauxlib.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NESTING_MAX 16 /* Deeper tables become nil. */

/* --- Packing: everything is added to one luaL_Buffer, which keeps its memory with Lua --- */

struct packer {
    lua_State *lua;
    luaL_Buffer buffer;
};

/* A type byte and `len` bytes of `number`, most significant first. */
static void put_number(struct packer *packer, unsigned type, uint64_t number, size_t len)
{
    char bytes[9];
    char whole[8];

    bytes[0] = (char)type;
    bytes_put_be64(whole, number);
    memcpy(bytes + 1, whole + 8 - len, len);
    luaL_addlstring(&packer->buffer, bytes, len + 1);
}

static void put_integer(struct packer *packer, int64_t number)
{
    if (number >= 0) {
        if (number <= 127) {
            put_number(packer, (unsigned)number, 0, 0);
        } else if (number <= UINT8_MAX) {
            put_number(packer, 0xcc, (uint64_t)number, 1);
        } else if (number <= UINT16_MAX) {
            put_number(packer, 0xcd, (uint64_t)number, 2);
        } else if (number <= UINT32_MAX) {
            put_number(packer, 0xce, (uint64_t)number, 4);
        } else {
            put_number(packer, 0xcf, (uint64_t)number, 8);
        }
    } else if (number >= -32) {
        put_number(packer, (uint8_t)number, 0, 0);
    } else if (number >= INT8_MIN) {
        put_number(packer, 0xd0, (uint64_t)number, 1);
    } else if (number >= INT16_MIN) {
        put_number(packer, 0xd1, (uint64_t)number, 2);
    } else if (number >= INT32_MIN) {
        put_number(packer, 0xd2, (uint64_t)number, 4);
    } else {
        put_number(packer, 0xd3, (uint64_t)number, 8);
    }
}

static void put_lua_number(struct packer *packer, double number)
{
    float small = (float)number;
    uint32_t small_bits;
    uint64_t bits;

    if (number >= -9223372036854775808.0 && number < 9223372036854775808.0 && number == floor(number)) {
        put_integer(packer, (int64_t)number);
    } else if ((double)small == number) {
        memcpy(&small_bits, &small, sizeof(small_bits));
        put_number(packer, 0xca, small_bits, 4);
    } else {
        memcpy(&bits, &number, sizeof(bits));
        put_number(packer, 0xcb, bits, 8);
    }
}

/* The head of what has a length: `fixed` with the length in its low bits, or a type of 2 or 4 bytes of it. */
static void put_head(struct packer *packer, unsigned fixed, size_t fixed_max, unsigned type16, size_t len)
{
    if (len <= fixed_max) {
        put_number(packer, fixed | (unsigned)len, 0, 0);
    } else if (len <= UINT16_MAX) {
        put_number(packer, type16, len, 2);
    } else {
        put_number(packer, type16 + 1, len, 4);
    }
}

static void put_string(struct packer *packer, int index)
{
    size_t len;
    const char *text = lua_tolstring(packer->lua, index, &len);

    if (len > 31 && len <= UINT8_MAX) {
        put_number(packer, 0xd9, len, 1);
    } else {
        put_head(packer, 0xa0, 31, 0xda, len);
    }
    luaL_addlstring(&packer->buffer, text, len);
}

/* Whether the table's keys are 1, 2, ... without a hole; `*count` is how many there are in any case. */
static bool is_array(lua_State *lua, int index, size_t *count)
{
    double most = 0;
    bool is_good = true;

    *count = 0;
    lua_pushnil(lua);
    while (lua_next(lua, index)) {
        double key = lua_type(lua, -2) == LUA_TNUMBER ? lua_tonumber(lua, -2) : 0;

        lua_pop(lua, 1);
        is_good = is_good && key > 0 && key == floor(key);
        most = key > most ? key : most;
        (*count)++;
    }
    return is_good && most == (double)*count;
}

/* luaL_Buffer may have pieces on the stack, and needs them on top: so each value becomes a string of its own, and a
 * table a table of them first. Slower than bytes in a row, but nothing is held outside of Lua when an error is raised.
 */
static void push_packed(lua_State *lua, int index, int level);

static void push_table(lua_State *lua, int index, int level)
{
    struct packer packer = {.lua = lua};
    size_t count;
    bool as_array = is_array(lua, index, &count);
    int parts;
    int part = 1;

    lua_newtable(lua);
    parts = lua_gettop(lua);
    luaL_buffinit(lua, &packer.buffer);
    put_head(&packer, as_array ? 0x90 : 0x80, 15, as_array ? 0xdc : 0xde, count);
    luaL_pushresult(&packer.buffer);
    lua_rawseti(lua, parts, part++);
    if (as_array) {
        for (size_t i = 1; i <= count; i++) {
            lua_rawgeti(lua, index, (int)i);
            push_packed(lua, lua_gettop(lua), level + 1);
            lua_rawseti(lua, parts, part++);
            lua_pop(lua, 1);
        }
    } else {
        lua_pushnil(lua);
        while (lua_next(lua, index)) { /* key, value */
            push_packed(lua, lua_gettop(lua) - 1, level + 1);
            lua_rawseti(lua, parts, part++);
            push_packed(lua, lua_gettop(lua), level + 1);
            lua_rawseti(lua, parts, part++);
            lua_pop(lua, 1);
        }
    }
    luaL_buffinit(lua, &packer.buffer);
    for (int i = 1; i < part; i++) {
        lua_rawgeti(lua, parts, i);
        luaL_addvalue(&packer.buffer);
    }
    luaL_pushresult(&packer.buffer);
    lua_replace(lua, parts);
}

/* Push what the value at `index`, which is no relative one, is packed to. */
static void push_packed(lua_State *lua, int index, int level)
{
    struct packer packer = {.lua = lua};
    int type = lua_type(lua, index);

    luaL_checkstack(lua, LUA_MINSTACK, "too many values to pack"); /* What luaL_Buffer counts on. */
    if (type == LUA_TTABLE && level < NESTING_MAX) {
        push_table(lua, index, level);
        return;
    }
    luaL_buffinit(lua, &packer.buffer);
    switch (type) {
    case LUA_TSTRING:
        put_string(&packer, index);
        break;
    case LUA_TBOOLEAN:
        put_number(&packer, lua_toboolean(lua, index) ? 0xc3 : 0xc2, 0, 0);
        break;
    case LUA_TNUMBER:
        put_lua_number(&packer, lua_tonumber(lua, index));
        break;
    default:
        put_number(&packer, 0xc0, 0, 0);
        break;
    }
    luaL_pushresult(&packer.buffer);
}

/* cmsgpack.pack(...): all of them, one after the other. */
static int run_pack(lua_State *lua)
{
    int count = lua_gettop(lua);

    if (count == 0) {
        return luaL_argerror(lua, 0, "MessagePack pack needs input.");
    }
    for (int i = 1; i <= count; i++) {
        push_packed(lua, i, 0);
        lua_replace(lua, i);
    }
    lua_concat(lua, count);
    return 1;
}

/* --- Unpacking --- */

struct source {
    const char *at;
    size_t left;
};

/* Take `len` bytes as a number, most significant first. */
static uint64_t take(lua_State *lua, struct source *source, size_t len)
{
    uint64_t number = 0;

    if (source->left < len) {
        (void)luaL_error(lua, "Missing bytes in input.");
    }
    for (size_t i = 0; i < len; i++) {
        number = number << 8 | (uint8_t)source->at[i];
    }
    source->at += len;
    source->left -= len;
    return number;
}

static void push_value(lua_State *lua, struct source *source);

static void push_string(lua_State *lua, struct source *source, size_t len)
{
    if (source->left < len) {
        (void)luaL_error(lua, "Missing bytes in input.");
    }
    lua_pushlstring(lua, source->at, len);
    source->at += len;
    source->left -= len;
}

static void push_array(lua_State *lua, struct source *source, size_t count)
{
    lua_newtable(lua); /* Without room for what may not come. */
    for (size_t i = 1; i <= count; i++) {
        lua_pushnumber(lua, (lua_Number)i);
        push_value(lua, source);
        lua_settable(lua, -3);
    }
}

static void push_map(lua_State *lua, struct source *source, size_t count)
{
    lua_newtable(lua);
    for (size_t i = 0; i < count; i++) {
        push_value(lua, source);
        push_value(lua, source);
        lua_settable(lua, -3);
    }
}

static double take_float(lua_State *lua, struct source *source)
{
    uint32_t bits = (uint32_t)take(lua, source, 4);
    float number;

    memcpy(&number, &bits, sizeof(number));
    return number;
}

static double take_double(lua_State *lua, struct source *source)
{
    uint64_t bits = take(lua, source, 8);
    double number;

    memcpy(&number, &bits, sizeof(number));
    return number;
}

/* 0xca to 0xd3: numbers of a fixed length. */
static void push_number(lua_State *lua, struct source *source, unsigned type)
{
    double number;

    switch (type) {
    case 0xca:
        number = take_float(lua, source);
        break;
    case 0xcb:
        number = take_double(lua, source);
        break;
    case 0xd0:
        number = (int8_t)take(lua, source, 1);
        break;
    case 0xd1:
        number = (int16_t)take(lua, source, 2);
        break;
    case 0xd2:
        number = (int32_t)take(lua, source, 4);
        break;
    case 0xd3:
        number = (double)(int64_t)take(lua, source, 8);
        break;
    default: /* 0xcc to 0xcf */
        number = (double)take(lua, source, (size_t)1 << (type - 0xcc));
        break;
    }
    lua_pushnumber(lua, number);
}

/* Types beyond the ones whose length is in their own byte. */
static void push_long(lua_State *lua, struct source *source, unsigned type)
{
    switch (type) {
    case 0xc0:
        lua_pushnil(lua);
        break;
    case 0xc2:
    case 0xc3:
        lua_pushboolean(lua, type == 0xc3);
        break;
    case 0xd9:
    case 0xda:
    case 0xdb:
        push_string(lua, source, (size_t)take(lua, source, (size_t)1 << (type - 0xd9)));
        break;
    case 0xdc:
    case 0xdd:
        push_array(lua, source, (size_t)take(lua, source, type == 0xdc ? 2 : 4));
        break;
    case 0xde:
    case 0xdf:
        push_map(lua, source, (size_t)take(lua, source, type == 0xde ? 2 : 4));
        break;
    default:
        if (type < 0xca || type > 0xd3) {
            (void)luaL_error(lua, "Bad data format in input.");
        }
        push_number(lua, source, type);
        break;
    }
}

static void push_value(lua_State *lua, struct source *source)
{
    unsigned type = (unsigned)take(lua, source, 1);

    luaL_checkstack(lua, 6, "too many return values at once; use unpack_one or unpack_limit instead.");
    if (type < 0x80) {
        lua_pushnumber(lua, type);
    } else if (type < 0x90) {
        push_map(lua, source, type & 15);
    } else if (type < 0xa0) {
        push_array(lua, source, type & 15);
    } else if (type < 0xc0) {
        push_string(lua, source, type & 31);
    } else if (type >= 0xe0) {
        lua_pushnumber(lua, (int8_t)type);
    } else {
        push_long(lua, source, type);
    }
}

/* At most `limit` values (0: all) from byte `offset` on; with a limit, before them where the next one begins, or -1. */
static int unpack(lua_State *lua, int limit, int offset)
{
    size_t len;
    const char *text = luaL_checklstring(lua, 1, &len);
    struct source source;
    int count = 0;

    if (offset < 0 || limit < 0) {
        return luaL_error(lua, "Invalid request to unpack with offset of %d and limit of %d.", offset, (int)len);
    }
    if ((size_t)offset > len) {
        return luaL_error(lua, "Start offset %d greater than input length %d.", offset, (int)len);
    }
    source = (struct source){.at = text + offset, .left = len - (size_t)offset};
    lua_settop(lua, 1);
    while (source.left > 0 && (limit == 0 || count < limit)) {
        push_value(lua, &source);
        count++;
    }
    if (limit == 0) {
        return count;
    }
    lua_pushinteger(lua, source.left == 0 ? -1 : (lua_Integer)(len - source.left));
    lua_insert(lua, 2);
    return count + 1;
}

static int run_unpack(lua_State *lua)
{
    return unpack(lua, 0, 0);
}

static int run_unpack_one(lua_State *lua)
{
    return unpack(lua, 1, luaL_optint(lua, 2, 0));
}

static int run_unpack_limit(lua_State *lua)
{
    int limit = luaL_checkint(lua, 2);

    return unpack(lua, limit, luaL_optint(lua, 3, 0));
}

void lua_msgpack_open(lua_State *lua)
{
    static const luaL_Reg functions[] = {{"pack", run_pack},
                                         {"unpack", run_unpack},
                                         {"unpack_one", run_unpack_one},
                                         {"unpack_limit", run_unpack_limit},
                                         {NULL, NULL}};

    luaL_register(lua, "cmsgpack", functions);
    lua_pushliteral(lua, "cmsgpack");
    lua_setfield(lua, -2, "_NAME");
    lua_pop(lua, 1);
}
