/* The library `cmsgpack`: values of Lua as MessagePack, as Redis' scripts know it. */
#ifndef SERVER_SCRIPT_LUA_MSGPACK_H
#define SERVER_SCRIPT_LUA_MSGPACK_H

struct lua_State;

/* Make the global `cmsgpack`. May raise errors. */
void lua_msgpack_open(struct lua_State *lua);

#endif
