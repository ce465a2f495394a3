#include "server/request/command_keys.h"
#include "base/number.h"
#include "server/request/args.h"

static bool is_end(const struct command_key_spec *spec)
{
    return spec->begin == KEY_BEGIN_NONE;
}

/* Index of the keyword's word, searched forwards from a positive start, backwards from a negative one; 0 if absent. */
static size_t find_keyword(const struct command_key_spec *spec, const struct slice *argv, size_t argc)
{
    if (spec->index >= 0) {
        for (size_t i = (size_t)spec->index; i < argc; i++) {
            if (args_is(argv[i], spec->keyword)) {
                return i;
            }
        }
        return 0;
    }
    for (size_t back = (size_t)-spec->index; back < argc; back++) {
        if (args_is(argv[argc - back], spec->keyword)) {
            return argc - back;
        }
    }
    return 0;
}

/* Where the specification's keys begin; 0 if they are not there. */
static size_t find_first(const struct command_key_spec *spec, const struct slice *argv, size_t argc)
{
    size_t keyword;

    switch (spec->begin) {
    case KEY_BEGIN_INDEX:
        return spec->index > 0 && (size_t)spec->index < argc ? (size_t)spec->index : 0;
    case KEY_BEGIN_KEYWORD:
        keyword = find_keyword(spec, argv, argc);
        return keyword != 0 && keyword + 1 < argc ? keyword + 1 : 0;
    case KEY_BEGIN_NONE:
    case KEY_BEGIN_UNKNOWN:
        break;
    }
    return 0;
}

struct key_run {
    size_t first;
    size_t end; /* Past the last. */
    size_t step;
};

static bool find_range(const struct command_key_spec *spec, size_t first, size_t argc, struct key_run *run)
{
    size_t end;

    if (spec->last >= 0) {
        end = first + (size_t)spec->last + 1;
    } else if (spec->last == -1 && spec->limit > 1) {
        end = first + (argc - first) / (size_t)spec->limit; /* XREAD: half of what follows are keys. */
    } else {
        end = argc - (size_t)(-spec->last - 1);
    }
    *run = (struct key_run){.first = first, .end = end < argc ? end : argc, .step = (size_t)spec->step};
    return spec->step > 0;
}

static bool find_counted(const struct command_key_spec *spec, const struct slice *argv, size_t argc, size_t first,
                         struct key_run *run)
{
    size_t count_index = first + (size_t)spec->keynum_index;
    size_t begin = first + (size_t)spec->first_key;
    int64_t count;

    if (count_index >= argc || !number_parse_int64(argv[count_index], &count) || count < 0 || begin > argc ||
        (uint64_t)count > argc - begin) {
        return false;
    }
    *run =
        (struct key_run){.first = begin, .end = begin + (size_t)count * (size_t)spec->step, .step = (size_t)spec->step};
    return spec->step > 0 && run->end <= argc;
}

static bool find_run(const struct command_key_spec *spec, const struct slice *argv, size_t argc, struct key_run *run)
{
    size_t first = find_first(spec, argv, argc);

    if (first == 0) {
        return false;
    }
    switch (spec->find) {
    case KEY_FIND_RANGE:
        return find_range(spec, first, argc, run);
    case KEY_FIND_KEYNUM:
        return find_counted(spec, argv, argc, first, run);
    case KEY_FIND_UNKNOWN:
        break;
    }
    return false;
}

size_t command_keys_visit(const struct command *command, const struct slice *argv, size_t argc,
                          command_key_visit *visit, void *context)
{
    size_t count = 0;

    if (command->visit_keys != NULL) {
        return command->visit_keys(argv, argc, visit, context);
    }
    for (size_t i = 0; i < COMMAND_KEY_SPECS_MAX && !is_end(&command->keys[i]); i++) {
        const struct command_key_spec *spec = &command->keys[i];
        uint32_t flags = spec->flags;
        struct key_run run;

        if ((spec->flags & KEY_VARIABLE_FLAGS) && command->key_flags != NULL) {
            flags = command->key_flags(argv, argc);
        }
        if ((spec->flags & KEY_NOT_KEY) || !find_run(spec, argv, argc, &run)) {
            continue;
        }
        for (size_t index = run.first; index < run.end; index += run.step) {
            visit(context, index, flags);
            count++;
        }
    }
    return count;
}

static void visit_nothing(void *context, size_t index, uint32_t flags)
{
    (void)context;
    (void)index;
    (void)flags;
}

bool command_keys_are_whole(const struct command *command, const struct slice *argv, size_t argc)
{
    if (command->visit_keys != NULL) {
        return command->visit_keys(argv, argc, visit_nothing, NULL) > 0;
    }
    for (size_t i = 0; i < COMMAND_KEY_SPECS_MAX && !is_end(&command->keys[i]); i++) {
        const struct command_key_spec *spec = &command->keys[i];
        struct key_run run;
        bool is_left_out = spec->begin == KEY_BEGIN_KEYWORD && find_first(spec, argv, argc) == 0;

        if ((spec->flags & KEY_NOT_KEY) || is_left_out) {
            continue;
        }
        if (!find_run(spec, argv, argc, &run) || run.end <= run.first) {
            return false;
        }
    }
    return true;
}

static bool is_plain(const struct command_key_spec *spec)
{
    return spec->begin == KEY_BEGIN_INDEX && spec->find == KEY_FIND_RANGE;
}

struct command_key_range command_keys_range(const struct command *command)
{
    struct command_key_range range = {.first = 0};
    int reached = 0; /* Absolute index of the last key so far. */

    if (is_end(&command->keys[0])) {
        return range;
    }
    if (is_plain(&command->keys[0]) && is_end(&command->keys[1])) {
        const struct command_key_spec *spec = &command->keys[0];

        return (struct command_key_range){
            .first = spec->index, .last = spec->last >= 0 ? spec->index + spec->last : spec->last, .step = spec->step};
    }
    /* Runs that follow on each other are told as one. */
    for (size_t i = 0; i < COMMAND_KEY_SPECS_MAX && !is_end(&command->keys[i]); i++) {
        const struct command_key_spec *spec = &command->keys[i];

        if (!is_plain(spec) || spec->step != 1 || (reached != 0 && reached != spec->index - 1)) {
            continue;
        }
        if (range.first == 0) {
            range = (struct command_key_range){.first = spec->index, .step = 1};
        }
        reached = spec->last >= 0 ? spec->index + spec->last : spec->last;
        range.last = reached;
    }
    return range;
}

bool command_keys_are_movable(const struct command *command)
{
    int reached = 0;

    for (size_t i = 0; i < COMMAND_KEY_SPECS_MAX && !is_end(&command->keys[i]); i++) {
        const struct command_key_spec *spec = &command->keys[i];

        if (!is_plain(spec) || (spec->flags & KEY_INCOMPLETE) || (reached != 0 && reached != spec->index - 1)) {
            return true;
        }
        reached = spec->index + spec->last;
    }
    return false;
}
