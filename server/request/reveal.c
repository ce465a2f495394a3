#include "server/request/reveal.h"
#include "base/checksum.h"
#include "server/request/command_keys.h"
#include "server/request/registry.h"

static uint64_t slot_of(struct slice key)
{
    return checksum_hash64(key, 0) & (REVEAL_SLOTS - 1);
}

struct note {
    struct reveal *reveal;
    const struct slice *argv;
    uint64_t end;
};

static void note_key(void *context, size_t index, uint32_t flags)
{
    struct note *note = context;

    (void)flags;
    note->reveal->slots[slot_of(note->argv[index])] = note->end;
}

void reveal_note_change(struct reveal *reveal, const struct command_entry *entry, const struct slice *argv, size_t argc,
                        uint64_t end)
{
    if (entry->only_key != 0) {
        reveal->slots[slot_of(argv[entry->only_key])] = end;
    } else if (entry->knows_its_keys) {
        struct note note = {.reveal = reveal, .argv = argv, .end = end};

        (void)command_keys_visit(entry->command, argv, argc, note_key, &note);
    } else {
        reveal->everything = end;
    }
}

void reveal_note_everything(struct reveal *reveal, uint64_t end)
{
    reveal->everything = end;
}

struct question {
    const struct reveal *reveal;
    const struct slice *argv;
    uint64_t offset;
};

static void ask_key(void *context, size_t index, uint32_t flags)
{
    struct question *question = context;
    uint64_t offset = question->reveal->slots[slot_of(question->argv[index])];

    (void)flags;
    if (offset > question->offset) {
        question->offset = offset;
    }
}

uint64_t reveal_offset(const struct reveal *reveal, const struct command_entry *entry, const struct slice *argv,
                       size_t argc, uint64_t end)
{
    struct question question = {.reveal = reveal, .argv = argv, .offset = reveal->everything};

    if (entry->only_key != 0) {
        ask_key(&question, entry->only_key, 0);
    } else if (entry->knows_its_keys) {
        (void)command_keys_visit(entry->command, argv, argc, ask_key, &question);
    } else {
        return end;
    }
    return question.offset;
}
