#include "server/acl/acl_catalog.h"
#include "base/memory.h"
#include "server/request/registry.h"

struct acl_catalog {
    struct acl_command *commands; /* Owned. */
    uint32_t count;
    uint32_t capacity;
};

static struct acl_command *add(struct acl_catalog *catalog, const char *full_name, uint32_t categories)
{
    struct acl_command *command;

    if (catalog->count == catalog->capacity) {
        catalog->capacity = catalog->capacity == 0 ? 512 : catalog->capacity * 2;
        catalog->commands = memory_resize(catalog->commands, catalog->capacity * sizeof(*catalog->commands));
    }
    command = &catalog->commands[catalog->count++];
    *command = (struct acl_command){
        .full_name = full_name, .categories = categories, .is_subcommand = strchr(full_name, '|') != NULL};
    return command;
}

/* Versions have one digit before the point. */
static bool is_later(const struct command_entry *entry)
{
    return strcmp(entry->command->since, "7.1") > 0;
}

static void add_entry(struct acl_catalog *catalog, struct command_entry *entry)
{
    entry->acl_number = catalog->count;
    add(catalog, entry->full_name, entry->categories)->subcommand_count = (uint32_t)entry->subcommand_count;
    for (size_t i = 0; i < entry->subcommand_count; i++) {
        entry->subcommands[i].acl_number = catalog->count;
        add(catalog, entry->subcommands[i].full_name, entry->subcommands[i].categories)->is_later =
            is_later(&entry->subcommands[i]);
    }
}

struct acl_catalog *acl_catalog_create(struct commands *commands)
{
    struct acl_catalog *catalog = memory_allocate_zeroed(sizeof(*catalog));

    for (size_t i = 0; i < commands_count(commands); i++) {
        add_entry(catalog, commands_at(commands, i));
    }
    return catalog;
}

void acl_catalog_free(struct acl_catalog *catalog)
{
    if (catalog != NULL) {
        memory_free(catalog->commands);
        memory_free(catalog);
    }
}

uint32_t acl_catalog_count(const struct acl_catalog *catalog)
{
    return catalog->count;
}

const struct acl_command *acl_catalog_at(const struct acl_catalog *catalog, uint32_t number)
{
    return &catalog->commands[number];
}

bool acl_catalog_find(const struct acl_catalog *catalog, struct slice full_name, uint32_t *number)
{
    for (uint32_t i = 0; i < catalog->count; i++) {
        if (slice_is_word(full_name, catalog->commands[i].full_name)) {
            *number = i;
            return true;
        }
    }
    return false;
}
