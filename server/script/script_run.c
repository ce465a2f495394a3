/* A run in three steps: may it now (Redis' checks, in Redis' order), then Lua in a protected call, then the reply. Lua
 * leaves C functions by longjmp when memory is short, so nothing that must be freed is held across its calls. */
#include "base/clock.h"
#include "base/diag.h"
#include "base/resp_write.h"
#include "server/config/config.h"
#include "server/request/dispatch.h"
#include "server/request/reply.h"
#include "server/script/script_error.h"
#include "server/script/script_internal.h"
#include "server/script/script_reply.h"
#include "server/services.h"
#include <lauxlib.h>
#include <stdio.h>

#define HOOK_INSTRUCTIONS 100000 /* Of Lua, between looks at the clock. */
#define SERVE_US          20000  /* Between looks at other clients, once it is slow. */

/* --- Before it runs --- */

/* Why a script that tells what it does may not run now; NULL if it may. */
static const char *refusal_of(const struct script_run *run, const struct call *call)
{
    const struct dispatch_gate *gate = dispatch_gate(call->services->dispatch);

    if (call->is_replay) {
        return NULL;
    }
    if (run->flags & SCRIPT_TELLS_NOTHING) {
        return gate->is_master_down ? "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
                                    : NULL;
    }
    if (gate->is_master_down && !(run->flags & SCRIPT_ALLOW_STALE)) {
        return "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag "
               "is not set on the script.";
    }
    if (run->flags & SCRIPT_NO_WRITES) {
        return NULL;
    }
    if (gate->is_replica) {
        return "READONLY Can not run script with write flag on readonly replica.";
    }
    return run->is_read_only ? "ERR Can not execute a script with write flag using *_ro command." : NULL;
}

/* The script's own client: the caller's, but for what scripts choose for themselves. */
static void take_session(struct script *script, const struct session *caller)
{
    struct session *session = &script->session;

    session->db = caller->db;
    session->protocol = 2;
    session->flags = SESSION_INTERNAL | SESSION_SCRIPT | SESSION_AUTHENTICATED | (caller->flags & SESSION_MASTER);
    session->user = caller->user;
    session->name = caller->name; /* Borrowed, for the slow log, */
    session->id = caller->id;     /* and for who caches what the script reads. */
    session->tracker = caller->tracker;
    (void)snprintf(session->peer, sizeof(session->peer), "%s", caller->peer);
}

/* --- While it runs --- */

static void note_slow(struct script_run *run, uint64_t elapsed_us)
{
    struct dispatch_gate *gate = dispatch_gate(run->caller->services->dispatch);

    diag(DIAG_WARNING,
         "the %s %s still runs after %llu ms and keeps all clients waiting; %s KILL ends it as long as it has written "
         "nothing",
         run->is_function ? "function" : "script", run->name, (unsigned long long)(elapsed_us / 1000),
         run->is_function ? "FUNCTION" : "SCRIPT");
    run->is_slow = true;
    gate->busy = run->is_function ? DISPATCH_BUSY_FUNCTION : DISPATCH_BUSY_SCRIPT;
}

static void on_count(lua_State *lua, lua_Debug *place)
{
    struct script *script = script_vm_of(lua)->script;
    struct script_run *run = script->run;
    uint64_t now_us = clock_monotonic_us();

    (void)place;
    if (!run->is_slow) {
        if (now_us - run->begun_us < (uint64_t)script->services->config->busy_reply_threshold_ms * 1000) {
            return;
        }
        note_slow(run, now_us - run->begun_us);
    }
    if (now_us - run->served_us >= SERVE_US && script->options.serve != NULL) {
        run->served_us = now_us;
        script->options.serve(script->options.context, run->caller->session);
    }
    if (run->is_killed) {
        /* From now on at each line, so that no pcall() outlives it. */
        (void)lua_sethook(lua, on_count, LUA_MASKLINE, 0);
        (void)script_error_raise(lua, run->is_function ? "Script killed by user with FUNCTION KILL."
                                                       : "Script killed by user with SCRIPT KILL...");
    }
}

struct job {
    struct script_run *run;
    const struct script_arguments *arguments;
    struct reply *reply;
    size_t reply_begin;
};

static void push_words(lua_State *lua, const struct slice *words, size_t count)
{
    lua_createtable(lua, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushlstring(lua, words[i].data, words[i].len);
        lua_rawseti(lua, -2, (int)i + 1);
    }
}

/* What is on top of the stack says why Lua could not end the script as it should. Needs no protection: nothing here
 * raises, as nothing asks Lua for memory. */
static void write_message(lua_State *lua, const struct job *job)
{
    struct buf *text = &job->run->script->text;

    buf_clear(text);
    buf_put_format(text, "ERR Error running script %s, %.100s", job->run->name,
                   lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : "execution failure");
    resp_write_error(job->reply->out, buf_slice(text));
}

/* The error on top of the stack ended the script. */
static void write_failure(lua_State *lua, const struct job *job)
{
    struct buf *text = &job->run->script->text;

    if (!lua_istable(lua, -1)) { /* The handler that makes tables did not get so far. */
        write_message(lua, job);
        return;
    }
    buf_clear(text);
    job->reply->is_counted = script_error_write(lua, text);
    script_error_write_place(lua, job->run->name, text);
    resp_write_error(job->reply->out, buf_slice(text));
}

/* Protected. */
static int run_protected(lua_State *lua)
{
    enum { JOB = 1, ON_ERROR };
    struct job *job = lua_touserdata(lua, JOB);
    struct script_run *run = job->run;
    const struct script_arguments *arguments = job->arguments;

    lua_rawgeti(lua, LUA_REGISTRYINDEX, run->vm->on_error);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, run->function);
    push_words(lua, arguments->keys, arguments->key_count);
    if (!run->is_function) {
        script_vm_set_global(run->vm, "KEYS");
    }
    push_words(lua, arguments->args, arguments->arg_count);
    if (!run->is_function) {
        script_vm_set_global(run->vm, "ARGV");
    }
    if (lua_pcall(lua, run->is_function ? 2 : 0, 1, ON_ERROR) == 0) {
        script_reply_write(lua, job->reply, run->session->protocol);
    } else {
        write_failure(lua, job);
    }
    return 0;
}

static void begin(struct script_run *run, struct call *call)
{
    struct script *script = run->script;

    take_session(script, call->session);
    run->session = &script->session;
    run->is_read_only |= (run->flags & (SCRIPT_TELLS_NOTHING | SCRIPT_NO_WRITES)) == SCRIPT_NO_WRITES;
    run->caller = call;
    run->call = *call;
    run->call.session = run->session;
    run->begun_us = clock_monotonic_us();
    script->run = run;
    if (script->services->config->busy_reply_threshold_ms > 0) {
        (void)lua_sethook(run->vm->lua, on_count, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
    }
}

static void end(struct script_run *run)
{
    struct script *script = run->script;

    (void)lua_sethook(run->vm->lua, NULL, 0, 0);
    dispatch_gate(script->services->dispatch)->busy = DISPATCH_BUSY_NOT;
    script->session.name = NULL;
    script->session.user = NULL;
    script->session.tracker = NULL;
    buf_clear(&script->output);
    script->run = NULL;
    script_vm_tidy(run->vm);
}

enum status script_run(struct script_run *run, struct call *call, const struct script_arguments *arguments,
                       struct reply *reply)
{
    struct job job = {.run = run, .arguments = arguments, .reply = reply, .reply_begin = reply->out->len};
    const char *refusal = refusal_of(run, call);
    lua_State *lua = run->vm->lua;

    if (refusal != NULL) {
        return reply_error(reply, "%s", refusal);
    }
    begin(run, call);
    if (lua_cpcall(lua, run_protected, &job) != 0) {
        buf_truncate(reply->out, job.reply_begin);
        write_message(lua, &job);
        lua_pop(lua, 1);
    }
    end(run);
    reply->is_error = buf_slice(reply->out).data[job.reply_begin] == '-';
    return reply->is_error ? STATUS_REPLIED : STATUS_OK;
}
