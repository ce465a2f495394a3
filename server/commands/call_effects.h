/* Effects of many items: what is logged where the words that were asked leave to chance, or to the order of a hash,
 * what they do. */
#ifndef SERVER_COMMANDS_CALL_EFFECTS_H
#define SERVER_COMMANDS_CALL_EFFECTS_H

#include "base/slice.h"
#include "base/status.h"
#include <stdbool.h>
#include <stdint.h>

struct call;
struct reply;

/* Items of one logged command; even, so that scores stay with their members. */
#define CALL_EFFECTS_ITEMS 1000
/* What an item may take beside its own bytes. */
#define CALL_EFFECTS_ITEM_BYTES 32

/* `name key item ...`, as often as CALL_EFFECTS_ITEMS make it. */
struct call_effects {
    struct call *call;
    const char *name;
    struct slice key;    /* Borrowed from the caller. */
    uint64_t left;       /* Items still to come, */
    uint64_t in_command; /* of these in the command that has begun. */
};

/* `count` calls of call_effects_add() follow, or call_effects_refuse(). */
void call_effects_begin(struct call_effects *effects, struct call *call, const char *name, struct slice key,
                        uint64_t count);
void call_effects_add(struct call_effects *effects, struct slice item);

/* Whether the change has room for `bytes` more. In replay it has: what was logged once was not too long. */
bool call_effects_fit(const struct call *call, uint64_t bytes);
/* Say that it has not: nothing of the call is logged, and it must have changed nothing. STATUS_REPLIED. */
MUST_CHECK enum status call_effects_refuse(struct call *call, struct reply *reply);

#endif
