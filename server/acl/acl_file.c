#include "server/acl/acl_file.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/memory.h"
#include "server/acl/acl.h"
#include "server/config/config.h"
#include <errno.h>
#include <libgen.h>

#define FILE_BYTES_MAX ((size_t)64 * 1024 * 1024)

/* A line of a file that is being read. */
struct acl_line {
    const char *path;
    size_t number;
    struct slice *words; /* Owned; borrowed bytes. */
    size_t count;
};

struct reading {
    struct acl *acl;
    struct acl_words seen; /* Names that lines have defined. */
    struct buf *errors;
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static void split_line(struct slice text, struct acl_line *line)
{
    size_t i = 0;

    line->words = memory_allocate((text.len / 2 + 1) * sizeof(*line->words));
    line->count = 0;
    while (i < text.len) {
        size_t begin;

        while (i < text.len && is_blank(text.data[i])) {
            i++;
        }
        begin = i;
        while (i < text.len && !is_blank(text.data[i])) {
            i++;
        }
        if (i > begin) {
            line->words[line->count++] = slice_make(text.data + begin, i - begin);
        }
    }
}

/* Apply the rules to the user, all that can be applied; tell of every unknown name, and of the first other fault. */
static void apply_rules(struct reading *reading, struct acl_user *user, const struct acl_line *line)
{
    struct slice *rules;
    size_t rule_count;
    size_t open;
    bool has_other_fault = false;

    if (!acl_rules_join(line->words + 2, line->count - 2, &rules, &rule_count, &open)) {
        buf_put_format(reading->errors, "%s:%zu: Unmatched parenthesis in selector definition.", line->path,
                       line->number);
        return;
    }
    for (size_t i = 0; i < rule_count; i++) {
        enum acl_rule_error error = acl_user_apply(user, acl_terms(reading->acl), rules[i]);

        if (error == ACL_RULE_UNKNOWN) {
            buf_put_format(reading->errors, "%s:%zu: Error in applying operation '%.*s': %s. ", line->path,
                           line->number, (int)rules[i].len, rules[i].data, acl_rule_text(error));
        } else if (error != ACL_RULE_FINE && !has_other_fault) {
            buf_put_format(reading->errors, "%s:%zu: %s. ", line->path, line->number, acl_rule_text(error));
            has_other_fault = true;
        }
    }
    memory_free(rules);
}

/* The user that a line defines, without rights as yet; NULL if the name is taken. */
static struct acl_user *begin_user(struct reading *reading, struct slice name)
{
    struct acl_user *user;

    if (acl_words_find(&reading->seen, name) != NULL) {
        return NULL;
    }
    acl_words_add(&reading->seen, name, 0);
    user = acl_find(reading->acl, name);
    if (user == NULL) {
        return acl_add(reading->acl, name);
    }
    /* The default one, which is there from the beginning. */
    (void)acl_user_apply(user, acl_terms(reading->acl), slice_of("reset"));
    user->flags = ACL_USER_OFF; /* As a new one: `reset` also speaks of payloads. */
    return user;
}

static void read_line(struct reading *reading, const struct acl_line *line)
{
    struct acl_user *user;

    if (line->count == 0) {
        return;
    }
    if (line->count < 2 || !slice_equal(line->words[0], slice_of("user"))) {
        buf_put_format(reading->errors, "%s:%zu should start with user keyword followed by the username. ", line->path,
                       line->number);
        return;
    }
    if (acl_has_blanks(line->words[1])) {
        buf_put_format(reading->errors, "%s:%zu: username '%.*s' contains invalid characters. ", line->path,
                       line->number, (int)line->words[1].len, line->words[1].data);
        return;
    }
    user = begin_user(reading, line->words[1]);
    if (user == NULL) {
        buf_put_format(reading->errors, "WARNING: Duplicate user '%.*s' found on line %zu. ", (int)line->words[1].len,
                       line->words[1].data, line->number);
        return;
    }
    apply_rules(reading, user, line);
}

/* The file's path in a new block that the caller frees with memory_free(). */
static char *path_of(const struct acl_file *file)
{
    return file->path[0] == '/' ? memory_copy_text(file->path) : file_join(file->directory, file->path);
}

static bool read_file(const struct acl_file *file, char **text, size_t *len, struct buf *errors)
{
    char *path = path_of(file);
    enum status status;

    errno = 0;
    status = file_read_whole(file_system_posix(), path, FILE_BYTES_MAX, text, len);
    memory_free(path);
    if (status != STATUS_OK) {
        buf_put_format(errors, "Error loading ACLs, opening file '%s': %s", file->path,
                       errno != 0 ? strerror(errno) : status_name(status));
    }
    return status == STATUS_OK;
}

static void read_lines(struct reading *reading, const char *path, struct slice text)
{
    struct acl_line line = {.path = path};

    while (text.len != 0) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.data) + 1;

        line.number++;
        split_line(slice_first(text, len), &line);
        read_line(reading, &line);
        memory_free(line.words);
        text = slice_after(text, len);
    }
}

bool acl_file_load(struct acl *acl, const struct acl_file *file, struct acl **old, struct buf *errors)
{
    struct acl *made;
    struct reading reading = {.errors = errors};
    size_t errors_begin = errors->len;
    char *text;
    size_t len;

    if (!read_file(file, &text, &len, errors)) {
        return false;
    }
    made = acl_create_alike(acl);
    reading.acl = made;
    read_lines(&reading, file->path, slice_make(text, len));
    acl_words_clear(&reading.seen);
    memory_free(text);
    if (errors->len != errors_begin) {
        buf_put_text(errors,
                     "WARNING: ACL errors detected, no change to the previously active ACL rules was performed");
        acl_free(made);
        return false;
    }
    acl_exchange_users(acl, made);
    *old = made;
    return true;
}

enum status acl_file_save(const struct acl *acl, const struct acl_file *file)
{
    char *path = path_of(file);
    char *folder = memory_copy_text(path); /* dirname() and basename() write on theirs. */
    char *name = memory_copy_text(path);
    struct buf text;
    enum status status;

    buf_init(&text, BUF_NO_CEILING);
    for (size_t i = 0; i < acl_count(acl); i++) {
        acl_describe(acl, acl_at(acl, i), &text);
        buf_put_byte(&text, '\n');
    }
    status = file_replace(file_system_posix(), dirname(folder), basename(name), buf_slice(&text));
    buf_release(&text);
    memory_free(name);
    memory_free(folder);
    memory_free(path);
    return status;
}

/* What is said of passwords does not repeat them. */
static bool refuse(struct buf *errors, struct slice name, struct slice rule, const char *reason)
{
    bool is_secret = rule.len != 0 && strchr("<>#!", rule.data[0]) != NULL;
    struct slice subject = is_secret ? name : rule;

    buf_put_format(errors, "Error in user declaration '%.*s': %s", (int)subject.len, subject.data, reason);
    return false;
}

static bool apply_configured(const struct acl *acl, struct acl_user *user, const struct config_line *line,
                             struct buf *errors)
{
    struct slice name = line->words[0];
    enum acl_rule_error error = ACL_RULE_FINE;
    struct slice *rules;
    size_t rule_count;
    size_t open;

    if (!acl_rules_join(line->words + 1, line->word_count - 1, &rules, &rule_count, &open)) {
        return refuse(errors, name, line->words[1 + open], "Unmatched parenthesis in selector definition");
    }
    for (size_t i = 0; i < rule_count && error == ACL_RULE_FINE; i++) {
        error = acl_user_apply(user, acl_terms(acl), rules[i]);
        if (error != ACL_RULE_FINE) {
            (void)refuse(errors, name, rules[i], acl_rule_text(error));
        }
    }
    memory_free(rules);
    return error == ACL_RULE_FINE;
}

bool acl_add_configured(struct acl *acl, const struct config_line *line, struct acl_words *seen, struct buf *errors)
{
    struct slice name = line->words[0];
    struct acl_user *made;
    bool is_good;

    if (acl_has_blanks(name)) {
        return refuse(errors, name, name, "Spaces not allowed in ACL usernames");
    }
    if (acl_words_find(seen, name) != NULL) {
        return refuse(errors, name, name, acl_rule_text(ACL_RULE_DUPLICATE_USER));
    }
    acl_words_add(seen, name, 0);
    made = acl_user_create(acl_terms(acl), name);
    is_good = apply_configured(acl, made, line, errors);
    if (is_good) {
        struct acl_user *user = acl_find(acl, name);

        acl_user_exchange(made, user == NULL ? acl_add(acl, name) : user);
    }
    acl_user_free(made);
    return is_good;
}
