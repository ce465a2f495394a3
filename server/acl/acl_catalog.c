#include "server/acl/acl_catalog.h"
#include "base/memory.h"
#include "server/request/registry.h"

struct acl_catalog {
    struct acl_command *commands; /* Owned. */
    uint32_t count;
    uint32_t capacity;
};

/* A command of Redis 7.0 that may be missing here. What the registry has is left out. */
struct absent_command {
    const char *full_name;
    uint32_t categories;
};

#define PLAIN  CATEGORY_SLOW
#define ADMIN  (CATEGORY_SLOW | CATEGORY_ADMIN | CATEGORY_DANGEROUS)
#define SCRIPT (CATEGORY_SLOW | CATEGORY_SCRIPTING)
#define LINK   (CATEGORY_FAST | CATEGORY_CONNECTION)

/* Subcommands behind their container. */
static const struct absent_command absent_commands[] = {
    {"asking", LINK},
    {"readonly", LINK},
    {"readwrite", LINK},
    {"restore-asking", CATEGORY_KEYSPACE | CATEGORY_WRITE | CATEGORY_SLOW | CATEGORY_DANGEROUS},
    {"lolwut", CATEGORY_READ | CATEGORY_FAST},
    {"fcall", SCRIPT},
    {"fcall_ro", SCRIPT},
    {"function|dump", SCRIPT},
    {"function|help", SCRIPT},
    {"function|load", SCRIPT | CATEGORY_WRITE},
    {"function|restore", SCRIPT | CATEGORY_WRITE},
    {"module", PLAIN},
    {"module|help", PLAIN},
    {"module|list", ADMIN},
    {"module|load", ADMIN},
    {"module|loadex", ADMIN},
    {"module|unload", ADMIN},
    {"cluster", PLAIN},
    {"cluster|addslots", ADMIN},
    {"cluster|addslotsrange", ADMIN},
    {"cluster|bumpepoch", ADMIN},
    {"cluster|count-failure-reports", ADMIN},
    {"cluster|countkeysinslot", PLAIN},
    {"cluster|delslots", ADMIN},
    {"cluster|delslotsrange", ADMIN},
    {"cluster|failover", ADMIN},
    {"cluster|flushslots", ADMIN},
    {"cluster|forget", ADMIN},
    {"cluster|getkeysinslot", PLAIN},
    {"cluster|help", PLAIN},
    {"cluster|info", PLAIN},
    {"cluster|keyslot", PLAIN},
    {"cluster|links", PLAIN},
    {"cluster|meet", ADMIN},
    {"cluster|myid", PLAIN},
    {"cluster|nodes", PLAIN},
    {"cluster|replicas", ADMIN},
    {"cluster|replicate", ADMIN},
    {"cluster|reset", ADMIN},
    {"cluster|saveconfig", ADMIN},
    {"cluster|set-config-epoch", ADMIN},
    {"cluster|setslot", ADMIN},
    {"cluster|shards", PLAIN},
    {"cluster|slaves", ADMIN},
    {"cluster|slots", PLAIN},
};
#define ABSENT_COUNT (sizeof(absent_commands) / sizeof(absent_commands[0]))

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

/* Whether `full_name` is a subcommand of `container`. */
static bool is_of(const char *full_name, const char *container)
{
    size_t len = strlen(container);

    return strncmp(full_name, container, len) == 0 && full_name[len] == '|';
}

static bool is_registered(struct commands *commands, const char *full_name)
{
    struct slice words[2] = {slice_make(full_name, strcspn(full_name, "|")), slice_empty()};
    size_t count = full_name[words[0].len] == '|' ? 2 : 1;
    struct command_entry *container;

    words[1] = count == 2 ? slice_of(full_name + words[0].len + 1) : slice_empty();
    return commands_resolve_original(commands, words, count, &container) != NULL;
}

static void add_absent(struct acl_catalog *catalog, struct commands *commands, const char *container, uint32_t at)
{
    for (size_t i = 0; i < ABSENT_COUNT; i++) {
        const struct absent_command *absent = &absent_commands[i];

        if (is_of(absent->full_name, container) && !is_registered(commands, absent->full_name)) {
            (void)add(catalog, absent->full_name, absent->categories);
            catalog->commands[at].subcommand_count++;
        }
    }
}

/* Versions have one digit before the point. */
static bool is_later(const struct command_entry *entry)
{
    return strcmp(entry->command->since, "7.1") > 0;
}

static void add_entry(struct acl_catalog *catalog, struct commands *commands, struct command_entry *entry)
{
    uint32_t at = catalog->count;

    entry->acl_number = at;
    add(catalog, entry->full_name, entry->categories)->subcommand_count = (uint32_t)entry->subcommand_count;
    for (size_t i = 0; i < entry->subcommand_count; i++) {
        entry->subcommands[i].acl_number = catalog->count;
        add(catalog, entry->subcommands[i].full_name, entry->subcommands[i].categories)->is_later =
            is_later(&entry->subcommands[i]);
    }
    add_absent(catalog, commands, entry->full_name, at);
}

struct acl_catalog *acl_catalog_create(struct commands *commands)
{
    struct acl_catalog *catalog = memory_allocate_zeroed(sizeof(*catalog));

    for (size_t i = 0; i < commands_count(commands); i++) {
        add_entry(catalog, commands, commands_at(commands, i));
    }
    for (size_t i = 0; i < ABSENT_COUNT; i++) {
        const struct absent_command *absent = &absent_commands[i];

        if (strchr(absent->full_name, '|') == NULL && !is_registered(commands, absent->full_name)) {
            uint32_t at = catalog->count;

            (void)add(catalog, absent->full_name, absent->categories);
            add_absent(catalog, commands, absent->full_name, at);
        }
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
