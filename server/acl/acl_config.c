#include "server/acl/acl_config.h"
#include "base/buf.h"
#include "base/diag.h"
#include "server/acl/acl.h"
#include "server/acl/acl_file.h"
#include "server/acl/acl_log.h"
#include "server/config/config.h"
#include "server/request/registry.h"
#include "server/services.h"

void acl_config_apply(struct services *services)
{
    acl_set_begins_with_channels(services->acl, services->config->acl_pubsub_default == CONFIG_CHANNELS_ALL);
    acl_log_set_capacity(acl_log(services->acl), (size_t)services->config->acl_log_max_len);
}

bool acl_config_file(const struct services *services, struct acl_file *file)
{
    *file = (struct acl_file){.directory = config_data_directory(services->config), .path = services->config->acl_file};
    return file->path[0] != '\0';
}

/* For CONFIG REWRITE. A file of users has them already, and requirepass alone says enough where nothing else was set.
 */
static bool write_users(void *context, struct buf *out)
{
    struct services *services = context;
    const struct acl *acl = services->acl;
    struct acl_file file;

    if (acl_config_file(services, &file)) {
        return false;
    }
    for (size_t i = 0; i < acl_count(acl); i++) {
        acl_describe(acl, acl_at(acl, i), out);
        buf_put_byte(out, '\n');
    }
    return !acl_is_plain(acl, slice_of(services->config->require_password));
}

/* It may be meant so, but more often `on` was forgotten. */
static void report_disabled(const struct acl *acl)
{
    for (size_t i = 0; i < acl_count(acl); i++) {
        if (acl_at(acl, i)->flags & ACL_USER_OFF) {
            diag(DIAG_NOTICE, "the user '%s' is off, since its rules have no 'on': nobody can log in as it",
                 acl_at(acl, i)->name);
        }
    }
}

static bool load_lines(struct services *services, struct buf *errors)
{
    struct acl_words seen = {.items = NULL};
    bool is_good = true;

    for (size_t i = 0; i < config_user_count(services->config) && is_good; i++) {
        const struct config_line *line = config_user_at(services->config, i);

        buf_clear(errors);
        buf_put_format(errors, "%s: ", line->origin);
        is_good = acl_add_configured(services->acl, line, &seen, errors);
    }
    acl_words_clear(&seen);
    return is_good;
}

static bool load_file(struct services *services, const struct acl_file *file, struct buf *errors)
{
    struct acl *old;

    if (config_user_count(services->config) != 0) {
        buf_put_format(errors,
                       "%s: users are defined by `user` lines and by aclfile: which are meant? Move the lines to the "
                       "file, or do without it",
                       config_user_at(services->config, 0)->origin);
        return false;
    }
    if (!acl_file_load(services->acl, file, &old, errors)) {
        return false;
    }
    acl_free(old); /* Nobody is connected yet. */
    return true;
}

bool acl_config_load(struct services *services)
{
    struct acl_file file;
    struct buf errors;
    bool is_good;

    buf_init(&errors, BUF_NO_CEILING);
    acl_config_apply(services);
    acl_set_default_password(services->acl, slice_of(services->config->require_password));
    is_good = acl_config_file(services, &file) ? load_file(services, &file, &errors) : load_lines(services, &errors);
    if (is_good) {
        report_disabled(services->acl);
        config_set_user_writer(services->config, write_users, services);
    } else {
        diag(DIAG_WARNING, "%.*s", (int)errors.len, buf_slice(&errors).data);
    }
    buf_release(&errors);
    return is_good;
}

bool acl_config_check(struct config *config)
{
    struct services services = {.config = config, .commands = commands_create()};
    bool is_good;

    services.acl = acl_create(services.commands);
    is_good = acl_config_load(&services);
    config_set_user_writer(config, NULL, NULL);
    acl_free(services.acl);
    commands_free(services.commands);
    return is_good;
}
