/* The library `cjson`, kept from what its arithmetic does not bear.
 *
 * Debian's lua-cjson counts the bytes of a text in an int, six for each byte of a string (CVE-2022-24834), and ends the
 * process when memory is short. So whatever is encoded is measured first, and whatever is large is refused with an
 * error. */
#ifndef SERVER_SCRIPT_LUA_JSON_H
#define SERVER_SCRIPT_LUA_JSON_H

struct lua_State;

/* Make the global `cjson`. May raise errors. */
void lua_json_open(struct lua_State *lua);

#endif
