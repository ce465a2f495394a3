/* Directives as data; config*.c only. */
#ifndef SERVER_CONFIG_CONFIG_TABLE_H
#define SERVER_CONFIG_CONFIG_TABLE_H

#include "server/config/config.h"

enum directive_type {
    DIRECTIVE_BOOLEAN, /* yes, no */
    DIRECTIVE_INTEGER, /* minimum to maximum */
    DIRECTIVE_OCTAL,
    DIRECTIVE_SIZE,            /* with units: 64mb */
    DIRECTIVE_SIZE_OR_PERCENT, /* the same, or 5%, which is kept as -5 */
    DIRECTIVE_ENUM,            /* one of names */
    DIRECTIVE_TEXT,            /* one word */
    DIRECTIVE_WORDS,           /* any number of words, kept as one text with single blanks */
    DIRECTIVE_LIMITS,          /* client-output-buffer-limit */
    DIRECTIVE_EVENTS,          /* notify-keyspace-events */
};

enum directive_flag {
    DIRECTIVE_IMMUTABLE = 1u << 0, /* Not by CONFIG SET. */
    DIRECTIVE_IGNORED = 1u << 1,   /* Accepted for redis.conf's sake; kept as text. */
    DIRECTIVE_SENSITIVE = 1u << 2, /* A secret: never in diag, MONITOR or SLOWLOG. */
    DIRECTIVE_REPEATED = 1u << 3,  /* Each line adds: save, rename-command, user. */
    DIRECTIVE_HIDDEN = 1u << 4,    /* Not in CONFIG GET. */
    DIRECTIVE_PROTECTED = 1u << 5, /* CONFIG SET refuses: "can't set protected config". */
    DIRECTIVE_PATH = 1u << 6,      /* Made absolute. */
    DIRECTIVE_LINES = 1u << 7,     /* Each line is kept for itself: user. */
    DIRECTIVE_UNLISTED = 1u << 8,  /* CONFIG GET tells it to those who give its whole name alone. */
};

#define DIRECTIVE_NO_FIELD SIZE_MAX

struct buf;

struct directive {
    const char *name;
    const char *alias; /* Older name; NULL for none. */
    enum directive_type type;
    uint32_t flags;
    size_t field;        /* offsetof(struct config, ...), or DIRECTIVE_NO_FIELD. */
    const char *initial; /* Default, as it would be written. */
    int64_t minimum;
    int64_t maximum;
    const char *const *names; /* DIRECTIVE_ENUM: value i is names[i]; ends with NULL. */
    /* Further check of a new text; false with a reason in `error`. NULL for none. */
    bool (*is_valid)(const char *text, char error[CONFIG_ERROR_BYTES]);
    /* Put a valid text, which ends in NUL, into the form that is kept and told; NULL: as it is. */
    void (*shorten)(struct buf *text);
};

extern const struct directive directives[];
extern const size_t directive_count;

/* By name or alias, whatever the case; NULL if there is none. */
const struct directive *directive_find(struct slice name);
/* The known name that is nearest to an unknown one. Static storage. */
const char *directive_nearest(struct slice name);

/* A directive's value as CONFIG GET shows it, appended to `out`. */
void directive_format(const struct config *config, const struct directive *directive, struct buf *out);
/* Parse `words` into the directive's place in `config`. On failure nothing has changed and `error` says why, in
 * Redis' words for CONFIG SET. */
MUST_CHECK enum status directive_assign(struct config *config, const struct directive *directive,
                                        const struct slice *words, size_t word_count, char error[CONFIG_ERROR_BYTES]);

/* The value of a directive that is one number; NULL for others. */
int64_t *directive_number(const struct config *config, const struct directive *directive);
/* Text of a directive without a field, owned by the config. */
char **directive_text(struct config *config, const struct directive *directive);

struct directive_observer {
    const struct directive *directive;
    bool (*apply)(void *context, char error[CONFIG_ERROR_BYTES]);
    void *context;
};

#define CONFIG_OBSERVERS_MAX 96

struct config_private {
    char **texts; /* directive_count of them: of those without a field. */
    bool *is_set; /* directive_count: named by file or command line. */
    char *file;   /* Absolute path, "" for none. */
    struct directive_observer observers[CONFIG_OBSERVERS_MAX];
    size_t observer_count;
    struct config_line *users; /* Owned, as what it points to. */
    size_t user_count;
    const char *reading_path; /* Where the line that is being read stands; NULL for the command line. */
    size_t reading_line;
    bool (*write_users)(void *context, struct buf *out); /* NULL before config_set_user_writer(). */
    void *write_users_context;
};

/* Read one file; depth counts includes. `base_directory` is where relative includes are looked for. */
MUST_CHECK enum status config_read_file(struct config *config, const char *path, int depth,
                                        char error[CONFIG_ERROR_BYTES]);
/* Take one line of words, as from a file. */
MUST_CHECK enum status config_take_words(struct config *config, const struct slice *words, size_t word_count,
                                         const char *base_directory, int depth, char error[CONFIG_ERROR_BYTES]);

#endif
