#include "server/script/script.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/memory.h"
#include "server/script/function_register.h"
#include "server/script/functions.h"
#include "server/script/script_internal.h"

/* Protected. */
static int make_library_globals(lua_State *lua)
{
    int *reference = lua_touserdata(lua, 1);

    *reference = function_register_make_globals(lua);
    return 0;
}

static void make_function_vm(struct script *script)
{
    int result;

    script->function_vm = script_vm_create(script, &script->random, script_api_fill);
    result = lua_cpcall(script->function_vm->lua, make_library_globals, &script->library_globals);
    ASSERT(result == 0);
    function_set_init(&script->functions, script->function_vm);
}

struct script *script_create(const struct script_options *options)
{
    struct script *script = memory_allocate_zeroed(sizeof(*script));

    script->options = *options;
    script->services = options->services;
    hash_table_init(&script->kept);
    buf_init(&script->output, BUF_NO_CEILING);
    buf_init(&script->text, BUF_NO_CEILING);
    session_init_internal(&script->session, &script->output);
    lua_random_init(&script->random);
    script->eval_vm = script_vm_create(script, &script->random, script_api_fill_eval);
    make_function_vm(script);
    return script;
}

void script_free(struct script *script)
{
    if (script == NULL) {
        return;
    }
    script_flush(script);
    hash_table_release(&script->kept);
    script_vm_free(script->eval_vm);
    function_set_release(&script->functions);
    script_vm_free(script->function_vm);
    session_release_internal(&script->session);
    buf_release(&script->output);
    buf_release(&script->text);
    memory_free(script);
}

/* What a shebang tells makes a script a write command, or none, and so on. */
uint32_t script_apply_flags(uint32_t script_flags, uint32_t flags)
{
    if (script_flags & SCRIPT_TELLS_NOTHING) {
        return flags;
    }
    flags &= ~(uint32_t)(COMMAND_STALE | COMMAND_DENYOOM | COMMAND_WRITE);
    if (script_flags & SCRIPT_NO_WRITES) {
        flags &= ~(uint32_t)COMMAND_MAY_REPLICATE;
    } else {
        flags |= COMMAND_WRITE;
    }
    if (!(script_flags & SCRIPT_ALLOW_OOM)) {
        flags |= COMMAND_DENYOOM;
    }
    return script_flags & SCRIPT_ALLOW_STALE ? flags | COMMAND_STALE : flags;
}

enum script_kill_outcome script_kill(struct script *script, bool is_function)
{
    struct script_run *run = script->run;

    if (run == NULL) {
        return SCRIPT_KILL_NONE_RUNS;
    }
    if (run->caller->is_replay) {
        return SCRIPT_KILL_FROM_MASTER;
    }
    if (run->has_written) {
        return SCRIPT_KILL_HAS_WRITTEN;
    }
    if (run->is_function != is_function) {
        return SCRIPT_KILL_OTHER_KIND;
    }
    run->is_killed = true;
    return SCRIPT_KILLED;
}

bool script_interrupt(struct script *script)
{
    return script->run != NULL && script_kill(script, script->run->is_function) == SCRIPT_KILLED;
}

bool script_is_slow(const struct script *script)
{
    return script->run != NULL && script->run->is_slow;
}

bool script_get_running(const struct script *script, struct script_running *running)
{
    const struct script_run *run = script->run;

    if (run == NULL) {
        return false;
    }
    *running = (struct script_running){.name = run->name,
                                       .call = run->caller,
                                       .duration_ms = (clock_monotonic_us() - run->begun_us) / 1000,
                                       .is_function = run->is_function};
    return true;
}

void script_get_statistics(struct script *script, struct script_statistics *statistics)
{
    *statistics = (struct script_statistics){
        .eval_vm_bytes = script->eval_vm->memory_bytes,
        .script_count = script->kept.count,
        .script_bytes = script->kept_bytes,
        .function_vm_bytes = script->function_vm->memory_bytes,
    };
    LIST_FOR_EACH(&functions_all(script)->libraries, node)
    {
        const struct library *library = LIST_ENTRY(node, struct library, node);

        statistics->library_count++;
        statistics->function_count += library->function_count;
        statistics->function_bytes += sizeof(*library) + library->code_len;
        statistics->function_bytes += library->function_count * sizeof(struct function);
    }
}
