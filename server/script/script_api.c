/* The table `redis`, but for calling commands. */
#include "base/diag.h"
#include "base/sha1.h"
#include "server/script/script_error.h"
#include "server/script/script_internal.h"
#include "server/server.h"
#include <lauxlib.h>

#define VERSION_NUMBER 0x0007000f /* SERVER_REDIS_VERSION: 7.0.15. */

enum { REPL_NONE = 0, REPL_AOF = 1, REPL_REPLICA = 2, REPL_ALL = 3 };

/* redis.log(level, text, ...) */
static int run_log(lua_State *lua)
{
    struct buf *line = &script_vm_of(lua)->script->text;
    int argc = lua_gettop(lua);
    int level;

    if (argc < 2) {
        return script_error_raise(lua, "redis.log() requires two arguments or more.");
    }
    if (!lua_isnumber(lua, 1)) {
        return script_error_raise(lua, "First argument must be a number (log level).");
    }
    level = (int)lua_tonumber(lua, 1);
    if (level < DIAG_DEBUG || level > DIAG_WARNING) {
        return script_error_raise(lua, "Invalid debug level.");
    }
    buf_clear(line);
    for (int i = 2; i <= argc; i++) {
        size_t len;
        const char *text = lua_tolstring(lua, i, &len);

        if (text != NULL) {
            buf_put_text(line, i == 2 ? "" : " ");
            buf_put(line, slice_make(text, len));
        }
    }
    diag((enum diag_level)level, "%.*s", (int)line->len, buf_slice(line).data);
    return 0;
}

static int run_sha1hex(lua_State *lua)
{
    unsigned char hash[SHA1_BYTES];
    char hex[SHA1_HEX_TEXT];
    size_t len = 0;
    const char *text;

    if (lua_gettop(lua) != 1) {
        return script_error_raise(lua, "wrong number of arguments");
    }
    text = lua_tolstring(lua, 1, &len);
    sha1(slice_make(text == NULL ? "" : text, len), hash);
    sha1_format(hash, hex);
    lua_pushstring(lua, hex);
    return 1;
}

/* A bad argument is an error in place of the result, not a raised one, as in Redis. */
static bool is_one_string(lua_State *lua)
{
    if (lua_gettop(lua) == 1 && lua_type(lua, 1) == LUA_TSTRING) {
        return true;
    }
    script_error_push(lua, "wrong number or type of arguments");
    return false;
}

static int run_error_reply(lua_State *lua)
{
    const char *text;

    if (is_one_string(lua)) {
        text = lua_tostring(lua, 1);
        if (*text != '-') {
            lua_pushfstring(lua, "-%s", text);
            text = lua_tostring(lua, -1);
        }
        script_error_push(lua, text);
    }
    return 1;
}

static int run_status_reply(lua_State *lua)
{
    if (is_one_string(lua)) {
        lua_createtable(lua, 0, 1);
        lua_pushvalue(lua, 1);
        lua_setfield(lua, -2, "ok");
    }
    return 1;
}

static int run_setresp(lua_State *lua)
{
    int version;

    if (lua_gettop(lua) != 1) {
        return script_error_raise(lua, "redis.setresp() requires one argument.");
    }
    version = (int)lua_tonumber(lua, 1);
    if (version != 2 && version != 3) {
        return script_error_raise(lua, "RESP version must be 2 or 3.");
    }
    script_vm_of(lua)->script->run->session->protocol = version;
    return 0;
}

/* redis.set_repl(flags): what is replicated is what was changed, so there is nothing to choose. */
static int run_set_repl(lua_State *lua)
{
    if (lua_gettop(lua) != 1) {
        return script_error_raise(lua, "redis.set_repl() requires two arguments.");
    }
    if (((int)lua_tonumber(lua, 1) & ~REPL_ALL) != 0) {
        return script_error_raise(lua, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
    }
    return 0;
}

/* Effects are always what is replicated. */
static int run_replicate_commands(lua_State *lua)
{
    lua_pushboolean(lua, 1);
    return 1;
}

/* redis.breakpoint() and redis.debug() speak to a debugger, of which there is none. */
static int run_breakpoint(lua_State *lua)
{
    lua_pushboolean(lua, 0);
    return 1;
}

static int run_debug(lua_State *lua)
{
    (void)lua;
    return 0;
}

void script_api_fill_basics(lua_State *lua)
{
    static const struct {
        const char *name;
        int value;
    } levels[] = {
        {"LOG_DEBUG", DIAG_DEBUG},     {"LOG_VERBOSE", DIAG_VERBOSE},         {"LOG_NOTICE", DIAG_NOTICE},
        {"LOG_WARNING", DIAG_WARNING}, {"REDIS_VERSION_NUM", VERSION_NUMBER},
    };

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        lua_pushnumber(lua, levels[i].value);
        lua_setfield(lua, -2, levels[i].name);
    }
    lua_pushcfunction(lua, run_log);
    lua_setfield(lua, -2, "log");
    lua_pushliteral(lua, SERVER_REDIS_VERSION);
    lua_setfield(lua, -2, "REDIS_VERSION");
}

void script_api_fill(lua_State *lua)
{
    static const struct {
        const char *name;
        int value;
    } modes[] = {
        {"REPL_NONE", REPL_NONE},       {"REPL_AOF", REPL_AOF}, {"REPL_SLAVE", REPL_REPLICA},
        {"REPL_REPLICA", REPL_REPLICA}, {"REPL_ALL", REPL_ALL},
    };
    static const luaL_Reg functions[] = {
        {"sha1hex", run_sha1hex}, {"error_reply", run_error_reply}, {"status_reply", run_status_reply},
        {"setresp", run_setresp}, {"set_repl", run_set_repl},       {NULL, NULL},
    };

    luaL_register(lua, NULL, functions);
    script_call_fill(lua);
    script_api_fill_basics(lua);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        lua_pushnumber(lua, modes[i].value);
        lua_setfield(lua, -2, modes[i].name);
    }
}

void script_api_fill_eval(lua_State *lua)
{
    static const luaL_Reg functions[] = {
        {"replicate_commands", run_replicate_commands},
        {"breakpoint", run_breakpoint},
        {"debug", run_debug},
        {NULL, NULL},
    };

    script_api_fill(lua);
    luaL_register(lua, NULL, functions);
}
