/* Lookup is on the path of every request, so names are folded to lower case into a fixed block, hashed, and found in an
 * open table that is at most a quarter full. */
#include "server/request/registry.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/memory.h"
#include "server/request/families.h"
#include <stdlib.h>

#define SLOT_COUNT 2048u /* Power of two, four times what Redis 7.0 has with room to grow. */

struct slot {
    struct command_entry *entry; /* NULL when empty. */
    uint32_t name_len;
    char name[COMMAND_NAME_BYTES_MAX + 1];
};

struct table {
    struct slot slots[SLOT_COUNT];
};

struct commands {
    struct command_entry *entries;
    size_t count;
    struct table called;   /* By the names that clients use. */
    struct table original; /* By the names in the families' tables. */
};

/* Fold `name` to `folded` and return its hash; the name is known to fit. */
static uint32_t fold(struct slice name, char *folded)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < name.len; i++) {
        char byte = name.data[i];

        if (byte >= 'A' && byte <= 'Z') {
            byte = (char)(byte + ('a' - 'A'));
        }
        folded[i] = byte;
        hash = (hash ^ (uint8_t)byte) * 16777619u;
    }
    return hash ^ (hash >> 15);
}

/* The slot that holds `name`, or the empty one where it would go. */
static struct slot *find_slot(struct table *table, struct slice name, char *folded)
{
    uint32_t index = fold(name, folded) & (SLOT_COUNT - 1);

    for (;; index = (index + 1) & (SLOT_COUNT - 1)) {
        struct slot *slot = &table->slots[index];

        if (slot->name_len == 0 || (slot->name_len == name.len && memcmp(slot->name, folded, name.len) == 0)) {
            return slot;
        }
    }
}

static uint32_t categories_of(const struct command *command)
{
    uint32_t categories = command->categories;

    if (command->flags & COMMAND_WRITE) {
        categories |= CATEGORY_WRITE;
    }
    if ((command->flags & COMMAND_READONLY) && !(categories & CATEGORY_SCRIPTING)) {
        categories |= CATEGORY_READ;
    }
    if (command->flags & COMMAND_ADMIN) {
        categories |= CATEGORY_ADMIN | CATEGORY_DANGEROUS;
    }
    if (command->flags & COMMAND_PUBSUB) {
        categories |= CATEGORY_PUBSUB;
    }
    if (command->flags & COMMAND_BLOCKING) {
        categories |= CATEGORY_BLOCKING;
    }
    return categories | ((command->flags & COMMAND_FAST) ? CATEGORY_FAST : CATEGORY_SLOW);
}

/* Whether the specifications tell every key that the command touches. Scripts touch what they like. */
static bool knows_keys(const struct command *command)
{
    if (!(command->flags & (COMMAND_READONLY | COMMAND_WRITE)) || (command->categories & CATEGORY_SCRIPTING) ||
        command->keys[0].begin == KEY_BEGIN_NONE) {
        return false;
    }
    for (size_t i = 0; i < COMMAND_KEY_SPECS_MAX && command->keys[i].begin != KEY_BEGIN_NONE; i++) {
        const struct command_key_spec *spec = &command->keys[i];

        if (spec->begin == KEY_BEGIN_UNKNOWN || spec->find == KEY_FIND_UNKNOWN ||
            (spec->flags & (KEY_INCOMPLETE | KEY_NOT_KEY))) {
            return false;
        }
    }
    return true;
}

/* Only commands of a fixed place for one key; the arity vouches that it is there. */
static size_t only_key(const struct command *command)
{
    const struct command_key_spec *spec = &command->keys[0];

    if (!knows_keys(command) || command->keys[1].begin != KEY_BEGIN_NONE || spec->begin != KEY_BEGIN_INDEX ||
        spec->find != KEY_FIND_RANGE || spec->last != 0) {
        return 0;
    }
    return (size_t)spec->index < (size_t)abs(command->arity) ? (size_t)spec->index : 0;
}

static char *join_name(const struct command_entry *container, const char *name)
{
    struct buf text;
    char *joined;

    if (container == NULL) {
        return memory_copy_text(name);
    }
    buf_init(&text, BUF_NO_CEILING);
    buf_put_format(&text, "%s|%s", container->full_name, name);
    buf_put_byte(&text, '\0');
    joined = memory_copy(buf_slice(&text).data, text.len);
    buf_release(&text);
    return joined;
}

static size_t count_table(const struct command *table)
{
    size_t count = 0;

    while (table[count].name != NULL) {
        count++;
    }
    return count;
}

static void fill(struct command_entry *entry, const struct command *command, struct command_entry *container)
{
    *entry = (struct command_entry){.command = command, .container = container, .categories = categories_of(command)};
    entry->full_name = join_name(container, command->name);
    entry->knows_its_keys = knows_keys(command);
    entry->only_key = only_key(command);
    if (command->subcommands == NULL) {
        return;
    }
    entry->subcommand_count = count_table(command->subcommands);
    entry->subcommands = memory_allocate_zeroed(entry->subcommand_count * sizeof(*entry->subcommands));
    for (size_t i = 0; i < entry->subcommand_count; i++) {
        fill(&entry->subcommands[i], &command->subcommands[i], entry);
    }
}

static void put_name(struct table *table, struct slice name, struct command_entry *entry)
{
    char folded[COMMAND_NAME_BYTES_MAX + 1];
    struct slot *slot;

    ASSERT(name.len > 0 && name.len <= COMMAND_NAME_BYTES_MAX);
    slot = find_slot(table, name, folded);
    ASSERT(slot->name_len == 0); /* Two families have the same command. */
    memcpy(slot->name, folded, name.len);
    slot->name_len = (uint32_t)name.len;
    slot->entry = entry;
}

struct commands *commands_create(void)
{
    struct commands *commands = memory_allocate_zeroed(sizeof(*commands));

    for (size_t i = 0; families[i] != NULL; i++) {
        commands->count += count_table(families[i]);
    }
    ASSERT(commands->count * 4 <= SLOT_COUNT);
    commands->entries = memory_allocate_zeroed(commands->count * sizeof(*commands->entries));
    commands->count = 0;
    for (size_t i = 0; families[i] != NULL; i++) {
        for (const struct command *command = families[i]; command->name != NULL; command++) {
            struct command_entry *entry = &commands->entries[commands->count++];

            fill(entry, command, NULL);
            put_name(&commands->called, slice_of(command->name), entry);
            put_name(&commands->original, slice_of(command->name), entry);
        }
    }
    return commands;
}

static void release(struct command_entry *entry)
{
    for (size_t i = 0; i < entry->subcommand_count; i++) {
        release(&entry->subcommands[i]);
    }
    memory_free(entry->subcommands);
    memory_free(entry->full_name);
    memory_free(entry->statistics.latency);
}

void commands_free(struct commands *commands)
{
    if (commands == NULL) {
        return;
    }
    for (size_t i = 0; i < commands->count; i++) {
        release(&commands->entries[i]);
    }
    memory_free(commands->entries);
    memory_free(commands);
}

static struct command_entry *find_in(struct table *table, struct slice name)
{
    char folded[COMMAND_NAME_BYTES_MAX + 1];

    if (name.len == 0 || name.len > COMMAND_NAME_BYTES_MAX) {
        return NULL;
    }
    return find_slot(table, name, folded)->entry;
}

struct command_entry *commands_find(struct commands *commands, struct slice name)
{
    return find_in(&commands->called, name);
}

struct command_entry *command_entry_find_subcommand(struct command_entry *entry, struct slice word)
{
    for (size_t i = 0; i < entry->subcommand_count; i++) {
        if (slice_is_word(word, entry->subcommands[i].command->name)) {
            return &entry->subcommands[i];
        }
    }
    return NULL;
}

static struct command_entry *resolve_in(struct table *table, const struct slice *argv, size_t argc,
                                        struct command_entry **container)
{
    struct command_entry *entry = find_in(table, argv[0]);

    *container = entry;
    if (entry == NULL || entry->subcommand_count == 0 || argc < 2) {
        return entry;
    }
    return command_entry_find_subcommand(entry, argv[1]);
}

struct command_entry *commands_resolve(struct commands *commands, const struct slice *argv, size_t argc,
                                       struct command_entry **container)
{
    return resolve_in(&commands->called, argv, argc, container);
}

struct command_entry *commands_resolve_original(struct commands *commands, const struct slice *argv, size_t argc,
                                                struct command_entry **container)
{
    return resolve_in(&commands->original, argv, argc, container);
}

void command_count_call(struct command_statistics *statistics, uint64_t duration_us, bool with_duration)
{
    statistics->calls++;
    if (!with_duration) {
        return;
    }
    if (statistics->latency == NULL) {
        statistics->latency = memory_allocate_zeroed(sizeof(*statistics->latency));
    }
    histogram_add(statistics->latency, duration_us);
}

uint32_t command_flags_of(const struct command_entry *entry, const struct services *services, const struct slice *argv,
                          size_t argc)
{
    const struct command *command = entry->command;

    return command->call_flags == NULL || argc < (size_t)abs(command->arity)
               ? command->flags
               : command->call_flags(services, argv, command->flags);
}

struct command_entry *commands_find_full(struct commands *commands, struct slice full_name)
{
    struct slice words[2] = {full_name, slice_empty()};
    const char *bar = full_name.len == 0 ? NULL : memchr(full_name.data, '|', full_name.len);
    struct command_entry *container;

    if (bar == NULL) {
        return commands_find(commands, full_name);
    }
    words[0].len = (size_t)(bar - full_name.data);
    words[1] = slice_after(full_name, words[0].len + 1);
    container = commands_find(commands, words[0]);
    return container == NULL ? NULL : command_entry_find_subcommand(container, words[1]);
}

/* Take a slot out of an open table: what follows it in its run is put in anew. */
static void clear_slot(struct table *table, struct slot *slot)
{
    size_t index = (size_t)(slot - table->slots);

    slot->name_len = 0;
    slot->entry = NULL;
    for (index = (index + 1) & (SLOT_COUNT - 1); table->slots[index].name_len != 0;
         index = (index + 1) & (SLOT_COUNT - 1)) {
        struct slot moved = table->slots[index];

        table->slots[index].name_len = 0;
        table->slots[index].entry = NULL;
        put_name(table, slice_make(moved.name, moved.name_len), moved.entry);
    }
}

enum status commands_rename(struct commands *commands, struct slice from, struct slice to)
{
    char folded[COMMAND_NAME_BYTES_MAX + 1];
    struct command_entry *entry = commands_find(commands, from);

    if (entry == NULL) {
        return STATUS_NOT_FOUND;
    }
    if (to.len > COMMAND_NAME_BYTES_MAX) {
        return STATUS_TOO_BIG;
    }
    if (commands_find(commands, to) != NULL) {
        return STATUS_EXISTS;
    }
    clear_slot(&commands->called, find_slot(&commands->called, from, folded));
    entry->is_renamed = true;
    if (to.len != 0) {
        put_name(&commands->called, to, entry);
    }
    return STATUS_OK;
}

size_t commands_count(const struct commands *commands)
{
    return commands->count;
}

struct command_entry *commands_at(struct commands *commands, size_t index)
{
    ASSERT(index < commands->count);
    return &commands->entries[index];
}

static void reset(struct command_entry *entry)
{
    struct histogram *latency = entry->statistics.latency;

    for (size_t i = 0; i < entry->subcommand_count; i++) {
        reset(&entry->subcommands[i]);
    }
    memory_free(latency);
    entry->statistics = (struct command_statistics){0};
}

void commands_visit(struct commands *commands, void (*visit)(void *context, const struct command_entry *entry),
                    void *context)
{
    for (size_t i = 0; i < commands->count; i++) {
        const struct command_entry *entry = &commands->entries[i];

        visit(context, entry);
        for (size_t k = 0; k < entry->subcommand_count; k++) {
            visit(context, &entry->subcommands[k]);
        }
    }
}

void commands_reset_statistics(struct commands *commands)
{
    for (size_t i = 0; i < commands->count; i++) {
        reset(&commands->entries[i]);
    }
}
