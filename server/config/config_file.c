/* Where a configuration comes from: files, what they include, and the command line. */
#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/resp_read.h"
#include "server/config/config_table.h"
#include "server/request/args.h"
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_BYTES_MAX    (4u * 1024 * 1024)
#define INCLUDE_DEPTH_MAX 16
#define WORDS_MAX         64

/* Letters to change to make one word of another, for "did you mean". */
static size_t edit_distance(struct slice a, const char *b)
{
    size_t row[64];
    size_t b_len = strlen(b);

    if (b_len >= sizeof(row) / sizeof(row[0]) || a.len >= sizeof(row) / sizeof(row[0])) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t changed = diagonal + ((a.data[i - 1] | 0x20) != (b[j - 1] | 0x20));
            size_t added = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = changed < added ? changed : added;
        }
    }
    return row[b_len];
}

const char *directive_nearest(struct slice name)
{
    const char *nearest = directives[0].name;
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < directive_count; i++) {
        const char *names[] = {directives[i].name, directives[i].alias};

        for (size_t k = 0; k < 2 && names[k] != NULL; k++) {
            size_t distance = edit_distance(name, names[k]);

            if (distance < least) {
                least = distance;
                nearest = names[k];
            }
        }
    }
    return nearest;
}

/* One file, or all that a pattern names; relative ones lie beside the including file. */
static enum status include(struct config *config, struct slice argument, const char *base_directory, int depth,
                           char error[CONFIG_ERROR_BYTES])
{
    char pattern[PATH_MAX];
    enum status status = STATUS_OK;
    glob_t found;

    if (argument.len > 0 && argument.data[0] == '/') {
        snprintf(pattern, sizeof(pattern), "%.*s", (int)argument.len, argument.data);
    } else {
        snprintf(pattern, sizeof(pattern), "%s/%.*s", base_directory, (int)argument.len, argument.data);
    }
    if (glob(pattern, GLOB_NOCHECK, NULL, &found) != 0) {
        snprintf(error, CONFIG_ERROR_BYTES, "cannot look for '%.400s'", pattern);
        return STATUS_IO;
    }
    /* A pattern that matches nothing is fine, a plain name is not. */
    if (found.gl_pathc == 1 && strpbrk(pattern, "*?[") != NULL && access(found.gl_pathv[0], F_OK) != 0) {
        globfree(&found);
        return STATUS_OK;
    }
    for (size_t i = 0; i < found.gl_pathc && status == STATUS_OK; i++) {
        status = config_read_file(config, found.gl_pathv[i], depth + 1, error);
    }
    globfree(&found);
    return status;
}

/* Add a line of words to a directive that may stand more than once. */
static void append_line(struct config *config, const struct directive *directive, const struct slice *words,
                        size_t word_count)
{
    size_t index = (size_t)(directive - directives);
    char **text = directive_text(config, directive);
    bool is_save = slice_is_word(slice_of(directive->name), "save");
    bool is_cleared = is_save && word_count == 1 && words[0].len == 0; /* save "" */
    struct buf joined;

    buf_init(&joined, BUF_NO_CEILING);
    if (config->private->is_set[index] && !is_cleared) { /* Else the first line replaces the default. */
        buf_put_text(&joined, *text);
    }
    for (size_t i = 0; i < word_count; i++) {
        if (joined.len > 0) {
            buf_put_byte(&joined, ' ');
        }
        if (words[i].len == 0 && !is_save) {
            buf_put_text(&joined, "\"\"");
        }
        buf_put(&joined, words[i]);
    }
    buf_put_byte(&joined, '\0');
    memory_free(*text);
    *text = memory_copy(buf_slice(&joined).data, joined.len);
    buf_release(&joined);
}

/* Keep a line of words for itself, with where it stands. */
static void keep_line(struct config_private *private, const struct slice *words, size_t word_count)
{
    struct config_line *line;
    char origin[PATH_MAX + 32] = "command line";

    if (private->reading_path != NULL) {
        snprintf(origin, sizeof(origin), "%s: line %zu", private->reading_path, private->reading_line);
    }
    private->users = memory_resize(private->users, (private->user_count + 1) * sizeof(*private->users));
    line = &private->users[private->user_count++];
    *line = (struct config_line){
        .words = slice_copy_all(words, word_count), .word_count = word_count, .origin = memory_copy_text(origin)};
}

enum status config_take_words(struct config *config, const struct slice *words, size_t word_count,
                              const char *base_directory, int depth, char error[CONFIG_ERROR_BYTES])
{
    const struct directive *directive;
    enum status status = STATUS_OK;

    if (args_is(words[0], "include")) {
        if (word_count != 2) {
            snprintf(error, CONFIG_ERROR_BYTES, "'include' takes one file");
            return STATUS_INVALID;
        }
        return include(config, words[1], base_directory, depth, error);
    }
    directive = directive_find(words[0]);
    if (directive == NULL) {
        snprintf(error, CONFIG_ERROR_BYTES, "unknown directive '%.*s'; did you mean '%s'?", (int)words[0].len,
                 words[0].data, directive_nearest(words[0]));
        return STATUS_INVALID;
    }
    if (args_is(words[0], "rename-command") && word_count != 3) {
        snprintf(error, CONFIG_ERROR_BYTES, "'rename-command' takes an old and a new name");
        return STATUS_INVALID;
    }
    if ((directive->flags & DIRECTIVE_LINES) && word_count < 2) {
        snprintf(error, CONFIG_ERROR_BYTES, "'%s' takes a name and rules", directive->name);
        return STATUS_INVALID;
    }
    if (directive->flags & DIRECTIVE_LINES) {
        keep_line(config->private, words + 1, word_count - 1);
    } else if (directive->flags & DIRECTIVE_REPEATED) {
        append_line(config, directive, words + 1, word_count - 1);
    } else {
        char reason[CONFIG_ERROR_BYTES] = "";

        status = directive_assign(config, directive, words + 1, word_count - 1, reason);
        if (status != STATUS_OK) {
            snprintf(error, CONFIG_ERROR_BYTES, "'%.40s': %.300s", directive->name, reason);
        }
    }
    config->private->is_set[directive - directives] = true;
    return status;
}

/* One line of a file; blank lines and comments are nothing. */
static enum status take_line(struct config *config, struct resp_reader *reader, struct slice line,
                             const char *base_directory, int depth, char error[CONFIG_ERROR_BYTES])
{
    static const struct resp_limits limits = {0};
    size_t consumed;
    size_t blank = 0;

    while (blank < line.len && (line.data[blank] == ' ' || line.data[blank] == '\t')) {
        blank++;
    }
    line = slice_after(line, blank);
    if (line.len <= 1 || line.data[0] == '#' || line.data[0] == '\r') {
        return STATUS_OK;
    }
    if (line.data[0] == '*' || resp_read(reader, line, &limits, &consumed) != RESP_COMMAND) {
        snprintf(error, CONFIG_ERROR_BYTES, "unbalanced quotes, or not a directive");
        return STATUS_INVALID;
    }
    return reader->argc == 0 ? STATUS_OK
                             : config_take_words(config, reader->argv, reader->argc, base_directory, depth, error);
}

/* Put "file:line: " before the reason, once: an included file has put its own. */
static void locate_error(const char *path, size_t line, char error[CONFIG_ERROR_BYTES])
{
    char reason[CONFIG_ERROR_BYTES];

    snprintf(reason, sizeof(reason), "%s", error);
    if (strstr(reason, ": line ") == NULL) {
        snprintf(error, CONFIG_ERROR_BYTES, "%.150s: line %zu: %.320s", path, line, reason);
    }
}

static enum status take_text(struct config *config, const char *path, struct slice text, int depth,
                             char error[CONFIG_ERROR_BYTES])
{
    char directory[PATH_MAX];
    struct resp_reader reader;
    enum status status = STATUS_OK;

    snprintf(directory, sizeof(directory), "%s", path);
    resp_reader_init(&reader);
    for (size_t number = 1; text.len > 0 && status == STATUS_OK; number++) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.data) + 1;
        char *line = memory_allocate(len + 1);
        char here[PATH_MAX];

        memcpy(line, text.data, len);
        line[len] = '\n'; /* The last line may lack its own. */
        snprintf(here, sizeof(here), "%s", directory);
        config->private->reading_path = path;
        config->private->reading_line = number;
        status = take_line(config, &reader, slice_make(line, end == NULL ? len + 1 : len), dirname(here), depth, error);
        if (status != STATUS_OK) {
            locate_error(path, number, error);
        }
        memory_free(line);
        text = slice_after(text, len);
    }
    resp_reader_release(&reader);
    config->private->reading_path = NULL; /* An including file goes on: it sets its own before its next line. */
    return status;
}

enum status config_read_file(struct config *config, const char *path, int depth, char error[CONFIG_ERROR_BYTES])
{
    char *text;
    size_t len;
    enum status status;

    if (depth > INCLUDE_DEPTH_MAX) {
        snprintf(error, CONFIG_ERROR_BYTES, "%.200s: includes go deeper than %d: is there a circle?", path,
                 INCLUDE_DEPTH_MAX);
        return STATUS_INVALID;
    }
    status = file_read_whole(file_system_posix(), path, FILE_BYTES_MAX, &text, &len);
    if (status != STATUS_OK) {
        snprintf(error, CONFIG_ERROR_BYTES, "cannot read '%.300s': %s", path,
                 status == STATUS_TOO_BIG ? "longer than 4 MB" : strerror(errno));
        return status;
    }
    status = take_text(config, path, slice_make(text, len), depth, error);
    memory_free(text);
    return status;
}

/* All of standard input, for "hearth-server -". */
static enum status read_standard_input(struct config *config, char error[CONFIG_ERROR_BYTES])
{
    struct buf text;
    char chunk[4096];
    size_t len;
    enum status status;

    buf_init(&text, BUF_NO_CEILING);
    while (text.len < FILE_BYTES_MAX && (len = fread(chunk, 1, sizeof(chunk), stdin)) > 0) {
        buf_put(&text, slice_make(chunk, len));
    }
    status = take_text(config, "standard input", buf_slice(&text), 0, error);
    buf_release(&text);
    return status;
}

/* The words that follow an option; one word that holds several ("127.0.0.1 6379") is split as a line would be. */
static enum status take_option(struct config *config, int *i, int argc, char **argv, char error[CONFIG_ERROR_BYTES])
{
    struct buf line;
    struct resp_reader reader;
    enum status status;
    int values = 0;

    buf_init(&line, BUF_NO_CEILING);
    buf_put_text(&line, argv[*i] + 2);
    while (*i + 1 < argc && strncmp(argv[*i + 1], "--", 2) != 0) {
        *i += 1;
        values++;
        if (argv[*i][0] == '\0' || strpbrk(argv[*i], "\"'\\\t#") != NULL) {
            buf_put_text(&line, " \"");
            for (const char *byte = argv[*i]; *byte != '\0'; byte++) {
                if (*byte == '"' || *byte == '\\') {
                    buf_put_byte(&line, '\\');
                }
                buf_put_byte(&line, *byte);
            }
            buf_put_byte(&line, '"');
        } else {
            buf_put_format(&line, " %s", argv[*i]);
        }
    }
    if (values == 0) {
        buf_put_text(&line, " \"\""); /* As redis-server takes `--save`. */
    }
    buf_put_byte(&line, '\n');
    resp_reader_init(&reader);
    status = take_line(config, &reader, buf_slice(&line), ".", 0, error);
    resp_reader_release(&reader);
    buf_release(&line);
    if (status != STATUS_OK) {
        char reason[CONFIG_ERROR_BYTES];

        snprintf(reason, sizeof(reason), "%s", error);
        snprintf(error, CONFIG_ERROR_BYTES, "command line: %.400s", reason);
    }
    return status;
}

static bool take_request(const char *word, enum config_request *request)
{
    static const struct {
        const char *word;
        enum config_request request;
    } requests[] = {
        {"--help", CONFIG_HELP},          {"-h", CONFIG_HELP}, {"--version", CONFIG_VERSION}, {"-v", CONFIG_VERSION},
        {"--check-config", CONFIG_CHECK},
    };

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (strcmp(word, requests[i].word) == 0) {
            *request = requests[i].request;
            return true;
        }
    }
    return false;
}

static enum status take_file(struct config *config, const char *path, char error[CONFIG_ERROR_BYTES])
{
    char absolute[PATH_MAX];

    if (strcmp(path, "-") == 0) {
        return read_standard_input(config, error);
    }
    if (realpath(path, absolute) == NULL) {
        snprintf(error, CONFIG_ERROR_BYTES, "cannot read '%.300s': %s", path, strerror(errno));
        return STATUS_NOT_FOUND;
    }
    memory_free(config->private->file);
    config->private->file = memory_copy_text(absolute);
    return config_read_file(config, absolute, 0, error);
}

enum status config_load(struct config *config, int argc, char **argv, enum config_request *request,
                        char error[CONFIG_ERROR_BYTES])
{
    enum status status = STATUS_OK;

    *request = CONFIG_RUN;
    for (int i = 1; i < argc && status == STATUS_OK; i++) {
        if (take_request(argv[i], request)) {
            continue;
        }
        if (strncmp(argv[i], "--", 2) == 0) {
            status = take_option(config, &i, argc, argv, error);
        } else if (i == 1 || (i == 2 && *request != CONFIG_RUN)) {
            status = take_file(config, argv[i], error);
        } else {
            snprintf(error, CONFIG_ERROR_BYTES, "command line: '%.200s' is no option; options begin with --", argv[i]);
            status = STATUS_INVALID;
        }
    }
    return status;
}
