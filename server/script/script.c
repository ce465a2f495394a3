#include "server/script/script.h"
#include "base/memory.h"
#include "server/script/script_internal.h"

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
    script->eval_vm = script_vm_create(script, &script->random, script_api_fill);
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
    session_release_internal(&script->session);
    buf_release(&script->output);
    buf_release(&script->text);
    memory_free(script);
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

bool script_is_slow(const struct script *script)
{
    return script->run != NULL && script->run->is_slow;
}

void script_get_statistics(const struct script *script, struct script_statistics *statistics)
{
    *statistics = (struct script_statistics){
        .eval_vm_bytes = script->eval_vm->memory_bytes,
        .script_count = script->kept.count,
        .script_bytes = script->kept_bytes,
    };
}
