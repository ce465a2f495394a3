/* Values of directives: from words to fields and back. */
#include "base/assert.h"
#include "base/memory.h"
#include "base/number.h"
#include "server/config/config_table.h"
#include "server/request/args.h"
#include "server/request/notify.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LIMIT_WORDS 4 /* class hard soft seconds */

static const char *const client_classes[CONFIG_CLIENT_CLASSES] = {
    [CONFIG_CLIENT_NORMAL] = "normal",
    [CONFIG_CLIENT_REPLICA] = "slave",
    [CONFIG_CLIENT_PUBSUB] = "pubsub",
};

int64_t *directive_number(const struct config *config, const struct directive *directive)
{
    bool is_other = directive->type == DIRECTIVE_TEXT || directive->type == DIRECTIVE_WORDS ||
                    directive->type == DIRECTIVE_LIMITS || directive->field == DIRECTIVE_NO_FIELD;

    return is_other ? NULL : (int64_t *)(void *)((char *)(uintptr_t)config + directive->field);
}

char **directive_text(struct config *config, const struct directive *directive)
{
    if (directive->field == DIRECTIVE_NO_FIELD) {
        return &config->private->texts[directive - directives];
    }
    return (char **)(void *)((char *)config + directive->field);
}

static void format_limits(const struct config *config, struct buf *out)
{
    for (size_t i = 0; i < CONFIG_CLIENT_CLASSES; i++) {
        const struct config_output_limit *limit = &config->output_limits[i];

        buf_put_format(out, "%s%s %llu %llu %llu", i == 0 ? "" : " ", client_classes[i],
                       (unsigned long long)limit->hard_bytes, (unsigned long long)limit->soft_bytes,
                       (unsigned long long)limit->soft_seconds);
    }
}

/* The value of a directive that is one number. */
static void format_number(const struct directive *directive, int64_t number, struct buf *out)
{
    char letters[NOTIFY_LETTERS_MAX];

    switch (directive->type) {
    case DIRECTIVE_BOOLEAN:
        buf_put_text(out, number ? "yes" : "no");
        break;
    case DIRECTIVE_INTEGER:
    case DIRECTIVE_SIZE:
        buf_put_format(out, "%lld", (long long)number);
        break;
    case DIRECTIVE_SIZE_OR_PERCENT:
        buf_put_format(out, number < 0 ? "%lld%%" : "%lld", (long long)(number < 0 ? -number : number));
        break;
    case DIRECTIVE_OCTAL:
        buf_put_format(out, "%llo", (unsigned long long)number);
        break;
    case DIRECTIVE_ENUM:
        buf_put_text(out, directive->names[number]);
        break;
    case DIRECTIVE_EVENTS:
        notify_format_classes((uint32_t)number, letters);
        buf_put_text(out, letters);
        break;
    case DIRECTIVE_TEXT:
    case DIRECTIVE_WORDS:
    case DIRECTIVE_LIMITS:
        ASSERT_NEVER("a directive that is no number");
    }
}

void directive_format(const struct config *config, const struct directive *directive, struct buf *out)
{
    const int64_t *number = directive_number(config, directive);

    if (directive->type == DIRECTIVE_LIMITS) {
        format_limits(config, out);
    } else if (number == NULL) {
        buf_put_text(out, *directive_text((struct config *)(uintptr_t)config, directive));
    } else {
        format_number(directive, *number, out);
    }
}

static bool assign_boolean(int64_t *field, struct slice word, char error[CONFIG_ERROR_BYTES])
{
    bool is_yes = args_is(word, "yes");

    if (!is_yes && !args_is(word, "no")) {
        snprintf(error, CONFIG_ERROR_BYTES, "argument must be 'yes' or 'no'");
        return false;
    }
    *field = is_yes;
    return true;
}

static bool assign_integer(int64_t *field, const struct directive *directive, struct slice word,
                           char error[CONFIG_ERROR_BYTES])
{
    int64_t value;

    if (!number_parse_int64(word, &value)) {
        snprintf(error, CONFIG_ERROR_BYTES, "argument couldn't be parsed into an integer");
        return false;
    }
    if (value < directive->minimum || value > directive->maximum) {
        snprintf(error, CONFIG_ERROR_BYTES, "argument must be between %lld and %lld inclusive",
                 (long long)directive->minimum, (long long)directive->maximum);
        return false;
    }
    *field = value;
    return true;
}

static bool assign_octal(int64_t *field, const struct directive *directive, struct slice word,
                         char error[CONFIG_ERROR_BYTES])
{
    char text[16] = "";
    char *end;
    long value;

    if (word.len < sizeof(text)) {
        memcpy(text, word.data, word.len);
    }
    value = strtol(text, &end, 8);
    if (*end != '\0' || end == text || value < 0 || value > directive->maximum) {
        snprintf(error, CONFIG_ERROR_BYTES, "argument couldn't be parsed as an octal number");
        return false;
    }
    *field = value;
    return true;
}

static bool assign_size(int64_t *field, const struct directive *directive, struct slice word,
                        char error[CONFIG_ERROR_BYTES])
{
    uint64_t value;

    if (!number_parse_size(word, &value)) {
        snprintf(error, CONFIG_ERROR_BYTES, "argument must be a memory value");
        return false;
    }
    if (value > (uint64_t)directive->maximum || (int64_t)value < directive->minimum) {
        snprintf(error, CONFIG_ERROR_BYTES, "argument must be between %lld and %lld inclusive",
                 (long long)directive->minimum, (long long)directive->maximum);
        return false;
    }
    *field = (int64_t)value;
    return true;
}

static bool assign_size_or_percent(int64_t *field, const struct directive *directive, struct slice word,
                                   char error[CONFIG_ERROR_BYTES])
{
    uint64_t percent;

    if (word.len < 2 || word.data[word.len - 1] != '%') {
        if (!assign_size(field, directive, word, error)) {
            snprintf(error, CONFIG_ERROR_BYTES, "argument must be a memory or percent value");
            return false;
        }
        return true;
    }
    if (!number_parse_uint64(slice_first(word, word.len - 1), &percent)) {
        snprintf(error, CONFIG_ERROR_BYTES, "argument must be a memory or percent value");
        return false;
    }
    if (percent > 100) {
        snprintf(error, CONFIG_ERROR_BYTES, "percentage argument must be less or equal to 100");
        return false;
    }
    *field = -(int64_t)percent;
    return true;
}

static bool assign_enum(int64_t *field, const struct directive *directive, struct slice word,
                        char error[CONFIG_ERROR_BYTES])
{
    int len;

    for (int64_t i = 0; directive->names[i] != NULL; i++) {
        if (args_is(word, directive->names[i])) {
            *field = i;
            return true;
        }
    }
    len = snprintf(error, CONFIG_ERROR_BYTES, "argument(s) must be one of the following: ");
    for (size_t i = 0; directive->names[i] != NULL && len < CONFIG_ERROR_BYTES; i++) {
        len += snprintf(error + len, CONFIG_ERROR_BYTES - (size_t)len, "%s%s", i == 0 ? "" : ", ", directive->names[i]);
    }
    return false;
}

static bool find_client_class(struct slice word, size_t *class)
{
    for (size_t i = 0; i < CONFIG_CLIENT_CLASSES; i++) {
        if (args_is(word, client_classes[i])) {
            *class = i;
            return true;
        }
    }
    *class = CONFIG_CLIENT_REPLICA;
    return args_is(word, "replica");
}

static bool assign_limits(struct config *config, const struct slice *words, size_t word_count,
                          char error[CONFIG_ERROR_BYTES])
{
    struct config_output_limit limits[CONFIG_CLIENT_CLASSES];

    memcpy(limits, config->output_limits, sizeof(limits));
    if (word_count == 0 || word_count % LIMIT_WORDS != 0) {
        snprintf(error, CONFIG_ERROR_BYTES, "Wrong number of arguments in buffer limit configuration.");
        return false;
    }
    for (size_t i = 0; i < word_count; i += LIMIT_WORDS) {
        size_t class;

        if (!find_client_class(words[i], &class)) {
            snprintf(error, CONFIG_ERROR_BYTES, "Invalid client class specified in buffer limit configuration.");
            return false;
        }
        if (!number_parse_size(words[i + 1], &limits[class].hard_bytes) ||
            !number_parse_size(words[i + 2], &limits[class].soft_bytes) ||
            !number_parse_uint64(words[i + 3], &limits[class].soft_seconds)) {
            snprintf(error, CONFIG_ERROR_BYTES,
                     "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
            return false;
        }
    }
    memcpy(config->output_limits, limits, sizeof(limits));
    return true;
}

/* "dir/file" from here, if it is relative: the process may change its directory later. */
static void make_absolute(struct buf *text)
{
    char here[PATH_MAX];
    struct buf absolute;

    if (text->len == 0 || buf_slice(text).data[0] == '/' || getcwd(here, sizeof(here)) == NULL) {
        return;
    }
    buf_init(&absolute, BUF_NO_CEILING);
    buf_put_format(&absolute, "%s/", here);
    buf_put(&absolute, buf_slice(text));
    buf_clear(text);
    buf_put(text, buf_slice(&absolute));
    buf_release(&absolute);
}

static bool assign_events(int64_t *field, struct slice word, char error[CONFIG_ERROR_BYTES])
{
    uint32_t classes;

    if (!notify_parse_classes(word, &classes)) {
        snprintf(error, CONFIG_ERROR_BYTES, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
        return false;
    }
    *field = classes;
    return true;
}

static bool assign_text(struct config *config, const struct directive *directive, const struct slice *words,
                        size_t word_count, char error[CONFIG_ERROR_BYTES])
{
    char **field = directive_text(config, directive);
    struct buf text;
    bool is_valid;

    buf_init(&text, BUF_NO_CEILING);
    for (size_t i = 0; i < word_count; i++) {
        if (memchr(words[i].data, '\0', words[i].len) != NULL) { /* A password must not end before its owner's does. */
            snprintf(error, CONFIG_ERROR_BYTES, "argument must not contain a NUL byte");
            buf_release(&text);
            return false;
        }
        if (i > 0) {
            buf_put_byte(&text, ' ');
        }
        buf_put(&text, words[i]);
    }
    if (directive->flags & DIRECTIVE_PATH) {
        make_absolute(&text);
    }
    buf_put_byte(&text, '\0');
    is_valid = directive->is_valid == NULL || directive->is_valid(buf_slice(&text).data, error);
    if (is_valid) {
        if (directive->shorten != NULL) {
            directive->shorten(&text);
        }
        memory_free(*field);
        *field = memory_copy(buf_slice(&text).data, text.len);
    }
    buf_release(&text);
    return is_valid;
}

static bool takes_any_count(const struct directive *directive)
{
    return directive->type == DIRECTIVE_WORDS || directive->type == DIRECTIVE_LIMITS;
}

/* A value that comes as one word but holds several, as CONFIG SET's does. */
static bool assign_split_limits(struct config *config, struct slice text, char error[CONFIG_ERROR_BYTES])
{
    struct slice words[CONFIG_CLIENT_CLASSES * LIMIT_WORDS * 2];
    size_t count = 0;

    while (text.len > 0 && count < sizeof(words) / sizeof(words[0])) {
        const char *space = memchr(text.data, ' ', text.len);
        size_t len = space == NULL ? text.len : (size_t)(space - text.data);

        if (len > 0) {
            words[count++] = slice_first(text, len);
        }
        text = slice_after(text, space == NULL ? len : len + 1);
    }
    return assign_limits(config, words, count, error);
}

/* The value of a directive that is one number, whatever its form. */
static bool assign_number(int64_t *field, const struct directive *directive, struct slice word,
                          char error[CONFIG_ERROR_BYTES])
{
    switch (directive->type) {
    case DIRECTIVE_BOOLEAN:
        return assign_boolean(field, word, error);
    case DIRECTIVE_INTEGER:
        return assign_integer(field, directive, word, error);
    case DIRECTIVE_OCTAL:
        return assign_octal(field, directive, word, error);
    case DIRECTIVE_SIZE:
        return assign_size(field, directive, word, error);
    case DIRECTIVE_SIZE_OR_PERCENT:
        return assign_size_or_percent(field, directive, word, error);
    case DIRECTIVE_ENUM:
        return assign_enum(field, directive, word, error);
    case DIRECTIVE_EVENTS:
        return assign_events(field, word, error);
    case DIRECTIVE_TEXT:
    case DIRECTIVE_WORDS:
    case DIRECTIVE_LIMITS:
        break;
    }
    ASSERT_NEVER("a directive that is no number");
}

/* A number that nobody reads: kept as it would be told. */
static bool assign_unread(struct config *config, const struct directive *directive, struct slice word,
                          char error[CONFIG_ERROR_BYTES])
{
    char **text = directive_text(config, directive);
    struct buf told;
    int64_t number;

    if (!assign_number(&number, directive, word, error)) {
        return false;
    }
    buf_init(&told, BUF_NO_CEILING);
    format_number(directive, number, &told);
    buf_put_byte(&told, '\0');
    memory_free(*text);
    *text = memory_copy(buf_slice(&told).data, told.len);
    buf_release(&told);
    return true;
}

enum status directive_assign(struct config *config, const struct directive *directive, const struct slice *words,
                             size_t word_count, char error[CONFIG_ERROR_BYTES])
{
    bool is_assigned;

    if (!takes_any_count(directive) && word_count != 1) {
        snprintf(error, CONFIG_ERROR_BYTES, "wrong number of arguments");
        return STATUS_INVALID;
    }
    if (directive->type == DIRECTIVE_LIMITS) {
        is_assigned = word_count == 1 ? assign_split_limits(config, words[0], error)
                                      : assign_limits(config, words, word_count, error);
    } else if (directive->type == DIRECTIVE_TEXT || directive->type == DIRECTIVE_WORDS) {
        is_assigned = assign_text(config, directive, words, word_count, error);
    } else if (directive->field == DIRECTIVE_NO_FIELD) {
        is_assigned = assign_unread(config, directive, words[0], error);
    } else {
        is_assigned = assign_number(directive_number(config, directive), directive, words[0], error);
    }
    return is_assigned ? STATUS_OK : STATUS_INVALID;
}
