#include "server/script/script_error.h"
#include "base/buf.h"
#include <lauxlib.h>

#define IS_COUNTED "ignore_error_stats_update"

void script_error_push_text(lua_State *lua, const char *text)
{
    lua_createtable(lua, 0, 3);
    lua_pushstring(lua, text);
    lua_setfield(lua, -2, "err");
}

void script_error_push(lua_State *lua, const char *text)
{
    if (*text == '-' && strchr(text, ' ') != NULL) {
        script_error_push_text(lua, text + 1);
        return;
    }
    lua_pushfstring(lua, "ERR %s", *text == '-' ? text + 1 : text);
    script_error_push_text(lua, lua_tostring(lua, -1));
    lua_remove(lua, -2);
}

void script_error_push_reply(lua_State *lua, struct slice text)
{
    lua_createtable(lua, 0, 2);
    lua_pushlstring(lua, text.data, text.len);
    lua_setfield(lua, -2, "err");
    lua_pushboolean(lua, 1);
    lua_setfield(lua, -2, IS_COUNTED);
}

void script_error_push_counted(lua_State *lua, const char *text)
{
    script_error_push_reply(lua, slice_of(text));
}

int script_error_raise(lua_State *lua, const char *text)
{
    script_error_push(lua, text);
    return lua_error(lua);
}

/* Make {err = "ERR ..."} of what error() was given: at index 1. */
static void make_table(lua_State *lua)
{
    if (lua_istable(lua, 1)) {
        return;
    }
    lua_createtable(lua, 0, 3);
    if (lua_isstring(lua, 1)) {
        lua_pushliteral(lua, "ERR ");
        lua_pushvalue(lua, 1);
        lua_concat(lua, 2);
    } else if (lua_isboolean(lua, 1)) {
        lua_pushfstring(lua, "ERR %s", lua_toboolean(lua, 1) ? "true" : "false");
    } else if (lua_isnoneornil(lua, 1)) {
        lua_pushliteral(lua, "ERR nil");
    } else {
        lua_pushfstring(lua, "ERR %s: %p", luaL_typename(lua, 1), lua_topointer(lua, 1));
    }
    lua_setfield(lua, -2, "err");
    lua_replace(lua, 1);
}

/* A script's table at index 1 may do anything when a field of it is read. It does so now, while errors still reach the
 * script's end: what remains is a table without a metatable. */
static void make_plain(lua_State *lua)
{
    static const char *const fields[] = {"err", IS_COUNTED, "source", "line"};

    if (!lua_getmetatable(lua, 1)) {
        return;
    }
    lua_createtable(lua, 0, 4);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        lua_getfield(lua, 1, fields[i]);
        lua_setfield(lua, -2, fields[i]);
    }
    lua_replace(lua, 1);
    lua_settop(lua, 1);
}

int script_error_place(lua_State *lua)
{
    lua_Debug place;
    int level = 1; /* What raised it; the level above is this handler. */
    bool is_known;

    lua_settop(lua, 1);
    make_table(lua);
    is_known = lua_getstack(lua, level, &place) != 0 && lua_getinfo(lua, "nSl", &place) != 0;
    if (is_known && strcmp(place.what, "C") == 0) {
        /* Who called it; but not who called the script, at the bottom. */
        is_known = lua_getstack(lua, level + 2, &place) != 0 && lua_getstack(lua, level + 1, &place) != 0 &&
                   lua_getinfo(lua, "nSl", &place) != 0;
    }
    if (is_known) {
        lua_pushstring(lua, place.source);
        lua_setfield(lua, 1, "source");
        lua_pushinteger(lua, place.currentline);
        lua_setfield(lua, 1, "line");
    }
    make_plain(lua);
    return 1;
}

/* Push a field of the table at `index`, which is relative, as it is there. */
static void push_field(lua_State *lua, int index, const char *field)
{
    lua_pushstring(lua, field);
    lua_rawget(lua, index - 1);
}

bool script_error_write(lua_State *lua, struct buf *text)
{
    bool is_counted;

    push_field(lua, -1, "err");
    if (lua_isstring(lua, -1)) {
        buf_put_text(text, lua_tostring(lua, -1));
    } else {
        buf_put_text(text, "ERR unknown error");
    }
    lua_pop(lua, 1);
    push_field(lua, -1, IS_COUNTED);
    is_counted = lua_toboolean(lua, -1);
    lua_pop(lua, 1);
    return is_counted;
}

void script_error_write_place(lua_State *lua, const char *script_name, struct buf *text)
{
    push_field(lua, -1, "source");
    push_field(lua, -2, "line");
    if (lua_isstring(lua, -1) && lua_isstring(lua, -2)) {
        buf_put_format(text, " script: %s, on ", script_name);
        buf_put_text(text, lua_tostring(lua, -2));
        buf_put_format(text, ":%s.", lua_tostring(lua, -1));
    }
    lua_pop(lua, 2);
}
