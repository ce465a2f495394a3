/* Command lines of the tools: long options by a table, which --help is printed from too. */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Exit codes of every tool. */
#define TOOL_EXIT_OK      0
#define TOOL_EXIT_PROBLEM 1 /* The work failed, or problems were found. */
#define TOOL_EXIT_USAGE   2 /* The command line is wrong, or what it names cannot be looked at. */

enum option_kind {
    OPTION_FLAG,   /* target: bool. */
    OPTION_TEXT,   /* target: const char *, into argv. */
    OPTION_NUMBER, /* target: int64_t, within least and most. */
};

struct option_description {
    const char *name; /* Without the dashes; NULL ends the table. */
    enum option_kind kind;
    const char *value_name; /* "FILE"; NULL for flags. */
    const char *help;       /* One sentence. */
    void *target;
    int64_t least;
    int64_t most;
};

struct tool_description {
    const char *name;    /* "hearth-dump". */
    const char *usage;   /* Lines after the name. */
    const char *summary; /* What it does, printed after the usage. */
    const struct option_description *options;
    const char *exit_codes; /* Lines about the exit codes. */
};

enum options_outcome {
    OPTIONS_RUN,   /* Go on. */
    OPTIONS_DONE,  /* --help or --version has been answered: exit 0. */
    OPTIONS_WRONG, /* A message was written: exit TOOL_EXIT_USAGE. */
};

/* Read argv ("--name value", "--name=value", "--flag", "--" ends options); what is no option is collected in
 * `arguments` (room for argc), its count in `*argument_count`. */
enum options_outcome options_read(const struct tool_description *tool, int argc, char **argv, const char **arguments,
                                  int *argument_count);

/* A message of the tool's, on stderr: "hearth-dump: text". */
__attribute__((format(printf, 2, 3))) void tool_say(const struct tool_description *tool, const char *format, ...);

#endif
