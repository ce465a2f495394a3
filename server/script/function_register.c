#include "server/script/function_register.h"
#include "base/memory.h"
#include "server/script/function_set.h"
#include "server/script/lua_protect.h"
#include "server/script/script_error.h"
#include "server/script/script_internal.h"
#include <ctype.h>
#include <lauxlib.h>
#include <strings.h>

bool function_register_is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!isalnum((unsigned char)name.data[i]) && name.data[i] != '_') {
            return false;
        }
    }
    return name.len != 0;
}

/* Where on Lua's stack stands what was told; nil if it was not. */
enum { ARGUMENTS = 1, NAME, CALLBACK, DESCRIPTION, FIRST_FREE };

/* The array of names on top of the stack. */
static uint32_t check_flags(lua_State *lua)
{
    uint32_t flags = 0;

    for (int i = 1;; i++) {
        uint32_t flag = 0;
        size_t len;
        const char *name;

        lua_rawgeti(lua, -1, i);
        if (lua_isnil(lua, -1)) {
            lua_pop(lua, 1);
            return flags;
        }
        name = lua_tolstring(lua, -1, &len);
        if (name != NULL) {
            flag = script_flag_find(slice_make(name, len));
        }
        if (flag == 0) {
            (void)script_error_raise(lua, "unknown flag given");
        }
        flags |= flag;
        lua_pop(lua, 1);
    }
}

static void keep(lua_State *lua, bool is_good, int place, const char *error)
{
    if (!is_good) {
        (void)script_error_raise(lua, error);
    }
    lua_pushvalue(lua, -1);
    lua_replace(lua, place);
}

/* One field of the table of named arguments; its value is on top of the stack. */
static void take_named(lua_State *lua, const char *key, uint32_t *flags)
{
    if (strcasecmp(key, "function_name") == 0) {
        keep(lua, lua_isstring(lua, -1), NAME,
             "function_name argument given to redis.register_function must be a string");
    } else if (strcasecmp(key, "description") == 0) {
        keep(lua, lua_isstring(lua, -1), DESCRIPTION,
             "description argument given to redis.register_function must be a string");
    } else if (strcasecmp(key, "callback") == 0) {
        keep(lua, lua_isfunction(lua, -1), CALLBACK,
             "callback argument given to redis.register_function must be a function");
    } else if (strcasecmp(key, "flags") != 0) {
        (void)script_error_raise(lua, "unknown argument given to redis.register_function");
    } else if (!lua_istable(lua, -1)) {
        (void)script_error_raise(
            lua, "flags argument to redis.register_function must be a table representing function flags");
    } else {
        *flags = check_flags(lua);
    }
}

/* register_function{function_name = ..., callback = ..., ...} */
static void read_table(lua_State *lua, uint32_t *flags)
{
    if (!lua_istable(lua, ARGUMENTS)) {
        (void)script_error_raise(lua,
                                 "calling redis.register_function with a single argument is only applicable to Lua "
                                 "table (representing named arguments).");
    }
    lua_settop(lua, FIRST_FREE - 1);
    lua_pushnil(lua);
    while (lua_next(lua, ARGUMENTS)) {
        if (!lua_isstring(lua, -2)) {
            (void)script_error_raise(lua, "named argument key given to redis.register_function is not a string");
        }
        lua_pushvalue(lua, -2); /* A copy: to make a string of a number would lose the walk its place. */
        lua_insert(lua, -2);
        take_named(lua, lua_tostring(lua, -2), flags);
        lua_pop(lua, 2);
    }
    if (lua_isnil(lua, NAME)) {
        (void)script_error_raise(lua, "redis.register_function must get a function name argument");
    }
    if (lua_isnil(lua, CALLBACK)) {
        (void)script_error_raise(lua, "redis.register_function must get a callback argument");
    }
}

/* register_function(name, callback) */
static void read_pair(lua_State *lua)
{
    if (!lua_isstring(lua, 1)) {
        (void)script_error_raise(lua, "first argument to redis.register_function must be a string");
    }
    if (!lua_isfunction(lua, 2)) {
        (void)script_error_raise(lua, "second argument to redis.register_function must be a function");
    }
    lua_pushnil(lua);
    lua_insert(lua, ARGUMENTS); /* There are none with names. */
    lua_settop(lua, FIRST_FREE - 1);
}

static bool is_registered(const struct library *library, const char *name)
{
    LIST_FOR_EACH(&library->functions, node)
    {
        if (strcmp(LIST_ENTRY(node, struct function, node)->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void add(lua_State *lua, struct library *library, uint32_t flags)
{
    struct function *function;
    int callback;

    lua_pushvalue(lua, CALLBACK);
    callback = luaL_ref(lua, LUA_REGISTRYINDEX); /* May raise, so it comes first. */
    function = memory_allocate_zeroed(sizeof(*function));
    function->library = library;
    function->name = memory_copy_text(lua_tostring(lua, NAME));
    if (!lua_isnil(lua, DESCRIPTION)) {
        function->description = memory_copy_text(lua_tostring(lua, DESCRIPTION));
    }
    function->flags = flags;
    function->callback = callback;
    list_append(&library->functions, &function->node);
    library->function_count++;
}

static int run_register(lua_State *lua)
{
    struct library *library = script_vm_of(lua)->script->loading;
    uint32_t flags = 0;
    size_t len;
    const char *name;

    if (library == NULL) { /* Kept by a function, and called when that runs. */
        return script_error_raise(lua, "redis.register_function can only be called on FUNCTION LOAD command");
    }
    if (lua_gettop(lua) == 1) {
        read_table(lua, &flags);
    } else if (lua_gettop(lua) == 2) {
        read_pair(lua);
    } else {
        return script_error_raise(lua, "wrong number of arguments to redis.register_function");
    }
    name = lua_tolstring(lua, NAME, &len);
    if (!function_register_is_name(slice_make(name, len))) {
        return script_error_raise(lua, FUNCTION_REGISTER_BAD_NAME);
    }
    if (is_registered(library, name)) {
        return script_error_raise(lua, "Function already exists in the library");
    }
    add(lua, library, flags);
    return 0;
}

int function_register_make_globals(lua_State *lua)
{
    lua_newtable(lua);
    lua_newtable(lua);
    script_api_fill_basics(lua);
    lua_pushcfunction(lua, run_register);
    lua_setfield(lua, -2, "register_function");
    lua_protect_refuse_unknown(lua);
    lua_protect(lua);
    lua_setfield(lua, -2, "redis");
    lua_protect_refuse_unknown(lua);
    return luaL_ref(lua, LUA_REGISTRYINDEX);
}
