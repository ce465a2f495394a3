#include "server/commands/call_effects.h"
#include "base/assert.h"
#include "server/request/change.h"
#include "server/request/command.h"
#include "server/request/reply.h"

void call_effects_begin(struct call_effects *effects, struct call *call, const char *name, struct slice key,
                        uint64_t count)
{
    *effects = (struct call_effects){.call = call, .name = name, .key = key, .left = count};
}

void call_effects_add(struct call_effects *effects, struct slice item)
{
    struct change *change = effects->call->change;

    ASSERT(effects->left > 0);
    if (effects->in_command == 0) {
        effects->in_command = effects->left < CALL_EFFECTS_ITEMS ? effects->left : CALL_EFFECTS_ITEMS;
        change_open(change, 2 + (size_t)effects->in_command);
        change_put_word(change, slice_of(effects->name));
        change_put_word(change, effects->key);
    }
    change_put_word(change, item);
    effects->in_command--;
    effects->left--;
}

bool call_effects_fit(const struct call *call, uint64_t bytes)
{
    return call->is_replay || change_has_room(call->change, bytes);
}

enum status call_effects_refuse(struct call *call, struct reply *reply)
{
    change_suppress(call->change);
    return reply_error(reply, "ERR the command changes more than one change may hold");
}
