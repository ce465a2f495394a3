/* All commands by name, with what the server counts about each.
 *
 * The facts stay in the families' tables; an entry adds what is only known at run time: the name by which it is called
 * (rename-command), its container, its statistics. Event loop only. */
#ifndef SERVER_REQUEST_REGISTRY_H
#define SERVER_REQUEST_REGISTRY_H

#include "server/request/command.h"
#include "server/watch/histogram.h"

#define COMMAND_NAME_BYTES_MAX 63 /* Of a name that a client can call; rename-command takes no longer one. */

struct commands; /* Opaque; owned by server. */

struct command_statistics {
    uint64_t calls;
    uint64_t microseconds;
    uint64_t rejected_calls;   /* Refused before execution. */
    uint64_t failed_calls;     /* Replied with an error. */
    struct histogram *latency; /* NULL before the first call. */
};

struct command_entry {
    const struct command *command;
    struct command_entry *container;   /* CONFIG of CONFIG GET; NULL for a command of its own. */
    struct command_entry *subcommands; /* Array; NULL when there are none. */
    size_t subcommand_count;
    char *full_name;     /* "config|get"; never renamed. */
    uint32_t categories; /* With those that follow from flags. */
    bool is_renamed;     /* Clients do not call it by command->name. */
    bool knows_its_keys; /* Its specifications tell every key that it reads or changes. */
    uint32_t acl_number; /* Given by acl_catalog_create(): what rules count commands by. */
    size_t only_key;     /* Index of its key, if it always has exactly one and knows it; else 0. */
    struct command_statistics statistics;
};

/* Count a call that took `duration_us`, among the durations only if they are wanted (latency-tracking). */
void command_count_call(struct command_statistics *statistics, uint64_t duration_us, bool with_duration);

/* Every family's commands. */
struct commands *commands_create(void);
void commands_free(struct commands *commands);

/* The command called `name`, whatever its case; NULL if there is none. A container's subcommand is a second step. */
struct command_entry *commands_find(struct commands *commands, struct slice name);
struct command_entry *command_entry_find_subcommand(struct command_entry *entry, struct slice word);
/* The command that these words call: the subcommand where there is one. `*container` is the first step's result, to
 * tell an unknown subcommand from an unknown command. NULL if unknown. */
struct command_entry *commands_resolve(struct commands *commands, const struct slice *argv, size_t argc,
                                       struct command_entry **container);
/* The same by the names that rename-command has not touched: what the log and masters use. */
struct command_entry *commands_resolve_original(struct commands *commands, const struct slice *argv, size_t argc,
                                                struct command_entry **container);
/* "config|get" as in ACL rules and COMMAND INFO. */
struct command_entry *commands_find_full(struct commands *commands, struct slice full_name);

/* What kind of command these words are: its flags, as they may depend on its words. The words may be too few. */
uint32_t command_flags_of(const struct command_entry *entry, const struct services *services, const struct slice *argv,
                          size_t argc);

/* rename-command: call it `to` from now on, or not at all if `to` is empty.
 *   STATUS_NOT_FOUND  There is no `from`.   STATUS_EXISTS  `to` is taken.   STATUS_TOO_BIG  `to` is too long. */
MUST_CHECK enum status commands_rename(struct commands *commands, struct slice from, struct slice to);

size_t commands_count(const struct commands *commands);
/* In the order of the families' tables; index < commands_count(). */
struct command_entry *commands_at(struct commands *commands, size_t index);
/* Each of them, followed by its subcommands. */
void commands_visit(struct commands *commands, void (*visit)(void *context, const struct command_entry *entry),
                    void *context);
/* Zero all statistics: CONFIG RESETSTAT. */
void commands_reset_statistics(struct commands *commands);

#endif
