#include "server/script/lua_bound.h"
#include <lauxlib.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define REP_BYTES_MAX   (512u << 20) /* No command takes a longer string. */
#define LARGE_BYTES     (1u << 20)
#define REPETITIONS_MAX 10000 /* In a pattern: at 80 to 96 bytes of C's stack each. */

/* unpack(table [, first [, last]]) */
static int run_unpack(lua_State *lua)
{
    int64_t first;
    int64_t last;

    luaL_checktype(lua, 1, LUA_TTABLE);
    first = luaL_optint(lua, 2, 1);
    last = luaL_opt(lua, luaL_checkint, 3, (int)lua_objlen(lua, 1));
    if (first > last) {
        return 0;
    }
    if (last - first >= INT_MAX || !lua_checkstack(lua, (int)(last - first + 1))) {
        return luaL_error(lua, "too many results to unpack");
    }
    for (int64_t i = first; i <= last; i++) {
        lua_rawgeti(lua, 1, (int)i);
    }
    return (int)(last - first + 1);
}

/* string.rep(text, count). Lua's own goes byte by byte, and cannot be interrupted. */
static int run_rep(lua_State *lua)
{
    size_t len;
    const char *text = luaL_checklstring(lua, 1, &len);
    int count = luaL_checkint(lua, 2);
    size_t total;
    char *block;

    if (count <= 0 || len == 0) {
        lua_pushliteral(lua, "");
        return 1;
    }
    if (len > REP_BYTES_MAX / (size_t)count) {
        return luaL_error(lua, "resulting string too large");
    }
    total = len * (size_t)count;
    if (total >= LARGE_BYTES) {
        (void)lua_gc(lua, LUA_GCSTEP, (int)(total >> 10)); /* It counts calls: few large ones would outrun it. */
    }
    block = lua_newuserdata(lua, total); /* Lua's, since an error may be raised before it could be freed. */
    memcpy(block, text, len);
    for (size_t done = len; done < total; done *= 2) {
        memcpy(block + done, block, done < total - done ? done : total - done);
    }
    lua_pushlstring(lua, block, total);
    return 1;
}

/* collectgarbage([option [, number]]): what would hold for later scripts, too, is not done. */
static int run_collectgarbage(lua_State *lua)
{
    const char *option = lua_tostring(lua, 1);

    if (option != NULL && (strcmp(option, "stop") == 0 || strcmp(option, "restart") == 0)) {
        lua_pushinteger(lua, 0);
        return 1;
    }
    if (option != NULL && (strcmp(option, "setpause") == 0 || strcmp(option, "setstepmul") == 0)) {
        lua_pushinteger(lua, strcmp(option, "setpause") == 0 ? LUAI_GCPAUSE : LUAI_GCMUL); /* What it is. */
        return 1;
    }
    return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

/* --- Patterns --- */

static bool is_deep(const char *pattern, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++) {
        count += memchr("?*+-()", pattern[i], 6) != NULL;
    }
    return count > REPETITIONS_MAX;
}

/* Call the function of Lua's that stands in upvalue 1 in the place of this one, whose second argument is a pattern. */
static int call_with_pattern(lua_State *lua)
{
    size_t len;
    const char *pattern = lua_tolstring(lua, 2, &len);

    if (pattern != NULL && is_deep(pattern, len)) {
        return luaL_error(lua, "pattern too complex");
    }
    return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

/* string.find(text, pattern [, first [, is_plain]]) */
static int run_find(lua_State *lua)
{
    return lua_toboolean(lua, 4) ? lua_tocfunction(lua, lua_upvalueindex(1))(lua) : call_with_pattern(lua);
}

/* Put `function` before the one of that name in the library on top of the stack. */
static void bound(lua_State *lua, const char *name, lua_CFunction function)
{
    lua_getfield(lua, -1, name);
    lua_pushcclosure(lua, function, 1);
    lua_setfield(lua, -2, name);
}

void lua_bound_open(lua_State *lua)
{
    lua_pushcfunction(lua, run_unpack);
    lua_setglobal(lua, "unpack");
    lua_getglobal(lua, "collectgarbage");
    lua_pushcclosure(lua, run_collectgarbage, 1);
    lua_setglobal(lua, "collectgarbage");
    lua_getglobal(lua, "string");
    lua_pushcfunction(lua, run_rep);
    lua_setfield(lua, -2, "rep");
    bound(lua, "find", run_find);
    bound(lua, "match", call_with_pattern);
    bound(lua, "gmatch", call_with_pattern);
    bound(lua, "gfind", call_with_pattern);
    bound(lua, "gsub", call_with_pattern);
    lua_pop(lua, 1);
}
