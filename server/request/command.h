/* A command as data, and a call of one.
 *
 * Facts stand only in the family's table (`static const struct command string_commands[]` in cmd_string.c): COMMAND,
 * COMMAND DOCS, docs/commands.md, key checks, ACL categories and tests read them from there. No handler looks at its
 * own name. */
#ifndef SERVER_REQUEST_COMMAND_H
#define SERVER_REQUEST_COMMAND_H

#include "base/slice.h"
#include "base/status.h"
#include <stdint.h>

struct call;
struct change;
struct command_entry; /* registry.h */
struct keyspace;
struct reply;
struct services;
struct session;

/* Redis' command flags; names in COMMAND INFO are these in lower case. */
enum command_flag {
    COMMAND_WRITE = 1u << 0,
    COMMAND_READONLY = 1u << 1,
    COMMAND_DENYOOM = 1u << 2,
    COMMAND_ADMIN = 1u << 3,
    COMMAND_PUBSUB = 1u << 4,
    COMMAND_NOSCRIPT = 1u << 5,
    COMMAND_BLOCKING = 1u << 6,
    COMMAND_LOADING = 1u << 7,
    COMMAND_STALE = 1u << 8,
    COMMAND_SKIP_MONITOR = 1u << 9,
    COMMAND_SKIP_SLOWLOG = 1u << 10,
    COMMAND_ASKING = 1u << 11,
    COMMAND_FAST = 1u << 12,
    COMMAND_NO_AUTH = 1u << 13,
    COMMAND_MAY_REPLICATE = 1u << 14, /* CLIENT PAUSE WRITE stops it too. COMMAND INFO does not tell of it. */
    COMMAND_MOVABLEKEYS = 1u << 15,
    COMMAND_NO_ASYNC_LOADING = 1u << 16,
    COMMAND_NO_MULTI = 1u << 17,
    COMMAND_ALLOW_BUSY = 1u << 18,
    COMMAND_NO_MANDATORY_KEYS = 1u << 19,
    COMMAND_SENTINEL = 1u << 20,
    COMMAND_ONLY_SENTINEL = 1u << 21,
    /* The server's own, not in COMMAND INFO. */
    COMMAND_PROTECTED = 1u << 22,       /* Refused unless enable-debug-command or its like allows it. */
    COMMAND_NOT_QUEUED = 1u << 23,      /* Runs at once even between MULTI and EXEC. */
    COMMAND_IN_SUBSCRIPTION = 1u << 24, /* A RESP2 client that has subscriptions may call it. */
    COMMAND_RUNS_QUEUED = 1u << 26,     /* Runs what was queued: writes if one of that does. */
    COMMAND_KEEPS_CACHING = 1u << 28,   /* CLIENT CACHING stands over it: it is for the command behind. */
    COMMAND_RUNS_SCRIPT = 1u << 29,     /* What it writes is seen as it writes it. */
    COMMAND_REVEALS_NOTHING = 1u << 25, /* Its reply tells nothing of the data, so it need not wait for the disk. */
};

/* ACL categories. Tables give those that do not follow from flags; registry.c adds the others (read, write, fast, slow,
 * admin, dangerous, pubsub, blocking). */
enum command_category {
    CATEGORY_KEYSPACE = 1u << 0,
    CATEGORY_STRING = 1u << 1,
    CATEGORY_LIST = 1u << 2,
    CATEGORY_SET = 1u << 3,
    CATEGORY_SORTED_SET = 1u << 4,
    CATEGORY_HASH = 1u << 5,
    CATEGORY_STREAM = 1u << 6,
    CATEGORY_BITMAP = 1u << 7,
    CATEGORY_HYPERLOGLOG = 1u << 8,
    CATEGORY_GEO = 1u << 9,
    CATEGORY_PUBSUB = 1u << 10,
    CATEGORY_ADMIN = 1u << 11,
    CATEGORY_DANGEROUS = 1u << 12,
    CATEGORY_CONNECTION = 1u << 13,
    CATEGORY_TRANSACTION = 1u << 14,
    CATEGORY_SCRIPTING = 1u << 15,
    CATEGORY_BLOCKING = 1u << 16,
    CATEGORY_READ = 1u << 17,
    CATEGORY_WRITE = 1u << 18,
    CATEGORY_FAST = 1u << 19,
    CATEGORY_SLOW = 1u << 20,
};

/* What a command does with the keys of one specification: RW, RO, OW, RM and the logical operations, as Redis 7.0. */
enum command_key_flag {
    KEY_RO = 1u << 0,
    KEY_RW = 1u << 1,
    KEY_OW = 1u << 2,
    KEY_RM = 1u << 3,
    KEY_ACCESS = 1u << 4,
    KEY_UPDATE = 1u << 5,
    KEY_INSERT = 1u << 6,
    KEY_DELETE = 1u << 7,
    KEY_NOT_KEY = 1u << 8,
    KEY_INCOMPLETE = 1u << 9,
    KEY_VARIABLE_FLAGS = 1u << 10,
};

enum command_key_begin { KEY_BEGIN_NONE, KEY_BEGIN_INDEX, KEY_BEGIN_KEYWORD, KEY_BEGIN_UNKNOWN };
enum command_key_find { KEY_FIND_RANGE, KEY_FIND_KEYNUM, KEY_FIND_UNKNOWN };

/* Where keys stand among the arguments (Redis' key specifications). */
struct command_key_spec {
    uint32_t flags;
    enum command_key_begin begin;
    int index;           /* KEY_BEGIN_INDEX: of the first key. KEY_BEGIN_KEYWORD: where to start looking. */
    const char *keyword; /* KEY_BEGIN_KEYWORD. */
    enum command_key_find find;
    int last; /* KEY_FIND_RANGE: relative to the first; negative counts from the end. */
    int step;
    int limit;
    int keynum_index; /* KEY_FIND_KEYNUM, relative to the first. */
    int first_key;
};

#define COMMAND_KEY_SPECS_MAX 4

/* Which of a command's words are channels whose use ACL rules allow. */
enum command_channels {
    CHANNELS_NONE,
    CHANNELS_FIRST,    /* The first argument: one that is published to. */
    CHANNELS_ALL,      /* All arguments, */
    CHANNELS_PATTERNS, /* which are patterns. */
};

/* The common specification: keys from argument `index_` to `last_` past it (negative counts from the end). */
#define KEY_RANGE(flags_, index_, last_, step_)                                                                        \
    {                                                                                                                  \
        .flags = (flags_), .begin = KEY_BEGIN_INDEX, .index = (index_), .find = KEY_FIND_RANGE, .last = (last_),       \
        .step = (step_)                                                                                                \
    }

/* Called with the index of a word that is a key, and what is done to it. */
typedef void command_key_visit(void *context, size_t index, uint32_t flags);

struct command {
    const char *name;    /* Lower case. A subcommand's own word: "get" in CONFIG GET. */
    const char *summary; /* One line, as COMMAND DOCS gives it. */
    const char *since;
    const char *complexity;
    const char *group; /* "string", "generic", ... */
    int arity;         /* With the name; negative is "at least". */
    uint32_t flags;
    uint32_t categories;
    struct command_key_spec keys[COMMAND_KEY_SPECS_MAX]; /* Ends at KEY_BEGIN_NONE. */
    enum command_channels channels;
    const char *tips;                  /* Comma separated command tips, NULL for none. */
    const struct command *subcommands; /* Ends with a NULL name; NULL for none. */

    /* Where a key specification has KEY_VARIABLE_FLAGS: the flags that these words give it. NULL otherwise. */
    uint32_t (*key_flags)(const struct slice *argv, size_t argc);

    /* Where specifications cannot say which words are keys: visits all of them and returns how many; 0 if the words
     * make no sense. NULL otherwise. */
    size_t (*visit_keys)(const struct slice *argv, size_t argc, command_key_visit *visit, void *context);

    /* Where the words decide what kind of command it is (a script that tells of itself): `flags`, changed. Asked for
     * by command_flags_of() in registry.h, with as many words as the arity asks for. NULL otherwise. */
    uint32_t (*call_flags)(const struct services *services, const struct slice *argv, uint32_t flags);

    /* Whether argv[index] may be a password, or whose it is: MONITOR and SLOWLOG show "(redacted)" in its place. NULL
     * where no word is one. */
    bool (*is_secret)(const struct slice *argv, size_t argc, size_t index);

    /* Execute. Decide first, then do: every check comes before the first change. On a status other than STATUS_OK
     * nothing was changed and nothing replied (but STATUS_REPLIED: the handler wrote its own error). */
    enum status (*run)(struct call *call, struct reply *reply);
};

/* One execution of one command: all that a handler sees. */
struct call {
    const struct command *command;
    struct command_entry *entry; /* The command as it was called: registry.h. */
    struct services *services;   /* The server's parts, for the few commands that are about them. */
    struct session *session;     /* Who calls. */
    struct keyspace *keyspace;
    struct change *change;    /* What will be logged; see change.h. */
    uint32_t db;              /* Selected database. */
    const struct slice *argv; /* argv[0] is the name (argv[1] the subcommand); borrowed for the call. */
    size_t argc;
    uint64_t now_ms;  /* The command's one wall-clock time. */
    uint64_t changes; /* Counted by the handler; dispatch logs and notifies if not 0. */
    uint32_t hits;    /* Counted by handlers that read keys: keyspace_hits and keyspace_misses of INFO. */
    uint32_t misses;
    /* A command that waited runs again (blocking.h): for this key, which holds what it waits for; empty if no key woke
     * it, and of course the first time. */
    struct slice woken_by;
    bool is_again;    /* It was shown and counted when it ran first. */
    bool is_replay;   /* Comes from the log or from our master: nothing expires, nothing is logged. */
    bool is_nested;   /* Part of a transaction or a script, or a replay: it must not wait for anything. */
    struct slice raw; /* The request's own bytes if they are argv in canonical form; else empty. */
};

#endif
