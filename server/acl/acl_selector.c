#include "server/acl/acl_selector.h"
#include "base/glob.h"
#include "base/memory.h"
#include "server/acl/acl_catalog.h"
#include "server/request/args.h"
#include "server/request/category.h"
#include "server/request/command_keys.h"
#include "server/request/registry.h"

static size_t bitmap_bytes(const struct acl_catalog *catalog)
{
    return (acl_catalog_count(catalog) + 63) / 64 * sizeof(uint64_t);
}

struct acl_selector *acl_selector_create(const struct acl_terms *terms)
{
    struct acl_selector *selector = memory_allocate_zeroed(sizeof(*selector));

    selector->commands = memory_allocate_zeroed(bitmap_bytes(terms->catalog));
    selector->has_all_channels = terms->begins_with_channels;
    return selector;
}

struct acl_selector *acl_selector_copy(const struct acl_selector *from, const struct acl_catalog *catalog)
{
    struct acl_selector *selector = memory_copy(from, sizeof(*from));

    selector->commands = memory_copy(from->commands, bitmap_bytes(catalog));
    selector->first_arguments = selector->keys = selector->channels = (struct acl_words){.items = NULL};
    acl_words_copy(&selector->first_arguments, &from->first_arguments);
    acl_words_copy(&selector->keys, &from->keys);
    acl_words_copy(&selector->channels, &from->channels);
    return selector;
}

void acl_selector_free(struct acl_selector *selector)
{
    acl_words_clear(&selector->first_arguments);
    acl_words_clear(&selector->keys);
    acl_words_clear(&selector->channels);
    memory_free(selector->commands);
    memory_free(selector);
}

/* --- Commands --- */

static void set_bit(struct acl_selector *selector, uint32_t number, bool is_allowed)
{
    uint64_t bit = UINT64_C(1) << (number % 64);

    if (is_allowed) {
        selector->commands[number / 64] |= bit;
    } else {
        selector->commands[number / 64] &= ~bit;
        selector->has_all_commands = false;
    }
}

/* A command that is allowed or forbidden as a whole has no first arguments. */
static void forget_first_arguments(struct acl_selector *selector, uint32_t number)
{
    for (size_t i = selector->first_arguments.count; i > 0; i--) {
        struct acl_word *word = &selector->first_arguments.items[i - 1];

        if (word->tag == number) {
            acl_words_remove(&selector->first_arguments, word);
        }
    }
}

void acl_selector_set_command(struct acl_selector *selector, const struct acl_catalog *catalog, uint32_t number,
                              bool is_allowed)
{
    uint32_t end = number + 1 + acl_catalog_at(catalog, number)->subcommand_count;

    for (uint32_t i = number; i < end; i++) {
        set_bit(selector, i, is_allowed);
        forget_first_arguments(selector, i);
    }
}

void acl_selector_set_category(struct acl_selector *selector, const struct acl_catalog *catalog, uint32_t category,
                               bool is_allowed)
{
    for (uint32_t i = 0; i < acl_catalog_count(catalog); i++) {
        if (acl_catalog_at(catalog, i)->categories & category) {
            acl_selector_set_command(selector, catalog, i, is_allowed);
        }
    }
}

void acl_selector_set_all_commands(struct acl_selector *selector, const struct acl_catalog *catalog, bool is_allowed)
{
    memset(selector->commands, is_allowed ? 0xff : 0, bitmap_bytes(catalog));
    selector->has_all_commands = is_allowed;
    selector->has_future = is_allowed;
    acl_words_clear(&selector->first_arguments);
}

/* "+command|argument" of a command without subcommands, which is then allowed with this first argument alone. */
static void add_first_argument(struct acl_selector *selector, uint32_t number, struct slice argument)
{
    for (size_t i = 0; i < selector->first_arguments.count; i++) {
        const struct acl_word *word = &selector->first_arguments.items[i];

        if (word->tag == number && args_is(argument, word->text.data)) {
            return;
        }
    }
    acl_words_add(&selector->first_arguments, argument, number);
}

/* "+command|word", where the last bar counts. */
static enum acl_rule_error allow_part(struct acl_selector *selector, const struct acl_catalog *catalog,
                                      struct slice name, size_t bar)
{
    struct slice word = slice_after(name, bar + 1);
    const struct acl_command *command;
    uint32_t number;

    if (!acl_catalog_find(catalog, slice_first(name, bar), &number)) {
        return ACL_RULE_UNKNOWN;
    }
    command = acl_catalog_at(catalog, number);
    if (command->is_subcommand) {
        return ACL_RULE_DEEP;
    }
    if (word.len == 0 || acl_has_blanks(word)) { /* A blank would make two rules of it when it is told and read back. */
        return ACL_RULE_SYNTAX;
    }
    if (command->subcommand_count == 0) {
        add_first_argument(selector, number, word);
    } else if (acl_catalog_find(catalog, name, &number)) {
        acl_selector_set_command(selector, catalog, number, true);
    } else {
        return ACL_RULE_UNKNOWN;
    }
    return ACL_RULE_FINE;
}

static enum acl_rule_error apply_command(struct acl_selector *selector, const struct acl_catalog *catalog,
                                         struct slice name, bool is_allowed)
{
    uint32_t number;

    for (size_t i = name.len; is_allowed && i > 0; i--) {
        if (name.data[i - 1] == '|') {
            return allow_part(selector, catalog, name, i - 1);
        }
    }
    if (!acl_catalog_find(catalog, name, &number)) {
        return ACL_RULE_UNKNOWN;
    }
    acl_selector_set_command(selector, catalog, number, is_allowed);
    return ACL_RULE_FINE;
}

static enum acl_rule_error apply_category(struct acl_selector *selector, const struct acl_catalog *catalog,
                                          struct slice name, bool is_allowed)
{
    uint32_t category = category_find(name);

    if (category == 0) {
        return ACL_RULE_UNKNOWN;
    }
    acl_selector_set_category(selector, catalog, category, is_allowed);
    return ACL_RULE_FINE;
}

/* --- Keys and channels --- */

/* The rights that "%R~", "%W~" and "%RW~" give; `*used` is where the pattern begins. 0 if it is none of these. As in
 * Redis "%R" stands for "%R~". */
static uint32_t read_rights(struct slice rule, size_t *used)
{
    uint32_t rights = 0;

    for (size_t i = 1; i < rule.len; i++) {
        char letter = (char)(rule.data[i] | 0x20);
        uint32_t right = letter == 'r' ? ACL_KEY_READ : letter == 'w' ? ACL_KEY_WRITE : 0;

        if (rule.data[i] == '~') {
            *used = i + 1;
            return rights;
        }
        if (right == 0 || (rights & right)) {
            return 0;
        }
        rights |= right;
    }
    *used = rule.len;
    return rights;
}

static enum acl_rule_error add_keys(struct acl_selector *selector, struct slice rule)
{
    size_t begin = 1;
    uint32_t rights = rule.data[0] == '~' ? ACL_KEY_ANY : read_rights(rule, &begin);
    struct slice pattern;
    struct acl_word *known;

    if (selector->has_all_keys) {
        return ACL_RULE_KEYS_AFTER_ALL;
    }
    pattern = slice_after(rule, begin);
    if (rights == 0 || acl_has_blanks(pattern)) {
        return ACL_RULE_SYNTAX;
    }
    known = acl_words_find(&selector->keys, pattern);
    if (known != NULL) {
        known->tag |= rights;
    } else {
        acl_words_add(&selector->keys, pattern, rights);
    }
    return ACL_RULE_FINE;
}

static enum acl_rule_error add_channels(struct acl_selector *selector, struct slice pattern)
{
    if (selector->has_all_channels) {
        return ACL_RULE_CHANNELS_AFTER_ALL;
    }
    if (acl_has_blanks(pattern)) {
        return ACL_RULE_SYNTAX;
    }
    if (acl_words_find(&selector->channels, pattern) == NULL) {
        acl_words_add(&selector->channels, pattern, 0);
    }
    return ACL_RULE_FINE;
}

/* --- Rules --- */

/* Rules that are one word; false if it is none of them. */
static bool apply_word(struct acl_selector *selector, const struct acl_catalog *catalog, struct slice rule)
{
    if (args_is(rule, "allkeys") || args_is(rule, "~*") || args_is(rule, "resetkeys")) {
        acl_words_clear(&selector->keys);
        selector->has_all_keys = !args_is(rule, "resetkeys");
    } else if (args_is(rule, "allchannels") || args_is(rule, "&*") || args_is(rule, "resetchannels")) {
        acl_words_clear(&selector->channels);
        selector->has_all_channels = !args_is(rule, "resetchannels");
    } else if (args_is(rule, "allcommands") || args_is(rule, "+@all")) {
        acl_selector_set_all_commands(selector, catalog, true);
    } else if (args_is(rule, "nocommands") || args_is(rule, "-@all")) {
        acl_selector_set_all_commands(selector, catalog, false);
    } else {
        return false;
    }
    return true;
}

enum acl_rule_error acl_selector_apply(struct acl_selector *selector, const struct acl_catalog *catalog,
                                       struct slice rule)
{
    char mark = rule.len == 0 ? '\0' : rule.data[0];

    if (apply_word(selector, catalog, rule)) {
        return ACL_RULE_FINE;
    }
    if (mark == '~' || mark == '%') {
        return add_keys(selector, rule);
    }
    if (mark == '&') {
        return add_channels(selector, slice_after(rule, 1));
    }
    if (mark != '+' && mark != '-') {
        return ACL_RULE_SYNTAX;
    }
    if (rule.len > 1 && rule.data[1] == '@') {
        return apply_category(selector, catalog, slice_after(rule, 2), mark == '+');
    }
    return apply_command(selector, catalog, slice_after(rule, 1), mark == '+');
}

enum acl_rule_error acl_selector_apply_all(struct acl_selector *selector, const struct acl_catalog *catalog,
                                           struct slice rules)
{
    enum acl_rule_error error = ACL_RULE_FINE;
    size_t begin = 0;

    for (size_t i = 0; i <= rules.len && error == ACL_RULE_FINE; i++) {
        if (i < rules.len && !acl_has_blanks(slice_make(rules.data + i, 1))) {
            continue;
        }
        if (i > begin && rules.data[i - 1] == ')') {
            error = ACL_RULE_SYNTAX; /* The selector would end here when it is told and read back. */
        } else if (i > begin) {
            error = acl_selector_apply(selector, catalog, slice_make(rules.data + begin, i - begin));
        }
        begin = i + 1;
    }
    return error;
}

/* --- Checking --- */

static bool allows_command(const struct acl_selector *selector, const struct acl_request *request)
{
    const struct command_entry *entry = request->entry;
    size_t first = entry->container == NULL ? 1 : 2;

    if (selector->has_all_commands || (entry->command->flags & COMMAND_NO_AUTH) ||
        acl_selector_has_command(selector, entry->acl_number)) {
        return true;
    }
    for (size_t i = 0; i < selector->first_arguments.count && first < request->argc; i++) {
        const struct acl_word *word = &selector->first_arguments.items[i];

        if (word->tag == entry->acl_number && args_is(request->argv[first], word->text.data)) {
            return true;
        }
    }
    return false;
}

static uint32_t rights_of(uint32_t key_flags)
{
    return ((key_flags & KEY_ACCESS) ? (uint32_t)ACL_KEY_READ : 0u) |
           ((key_flags & (KEY_INSERT | KEY_DELETE | KEY_UPDATE)) ? (uint32_t)ACL_KEY_WRITE : 0u);
}

static bool allows_key(const struct acl_selector *selector, struct slice key, uint32_t rights)
{
    for (size_t i = 0; i < selector->keys.count; i++) {
        const struct acl_word *pattern = &selector->keys.items[i];

        if ((pattern->tag & rights) == rights && glob_match(pattern->text, key, false)) {
            return true;
        }
    }
    return false;
}

struct key_check {
    const struct acl_selector *selector;
    const struct slice *argv;
    size_t denied; /* The first that is; 0 for none. */
};

static void check_key(void *context, size_t index, uint32_t flags)
{
    struct key_check *check = context;

    if (check->denied == 0 && !allows_key(check->selector, check->argv[index], rights_of(flags))) {
        check->denied = index;
    }
}

/* The index of a key that may not be touched so; 0 if there is none. As in Redis a request whose keys cannot all be
 * told has none: it will be refused for its words. */
static size_t denied_key(const struct acl_selector *selector, const struct acl_request *request)
{
    const struct command *command = request->entry->command;
    struct key_check check = {.selector = selector, .argv = request->argv};

    if (selector->has_all_keys) {
        return 0;
    }
    (void)command_keys_visit(command, request->argv, request->argc, check_key, &check);
    return check.denied != 0 && command_keys_are_whole(command, request->argv, request->argc) ? check.denied : 0;
}

bool acl_selector_allows_channel(const struct acl_selector *selector, struct slice channel, bool is_pattern)
{
    for (size_t i = 0; i < selector->channels.count && !selector->has_all_channels; i++) {
        struct slice pattern = selector->channels.items[i].text;

        if (is_pattern ? slice_equal(pattern, channel) : glob_match(pattern, channel, false)) {
            return true;
        }
    }
    return selector->has_all_channels;
}

static size_t denied_channel(const struct acl_selector *selector, const struct acl_request *request)
{
    enum command_channels channels = request->entry->command->channels;
    size_t end = channels == CHANNELS_NONE ? 0 : channels == CHANNELS_FIRST ? 2 : request->argc;

    for (size_t i = 1; i < end; i++) {
        if (!acl_selector_allows_channel(selector, request->argv[i], channels == CHANNELS_PATTERNS)) {
            return i;
        }
    }
    return 0;
}

enum acl_verdict acl_selector_check(const struct acl_selector *selector, const struct acl_request *request,
                                    size_t *index)
{
    size_t denied;

    *index = 0;
    if (!allows_command(selector, request)) {
        return ACL_DENIED_COMMAND;
    }
    denied = denied_key(selector, request);
    if (denied != 0) {
        *index = denied;
        return ACL_DENIED_KEY;
    }
    denied = denied_channel(selector, request);
    if (denied != 0) {
        *index = denied;
        return ACL_DENIED_CHANNEL;
    }
    return ACL_ALLOWED;
}

bool acl_selector_allows_all_keys(const struct acl_selector *selector, uint32_t rights)
{
    const struct acl_word *all = acl_words_find(&selector->keys, slice_of("*"));

    return selector->has_all_keys || (all != NULL && (all->tag & rights) == rights);
}
