#include "server/script/lua_protect.h"
#include <lauxlib.h>
#include <stdbool.h>

/* By table.insert(), which cannot be interrupted: more than a table has elements. */
#define INSERT_MOVES_MAX 100000000

/* A wall's metatable holds the table behind it under the address of this. */
static const char behind_key = 'b';

static void push_behind_key(lua_State *lua)
{
    lua_pushlightuserdata(lua, (void *)&behind_key);
}

/* If the value at `index` is a wall, push the table behind it. */
static bool push_behind(lua_State *lua, int index)
{
    if (!lua_istable(lua, index) || !lua_getmetatable(lua, index)) {
        return false;
    }
    push_behind_key(lua);
    lua_rawget(lua, -2);
    lua_remove(lua, -2);
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
        return false;
    }
    return true;
}

/* If the argument `index` is a wall, put the table behind it in its place: for functions that only read. */
static void look_behind(lua_State *lua, int index)
{
    if (push_behind(lua, index)) {
        lua_replace(lua, index);
    }
}

/* Errors of Lua's own functions tell no place, those of assignments do. */
static int refuse(lua_State *lua)
{
    lua_pushliteral(lua, "Attempt to modify a readonly table");
    return lua_error(lua);
}

static void refuse_wall(lua_State *lua, int index)
{
    if (push_behind(lua, index)) {
        (void)refuse(lua);
    }
}

static int refuse_assignment(lua_State *lua)
{
    return luaL_error(lua, "Attempt to modify a readonly table");
}

static int refuse_unknown_global(lua_State *lua)
{
    return luaL_error(lua, "Script attempted to access nonexistent global variable '%s'",
                      lua_isstring(lua, 2) ? lua_tostring(lua, 2) : luaL_typename(lua, 2));
}

/* --- Lua's functions, made to know walls --- */

static int run_next(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 2);
    look_behind(lua, 1);
    if (lua_next(lua, 1)) {
        return 2;
    }
    lua_pushnil(lua);
    return 1;
}

/* pairs(): upvalue 1 is next(). */
static int run_pairs(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_pushvalue(lua, 1);
    lua_pushnil(lua);
    return 3;
}

static int run_rawget(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checkany(lua, 2);
    lua_settop(lua, 2);
    look_behind(lua, 1);
    lua_rawget(lua, 1);
    return 1;
}

static int run_rawset(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checkany(lua, 2);
    luaL_checkany(lua, 3);
    lua_settop(lua, 3);
    refuse_wall(lua, 1);
    lua_rawset(lua, 1);
    return 1;
}

/* A wall's own metatable is nobody's business; that of the table behind it is, and if that is one of ours, it has a
 * wall in the registry (see keep_wall()). */
static int run_getmetatable(lua_State *lua)
{
    luaL_checkany(lua, 1);
    look_behind(lua, 1);
    if (!lua_getmetatable(lua, 1)) {
        lua_pushnil(lua);
        return 1;
    }
    if (luaL_getmetafield(lua, 1, "__metatable")) {
        return 1;
    }
    lua_pushvalue(lua, -1);
    lua_rawget(lua, LUA_REGISTRYINDEX);
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
    }
    return 1;
}

static int run_setmetatable(lua_State *lua)
{
    int type = lua_type(lua, 2);

    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_argcheck(lua, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table expected");
    refuse_wall(lua, 1);
    if (luaL_getmetafield(lua, 1, "__metatable")) {
        return luaL_error(lua, "cannot change a protected metatable");
    }
    lua_settop(lua, 2);
    lua_setmetatable(lua, 1);
    return 1;
}

/* table.insert(table, [position,] value) */
static int run_insert(lua_State *lua)
{
    int end;
    int position;

    luaL_checktype(lua, 1, LUA_TTABLE);
    end = (int)lua_objlen(lua, 1) + 1;
    switch (lua_gettop(lua)) {
    case 2:
        position = end;
        break;
    case 3:
        position = luaL_checkint(lua, 2);
        break;
    default:
        return luaL_error(lua, "wrong number of arguments to 'insert'");
    }
    refuse_wall(lua, 1);
    luaL_argcheck(lua, position > end - INSERT_MOVES_MAX, 2, "position out of bounds");
    for (int i = end > position ? end : position; i > position; i--) {
        lua_rawgeti(lua, 1, i - 1);
        lua_rawseti(lua, 1, i);
    }
    lua_rawseti(lua, 1, position);
    return 0;
}

/* --- Raising walls --- */

void lua_protect(lua_State *lua)
{
    lua_newtable(lua); /* table, wall */
    lua_createtable(lua, 0, 3);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, refuse_assignment);
    lua_setfield(lua, -2, "__newindex");
    push_behind_key(lua);
    lua_pushvalue(lua, -4);
    lua_rawset(lua, -3);
    lua_setmetatable(lua, -2);
    lua_remove(lua, -2);
}

/* Scripts that ask for the metatable on top of the stack get a wall. */
static void keep_wall(lua_State *lua)
{
    lua_pushvalue(lua, -1);
    lua_pushvalue(lua, -1);
    lua_protect(lua);
    lua_rawset(lua, LUA_REGISTRYINDEX);
}

static void replace(lua_State *lua, const char *name, lua_CFunction function)
{
    lua_pushcfunction(lua, function);
    lua_setfield(lua, -2, name);
}

/* The globals are on top of the stack. */
static void replace_functions(lua_State *lua)
{
    replace(lua, "next", run_next);
    replace(lua, "rawget", run_rawget);
    replace(lua, "rawset", run_rawset);
    replace(lua, "getmetatable", run_getmetatable);
    replace(lua, "setmetatable", run_setmetatable);
    lua_getfield(lua, -1, "next");
    lua_pushcclosure(lua, run_pairs, 1);
    lua_setfield(lua, -2, "pairs");
    lua_getfield(lua, -1, "table");
    replace(lua, "insert", run_insert);
    lua_pop(lua, 1);
}

/* Each library, but not the globals themselves, which _G names. The globals are on top of the stack. */
static void protect_libraries(lua_State *lua)
{
    lua_pushnil(lua);
    while (lua_next(lua, -2)) {
        if (lua_istable(lua, -1) && !lua_rawequal(lua, -1, -3)) {
            lua_protect(lua);
            lua_pushvalue(lua, -2);
            lua_insert(lua, -2);
            lua_rawset(lua, -4); /* A field that is there may be set amid the walk. */
        } else {
            lua_pop(lua, 1);
        }
    }
}

/* Strings find their methods through their metatable, which scripts can ask for. The globals are on top. */
static void protect_strings(lua_State *lua)
{
    lua_pushliteral(lua, "");
    (void)lua_getmetatable(lua, -1);
    lua_getfield(lua, -3, "string");
    lua_setfield(lua, -2, "__index");
    keep_wall(lua);
    lua_pop(lua, 2);
}

void lua_protect_refuse_unknown(lua_State *lua)
{
    lua_createtable(lua, 0, 1);
    replace(lua, "__index", refuse_unknown_global);
    lua_setmetatable(lua, -2);
}

void lua_protect_show(lua_State *lua, int globals)
{
    lua_pushvalue(lua, LUA_GLOBALSINDEX);
    (void)lua_getmetatable(lua, -1);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, globals);
    lua_setfield(lua, -2, "__index");
    lua_pop(lua, 2);
}

int lua_protect_globals(lua_State *lua)
{
    lua_pushvalue(lua, LUA_GLOBALSINDEX);
    replace_functions(lua);
    protect_libraries(lua);
    protect_strings(lua);
    lua_newtable(lua); /* The globals' metatable. */
    replace(lua, "__index", refuse_unknown_global);
    keep_wall(lua);
    lua_setmetatable(lua, -2);
    lua_pushvalue(lua, -1);
    lua_protect(lua); /* globals, wall */
    lua_pushliteral(lua, "_G");
    lua_pushvalue(lua, -2);
    lua_rawset(lua, -4);
    lua_replace(lua, LUA_GLOBALSINDEX);
    return luaL_ref(lua, LUA_REGISTRYINDEX);
}
