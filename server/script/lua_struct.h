/* The library `struct`: Lua's values in C's binary forms, as Redis' scripts know it. */
#ifndef SERVER_SCRIPT_LUA_STRUCT_H
#define SERVER_SCRIPT_LUA_STRUCT_H

struct lua_State;

/* Make the global `struct`. May raise errors. */
void lua_struct_open(struct lua_State *lua);

#endif
