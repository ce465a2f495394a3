/* Errors inside Lua, in the form that Redis' scripts see: a table {err = "CODE text"}, to which the place is added
 * ({source = "@user_script", line = 1}) when it ends the script. */
#ifndef SERVER_SCRIPT_SCRIPT_ERROR_H
#define SERVER_SCRIPT_SCRIPT_ERROR_H

#include "base/slice.h"
#include <stdbool.h>

struct buf;
struct lua_State;

/* Push {err = text}: "CODE text". */
void script_error_push_text(struct lua_State *lua, const char *text);
/* The same, of one that a refused command counted already. */
void script_error_push_counted(struct lua_State *lua, const char *text);
/* Push such a table. A text that begins with "-" is "-CODE text"; any other, and a lone word, gets the code ERR. */
void script_error_push(struct lua_State *lua, const char *text);
/* The error of a command that replied `text`, counted as well. */
void script_error_push_reply(struct lua_State *lua, struct slice text);
/* Push and raise. */
int script_error_raise(struct lua_State *lua, const char *text);

/* Error handler for lua_pcall(): makes a table of what is none, adds the place, and leaves nothing of a metatable. */
int script_error_place(struct lua_State *lua);

/* Append the text of the error table at the top of the stack: "CODE text", without place. Returns whether it was
 * counted already. This and the next may raise when memory is short, but run nothing of a script's. */
bool script_error_write(struct lua_State *lua, struct buf *text);
/* Append " script: NAME, on SOURCE:LINE." if the table has a place. */
void script_error_write_place(struct lua_State *lua, const char *script_name, struct buf *text);

#endif
