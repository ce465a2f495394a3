#include "server/script/script_vm.h"
#include "base/assert.h"
#include "base/diag.h"
#include "base/memory.h"
#include "server/script/lua_bit.h"
#include "server/script/lua_bound.h"
#include "server/script/lua_json.h"
#include "server/script/lua_msgpack.h"
#include "server/script/lua_protect.h"
#include "server/script/lua_struct.h"
#include "server/script/script_error.h"
#include <lauxlib.h>
#include <lualib.h>
#include <stdint.h>
#include <stdlib.h>

#define TIDY_RUNS  50 /* Runs between steps of the garbage collector, */
#define TIDY_STEPS 50 /* and how large these are. */
#define TIDY_PART  32 /* With more than this part of the memory in use, and twice as much as last, all garbage goes. */

/* Of one interpreter. Not only for the machine's sake: Lua 5.1's parser and libraries count bytes in an int here and
 * there, and nothing that they can get hold of is longer. */
#define MEMORY_BYTES_MAX ((size_t)2 << 30)

/* Globals that Lua's own libraries make and that are kept; all others go. */
static const char *const kept_globals[] = {
    "_G",           "_VERSION", "assert",   "collectgarbage", "coroutine", "error",        "gcinfo",
    "getmetatable", "ipairs",   "load",     "loadstring",     "math",      "next",         "pairs",
    "pcall",        "rawequal", "rawget",   "rawset",         "select",    "setmetatable", "string",
    "table",        "tonumber", "tostring", "type",           "unpack",    "xpcall",       NULL,
};

/* Lua's allocator: a script may ask for anything, so it hears of failure instead of ending the process. */
static void *allocate(void *context, void *pointer, size_t old_bytes, size_t new_bytes)
{
    struct script_vm *vm = context;
    size_t other_bytes = vm->memory_bytes - (pointer == NULL ? 0 : old_bytes);
    void *block;

    if (new_bytes == 0) {
        vm->memory_bytes = other_bytes;
        memory_free(pointer);
        return NULL;
    }
    if (other_bytes + new_bytes > vm->memory_bytes_max && other_bytes + new_bytes > vm->memory_bytes) {
        return NULL;
    }
    block = memory_try_resize(pointer, new_bytes);
    if (block != NULL) {
        vm->memory_bytes = other_bytes + new_bytes;
    }
    return block;
}

static int panic(lua_State *lua)
{
    diag(DIAG_WARNING, "Lua failed outside of any script: %s", lua_tostring(lua, -1));
    ASSERT_NEVER("Lua failed outside of any script");
    return 0;
}

struct script_vm *script_vm_of(lua_State *lua)
{
    void *vm;

    (void)lua_getallocf(lua, &vm);
    return vm;
}

/* --- Loading text --- */

struct text_reader {
    struct slice parts[2];
    size_t next;
};

static const char *read_text(lua_State *lua, void *context, size_t *len)
{
    struct text_reader *reader = context;

    (void)lua;
    while (reader->next < 2) {
        struct slice part = reader->parts[reader->next++];

        if (part.len != 0) {
            *len = part.len;
            return part.data;
        }
    }
    return NULL;
}

/* Bytecode is told by its first byte, and a blank before the text makes it text: bytecode could break out of Lua, and
 * is a syntax error. The name is kept on the stack meanwhile, since the parser of Lua 5.1 does not hold it. */
int script_vm_load(lua_State *lua, struct slice text, const char *name)
{
    struct text_reader reader = {.parts = {slice_make(" ", 1), text}};
    int result;

    lua_pushstring(lua, name);
    result = lua_load(lua, read_text, &reader, name);
    lua_remove(lua, -2);
    return result;
}

/* loadstring(text [, name]) */
static int run_loadstring(lua_State *lua)
{
    size_t len;
    const char *text = luaL_checklstring(lua, 1, &len);
    const char *name = luaL_optstring(lua, 2, text);

    if (script_vm_load(lua, slice_make(text, len), name) == 0) {
        return 1;
    }
    lua_pushnil(lua);
    lua_insert(lua, -2);
    return 2;
}

/* What load()'s function gives, piece by piece; stack: function, name, place for the piece. */
static const char *read_pieces(lua_State *lua, void *context, size_t *len)
{
    bool *has_begun = context;

    if (!*has_begun) {
        *has_begun = true;
        *len = 1;
        return " ";
    }
    luaL_checkstack(lua, 2, "too many nested functions");
    lua_pushvalue(lua, 1);
    lua_call(lua, 0, 1);
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
        return NULL;
    }
    if (!lua_isstring(lua, -1)) {
        luaL_error(lua, "reader function must return a string");
    }
    lua_replace(lua, 3);
    return lua_tolstring(lua, 3, len);
}

/* load(function [, name]) */
static int run_load(lua_State *lua)
{
    const char *name = luaL_optstring(lua, 2, "=(load)");
    bool has_begun = false;

    luaL_checktype(lua, 1, LUA_TFUNCTION);
    lua_settop(lua, 1);
    lua_pushstring(lua, name);
    lua_settop(lua, 3);
    if (lua_load(lua, read_pieces, &has_begun, name) == 0) {
        return 1;
    }
    lua_pushnil(lua);
    lua_insert(lua, -2);
    return 2;
}

/* pcall(function, ...) as Redis' scripts know it: an error of redis.call() comes as its text. */
static int run_pcall(lua_State *lua)
{
    luaL_checkany(lua, 1);
    if (lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0) == 0) {
        lua_pushboolean(lua, 1);
        lua_insert(lua, 1);
        return lua_gettop(lua);
    }
    if (lua_istable(lua, -1)) {
        lua_getfield(lua, -1, "err");
        if (lua_isstring(lua, -1)) {
            lua_replace(lua, -2);
        } else {
            lua_pop(lua, 1);
        }
    }
    lua_pushboolean(lua, 0);
    lua_insert(lua, -2);
    return 2;
}

/* --- Building --- */

static bool is_kept(const char *name)
{
    for (size_t i = 0; kept_globals[i] != NULL; i++) {
        if (strcmp(name, kept_globals[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void open_library(lua_State *lua, lua_CFunction open, const char *name)
{
    lua_pushcfunction(lua, open);
    lua_pushstring(lua, name);
    lua_call(lua, 1, 0);
}

static void drop_globals(lua_State *lua)
{
    lua_pushnil(lua);
    while (lua_next(lua, LUA_GLOBALSINDEX)) {
        lua_pop(lua, 1);
        if (lua_type(lua, -1) != LUA_TSTRING || !is_kept(lua_tostring(lua, -1))) {
            lua_pushvalue(lua, -1);
            lua_pushnil(lua);
            lua_rawset(lua, LUA_GLOBALSINDEX); /* Clearing a field does not disturb the walk. */
        }
    }
}

static void set_function(lua_State *lua, const char *name, lua_CFunction function)
{
    lua_pushcfunction(lua, function);
    lua_setglobal(lua, name);
}

struct build {
    struct script_vm *vm;
    void (*api)(lua_State *lua);
};

/* Protected: fills the globals and raises the wall around them. */
static int build(lua_State *lua)
{
    const struct build *build = lua_touserdata(lua, 1);

    open_library(lua, luaopen_base, "");
    open_library(lua, luaopen_table, LUA_TABLIBNAME);
    open_library(lua, luaopen_string, LUA_STRLIBNAME);
    open_library(lua, luaopen_math, LUA_MATHLIBNAME);
    drop_globals(lua);
    set_function(lua, "load", run_load);
    set_function(lua, "loadstring", run_loadstring);
    set_function(lua, "pcall", run_pcall);
    lua_bound_open(lua);
    lua_json_open(lua);
    lua_bit_open(lua);
    lua_msgpack_open(lua);
    lua_struct_open(lua);
    lua_random_open(lua);
    lua_newtable(lua);
    build->api(lua);
    lua_setglobal(lua, "redis");
    lua_pushcfunction(lua, script_error_place);
    build->vm->on_error = luaL_ref(lua, LUA_REGISTRYINDEX);
    /* Lua makes this string when a protected call has ended, so it must be there, however short memory is. */
    lua_pushliteral(lua, "error in error handling");
    (void)luaL_ref(lua, LUA_REGISTRYINDEX);
    build->vm->globals = lua_protect_globals(lua);
    return 0;
}

struct script_vm *script_vm_create(struct script *script, struct lua_random *random, void (*api)(lua_State *lua))
{
    struct script_vm *vm = memory_allocate_zeroed(sizeof(*vm));
    struct build options = {.vm = vm, .api = api};

    vm->script = script;
    vm->random = random;
    vm->memory_bytes_max = MEMORY_BYTES_MAX;
    buf_init(&vm->reply, BUF_NO_CEILING);
    vm->lua = lua_newstate(allocate, vm);
    ASSERT(vm->lua != NULL);
    (void)lua_atpanic(vm->lua, panic);
    if (lua_cpcall(vm->lua, build, &options) != 0) {
        panic(vm->lua);
    }
    return vm;
}

void script_vm_free(struct script_vm *vm)
{
    if (vm == NULL) {
        return;
    }
    lua_close(vm->lua);
    ASSERT(vm->memory_bytes == 0);
    buf_release(&vm->reply);
    memory_free(vm->argv);
    memory_free(vm);
}

void script_vm_set_global(struct script_vm *vm, const char *name)
{
    lua_State *lua = vm->lua;

    lua_rawgeti(lua, LUA_REGISTRYINDEX, vm->globals);
    lua_pushstring(lua, name);
    lua_pushvalue(lua, -3);
    lua_rawset(lua, -3);
    lua_pop(lua, 2);
}

/* Protected: the collector, too, may ask for memory. */
static int collect_some(lua_State *lua)
{
    (void)lua_gc(lua, LUA_GCSTEP, TIDY_STEPS);
    return 0;
}

static int collect_all(lua_State *lua)
{
    (void)lua_gc(lua, LUA_GCCOLLECT, 0);
    return 0;
}

void script_vm_tidy(struct script_vm *vm)
{
    size_t memory_bytes_max = vm->memory_bytes_max;
    bool is_large = vm->memory_bytes > memory_bytes_max / TIDY_PART && vm->memory_bytes / 2 > vm->live_bytes;

    if (++vm->runs < TIDY_RUNS && !is_large) {
        return;
    }
    vm->runs = 0;
    vm->memory_bytes_max = SIZE_MAX; /* For collecting there is some, even when scripts have used theirs up. */
    (void)lua_cpcall(vm->lua, is_large ? collect_all : collect_some, NULL);
    vm->memory_bytes_max = memory_bytes_max;
    lua_settop(vm->lua, 0);
    if (is_large) {
        vm->live_bytes = vm->memory_bytes;
    }
}
