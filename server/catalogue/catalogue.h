/* The catalogue: what COMMAND DOCS tells of a command beyond its row in cmd_*.c.
 *
 * Nobody but a reader of documentation (redis-cli's hints are one) asks for argument trees, and they are longer than
 * all other facts together, so they stand apart from the handlers: a file for each group, a page for each command that
 * has anything to tell. A page is found by its command's group and full name when it is asked for.
 *
 * Each file writes its pages with notation.h; that they say what Redis says is checked by test/parity/catalogue.py. */
#ifndef SERVER_CATALOGUE_CATALOGUE_H
#define SERVER_CATALOGUE_CATALOGUE_H

#include "server/request/command.h"
#include <stdint.h>

/* Of one argument; names in COMMAND DOCS are these in lower case. */
enum catalogue_type {
    CATALOGUE_STRING,
    CATALOGUE_INTEGER,
    CATALOGUE_DOUBLE,
    CATALOGUE_KEY,
    CATALOGUE_PATTERN,
    CATALOGUE_UNIX_TIME,
    CATALOGUE_PURE_TOKEN, /* The word itself. */
    CATALOGUE_ONEOF,      /* One of `parts`. */
    CATALOGUE_BLOCK,      /* All of `parts`, in order. */
};

enum catalogue_flag {
    CATALOGUE_OPTIONAL = 1u << 0,
    CATALOGUE_MULTIPLE = 1u << 1,
    CATALOGUE_MULTIPLE_TOKEN = 1u << 2, /* The token stands before each repetition. */
};

struct catalogue_argument {
    const char *name; /* NULL ends a list of them. */
    const char *token;
    const char *since;
    const char *deprecated_since;
    const struct catalogue_argument *parts; /* CATALOGUE_ONEOF and CATALOGUE_BLOCK. */
    enum catalogue_type type;
    uint32_t flags;
    bool is_of_key; /* Keys, and patterns of keys: */
    int key_spec;   /* index of its specification in the command's row. */
};

struct catalogue_event {
    const char *since; /* NULL ends a list of them. */
    const char *text;
};

struct catalogue_page {
    const char *name;             /* "config|get"; NULL ends a file's pages. */
    bool is_internal;             /* For servers and tests: Redis' "syscmd". */
    const char *deprecated_since; /* NULL if it is not deprecated. */
    const char *replaced_by;
    const char *key_notes[COMMAND_KEY_SPECS_MAX]; /* Remarks on its key specifications; NULL where there is none. */
    const struct catalogue_event *history;        /* NULL if it is as it always was. */
    const struct catalogue_argument *arguments;   /* NULL if it has none. */
};

/* The page of the command of this group and full name; NULL if it has none. */
const struct catalogue_page *catalogue_find(const char *group, const char *full_name);

/* Visit every group's pages: for tests. */
void catalogue_visit(void (*visit)(void *context, const char *group, const struct catalogue_page *page), void *context);

#endif
