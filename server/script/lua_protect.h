/* Tables that scripts can read and not change.
 *
 * Lua 5.1 has no such thing, and what one script could change, all later ones would see. So a script is never given a
 * table of ours, but an empty one in front of it, a wall: reading goes through by its metatable, assigning raises
 * Redis' error. The few functions of Lua's libraries that pass by metatables (next, rawset, table.insert, ...) are
 * replaced by ones that know a wall when they see one. */
#ifndef SERVER_SCRIPT_LUA_PROTECT_H
#define SERVER_SCRIPT_LUA_PROTECT_H

#include <lua.h>

/* Put the table on top of the stack behind a wall, which takes its place there. Tables in it are not. */
void lua_protect(lua_State *lua);

/* Let reading a field that is not there raise Redis' error, of the table on top of the stack. */
void lua_protect_refuse_unknown(lua_State *lua);

/* Put all libraries, the metatable of strings and the globals themselves behind walls, and make the wall what scripts
 * take for their globals. Returns a reference to the true globals in the registry. Reading a global that is not there
 * raises Redis' error. */
int lua_protect_globals(lua_State *lua);

/* Show scripts another table for their globals, by its reference: what is compiled before and after sees it. */
void lua_protect_show(lua_State *lua, int globals);

#endif
