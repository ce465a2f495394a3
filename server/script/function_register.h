/* redis.register_function(), by which a library's text makes functions while it is loaded. */
#ifndef SERVER_SCRIPT_FUNCTION_REGISTER_H
#define SERVER_SCRIPT_FUNCTION_REGISTER_H

#include "base/slice.h"

struct lua_State;

#define FUNCTION_REGISTER_BAD_NAME                                                                                     \
    "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"

/* Whether a library or a function may be called so. */
bool function_register_is_name(struct slice name);

/* Make what a library's text has for globals: a table `redis` with this function, redis.log() and a few numbers.
 * Returns a reference to it. May raise errors. */
int function_register_make_globals(struct lua_State *lua);

#endif
