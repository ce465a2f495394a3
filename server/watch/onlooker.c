#include "server/watch/onlooker.h"
#include "base/memory.h"
#include "server/net/session.h"
#include "server/request/command.h"
#include "server/services.h"
#include "server/watch/monitor.h"
#include "server/watch/slowlog.h"

/* The call's words with what is secret struck out, in a block that the caller frees with memory_free(). */
static struct slice *strike_out(const struct call *call)
{
    struct slice *words = memory_copy(call->argv, call->argc * sizeof(*words));

    for (size_t i = 1; i < call->argc; i++) {
        if (call->command->is_secret(call->argv, call->argc, i)) {
            words[i] = slice_of("(redacted)");
        }
    }
    return words;
}

void onlooker_show(const struct call *call)
{
    struct slice *words = call->command->is_secret == NULL ? NULL : strike_out(call);

    if (!(call->command->flags & (COMMAND_SKIP_MONITOR | COMMAND_ADMIN)) && !call->is_replay) {
        monitors_show(call->services->monitors, call->session, call->session->db, words == NULL ? call->argv : words,
                      call->argc);
    }
    memory_free(words);
}

void onlooker_note_slowness(const struct call *call, uint64_t duration_us)
{
    struct slowlog_caller caller = {.peer = call->session->peer, .name = call->session->name};
    struct slice *words = call->command->is_secret == NULL ? NULL : strike_out(call);

    if (!(call->command->flags & COMMAND_SKIP_SLOWLOG) && !call->is_replay) {
        slowlog_add(call->services->slowlog, words == NULL ? call->argv : words, call->argc, duration_us, &caller);
    }
    memory_free(words);
}
