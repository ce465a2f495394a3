/* OBJECT: what Redis would say of its own representation of such a value. */
#include "server/commands/cmd_key.h"
#include "server/commands/object_encoding.h"
#include "server/request/reply.h"
#include "storage/keyspace/keyspace.h"

#define SHARED_INTEGER_COUNT 10000

static bool find(struct call *call, struct reply *reply, struct entry *entry)
{
    bool found = keyspace_find(call->keyspace, call->db, call->argv[2], entry);

    if (!found) {
        reply_null(reply);
    }
    return found;
}

static enum status run_object_encoding(struct call *call, struct reply *reply)
{
    struct entry entry;

    if (find(call, reply, &entry)) {
        reply_bulk_text(reply, object_encoding(call, call->argv[2], &entry));
    }
    return STATUS_OK;
}

/* REFCOUNT: 1, but for the small integers that Redis shares. */
static enum status run_object_refcount(struct call *call, struct reply *reply)
{
    struct entry entry;
    int64_t value;

    if (find(call, reply, &entry)) {
        bool is_shared = object_is_integer(&entry, &value) && value >= 0 && value < SHARED_INTEGER_COUNT;

        reply_integer(reply, is_shared ? INT32_MAX : 1);
    }
    return STATUS_OK;
}

/* IDLETIME: times of access are not kept, since nothing is evicted: every key counts as just used. */
static enum status run_object_idletime(struct call *call, struct reply *reply)
{
    struct entry entry;

    if (find(call, reply, &entry)) {
        reply_integer(reply, 0);
    }
    return STATUS_OK;
}

static enum status run_object_freq(struct call *call, struct reply *reply)
{
    struct entry entry;

    if (!find(call, reply, &entry)) {
        return STATUS_OK;
    }
    return reply_error(reply, "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
                              "that when switching between policies at runtime LRU and LFU data will take some time "
                              "to adjust.");
}

static enum status run_object_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "ENCODING <key>",
        "    Return the kind of internal representation used in order to store the value",
        "    associated with a <key>.",
        "FREQ <key>",
        "    Return the access frequency index of the <key>. The returned integer is",
        "    proportional to the logarithm of the recent access frequency of the key.",
        "IDLETIME <key>",
        "    Return the idle time of the <key>, that is the approximated number of",
        "    seconds elapsed since the last access to the key.",
        "REFCOUNT <key>",
        "    Return the number of references of the value associated with the specified",
        "    <key>.",
        NULL,
    };

    (void)call;
    reply_help(reply, "OBJECT", lines);
    return STATUS_OK;
}

static const struct command object_commands[] = {
    {.name = "freq",
     .summary = "Get the logarithmic access frequency counter of a Redis object",
     .since = "4.0.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RO, 2, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_object_freq},
    {.name = "encoding",
     .summary = "Inspect the internal encoding of a Redis object",
     .since = "2.2.3",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RO, 2, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_object_encoding},
    {.name = "idletime",
     .summary = "Get the time since a Redis object was last accessed",
     .since = "2.2.3",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RO, 2, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_object_idletime},
    {.name = "help",
     .summary = "Show helpful text about the different subcommands",
     .since = "6.2.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 2,
     .flags = COMMAND_LOADING | COMMAND_STALE,
     .categories = CATEGORY_KEYSPACE,
     .run = run_object_help},
    {.name = "refcount",
     .summary = "Get the number of references to the value of the key",
     .since = "2.2.3",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RO, 2, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_object_refcount},
    {.name = NULL},
};

const struct command key_object_commands[] = {
    {.name = "object",
     .summary = "A container for object introspection commands",
     .since = "2.2.3",
     .complexity = "Depends on subcommand.",
     .group = "generic",
     .arity = -2,
     .subcommands = object_commands},
    {.name = NULL},
};
