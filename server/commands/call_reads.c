#include "server/commands/call_reads.h"
#include "server/request/command.h"
#include "server/request/notify.h"

void call_count_read(struct call *call, struct slice key, bool found)
{
    if (found) {
        call->hits++;
    } else {
        call->misses++;
        notify_key(call, NOTIFY_KEY_MISS, "keymiss", call->db, key);
    }
}

void call_count_read_of_writer(struct call *call, struct slice key, bool found)
{
    if (!(call->command->flags & COMMAND_READONLY)) {
        call_count_read(call, key, found);
    }
}
