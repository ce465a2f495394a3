/* The library `bit`: operations on 32 bits, as LuaBitOp has them and Redis' scripts know them. */
#ifndef SERVER_SCRIPT_LUA_BIT_H
#define SERVER_SCRIPT_LUA_BIT_H

struct lua_State;

/* Make the global `bit`. May raise errors. */
void lua_bit_open(struct lua_State *lua);

#endif
