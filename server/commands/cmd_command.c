/* COMMAND: all of it is read from the families' tables. */
#include "base/glob.h"
#include "server/catalogue/catalogue.h"
#include "server/catalogue/command_docs.h"
#include "server/commands/cmd_server.h"
#include "server/request/admission.h"
#include "server/request/args.h"
#include "server/request/category.h"
#include "server/request/command_keys.h"
#include "server/request/registry.h"
#include "server/request/reply.h"
#include "server/services.h"
#include <ctype.h>
#include <stdio.h>

/* In Redis' order, which tools print. */
static const struct bit_name flag_names[] = {
    {COMMAND_WRITE, "write"},
    {COMMAND_READONLY, "readonly"},
    {COMMAND_DENYOOM, "denyoom"},
    {COMMAND_ADMIN, "admin"},
    {COMMAND_PUBSUB, "pubsub"},
    {COMMAND_NOSCRIPT, "noscript"},
    {COMMAND_BLOCKING, "blocking"},
    {COMMAND_LOADING, "loading"},
    {COMMAND_STALE, "stale"},
    {COMMAND_SKIP_MONITOR, "skip_monitor"},
    {COMMAND_SKIP_SLOWLOG, "skip_slowlog"},
    {COMMAND_ASKING, "asking"},
    {COMMAND_FAST, "fast"},
    {COMMAND_NO_AUTH, "no_auth"},
    {COMMAND_NO_MANDATORY_KEYS, "no_mandatory_keys"},
    {COMMAND_NO_ASYNC_LOADING, "no_async_loading"},
    {COMMAND_NO_MULTI, "no_multi"},
    {COMMAND_MOVABLEKEYS, "movablekeys"},
    {COMMAND_ALLOW_BUSY, "allow_busy"},
};

static const struct bit_name key_flag_names[] = {
    {KEY_RO, "RO"},
    {KEY_RW, "RW"},
    {KEY_OW, "OW"},
    {KEY_RM, "RM"},
    {KEY_ACCESS, "access"},
    {KEY_UPDATE, "update"},
    {KEY_INSERT, "insert"},
    {KEY_DELETE, "delete"},
    {KEY_NOT_KEY, "not_key"},
    {KEY_INCOMPLETE, "incomplete"},
    {KEY_VARIABLE_FLAGS, "variable_flags"},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The names of the bits that are set, as a set of status replies. */
static void reply_bits(struct reply *reply, uint32_t bits, const struct bit_name *names, size_t count,
                       const char *prefix)
{
    struct reply_deferred deferred = reply_deferred_begin(reply);
    size_t written = 0;
    char text[32];

    for (size_t i = 0; i < count; i++) {
        if (bits & names[i].bit) {
            (void)snprintf(text, sizeof(text), "%s%s", prefix, names[i].name);
            reply_simple(reply, text);
            written++;
        }
    }
    reply_deferred_set(reply, deferred, written);
}

/* Words that stand in one text with commas, as a set. */
static void reply_tips(struct reply *reply, const char *tips)
{
    struct reply_deferred deferred = reply_deferred_begin(reply);
    size_t written = 0;

    while (tips != NULL && *tips != '\0') {
        size_t len = strcspn(tips, ",");

        reply_bulk(reply, slice_make(tips, len));
        written++;
        tips += len + (tips[len] == ',');
    }
    reply_deferred_set(reply, deferred, written);
}

static void reply_pair(struct reply *reply, const char *name, int value)
{
    reply_bulk_text(reply, name);
    reply_integer(reply, value);
}

static void reply_begin_search(struct reply *reply, const struct command_key_spec *spec)
{
    static const char *const types[] = {"unknown", "index", "keyword", "unknown"};

    reply_map(reply, 2);
    reply_bulk_text(reply, "type");
    reply_bulk_text(reply, types[spec->begin]);
    reply_bulk_text(reply, "spec");
    switch (spec->begin) {
    case KEY_BEGIN_INDEX:
        reply_map(reply, 1);
        reply_pair(reply, "index", spec->index);
        break;
    case KEY_BEGIN_KEYWORD:
        reply_map(reply, 2);
        reply_bulk_text(reply, "keyword");
        reply_bulk_text(reply, spec->keyword);
        reply_pair(reply, "startfrom", spec->index);
        break;
    case KEY_BEGIN_NONE:
    case KEY_BEGIN_UNKNOWN:
        reply_map(reply, 0);
        break;
    }
}

static void reply_find_keys(struct reply *reply, const struct command_key_spec *spec)
{
    static const char *const types[] = {"range", "keynum", "unknown"};

    reply_map(reply, 2);
    reply_bulk_text(reply, "type");
    reply_bulk_text(reply, types[spec->find]);
    reply_bulk_text(reply, "spec");
    switch (spec->find) {
    case KEY_FIND_RANGE:
        reply_map(reply, 3);
        reply_pair(reply, "lastkey", spec->last);
        reply_pair(reply, "keystep", spec->step);
        reply_pair(reply, "limit", spec->limit);
        break;
    case KEY_FIND_KEYNUM:
        reply_map(reply, 3);
        reply_pair(reply, "keynumidx", spec->keynum_index);
        reply_pair(reply, "firstkey", spec->first_key);
        reply_pair(reply, "keystep", spec->step);
        break;
    case KEY_FIND_UNKNOWN:
        reply_map(reply, 0);
        break;
    }
}

static void reply_key_specs(struct reply *reply, const struct command_entry *entry)
{
    const struct command *command = entry->command;
    const struct catalogue_page *page = catalogue_find(command->group, entry->full_name);
    struct reply_deferred deferred = reply_deferred_begin(reply);
    size_t written = 0;

    for (size_t i = 0; i < COMMAND_KEY_SPECS_MAX && command->keys[i].begin != KEY_BEGIN_NONE; i++) {
        const struct command_key_spec *spec = &command->keys[i];
        const char *notes = page == NULL ? NULL : page->key_notes[i];

        reply_map(reply, 3u + (notes != NULL));
        if (notes != NULL) {
            reply_bulk_text(reply, "notes");
            reply_bulk_text(reply, notes);
        }
        reply_bulk_text(reply, "flags");
        reply_bits(reply, spec->flags, key_flag_names, COUNT_OF(key_flag_names), "");
        reply_bulk_text(reply, "begin_search");
        reply_begin_search(reply, spec);
        reply_bulk_text(reply, "find_keys");
        reply_find_keys(reply, spec);
        written++;
    }
    reply_deferred_set(reply, deferred, written);
}

static uint32_t shown_flags(const struct command *command)
{
    return command->flags | (command_keys_are_movable(command) ? (uint32_t)COMMAND_MOVABLEKEYS : 0u);
}

/* One command as COMMAND INFO tells of it. */
static void reply_info(struct reply *reply, const struct command_entry *entry)
{
    const struct command *command = entry->command;
    struct command_key_range range = command_keys_range(command);

    reply_array(reply, 10);
    reply_bulk_text(reply, entry->full_name);
    reply_integer(reply, command->arity);
    reply_bits(reply, shown_flags(command), flag_names, COUNT_OF(flag_names), "");
    reply_integer(reply, range.first);
    reply_integer(reply, range.last);
    reply_integer(reply, range.step);
    reply_bits(reply, entry->categories, category_names, CATEGORY_COUNT, "@");
    reply_tips(reply, command->tips);
    reply_key_specs(reply, entry);
    if (entry->subcommand_count == 0) {
        reply_set(reply, 0);
        return;
    }
    reply_array(reply, entry->subcommand_count);
    for (size_t i = 0; i < entry->subcommand_count; i++) {
        reply_info(reply, &entry->subcommands[i]);
    }
}

/* COMMAND: all of them. */
static enum status run_command(struct call *call, struct reply *reply)
{
    struct commands *commands = call->services->commands;

    reply_array(reply, commands_count(commands));
    for (size_t i = 0; i < commands_count(commands); i++) {
        reply_info(reply, commands_at(commands, i));
    }
    return STATUS_OK;
}

static enum status run_command_count(struct call *call, struct reply *reply)
{
    reply_integer(reply, (int64_t)commands_count(call->services->commands));
    return STATUS_OK;
}

/* COMMAND INFO [name ...]. */
static enum status run_command_info(struct call *call, struct reply *reply)
{
    if (call->argc == 2) {
        return run_command(call, reply);
    }
    reply_array(reply, call->argc - 2);
    for (size_t i = 2; i < call->argc; i++) {
        const struct command_entry *entry = commands_find_full(call->services->commands, call->argv[i]);

        if (entry == NULL) {
            reply_null(reply);
        } else {
            reply_info(reply, entry);
        }
    }
    return STATUS_OK;
}

/* COMMAND DOCS [name ...]: unknown names are left out. */
static enum status run_command_docs(struct call *call, struct reply *reply)
{
    struct commands *commands = call->services->commands;
    struct reply_deferred deferred;
    size_t written = 0;

    if (call->argc == 2) {
        reply_map(reply, commands_count(commands));
        for (size_t i = 0; i < commands_count(commands); i++) {
            reply_bulk_text(reply, commands_at(commands, i)->full_name);
            command_docs_reply(reply, commands_at(commands, i));
        }
        return STATUS_OK;
    }
    deferred = reply_deferred_begin(reply);
    for (size_t i = 2; i < call->argc; i++) {
        const struct command_entry *entry = commands_find_full(commands, call->argv[i]);

        if (entry != NULL) {
            reply_bulk_text(reply, entry->full_name);
            command_docs_reply(reply, entry);
            written++;
        }
    }
    reply_deferred_map(reply, deferred, written);
    return STATUS_OK;
}

/* --- LIST --- */

struct list_filter {
    bool has_pattern;
    struct slice pattern;
    bool has_category;
    uint32_t category; /* 0: an unknown one, which nothing is in. */
    bool has_module;   /* Nothing is of a module. */
};

static bool is_listed(const struct list_filter *filter, const struct command_entry *entry)
{
    return !filter->has_module && (!filter->has_category || (entry->categories & filter->category)) &&
           (!filter->has_pattern || glob_match(filter->pattern, slice_of(entry->full_name), true));
}

/* COMMAND LIST [FILTERBY (MODULE name|ACLCAT category|PATTERN pattern)]. */
static enum status run_command_list(struct call *call, struct reply *reply)
{
    struct commands *commands = call->services->commands;
    struct list_filter filter = {.has_pattern = false};
    struct reply_deferred deferred;
    size_t written = 0;

    if (call->argc == 5 && args_is(call->argv[2], "filterby")) {
        filter.has_module = args_is(call->argv[3], "module");
        filter.has_category = args_is(call->argv[3], "aclcat");
        filter.has_pattern = args_is(call->argv[3], "pattern");
        filter.category = category_find(call->argv[4]);
        filter.pattern = call->argv[4];
    }
    if (call->argc != 2 && !filter.has_module && !filter.has_category && !filter.has_pattern) {
        return STATUS_SYNTAX;
    }
    deferred = reply_deferred_begin(reply);
    for (size_t i = 0; i < commands_count(commands); i++) {
        const struct command_entry *entry = commands_at(commands, i);

        if (is_listed(&filter, entry)) {
            reply_bulk_text(reply, entry->full_name);
            written++;
        }
        for (size_t j = 0; j < entry->subcommand_count; j++) {
            if (is_listed(&filter, &entry->subcommands[j])) {
                reply_bulk_text(reply, entry->subcommands[j].full_name);
                written++;
            }
        }
    }
    reply_deferred_array(reply, deferred, written);
    return STATUS_OK;
}

/* --- GETKEYS --- */

struct key_page {
    struct reply *reply;
    const struct slice *argv;
    bool with_flags;
};

static void visit_key(void *context, size_t index, uint32_t flags)
{
    struct key_page *page = context;

    if (page->with_flags) {
        reply_array(page->reply, 2);
    }
    reply_bulk(page->reply, page->argv[index]);
    if (page->with_flags) {
        reply_bits(page->reply, flags, key_flag_names, COUNT_OF(key_flag_names), "");
    }
}

/* Channels of the shard commands have a specification, too, but are no keys. */
static bool has_keys(const struct command *command)
{
    for (size_t i = 0; i < COMMAND_KEY_SPECS_MAX && command->keys[i].begin != KEY_BEGIN_NONE; i++) {
        if (!(command->keys[i].flags & KEY_NOT_KEY)) {
            return true;
        }
    }
    return false;
}

static enum status get_keys(struct call *call, struct reply *reply, bool with_flags)
{
    struct key_page page = {.reply = reply, .argv = call->argv + 2, .with_flags = with_flags};
    size_t argc = call->argc - 2;
    struct command_entry *container;
    const struct command_entry *entry = commands_resolve(call->services->commands, page.argv, argc, &container);
    struct reply_deferred deferred;
    size_t count;

    if (entry == NULL) {
        return reply_error(reply, "ERR Invalid command specified");
    }
    if (!has_keys(entry->command)) {
        return reply_error(reply, "ERR The command has no key arguments");
    }
    if (!admission_takes_words(entry, argc)) {
        return reply_error(reply, "ERR Invalid number of arguments specified for command");
    }
    deferred = reply_deferred_begin(reply);
    count = command_keys_are_whole(entry->command, page.argv, argc)
                ? command_keys_visit(entry->command, page.argv, argc, visit_key, &page)
                : 0;
    if (count == 0 && !(entry->command->flags & COMMAND_NO_MANDATORY_KEYS)) {
        return reply_error(reply, "ERR Invalid arguments specified for command");
    }
    reply_deferred_array(reply, deferred, count);
    return STATUS_OK;
}

static enum status run_command_getkeys(struct call *call, struct reply *reply)
{
    return get_keys(call, reply, false);
}

static enum status run_command_getkeysandflags(struct call *call, struct reply *reply)
{
    return get_keys(call, reply, true);
}

static enum status run_command_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "(no subcommand)",
        "    Return details about all Redis commands.",
        "COUNT",
        "    Return the total number of commands in this Redis server.",
        "LIST",
        "    Return a list of all commands in this Redis server.",
        "INFO [<command-name> ...]",
        "    Return details about multiple Redis commands.",
        "    If no command names are given, documentation details for all",
        "    commands are returned.",
        "DOCS [<command-name> ...]",
        "    Return documentation details about multiple Redis commands.",
        "    If no command names are given, documentation details for all",
        "    commands are returned.",
        "GETKEYS <full-command>",
        "    Return the keys from a full Redis command.",
        "GETKEYSANDFLAGS <full-command>",
        "    Return the keys and the access flags from a full Redis command.",
        NULL,
    };

    (void)call;
    reply_help(reply, "COMMAND", lines);
    return STATUS_OK;
}

#define ROW(name_, since_, arity_, tips_, run_, summary_, complexity_)                                                 \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = since_, .complexity = complexity_, .group = "server",             \
        .arity = arity_, .flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING,                           \
        .categories = CATEGORY_CONNECTION, .tips = tips_, .run = run_                                                  \
    }

static const struct command command_subcommands[] = {
    ROW("count", "2.8.13", 2, NULL, run_command_count, "Get total number of Redis commands", "O(1)"),
    ROW("docs", "7.0.0", -2, "nondeterministic_output_order", run_command_docs,
        "Get array of specific Redis command documentation", "O(N) where N is the number of commands to look up"),
    ROW("getkeys", "2.8.13", -4, NULL, run_command_getkeys, "Extract keys given a full Redis command",
        "O(N) where N is the number of arguments to the command"),
    ROW("getkeysandflags", "7.0.0", -4, NULL, run_command_getkeysandflags,
        "Extract keys and access flags given a full Redis command",
        "O(N) where N is the number of arguments to the command"),
    ROW("help", "5.0.0", 2, NULL, run_command_help, "Show helpful text about the different subcommands", "O(1)"),
    ROW("info", "2.8.13", -2, "nondeterministic_output_order", run_command_info,
        "Get array of specific Redis command details, or all when no argument is given.",
        "O(N) where N is the number of commands to look up"),
    ROW("list", "7.0.0", -2, "nondeterministic_output_order", run_command_list, "Get an array of Redis command names",
        "O(N) where N is the total number of Redis commands"),
    {.name = NULL},
};

const struct command command_commands[] = {
    {.name = "command",
     .summary = "Get array of Redis command details",
     .since = "2.8.13",
     .complexity = "O(N) where N is the total number of Redis commands",
     .group = "server",
     .arity = -1,
     .flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_CONNECTION,
     .tips = "nondeterministic_output_order",
     .subcommands = command_subcommands,
     .run = run_command},
    {.name = NULL},
};
