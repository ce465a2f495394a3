#include "server/acl/acl_catalog.h"
#include "base/memory.h"
#include "server/request/registry.h"

struct acl_catalog {
    struct acl_command *commands; /* Owned. */
    uint32_t count;
    uint32_t capacity;
};

/* Versions have one digit before the point; a command of a test's own has none. */
static bool is_later(const struct command_entry *entry)
{
    return entry->command->since != NULL && strcmp(entry->command->since, "7.1") > 0;
}

/* A command, its subcommands behind it. */
static void add(struct acl_catalog *catalog, struct command_entry *entry)
{
    if (catalog->count == catalog->capacity) {
        catalog->capacity = catalog->capacity == 0 ? 512 : catalog->capacity * 2;
        catalog->commands = memory_resize(catalog->commands, catalog->capacity * sizeof(*catalog->commands));
    }
    entry->acl_number = catalog->count;
    catalog->commands[catalog->count++] = (struct acl_command){.full_name = entry->full_name,
                                                               .categories = entry->categories,
                                                               .subcommand_count = (uint32_t)entry->subcommand_count,
                                                               .is_subcommand = strchr(entry->full_name, '|') != NULL,
                                                               .is_later = is_later(entry)};
    for (size_t i = 0; i < entry->subcommand_count; i++) {
        add(catalog, &entry->subcommands[i]);
    }
}

struct acl_catalog *acl_catalog_create(struct commands *commands)
{
    struct acl_catalog *catalog = memory_allocate_zeroed(sizeof(*catalog));

    for (size_t i = 0; i < commands_count(commands); i++) {
        add(catalog, commands_at(commands, i));
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
