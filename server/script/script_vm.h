/* One Lua interpreter: its memory, its libraries, and the sandbox that scripts see.
 *
 * There are two, as in Redis: one for EVAL's scripts and one for functions, so that FUNCTION FLUSH and SCRIPT FLUSH
 * each begin anew without the other. What a script sees is Redis 7.0's: no files, no processes, no bytecode, and no
 * table of ours that it could change (lua_protect.h). Event loop only. */
#ifndef SERVER_SCRIPT_SCRIPT_VM_H
#define SERVER_SCRIPT_SCRIPT_VM_H

#include "base/buf.h"
#include "server/script/lua_random.h"
#include <lua.h>

struct script;
struct slice;

struct script_vm {
    lua_State *lua;
    struct script *script;     /* Borrowed: whose scripts run here. */
    size_t memory_bytes;       /* Held by Lua. */
    size_t memory_bytes_max;   /* 2 GB: beyond it scripts find memory short. */
    size_t live_bytes;         /* Of these, after all garbage was collected last. */
    struct lua_random *random; /* Borrowed: what math.random() draws from. */
    int globals;        /* Reference in the registry: the true table of globals, which scripts see through a wall. */
    int on_error;       /* Reference: places an error; see script_error.h. */
    unsigned runs;      /* Since the last step of the garbage collector. */
    struct slice *argv; /* Words of the command that a script calls; borrowed from Lua's stack. */
    size_t argv_capacity;
    struct buf reply; /* What it replied. */
};

/* `script` and `random` are borrowed. `api` fills the table `redis`, on top of the stack of `lua`; it may raise errors.
 */
struct script_vm *script_vm_create(struct script *script, struct lua_random *random, void (*api)(lua_State *lua));
/* NULL is fine. */
void script_vm_free(struct script_vm *vm);

/* The interpreter that `lua`, or a coroutine of it, belongs to. */
struct script_vm *script_vm_of(lua_State *lua);

/* Compile `text`, which may not be bytecode, as the chunk `name`, and push the function; on failure push the message.
 * Returns what lua_load() does. */
int script_vm_load(lua_State *lua, struct slice text, const char *name);

/* Set a global for scripts, from the value on top of the stack, which is popped. */
void script_vm_set_global(struct script_vm *vm, const char *name);

/* A run has ended: collect garbage now and then, rather than all of it at some bad time; all of it if it is much. */
void script_vm_tidy(struct script_vm *vm);

#endif
