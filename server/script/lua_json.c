#include "server/script/lua_json.h"
#include "base/memory.h"
#include <lauxlib.h>
#include <limits.h>
#include <lua-cjson.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#define JSON_BYTES_MAX   1000000000u /* Its buffer doubles, and may not come to 2 GB. */
#define LARGE_BYTES      (1u << 20)  /* From here on memory is asked for beforehand, and given back afterwards. */
#define ESCAPED_MAX      6           /* "\u0000" */
#define QUOTES           2
#define NUMBER_BYTES_MAX 32
#define WORD_BYTES_MAX   5    /* "false" */
#define DEPTH_DEFAULT    1000 /* Of both directions, if a script does not set another one. */

/* A function of the library finds its settings in its first upvalue, so a function of ours that has the same one can
 * call it in its own place: errors then tell the script's line. */
enum { SETTINGS = 1, ORIGINAL, MAX_DEPTH, SPARSE_ARRAY, KEEP_BUFFER };

static int call_original(lua_State *lua)
{
    return lua_tocfunction(lua, lua_upvalueindex(ORIGINAL))(lua);
}

/* The library ends the process if it does not get its memory: so it is tried before. The buffer moves as it grows. */
static void check_memory(lua_State *lua, size_t bytes)
{
    void *block = memory_try_allocate(2 * bytes);

    if (block == NULL) {
        (void)luaL_error(lua, "not enough memory");
    }
    memory_free(block);
}

/* --- Measuring: what encode() may write at most --- */

struct walk {
    lua_State *lua;
    size_t bytes;
    bool is_refused; /* encode() raises an error where the walk has come to, and writes nothing of what follows. */
};

static bool add(struct walk *walk, size_t bytes)
{
    walk->bytes += bytes;
    return walk->bytes <= JSON_BYTES_MAX;
}

static bool refuse(struct walk *walk)
{
    walk->is_refused = true;
    return false;
}

/* Push the first `count` results of the function at an upvalue that tells and sets a setting: told nothing, it sets
 * nothing. */
static void push_setting(lua_State *lua, int upvalue, int count)
{
    lua_pushvalue(lua, lua_upvalueindex(upvalue));
    lua_call(lua, 0, count);
}

/* Whether the library would go that deep. Its own limit, which scripts may set, is asked only beyond the default, and
 * may lie beyond what the stack bears. */
static bool descend(struct walk *walk, int depth)
{
    lua_State *lua = walk->lua;
    int depth_max = DEPTH_DEFAULT;

    if (!lua_checkstack(lua, LUA_MINSTACK)) {
        (void)luaL_error(lua, "Cannot serialise, excessive nesting (%d)", depth);
    }
    if (depth > depth_max) {
        push_setting(lua, MAX_DEPTH, 1);
        depth_max = (int)lua_tointeger(lua, -1);
        lua_pop(lua, 1);
    }
    return depth <= depth_max || refuse(walk);
}

/* What is known of a table's keys as they are passed. */
struct keys {
    bool is_array; /* All of them whole numbers above 0. */
    int count;
    int most; /* Beyond an int the library sees no index. */
};

/* The key below the top. */
static bool add_key(struct walk *walk, struct keys *keys)
{
    lua_State *lua = walk->lua;
    double number;

    switch (lua_type(lua, -2)) {
    case LUA_TNUMBER:
        number = lua_tonumber(lua, -2);
        keys->is_array = keys->is_array && number >= 1 && floor(number) == number;
        if (number > keys->most && number <= INT_MAX) {
            keys->most = (int)number;
        }
        return add(walk, NUMBER_BYTES_MAX);
    case LUA_TSTRING:
        keys->is_array = false;
        return add(walk, lua_objlen(lua, -2) * ESCAPED_MAX + QUOTES + 2);
    default:
        return refuse(walk);
    }
}

/* A table that would be an array but has holes: each is a null, unless there are too many. */
static bool add_holes(struct walk *walk, const struct keys *keys)
{
    lua_State *lua = walk->lua;
    bool is_sparse;
    bool is_converted;
    double ratio;

    push_setting(lua, SPARSE_ARRAY, 3);
    is_converted = lua_toboolean(lua, -3);
    ratio = lua_tonumber(lua, -2);
    is_sparse = ratio > 0 && keys->most > keys->count * ratio && keys->most > lua_tonumber(lua, -1);
    lua_pop(lua, 3);
    if (is_sparse) {
        return is_converted || refuse(walk);
    }
    return add(walk, ((size_t)keys->most - (size_t)keys->count) * WORD_BYTES_MAX);
}

static bool add_value(struct walk *walk, int depth);

static bool add_table(struct walk *walk, int depth)
{
    struct keys keys = {.is_array = true};
    lua_State *lua = walk->lua;

    if (!descend(walk, depth)) {
        return false;
    }
    lua_pushnil(lua);
    while (lua_next(lua, -2)) { /* table, key, value */
        if (!add_key(walk, &keys) || !add_value(walk, depth)) {
            return false; /* Whoever asked clears the stack. */
        }
        keys.count++;
        lua_pop(lua, 1);
    }
    return add(walk, QUOTES) && (!keys.is_array || keys.most <= keys.count || add_holes(walk, &keys));
}

/* The value on top of the stack, within `depth` tables, and a comma. False: it is known what will become of it. */
static bool add_value(struct walk *walk, int depth)
{
    lua_State *lua = walk->lua;

    switch (lua_type(lua, -1)) {
    case LUA_TSTRING:
        return add(walk, lua_objlen(lua, -1) * ESCAPED_MAX + QUOTES + 1);
    case LUA_TNUMBER:
        return add(walk, NUMBER_BYTES_MAX + 1);
    case LUA_TBOOLEAN:
    case LUA_TNIL:
    case LUA_TLIGHTUSERDATA: /* cjson.null */
        return add(walk, WORD_BYTES_MAX + 1);
    case LUA_TTABLE:
        return add_table(walk, depth + 1);
    default:
        return refuse(walk);
    }
}

/* --- The library's functions --- */

/* The buffer is kept for the next text, and would be for good. */
static void shrink_buffer(lua_State *lua)
{
    push_setting(lua, KEEP_BUFFER, 1);
    if (lua_toboolean(lua, -1)) {
        for (int keeps = 0; keeps <= 1; keeps++) {
            lua_pushvalue(lua, lua_upvalueindex(KEEP_BUFFER));
            lua_pushboolean(lua, keeps);
            lua_call(lua, 1, 0);
        }
    }
    lua_pop(lua, 1);
}

static int run_encode(lua_State *lua)
{
    struct walk walk = {.lua = lua};

    if (lua_gettop(lua) != 1) {
        return call_original(lua); /* Which refuses it. */
    }
    if (!add_value(&walk, 0) && !walk.is_refused) {
        return luaL_error(lua, "Cannot serialise %s: too large", luaL_typename(lua, 1));
    }
    lua_settop(lua, 1);
    if (walk.bytes < LARGE_BYTES) {
        return call_original(lua);
    }
    check_memory(lua, walk.bytes);
    (void)call_original(lua);
    shrink_buffer(lua);
    return 1;
}

static int run_decode(lua_State *lua)
{
    size_t len = lua_isstring(lua, 1) ? lua_objlen(lua, 1) : 0;

    if (len > JSON_BYTES_MAX) {
        return luaL_error(lua, "Cannot parse string: too large");
    }
    if (len >= LARGE_BYTES) {
        check_memory(lua, len);
    }
    return call_original(lua);
}

/* --- Building --- */

/* The table of the library is on top of the stack: put `guard` before its function `name`. */
static void guard(lua_State *lua, const char *name, lua_CFunction function)
{
    lua_getfield(lua, -1, name);
    (void)lua_getupvalue(lua, -1, SETTINGS);
    lua_insert(lua, -2);
    lua_getfield(lua, -3, "encode_max_depth");
    lua_getfield(lua, -4, "encode_sparse_array");
    lua_getfield(lua, -5, "encode_keep_buffer");
    lua_pushcclosure(lua, function, KEEP_BUFFER);
    lua_setfield(lua, -2, name);
}

static int run_new(lua_State *lua);

static void guard_all(lua_State *lua)
{
    guard(lua, "encode", run_encode);
    guard(lua, "decode", run_decode);
    lua_pushcfunction(lua, run_new);
    lua_setfield(lua, -2, "new");
}

/* cjson.new(): another one, with settings of its own. */
static int run_new(lua_State *lua)
{
    lua_pushcfunction(lua, luaopen_cjson);
    lua_call(lua, 0, 1);
    guard_all(lua);
    return 1;
}

/* Its opener leaves the table on the stack, and makes no global. */
void lua_json_open(lua_State *lua)
{
    lua_pushcfunction(lua, run_new);
    lua_call(lua, 0, 1);
    lua_setglobal(lua, "cjson");
}
