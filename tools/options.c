#include "tools/options.h"

#include "base/number.h"
#include <stdarg.h>
#include <stdio.h>

void tool_say(const struct tool_description *tool, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s: ", tool->name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

static void print_help(const struct tool_description *tool)
{
    printf("Usage:\n%s\n\n%s\n\nOptions:\n", tool->usage, tool->summary);
    for (const struct option_description *option = tool->options; option->name != NULL; option++) {
        char head[64];

        snprintf(head, sizeof(head), "--%s %s", option->name, option->value_name == NULL ? "" : option->value_name);
        printf("  %-26s %s\n", head, option->help);
    }
    printf("  %-26s %s\n  %-26s %s\n\nExit codes:\n%s\n", "--help", "Print this.", "--version", "Print the version.",
           tool->exit_codes);
}

static const struct option_description *find(const struct tool_description *tool, struct slice name)
{
    for (const struct option_description *option = tool->options; option->name != NULL; option++) {
        if (slice_equal(name, slice_of(option->name))) {
            return option;
        }
    }
    return NULL;
}

static bool set_number(const struct tool_description *tool, const struct option_description *option, const char *text)
{
    int64_t value;

    if (!number_parse_int64(slice_of(text), &value) || value < option->least || value > option->most) {
        tool_say(tool, "--%s takes a number from %lld to %lld, not '%s'", option->name, (long long)option->least,
                 (long long)option->most, text);
        return false;
    }
    *(int64_t *)option->target = value;
    return true;
}

static bool set(const struct tool_description *tool, const struct option_description *option, const char *text)
{
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)option->target = true;
        return true;
    case OPTION_TEXT:
        *(const char **)option->target = text;
        return true;
    case OPTION_NUMBER:
        return set_number(tool, option, text);
    }
    return false;
}

/* Read the option at argv[*at] and move `*at` to its last word. */
static bool read_option(const struct tool_description *tool, int argc, char **argv, int *at)
{
    const char *word = argv[*at] + 2;
    const char *equals = strchr(word, '=');
    struct slice name = equals == NULL ? slice_of(word) : slice_make(word, (size_t)(equals - word));
    const struct option_description *option = find(tool, name);

    if (option == NULL) {
        tool_say(tool, "unknown option '%s'; see --help", argv[*at]);
        return false;
    }
    if (option->kind == OPTION_FLAG) {
        if (equals != NULL) {
            tool_say(tool, "--%s takes no value", option->name);
            return false;
        }
        return set(tool, option, NULL);
    }
    if (equals != NULL) {
        return set(tool, option, equals + 1);
    }
    if (*at + 1 >= argc) {
        tool_say(tool, "--%s needs %s", option->name, option->value_name);
        return false;
    }
    return set(tool, option, argv[++*at]);
}

enum options_outcome options_read(const struct tool_description *tool, int argc, char **argv, const char **arguments,
                                  int *argument_count)
{
    bool options_ended = false;

    *argument_count = 0;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];

        if (options_ended || strncmp(word, "--", 2) != 0) {
            arguments[(*argument_count)++] = word;
        } else if (word[2] == '\0') {
            options_ended = true;
        } else if (strcmp(word, "--help") == 0) {
            print_help(tool);
            return OPTIONS_DONE;
        } else if (strcmp(word, "--version") == 0) {
            printf("%s %s\n", tool->name, HEARTH_VERSION);
            return OPTIONS_DONE;
        } else if (!read_option(tool, argc, argv, &i)) {
            return OPTIONS_WRONG;
        }
    }
    return OPTIONS_RUN;
}
