#include "server/catalogue/command_docs.h"
#include "server/catalogue/catalogue.h"
#include "server/request/registry.h"
#include "server/request/reply.h"

static void put_text(struct reply *reply, const char *name, const char *text)
{
    reply_bulk_text(reply, name);
    reply_bulk_text(reply, text);
}

/* A field that is left out when there is nothing to tell. Returns how many fields that were. */
static size_t put_if_any(struct reply *reply, const char *name, const char *text)
{
    if (text == NULL) {
        return 0;
    }
    put_text(reply, name, text);
    return 1;
}

static void put_argument_flags(struct reply *reply, uint32_t flags)
{
    static const char *const names[] = {"optional", "multiple", "multiple_token"};
    struct reply_deferred deferred;
    size_t count = 0;

    reply_bulk_text(reply, "flags");
    deferred = reply_deferred_begin(reply);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (flags & (1u << i)) {
            reply_simple(reply, names[i]);
            count++;
        }
    }
    reply_deferred_set(reply, deferred, count);
}

static void put_arguments(struct reply *reply, const struct catalogue_argument *arguments);

static void put_argument(struct reply *reply, const struct catalogue_argument *argument)
{
    static const char *const types[] = {"string",    "integer",    "double", "key",  "pattern",
                                        "unix-time", "pure-token", "oneof",  "block"};
    struct reply_deferred deferred = reply_deferred_begin(reply);
    size_t count = 2;

    put_text(reply, "name", argument->name);
    put_text(reply, "type", types[argument->type]);
    if (argument->is_of_key) {
        reply_bulk_text(reply, "key_spec_index");
        reply_integer(reply, argument->key_spec);
        count++;
    }
    count += put_if_any(reply, "token", argument->token);
    count += put_if_any(reply, "since", argument->since);
    count += put_if_any(reply, "deprecated_since", argument->deprecated_since);
    if (argument->flags != 0) {
        put_argument_flags(reply, argument->flags);
        count++;
    }
    if (argument->parts != NULL) {
        put_arguments(reply, argument->parts);
        count++;
    }
    reply_deferred_map(reply, deferred, count);
}

/* As deep as the catalogue's own trees, which have four levels at most. */
static void put_arguments(struct reply *reply, const struct catalogue_argument *arguments)
{
    size_t count = 0;

    while (arguments[count].name != NULL) {
        count++;
    }
    reply_bulk_text(reply, "arguments");
    reply_array(reply, count);
    for (size_t i = 0; i < count; i++) {
        put_argument(reply, &arguments[i]);
    }
}

static void put_history(struct reply *reply, const struct catalogue_event *events)
{
    size_t count = 0;

    while (events[count].since != NULL) {
        count++;
    }
    reply_bulk_text(reply, "history");
    reply_set(reply, count);
    for (size_t i = 0; i < count; i++) {
        reply_array(reply, 2);
        reply_bulk_text(reply, events[i].since);
        reply_bulk_text(reply, events[i].text);
    }
}

/* In Redis' order. Returns how many fields that were. */
static size_t put_page(struct reply *reply, const struct catalogue_page *page)
{
    size_t count = 0;

    if (page->is_internal || page->deprecated_since != NULL) {
        reply_bulk_text(reply, "doc_flags");
        reply_set(reply, 1);
        reply_simple(reply, page->is_internal ? "syscmd" : "deprecated");
        count++;
    }
    count += put_if_any(reply, "deprecated_since", page->deprecated_since);
    count += put_if_any(reply, "replaced_by", page->replaced_by);
    if (page->history != NULL) {
        put_history(reply, page->history);
        count++;
    }
    if (page->arguments != NULL) {
        put_arguments(reply, page->arguments);
        count++;
    }
    return count;
}

void command_docs_reply(struct reply *reply, const struct command_entry *entry)
{
    const struct command *command = entry->command;
    const struct catalogue_page *page = catalogue_find(command->group, entry->full_name);
    struct reply_deferred deferred = reply_deferred_begin(reply);
    size_t count = 3;

    put_text(reply, "summary", command->summary);
    put_text(reply, "since", command->since);
    put_text(reply, "group", command->group);
    count += put_if_any(reply, "complexity", command->complexity);
    if (page != NULL) {
        count += put_page(reply, page);
    }
    if (entry->subcommand_count != 0) {
        reply_bulk_text(reply, "subcommands");
        reply_map(reply, entry->subcommand_count);
        for (size_t i = 0; i < entry->subcommand_count; i++) {
            reply_bulk_text(reply, entry->subcommands[i].full_name);
            command_docs_reply(reply, &entry->subcommands[i]);
        }
        count++;
    }
    reply_deferred_map(reply, deferred, count);
}
