/* Replies into Lua and out of it, by Redis' rules for scripts. */
#ifndef SERVER_SCRIPT_SCRIPT_REPLY_H
#define SERVER_SCRIPT_SCRIPT_REPLY_H

#include "base/slice.h"

struct lua_State;
struct reply;

/* Push what a command replied: one whole RESP value. Errors become tables as script_error.h has them. May raise. */
void script_reply_push(struct lua_State *lua, struct slice resp);

/* Pop the value on top of the stack and write it as a reply. `protocol` is what the script chose by redis.setresp():
 * it decides what booleans become, and the reply's own how all else is written. May raise; then a part is written. */
void script_reply_write(struct lua_State *lua, struct reply *reply, int protocol);

#endif
