/* The configuration as a whole: defaults, CONFIG GET, CONFIG SET with its observers. */
#include "server/config/config.h"
#include "base/assert.h"
#include "base/diag.h"
#include "base/glob.h"
#include "base/memory.h"
#include "server/config/config_table.h"
#include <stdio.h>

struct config *config_create(void)
{
    struct config *config = memory_allocate_zeroed(sizeof(struct config));

    config->private = memory_allocate_zeroed(sizeof(struct config_private));
    config->private->texts = memory_allocate_zeroed(directive_count * sizeof(char *));
    config->private->is_set = memory_allocate_zeroed(directive_count * sizeof(bool));
    config->private->file = memory_copy_text("");
    for (size_t i = 0; i < directive_count; i++) {
        struct slice initial = slice_of(directives[i].initial);
        char error[CONFIG_ERROR_BYTES] = "";

        if (directives[i].type == DIRECTIVE_TEXT || directives[i].type == DIRECTIVE_WORDS) {
            *directive_text(config, &directives[i]) = memory_copy_text(directives[i].initial);
        } else {
            ASSERT(directive_assign(config, &directives[i], &initial, 1, error) == STATUS_OK);
        }
    }
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < directive_count; i++) {
        if (directives[i].type == DIRECTIVE_TEXT || directives[i].type == DIRECTIVE_WORDS ||
            directives[i].field == DIRECTIVE_NO_FIELD) {
            memory_free(*directive_text(config, &directives[i]));
        }
    }
    for (size_t i = 0; i < config->private->user_count; i++) {
        memory_free(config->private->users[i].words);
        memory_free(config->private->users[i].origin);
    }
    memory_free(config->private->users);
    memory_free(config->private->file);
    memory_free(config->private->is_set);
    memory_free(config->private->texts);
    memory_free(config->private);
    memory_free(config);
}

const char *config_data_directory(const struct config *config)
{
    return config->directory[0] == '\0' ? "." : config->directory;
}

uint16_t config_port(const struct config *config)
{
    return (uint16_t)(config->port != 0 ? config->port : config->tls_port);
}

const char *config_file(const struct config *config)
{
    return config->private->file;
}

void config_list_ignored(const struct config *config, struct buf *out)
{
    for (size_t i = 0; i < directive_count; i++) {
        if (config->private->is_set[i] && directives[i].flags & DIRECTIVE_IGNORED) {
            buf_put_format(out, "%s%s", out->len == 0 ? "" : " ", directives[i].name);
        }
    }
}

void config_on_change(struct config *config, const char *name,
                      bool (*apply)(void *context, char error[CONFIG_ERROR_BYTES]), void *context)
{
    const struct directive *directive = directive_find(slice_of(name));

    ASSERT(directive != NULL && config->private->observer_count < CONFIG_OBSERVERS_MAX);
    config->private->observers[config->private->observer_count++] =
        (struct directive_observer){.directive = directive, .apply = apply, .context = context};
}

/* By which name it is told: the one that was asked for, or its own where a pattern found it, if it is listed. Empty if
 * none does. */
static struct slice name_to_tell(const char *name, bool is_listed, const struct slice *patterns, size_t pattern_count)
{
    for (size_t i = 0; i < pattern_count; i++) {
        if (slice_is_word(patterns[i], name)) {
            return patterns[i];
        }
        if (is_listed && glob_match(patterns[i], slice_of(name), true)) {
            return slice_of(name);
        }
    }
    return slice_empty();
}

void config_get(const struct config *config, const struct slice *patterns, size_t pattern_count,
                void (*visit)(void *context, struct slice name, struct slice value), void *context)
{
    struct buf value;

    buf_init(&value, BUF_NO_CEILING);
    for (size_t i = 0; i < directive_count; i++) {
        const char *names[] = {directives[i].name, directives[i].alias};

        if (directives[i].flags & DIRECTIVE_HIDDEN) {
            continue;
        }
        buf_clear(&value);
        directive_format(config, &directives[i], &value);
        for (size_t k = 0; k < 2 && names[k] != NULL; k++) {
            bool is_listed = !(directives[i].flags & DIRECTIVE_UNLISTED);
            struct slice name = name_to_tell(names[k], is_listed, patterns, pattern_count);

            if (name.len != 0) {
                visit(context, name, buf_slice(&value));
            }
        }
    }
    buf_release(&value);
}

void config_assign(struct config *config, const char *name, const char *value)
{
    const struct directive *directive = directive_find(slice_of(name));
    struct slice word = slice_of(value);
    char error[CONFIG_ERROR_BYTES] = "";

    ASSERT(directive != NULL && directive_assign(config, directive, &word, 1, error) == STATUS_OK);
}

/* What CONFIG SET remembers to be able to go back. */
struct old_value {
    const struct directive *directive;
    struct buf text;
    int64_t number; /* Where it is one: its text may say less. */
};

/* Redis' form: which argument, and why. */
static enum status refuse(char error[CONFIG_ERROR_BYTES], struct slice name, const char *reason)
{
    char text[CONFIG_ERROR_BYTES];

    snprintf(text, sizeof(text), "CONFIG SET failed (possibly related to argument '%.*s') - %.380s", (int)name.len,
             name.data, reason);
    memcpy(error, text, sizeof(text));
    return STATUS_INVALID;
}

/* All that can be known before anything changes. */
static enum status check_pairs(const struct slice *pairs, size_t pair_count, struct old_value *olds,
                               char error[CONFIG_ERROR_BYTES])
{
    for (size_t i = 0; i < pair_count; i++) {
        struct slice name = pairs[2 * i];
        const struct directive *directive = directive_find(name);

        if (directive == NULL || directive->flags & DIRECTIVE_HIDDEN) {
            snprintf(error, CONFIG_ERROR_BYTES, "Unknown option or number of arguments for CONFIG SET - '%.*s'",
                     name.len > 128 ? 128 : (int)name.len, name.data);
            return STATUS_INVALID;
        }
        if (directive->flags & DIRECTIVE_IMMUTABLE) {
            return refuse(error, name, "can't set immutable config");
        }
        if (directive->flags & DIRECTIVE_PROTECTED) {
            return refuse(error, name, "can't set protected config");
        }
        for (size_t k = 0; k < i; k++) {
            if (olds[k].directive == directive) {
                return refuse(error, name, "duplicate parameter");
            }
        }
        olds[i].directive = directive;
    }
    return STATUS_OK;
}

/* Whether what this observer does was done for one of these directives already. */
static bool was_applied(const struct config_private *private, const struct old_value *olds, size_t count,
                        const struct directive_observer *observer)
{
    for (size_t k = 0; k < private->observer_count; k++) {
        const struct directive_observer *other = &private->observers[k];

        for (size_t i = 0; other->apply == observer->apply && i < count; i++) {
            if (olds[i].directive == other->directive) {
                return true;
            }
        }
    }
    return false;
}

/* Call the observers of all changed directives, each function once. */
static bool apply_all(struct config *config, const struct old_value *olds, size_t count, size_t *failed,
                      char reason[CONFIG_ERROR_BYTES])
{
    struct config_private *private = config->private;

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < private->observer_count; k++) {
            const struct directive_observer *observer = &private->observers[k];

            if (observer->directive == olds[i].directive && !was_applied(private, olds, i, observer) &&
                !observer->apply(observer->context, reason)) {
                *failed = i;
                return false;
            }
        }
    }
    return true;
}

static void put_back(struct config *config, struct old_value *olds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t *number = directive_number(config, olds[i].directive);
        struct slice text = buf_slice(&olds[i].text);
        char error[CONFIG_ERROR_BYTES] = "";

        if (number != NULL) {
            *number = olds[i].number;
        } else {
            ASSERT(directive_assign(config, olds[i].directive, &text, 1, error) == STATUS_OK);
        }
    }
}

/* The operator who sets it may count on it. */
static void note_ignored(const struct directive *directive)
{
    bool is_memory = strcmp(directive->name, "maxmemory") == 0;

    if (directive->flags & DIRECTIVE_IGNORED) {
        diag(DIAG_NOTICE, "CONFIG SET %s is kept and told, and means nothing here%s", directive->name,
             is_memory ? ": the data is on disk, and checkpoint-memory bounds what is in memory" : "");
    }
}

enum status config_set(struct config *config, const struct slice *pairs, size_t pair_count,
                       char error[CONFIG_ERROR_BYTES])
{
    struct old_value *olds = memory_allocate_zeroed(pair_count * sizeof(struct old_value));
    char reason[CONFIG_ERROR_BYTES] = "";
    size_t set_count = 0;
    size_t failed = 0;
    enum status status = check_pairs(pairs, pair_count, olds, error);

    for (size_t i = 0; i < pair_count; i++) {
        buf_init(&olds[i].text, BUF_NO_CEILING);
    }
    while (status == STATUS_OK && set_count < pair_count) {
        struct old_value *old = &olds[set_count];
        const int64_t *number = directive_number(config, old->directive);

        old->number = number == NULL ? 0 : *number;
        directive_format(config, old->directive, &old->text);
        status = directive_assign(config, old->directive, &pairs[2 * set_count + 1], 1, reason);
        if (status == STATUS_OK) {
            set_count++;
        } else {
            failed = set_count;
            put_back(config, olds, set_count);
            (void)refuse(error, pairs[2 * failed], reason);
        }
    }
    if (status == STATUS_OK && !apply_all(config, olds, pair_count, &failed, reason)) {
        char again[CONFIG_ERROR_BYTES];
        size_t ignored;

        put_back(config, olds, pair_count);
        (void)apply_all(config, olds, pair_count, &ignored, again);
        status = refuse(error, pairs[2 * failed], reason);
    }
    for (size_t i = 0; i < pair_count; i++) {
        if (status == STATUS_OK) {
            config->private->is_set[olds[i].directive - directives] = true;
            note_ignored(olds[i].directive);
        }
        buf_release(&olds[i].text);
    }
    memory_free(olds);
    return status;
}

void config_write_help(struct buf *out)
{
    static const char *const own[] = {
        "data-dir DIRECTORY          where the data lives (Redis: dir); made if it is missing",
        "http-port PORT              metrics for Prometheus, health and a status page over HTTP; 0 (default) is none",
        "http-bind ADDRESSES         where HTTP is served (127.0.0.1 -::1)",
        "appendfsync POLICY          always (default), everysec or no",
        "checkpoint-memory SIZE      changes kept in memory before they go to LMDB (64mb)",
        "checkpoint-interval S       checkpoint at least this often if anything changed (300)",
        "log-segment-size SIZE       of one file of the command log (64mb)",
        "log-archive-dir DIRECTORY   keep segments there that are not needed any more",
        "repl-backlog-size SIZE      command log kept for replicas, on disk (256mb)",
        "repl-retention-max-size N   what an absent replica may hold back beyond that (4gb)",
        "repl-retention-max-time S   and for how long (86400)",
        "repl-full-sync-max-rate N   bytes a second of each full sync; 0 is no limit",
        "sync-replicas N             replies wait until N replicas have on disk what they tell (0)",
        "sync-replicas-timeout MS    after which they are late (10000), and then:",
        "sync-replicas-policy POLICY wait (default) goes on holding, degrade lets go until they are near again",
        "repl-allow-wipe yes|no      let an empty, unrelated master replace this node's data (no)",
    };

    buf_put_text(out, "Hearth's own directives (all of redis.conf's are known too):\n");
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        buf_put_format(out, "  --%s\n", own[i]);
    }
}

const char *config_text(const struct config *config, const char *name)
{
    const struct directive *directive = directive_find(slice_of(name));

    ASSERT(directive != NULL && directive->field == DIRECTIVE_NO_FIELD);
    return config->private->texts[directive - directives];
}

size_t config_user_count(const struct config *config)
{
    return config->private->user_count;
}

const struct config_line *config_user_at(const struct config *config, size_t index)
{
    ASSERT(index < config->private->user_count);
    return &config->private->users[index];
}

void config_set_user_writer(struct config *config, bool (*write)(void *context, struct buf *out), void *context)
{
    config->private->write_users = write;
    config->private->write_users_context = context;
}

bool config_is_secret(struct slice name)
{
    const struct directive *directive = directive_find(name);

    return directive != NULL && (directive->flags & DIRECTIVE_SENSITIVE) != 0;
}
