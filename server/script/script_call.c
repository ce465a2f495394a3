/* redis.call() and redis.pcall(): a command inside a script.
 *
 * Its words are borrowed from Lua's stack, its reply goes to the interpreter's buffer and from there to Lua. What it
 * changes becomes part of the script's change, which the log takes only when the script has ended; whether there will
 * be room is asked before each write, for all that the script has changed so far. */
#include "base/memory.h"
#include "base/number.h"
#include "replication/replication.h"
#include "server/acl/acl_check.h"
#include "server/request/admission.h"
#include "server/request/change.h"
#include "server/request/dispatch.h"
#include "server/request/parking.h"
#include "server/request/registry.h"
#include "server/request/reply.h"
#include "server/script/script_error.h"
#include "server/script/script_internal.h"
#include "server/script/script_reply.h"
#include "server/services.h"
#include "server/watch/metrics.h"
#include "storage/store.h"
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>

#define KEEP_REPLY_BYTES (64u * 1024)       /* Memory for replies that is kept between commands. */
#define EXACT_MAX        9007199254740992.0 /* Whole numbers up to here are exact in a double. */

/* Make the number at `index` a string there, with all its digits. */
static void make_string(lua_State *lua, int index)
{
    double number = lua_tonumber(lua, index);
    char text[NUMBER_DOUBLE_TEXT_MAX];
    size_t len;

    if (fabs(number) <= EXACT_MAX && number == floor(number) && !(number == 0 && signbit(number))) {
        len = number_format_int64(text, (int64_t)number);
    } else {
        len = (size_t)snprintf(text, sizeof(text), "%.17g", number);
    }
    lua_pushlstring(lua, text, len);
    lua_replace(lua, index);
}

/* Take the arguments as a request. NULL, or what is wrong with them. */
static const char *take_request(lua_State *lua, struct script_vm *vm, struct request *request)
{
    size_t argc = (size_t)lua_gettop(lua);

    if (argc == 0) {
        return "Please specify at least one argument for this redis lib call";
    }
    if (argc > vm->argv_capacity) {
        vm->argv_capacity = argc * 2;
        vm->argv = memory_resize(vm->argv, vm->argv_capacity * sizeof(*vm->argv));
    }
    for (size_t i = 0; i < argc; i++) {
        int index = (int)i + 1;

        if (lua_type(lua, index) == LUA_TNUMBER) {
            make_string(lua, index);
        } else if (lua_type(lua, index) != LUA_TSTRING) {
            return "Lua redis lib command arguments must be strings or integers";
        }
        vm->argv[i].data = lua_tolstring(lua, index, &vm->argv[i].len);
    }
    *request = (struct request){.argv = vm->argv, .argc = argc};
    return NULL;
}

/* --- May it --- */

static const char *refuse_unready(const struct script_run *run, const struct request *request)
{
    struct services *services = run->script->services;
    size_t bytes = change_bytes(run->call.change) + parking_request_bytes(request);
    enum status status;

    /* The change is one record, and what is logged instead of a request may be up to twice as long. */
    if (bytes > LOG_RECORD_BYTES_MAX / 2) {
        return "ERR the script changes more than one change may hold";
    }
    status = store_admit_write(services->store, bytes);
    /* A full memtable waits for nobody here: the script goes on, and later writers wait. */
    return status == STATUS_OK || status == STATUS_BUSY ? NULL : reply_text(status);
}

/* Checks of a command that writes; after the first one, of nothing but whether there is room. */
static const char *refuse_write(const struct script_run *run, const struct request *request)
{
    struct services *services = run->script->services;
    const struct dispatch_gate *gate = dispatch_gate(services->dispatch);
    const char *refusal;

    if (run->call.is_replay) {
        return NULL;
    }
    if (!run->has_written && gate->is_replica) {
        return ADMISSION_READONLY;
    }
    refusal = refuse_unready(run, request);
    if (refusal == NULL && !run->has_written && admission_lacks_replicas(gate, services)) {
        refusal = ADMISSION_NO_REPLICAS;
    }
    return refusal;
}

/* Why the script may not call it: "CODE text"; NULL if it may. */
static const char *refusal_of(struct script_run *run, const struct command_entry *entry, const struct request *request)
{
    const struct dispatch_gate *gate = dispatch_gate(run->script->services->dispatch);
    struct acl_request asked = {.entry = entry, .argv = request->argv, .argc = request->argc};
    const char *refusal;
    uint32_t flags;

    if (entry == NULL) {
        return "ERR Unknown Redis command called from script";
    }
    if (!admission_takes_words(entry, request->argc)) {
        return "ERR Wrong number of args calling Redis command from script";
    }
    flags = entry->command->flags;
    if (flags & COMMAND_NOSCRIPT) {
        return "ERR This Redis command is not allowed from script";
    }
    if (gate->is_master_down && !(flags & COMMAND_STALE) && !run->call.is_replay) {
        return "ERR Can not execute the command on a stale replica";
    }
    refusal = run->call.is_replay ? NULL : acl_refuse_in_script(run->script->services, run->caller->session, &asked);
    if (refusal != NULL) {
        return refusal;
    }
    if (run->is_read_only && (flags & (COMMAND_WRITE | COMMAND_MAY_REPLICATE))) {
        return "ERR Write commands are not allowed from read-only scripts.";
    }
    return (flags & COMMAND_WRITE) ? refuse_write(run, request) : NULL;
}

/* --- Calling --- */

/* Push what goes wrong, or raise it. */
static int fail(lua_State *lua, bool raises)
{
    return raises ? lua_error(lua) : 1;
}

static int call_command(lua_State *lua, bool raises)
{
    struct script_vm *vm = script_vm_of(lua);
    struct script_run *run = vm->script->run;
    struct request request;
    const char *error = take_request(lua, vm, &request);
    struct command_entry *container;
    struct command_entry *entry;
    struct reply reply;

    if (error != NULL) {
        script_error_push(lua, error);
        return fail(lua, raises);
    }
    entry = commands_resolve(vm->script->services->commands, request.argv, request.argc, &container);
    error = refusal_of(run, entry, &request);
    if (error != NULL) {
        metrics_count_error(vm->script->services->metrics, slice_of(error));
        if (entry != NULL) {
            entry->statistics.rejected_calls++;
        }
        script_error_push_counted(lua, error);
        return fail(lua, raises);
    }
    run->has_written |= (entry->command->flags & COMMAND_WRITE) != 0;
    buf_clear(&vm->reply);
    reply_init(&reply, &vm->reply, run->session->protocol);
    dispatch_nested(vm->script->services->dispatch, &run->call, entry, &request, &reply);
    lua_settop(lua, 0); /* The arguments may have taken all the room that there is for the reply. */
    script_reply_push(lua, buf_slice(&vm->reply));
    buf_shrink(&vm->reply, KEEP_REPLY_BYTES);
    return reply.is_error ? fail(lua, raises) : 1;
}

static int run_call(lua_State *lua)
{
    return call_command(lua, true);
}

static int run_pcall(lua_State *lua)
{
    return call_command(lua, false);
}

/* redis.acl_check_cmd(command, ...): whether the user may call it. */
static int run_acl_check(lua_State *lua)
{
    struct script_vm *vm = script_vm_of(lua);
    struct request request;
    const char *error = take_request(lua, vm, &request);
    struct command_entry *container;
    struct acl_request asked;
    struct acl_denial denial;

    if (error != NULL) {
        return script_error_raise(lua, error);
    }
    asked = (struct acl_request){
        .entry = commands_resolve(vm->script->services->commands, request.argv, request.argc, &container),
        .argv = request.argv,
        .argc = request.argc};
    if (asked.entry == NULL) {
        return script_error_raise(lua, "Invalid command passed to redis.acl_check_cmd()");
    }
    lua_pushboolean(lua, acl_check(vm->script->run->caller->session, &asked, &denial) == ACL_ALLOWED);
    return 1;
}

void script_call_fill(lua_State *lua)
{
    static const luaL_Reg functions[] = {
        {"call", run_call}, {"pcall", run_pcall}, {"acl_check_cmd", run_acl_check}, {NULL, NULL}};

    luaL_register(lua, NULL, functions);
}
