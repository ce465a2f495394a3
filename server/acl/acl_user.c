#include "server/acl/acl_user.h"
#include "base/buf.h"
#include "base/memory.h"
#include "server/acl/acl_describe.h"
#include "server/acl/acl_password.h"
#include "server/request/args.h"

static const char *const flag_names[ACL_USER_FLAG_COUNT] = {"on", "off", "nopass", "skip-sanitize-payload",
                                                            "sanitize-payload"};

const char *acl_user_flag_name(size_t index)
{
    return flag_names[index];
}

static void add_selector(struct acl_user *user, struct acl_selector *selector)
{
    user->selectors = memory_resize(user->selectors, (user->selector_count + 1) * sizeof(struct acl_selector *));
    user->selectors[user->selector_count++] = selector;
}

/* Free the selectors from the `first` on. */
static void cut_selectors(struct acl_user *user, size_t first)
{
    while (user->selector_count > first) {
        acl_selector_free(user->selectors[--user->selector_count]);
    }
}

static void look_again(struct acl_user *user)
{
    user->is_unrestricted = false;
    for (size_t i = 0; i < user->selector_count; i++) {
        const struct acl_selector *selector = user->selectors[i];

        user->is_unrestricted |= selector->has_all_commands && selector->has_all_keys && selector->has_all_channels;
    }
}

struct acl_user *acl_user_create(const struct acl_terms *terms, struct slice name)
{
    struct acl_user *user = memory_allocate_zeroed(sizeof(*user));

    user->name = memory_allocate(name.len + 1);
    memcpy(user->name, name.data, name.len);
    user->name[name.len] = '\0';
    user->flags = ACL_USER_OFF;
    add_selector(user, acl_selector_create(terms));
    return user;
}

struct acl_user *acl_user_copy(const struct acl_user *from, const struct acl_terms *terms)
{
    struct acl_user *user = memory_allocate_zeroed(sizeof(*user));

    user->name = memory_copy_text(from->name);
    user->flags = from->flags;
    user->is_unrestricted = from->is_unrestricted;
    acl_words_copy(&user->passwords, &from->passwords);
    for (size_t i = 0; i < from->selector_count; i++) {
        add_selector(user, acl_selector_copy(from->selectors[i], terms->catalog));
    }
    return user;
}

void acl_user_free(struct acl_user *user)
{
    cut_selectors(user, 0);
    memory_free(user->selectors);
    acl_words_clear(&user->passwords);
    memory_free(user->name);
    memory_free(user);
}

void acl_user_exchange(struct acl_user *a, struct acl_user *b)
{
    struct acl_user old = *a;

    *a = *b;
    a->name = old.name;
    old.name = b->name;
    *b = old;
}

/* --- Rules --- */

static void reset_password(struct acl_user *user)
{
    user->flags &= ~(uint32_t)ACL_USER_NO_PASSWORD;
    acl_words_clear(&user->passwords);
}

/* As if it had just been created; Redis tells of its payloads from then on. */
static void reset(struct acl_user *user, const struct acl_terms *terms)
{
    reset_password(user);
    cut_selectors(user, 0);
    add_selector(user, acl_selector_create(terms));
    user->flags = ACL_USER_OFF | ACL_USER_SANITIZE;
}

/* Rules that are one word; false if it is none of them. */
static bool apply_word(struct acl_user *user, const struct acl_terms *terms, struct slice rule)
{
    const uint32_t sanitizing = ACL_USER_SANITIZE | ACL_USER_SKIP_SANITIZE;

    if (args_is(rule, "on")) {
        user->flags = (user->flags & ~(uint32_t)ACL_USER_OFF) | ACL_USER_ON;
    } else if (args_is(rule, "off")) {
        user->flags = (user->flags & ~(uint32_t)ACL_USER_ON) | ACL_USER_OFF;
    } else if (args_is(rule, "nopass")) {
        acl_words_clear(&user->passwords);
        user->flags |= ACL_USER_NO_PASSWORD;
    } else if (args_is(rule, "skip-sanitize-payload")) {
        user->flags = (user->flags & ~sanitizing) | ACL_USER_SKIP_SANITIZE;
    } else if (args_is(rule, "sanitize-payload")) {
        user->flags = (user->flags & ~sanitizing) | ACL_USER_SANITIZE;
    } else if (args_is(rule, "resetpass")) {
        reset_password(user);
    } else if (args_is(rule, "clearselectors")) {
        cut_selectors(user, 1);
    } else if (args_is(rule, "reset")) {
        reset(user, terms);
    } else {
        return rule.len == 0;
    }
    return true;
}

/* ">password", "#hash", "<password", "!hash". */
static enum acl_rule_error apply_password(struct acl_user *user, struct slice rule)
{
    bool is_hashed = rule.data[0] == '#' || rule.data[0] == '!';
    bool is_added = rule.data[0] == '#' || rule.data[0] == '>';
    struct slice hash = slice_after(rule, 1);
    char hex[ACL_HASH_LEN];
    struct acl_word *known;

    if (is_hashed && !acl_password_is_hash(hash)) {
        return ACL_RULE_BAD_HASH;
    }
    if (!is_hashed) {
        acl_password_hash(hash, hex);
        hash = slice_make(hex, ACL_HASH_LEN);
    }
    known = acl_words_find(&user->passwords, hash);
    if (!is_added) {
        if (known == NULL) {
            return ACL_RULE_NO_SUCH_PASSWORD;
        }
        acl_words_remove(&user->passwords, known);
        return ACL_RULE_FINE;
    }
    if (known == NULL) {
        acl_words_add(&user->passwords, hash, 0);
    }
    user->flags &= ~(uint32_t)ACL_USER_NO_PASSWORD;
    return ACL_RULE_FINE;
}

/* "(+get ~x*)": one more selector. */
static enum acl_rule_error apply_selector(struct acl_user *user, const struct acl_terms *terms, struct slice rule)
{
    struct acl_selector *selector = acl_selector_create(terms);
    enum acl_rule_error error =
        acl_selector_apply_all(selector, terms->catalog, slice_make(rule.data + 1, rule.len - 2));

    if (error == ACL_RULE_FINE) {
        add_selector(user, selector);
    } else {
        acl_selector_free(selector);
    }
    return error;
}

enum acl_rule_error acl_user_apply(struct acl_user *user, const struct acl_terms *terms, struct slice rule)
{
    enum acl_rule_error error = ACL_RULE_FINE;

    if (!apply_word(user, terms, rule)) {
        if (strchr("><#!", rule.data[0]) != NULL && rule.data[0] != '\0') {
            error = apply_password(user, rule);
        } else if (rule.len > 1 && rule.data[0] == '(' && rule.data[rule.len - 1] == ')') {
            error = apply_selector(user, terms, rule);
        } else {
            error = acl_selector_apply(user->selectors[0], terms->catalog, rule);
        }
    }
    look_again(user);
    return error;
}

/* --- Use --- */

bool acl_user_has_password(const struct acl_user *user, struct slice password)
{
    char hex[ACL_HASH_LEN];
    bool is_right = false;

    if (user->flags & ACL_USER_NO_PASSWORD) {
        return true;
    }
    acl_password_hash(password, hex);
    for (size_t i = 0; i < user->passwords.count; i++) { /* All of them: which one it was is nobody's business. */
        is_right |= acl_password_is_same(hex, user->passwords.items[i].text.data);
    }
    return is_right;
}

enum acl_verdict acl_user_check(const struct acl_user *user, const struct acl_request *request, size_t *index)
{
    enum acl_verdict nearest = ACL_DENIED_COMMAND;

    *index = 0;
    for (size_t i = 0; i < user->selector_count; i++) {
        size_t denied;
        enum acl_verdict verdict = acl_selector_check(user->selectors[i], request, &denied);

        if (verdict == ACL_ALLOWED) {
            return ACL_ALLOWED;
        }
        if (verdict > nearest || (verdict == nearest && denied > *index)) {
            nearest = verdict;
            *index = denied;
        }
    }
    return nearest;
}

void acl_user_describe(const struct acl_user *user, const struct acl_catalog *catalog, struct buf *out)
{
    for (size_t i = 0; i < ACL_USER_FLAG_COUNT; i++) {
        if (user->flags & (1u << i)) {
            buf_put_format(out, "%s ", flag_names[i]);
        }
    }
    for (size_t i = 0; i < user->passwords.count; i++) {
        buf_put_format(out, "#%s ", user->passwords.items[i].text.data);
    }
    for (size_t i = 0; i < user->selector_count; i++) {
        buf_put_text(out, i == 0 ? "" : " (");
        acl_describe_selector(user->selectors[i], catalog, out);
        buf_put_text(out, i == 0 ? "" : ")");
    }
}
