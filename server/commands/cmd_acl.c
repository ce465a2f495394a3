/* ACL: users and their rights. All of it is this node's own: nothing here is logged or replicated. */
#include "server/commands/cmd_acl.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/random.h"
#include "server/acl/acl.h"
#include "server/acl/acl_check.h"
#include "server/acl/acl_clients.h"
#include "server/acl/acl_config.h"
#include "server/acl/acl_describe.h"
#include "server/acl/acl_file.h"
#include "server/net/session.h"
#include "server/request/args.h"
#include "server/request/category.h"
#include "server/request/registry.h"
#include "server/request/reply.h"
#include "server/services.h"
#include <errno.h>

#define PASSWORD_BITS     256
#define PASSWORD_BITS_MAX 4096
#define LOG_SHOWN         10 /* Entries, where ACL LOG names no count. */

static enum status refuse_words(struct call *call, struct reply *reply)
{
    return reply_error(reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try ACL HELP.",
                       (int)call->argv[1].len, call->argv[1].data);
}

/* --- Making users --- */

/* Apply all rules to a user that is nobody's yet; false if one is wrong: the error is replied. */
static bool apply_rules(struct call *call, struct reply *reply, struct acl_user *user)
{
    const struct acl_terms *terms = acl_terms(call->services->acl);
    enum acl_rule_error error = ACL_RULE_FINE;
    struct slice *rules;
    size_t count;
    size_t open;

    if (!acl_rules_join(call->argv + 3, call->argc - 3, &rules, &count, &open)) {
        (void)reply_error(reply, "ERR Unmatched parenthesis in acl selector starting at '%.*s'.",
                          (int)call->argv[3 + open].len, call->argv[3 + open].data);
        return false;
    }
    for (size_t i = 0; i < count && error == ACL_RULE_FINE; i++) {
        error = acl_user_apply(user, terms, rules[i]);
        if (error != ACL_RULE_FINE) {
            (void)reply_error(reply, "ERR Error in ACL SETUSER modifier '%.*s': %s", (int)rules[i].len, rules[i].data,
                              acl_rule_text(error));
        }
    }
    memory_free(rules);
    return error == ACL_RULE_FINE;
}

/* ACL SETUSER name [rule ...]: all rules or none. */
static enum status run_acl_setuser(struct call *call, struct reply *reply)
{
    struct acl *acl = call->services->acl;
    struct slice name = call->argv[2];
    struct acl_user *user = acl_find(acl, name);
    struct acl_user *made;
    bool is_good;

    if (acl_has_blanks(name)) {
        return reply_error(reply, "ERR Usernames can't contain spaces or null characters");
    }
    made = user == NULL ? acl_user_create(acl_terms(acl), name) : acl_user_copy(user, acl_terms(acl));
    is_good = apply_rules(call, reply, made);
    if (is_good) {
        if (user == NULL) {
            user = acl_add(acl, name);
        } else {
            acl_clients_close_subscribers(call->services, user, made, call->session);
        }
        acl_user_exchange(user, made);
        reply_ok(reply);
    }
    acl_user_free(made);
    return is_good ? STATUS_OK : STATUS_REPLIED;
}

/* As in Redis all of it is, the name, too. */
static bool is_secret(const struct slice *argv, size_t argc, size_t index)
{
    (void)argv;
    (void)argc;
    return index >= 2;
}

/* ACL DELUSER name [name ...]: how many there were. Their clients are closed. */
static enum status run_acl_deluser(struct call *call, struct reply *reply)
{
    struct acl *acl = call->services->acl;
    int64_t count = 0;

    for (size_t i = 2; i < call->argc; i++) {
        if (slice_equal(call->argv[i], slice_of(ACL_DEFAULT_USER))) {
            return reply_error(reply, "ERR The 'default' user cannot be removed");
        }
    }
    for (size_t i = 2; i < call->argc; i++) {
        struct acl_user *user = acl_find(acl, call->argv[i]);

        if (user != NULL) {
            acl_take_out(acl, user);
            acl_clients_close(call->services, user, call->session);
            acl_user_free(user);
            count++;
        }
    }
    reply_integer(reply, count);
    return STATUS_OK;
}

/* --- Telling of users --- */

static void reply_buf(struct reply *reply, struct buf *text)
{
    reply_bulk(reply, buf_slice(text));
    buf_clear(text);
}

/* Three pairs of a map. */
static void reply_selector(struct reply *reply, const struct acl_selector *selector, const struct acl_catalog *catalog)
{
    struct buf text;

    buf_init(&text, BUF_NO_CEILING);
    reply_bulk_text(reply, "commands");
    acl_describe_commands(selector, catalog, &text);
    reply_buf(reply, &text);
    reply_bulk_text(reply, "keys");
    acl_describe_keys(selector, &text);
    reply_buf(reply, &text);
    reply_bulk_text(reply, "channels");
    acl_describe_channels(selector, &text);
    reply_buf(reply, &text);
    buf_release(&text);
}

static void reply_flags(struct reply *reply, uint32_t flags)
{
    struct reply_deferred deferred = reply_deferred_begin(reply);
    size_t count = 0;

    for (size_t i = 0; i < ACL_USER_FLAG_COUNT; i++) {
        if (flags & (1u << i)) {
            reply_bulk_text(reply, acl_user_flag_name(i));
            count++;
        }
    }
    reply_deferred_set(reply, deferred, count);
}

/* ACL GETUSER name: flags, password hashes, rules; null if there is no such user. */
static enum status run_acl_getuser(struct call *call, struct reply *reply)
{
    const struct acl_catalog *catalog = acl_terms(call->services->acl)->catalog;
    const struct acl_user *user = acl_find(call->services->acl, call->argv[2]);

    if (user == NULL) {
        reply_null(reply);
        return STATUS_OK;
    }
    reply_map(reply, 6);
    reply_bulk_text(reply, "flags");
    reply_flags(reply, user->flags);
    reply_bulk_text(reply, "passwords");
    reply_array(reply, user->passwords.count);
    for (size_t i = 0; i < user->passwords.count; i++) {
        reply_bulk(reply, user->passwords.items[i].text);
    }
    reply_selector(reply, user->selectors[0], catalog);
    reply_bulk_text(reply, "selectors");
    reply_array(reply, user->selector_count - 1);
    for (size_t i = 1; i < user->selector_count; i++) {
        reply_map(reply, 3);
        reply_selector(reply, user->selectors[i], catalog);
    }
    return STATUS_OK;
}

/* ACL LIST: every user as a line of a file. */
static enum status run_acl_list(struct call *call, struct reply *reply)
{
    const struct acl *acl = call->services->acl;
    struct buf line;

    buf_init(&line, BUF_NO_CEILING);
    reply_array(reply, acl_count(acl));
    for (size_t i = 0; i < acl_count(acl); i++) {
        acl_describe(acl, acl_at(acl, i), &line);
        reply_buf(reply, &line);
    }
    buf_release(&line);
    return STATUS_OK;
}

static enum status run_acl_users(struct call *call, struct reply *reply)
{
    const struct acl *acl = call->services->acl;

    reply_array(reply, acl_count(acl));
    for (size_t i = 0; i < acl_count(acl); i++) {
        reply_bulk_text(reply, acl_at(acl, i)->name);
    }
    return STATUS_OK;
}

static enum status run_acl_whoami(struct call *call, struct reply *reply)
{
    if (call->session->user == NULL) {
        reply_null(reply);
    } else {
        reply_bulk_text(reply, call->session->user->name);
    }
    return STATUS_OK;
}

/* --- Categories, passwords, trying --- */

static size_t reply_if_of(struct reply *reply, const struct command_entry *entry, uint32_t category)
{
    if (!(entry->categories & category)) {
        return 0;
    }
    reply_bulk_text(reply, entry->full_name);
    return 1;
}

static void reply_commands_of(struct call *call, struct reply *reply, uint32_t category)
{
    struct commands *commands = call->services->commands;
    struct reply_deferred deferred = reply_deferred_begin(reply);
    size_t count = 0;

    for (size_t i = 0; i < commands_count(commands); i++) {
        const struct command_entry *entry = commands_at(commands, i);

        count += reply_if_of(reply, entry, category);
        for (size_t k = 0; k < entry->subcommand_count; k++) {
            count += reply_if_of(reply, &entry->subcommands[k], category);
        }
    }
    reply_deferred_array(reply, deferred, count);
}

/* ACL CAT [category]: all categories, or the commands of one. */
static enum status run_acl_cat(struct call *call, struct reply *reply)
{
    uint32_t category;

    if (call->argc > 3) {
        return refuse_words(call, reply);
    }
    if (call->argc == 2) {
        reply_array(reply, CATEGORY_COUNT);
        for (size_t i = 0; i < CATEGORY_COUNT; i++) {
            reply_bulk_text(reply, category_names[i].name);
        }
        return STATUS_OK;
    }
    category = category_find(call->argv[2]);
    if (category == 0) {
        return reply_error(reply, "ERR Unknown category '%.*s'",
                           (int)(call->argv[2].len < 128 ? call->argv[2].len : 128), call->argv[2].data);
    }
    reply_commands_of(call, reply, category);
    return STATUS_OK;
}

/* ACL GENPASS [bits]: hex digits from the kernel's generator. */
static enum status run_acl_genpass(struct call *call, struct reply *reply)
{
    char digits[PASSWORD_BITS_MAX / 4 + 1];
    int64_t bits = PASSWORD_BITS;
    enum status status;

    if (call->argc > 3) {
        return refuse_words(call, reply);
    }
    if (call->argc == 3) {
        status = args_int64(call->argv[2], &bits);
        if (status != STATUS_OK) {
            return status;
        }
        if (bits <= 0 || bits > PASSWORD_BITS_MAX) {
            return reply_error(reply,
                               "ERR ACL GENPASS argument must be the number of bits for the output password, a "
                               "positive number up to %d",
                               PASSWORD_BITS_MAX);
        }
    }
    random_hex(digits, (size_t)(bits + 3) / 4);
    reply_bulk_text(reply, digits);
    return STATUS_OK;
}

/* ACL DRYRUN user command [argument ...]: OK, or why not. */
static enum status run_acl_dryrun(struct call *call, struct reply *reply)
{
    const struct acl_user *user = acl_find(call->services->acl, call->argv[2]);
    struct acl_request request = {.argv = call->argv + 3, .argc = call->argc - 3};
    struct command_entry *container;
    struct acl_denial denial;
    struct buf text;
    int arity;

    if (user == NULL) {
        return reply_error(reply, "ERR User '%.*s' not found", (int)call->argv[2].len, call->argv[2].data);
    }
    request.entry = commands_resolve(call->services->commands, request.argv, request.argc, &container);
    if (request.entry == NULL) {
        return reply_error(reply, "ERR Command '%.*s' not found", (int)call->argv[3].len, call->argv[3].data);
    }
    arity = request.entry->command->arity;
    if (arity > 0 ? request.argc != (size_t)arity : request.argc < (size_t)-arity) {
        return reply_error(reply, "ERR wrong number of arguments for '%s' command", request.entry->full_name);
    }
    denial.verdict = acl_user_check(user, &request, &denial.index);
    if (denial.verdict == ACL_ALLOWED) {
        reply_ok(reply);
        return STATUS_OK;
    }
    buf_init(&text, BUF_NO_CEILING);
    acl_write_dry_refusal(&request, &denial, &text);
    reply_bulk(reply, buf_slice(&text));
    buf_release(&text);
    return STATUS_OK;
}

/* --- The log of denials --- */

static void reply_pair(struct reply *reply, const char *name, struct slice value)
{
    reply_bulk_text(reply, name);
    reply_bulk(reply, value);
}

static void reply_log_entry(struct reply *reply, const struct acl_log_entry *entry, uint64_t now_ms)
{
    uint64_t age_ms = now_ms > entry->latest_ms ? now_ms - entry->latest_ms : 0;

    reply_map(reply, 7);
    reply_bulk_text(reply, "count");
    reply_integer(reply, (int64_t)entry->count);
    reply_pair(reply, "reason", slice_of(acl_verdict_name(entry->verdict)));
    reply_pair(reply, "context", slice_of(acl_context_name(entry->context)));
    reply_pair(reply, "object", entry->object);
    reply_pair(reply, "username", entry->user);
    reply_bulk_text(reply, "age-seconds");
    reply_double(reply, (double)age_ms / 1000);
    reply_pair(reply, "client-info", entry->client);
}

/* ACL LOG [count|RESET]: the latest denials, newest first. */
static enum status run_acl_log(struct call *call, struct reply *reply)
{
    struct acl_log *log = acl_log(call->services->acl);
    int64_t count = LOG_SHOWN;
    size_t shown;
    size_t written = 0;

    if (call->argc > 3) {
        return refuse_words(call, reply);
    }
    if (call->argc == 3 && args_is(call->argv[2], "reset")) {
        acl_log_reset(log);
        reply_ok(reply);
        return STATUS_OK;
    }
    if (call->argc == 3) {
        enum status status = args_int64(call->argv[2], &count);

        if (status != STATUS_OK) {
            return status;
        }
    }
    shown = count < 0 ? 0 : (uint64_t)count < acl_log_count(log) ? (size_t)count : acl_log_count(log);
    reply_array(reply, shown);
    LIST_FOR_EACH(acl_log_entries(log), node)
    {
        if (written++ == shown) {
            break;
        }
        reply_log_entry(reply, LIST_ENTRY(node, struct acl_log_entry, node), call->now_ms);
    }
    return STATUS_OK;
}

/* --- The file --- */

static enum status refuse_without_file(struct reply *reply)
{
    return reply_error(reply, "ERR This Redis instance is not configured to use an ACL file. You may want to specify "
                              "users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a "
                              "Redis configuration file set) in order to store users in the Redis configuration.");
}

/* ACL LOAD: all users as the file has them. As in Redis the clients of all but the default user are closed, since their
 * users are new ones. */
static enum status run_acl_load(struct call *call, struct reply *reply)
{
    struct acl_file file;
    struct acl *old;
    struct buf errors;
    bool is_good;

    if (!acl_config_file(call->services, &file)) {
        return refuse_without_file(reply);
    }
    buf_init(&errors, BUF_NO_CEILING);
    is_good = acl_file_load(call->services->acl, &file, &old, &errors);
    if (is_good) {
        for (size_t i = 0; i < acl_count(old); i++) {
            acl_clients_close(call->services, acl_at(old, i), call->session);
        }
        acl_free(old);
        acl_clients_close_subscribers(call->services, acl_default(call->services->acl),
                                      acl_default(call->services->acl), call->session);
        reply_ok(reply);
    } else {
        (void)reply_error(reply, "ERR %.*s", (int)errors.len, buf_slice(&errors).data);
    }
    buf_release(&errors);
    return is_good ? STATUS_OK : STATUS_REPLIED;
}

/* ACL SAVE: all users into the file. */
static enum status run_acl_save(struct call *call, struct reply *reply)
{
    struct acl_file file;
    enum status status;

    if (!acl_config_file(call->services, &file)) {
        return refuse_without_file(reply);
    }
    errno = 0;
    status = acl_file_save(call->services->acl, &file);
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "cannot save the users to the ACL file %s: %s", file.path,
             errno != 0 ? strerror(errno) : status_name(status));
        return reply_error(reply, "ERR There was an error trying to save the ACLs. Please check the server logs for "
                                  "more information");
    }
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_acl_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "CAT [<category>]",
        "    List all commands that belong to <category>, or all command categories",
        "    when no category is specified.",
        "DELUSER <username> [<username> ...]",
        "    Delete a list of users.",
        "DRYRUN <username> <command> [<arg> ...]",
        "    Returns whether the user can execute the given command without executing the command.",
        "GETUSER <username>",
        "    Get the user's details.",
        "GENPASS [<bits>]",
        "    Generate a secure 256-bit user password. The optional `bits` argument can",
        "    be used to specify a different size.",
        "LIST",
        "    Show users details in config file format.",
        "LOAD",
        "    Reload users from the ACL file.",
        "LOG [<count> | RESET]",
        "    Show the ACL log entries.",
        "SAVE",
        "    Save the current config to the ACL file.",
        "SETUSER <username> <attribute> [<attribute> ...]",
        "    Create or modify a user with the specified attributes.",
        "USERS",
        "    List all the registered usernames.",
        "WHOAMI",
        "    Return the current connection username.",
        NULL,
    };

    (void)call;
    reply_help(reply, "ACL", lines);
    return STATUS_OK;
}

#define ANY_STATE (COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING)
#define ADMIN     (COMMAND_ADMIN | ANY_STATE)

#define SUBCOMMAND(name_, since_, arity_, flags_, run_, summary_, complexity_, ...)                                    \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = since_, .complexity = complexity_, .group = "server",             \
        .arity = arity_, .flags = flags_, .run = run_, __VA_ARGS__                                                     \
    }

static const struct command acl_subcommands[] = {
    SUBCOMMAND("cat", "6.0.0", -2, ANY_STATE, run_acl_cat, "List the ACL categories or the commands inside a category",
               "O(1) since the categories and commands are a fixed set."),
    SUBCOMMAND("deluser", "6.0.0", -3, ADMIN, run_acl_deluser,
               "Remove the specified ACL users and the associated rules",
               "O(1) amortized time considering the typical user."),
    SUBCOMMAND("dryrun", "7.0.0", -4, ADMIN, run_acl_dryrun,
               "Returns whether the user can execute the given command without executing the command.", "O(1)."),
    SUBCOMMAND("genpass", "6.0.0", -2, ANY_STATE, run_acl_genpass,
               "Generate a pseudorandom secure password to use for ACL users", "O(1)"),
    SUBCOMMAND("getuser", "6.0.0", 3, ADMIN, run_acl_getuser, "Get the rules for a specific ACL user",
               "O(N). Where N is the number of password, command and pattern rules that the user has."),
    SUBCOMMAND("help", "6.0.0", 2, COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING, run_acl_help,
               "Show helpful text about the different subcommands", "O(1)"),
    SUBCOMMAND("list", "6.0.0", 2, ADMIN, run_acl_list, "List the current ACL rules in ACL config file format",
               "O(N). Where N is the number of configured users."),
    SUBCOMMAND("load", "6.0.0", 2, ADMIN, run_acl_load, "Reload the ACLs from the configured ACL file",
               "O(N). Where N is the number of configured users."),
    SUBCOMMAND("log", "6.0.0", -2, ADMIN, run_acl_log, "List latest events denied because of ACLs in place",
               "O(N) with N being the number of entries shown."),
    SUBCOMMAND("save", "6.0.0", 2, ADMIN, run_acl_save, "Save the current ACL rules in the configured ACL file",
               "O(N). Where N is the number of configured users."),
    SUBCOMMAND("setuser", "6.0.0", -3, ADMIN, run_acl_setuser, "Modify or create the rules for a specific ACL user",
               "O(N). Where N is the number of rules provided.", .is_secret = is_secret),
    SUBCOMMAND("users", "6.0.0", 2, ADMIN, run_acl_users, "List the username of all the configured ACL rules",
               "O(N). Where N is the number of configured users."),
    SUBCOMMAND("whoami", "6.0.0", 2, ANY_STATE, run_acl_whoami,
               "Return the name of the user associated to the current connection", "O(1)"),
    {.name = NULL},
};

const struct command acl_commands[] = {
    {.name = "acl",
     .summary = "A container for Access List Control commands ",
     .since = "6.0.0",
     .complexity = "Depends on subcommand.",
     .group = "server",
     .arity = -2,
     .subcommands = acl_subcommands},
    {.name = NULL},
};
