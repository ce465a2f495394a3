/* Functions of Lua's own libraries, made to bear any argument.
 *
 * Lua 5.1 takes its callers for friends: unpack() counts in an int (CVE-2025-46817), and patterns take a level of C's
 * stack for each of their repetitions. What is refused here is an error in the script. */
#ifndef SERVER_SCRIPT_LUA_BOUND_H
#define SERVER_SCRIPT_LUA_BOUND_H

struct lua_State;

/* Replace them in the globals, where Lua's libraries have put them. May raise errors. */
void lua_bound_open(struct lua_State *lua);

#endif
