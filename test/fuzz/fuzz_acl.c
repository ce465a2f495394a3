/* Lines are rules, applied to a user one after the other whether they are good or not. What the user is then told to be
 * makes the same user of a new one, and that one is told the same. */
#include "base/assert.h"
#include "base/buf.h"
#include "base/memory.h"
#include "fuzz.h"
#include "server/acl/acl_catalog.h"
#include "server/acl/acl_user.h"
#include "server/request/registry.h"

/* The next of the words that `separator` parts. */
static struct slice take_word(struct slice *text, char separator)
{
    const char *end = text->len == 0 ? NULL : memchr(text->data, separator, text->len);
    size_t len = end == NULL ? text->len : (size_t)(end - text->data);
    struct slice word = slice_first(*text, len);

    *text = slice_after(*text, end == NULL ? len : len + 1);
    return word;
}

/* Apply a description: all its rules must be good. */
static void apply_description(struct acl_user *user, const struct acl_terms *terms, struct slice text)
{
    struct slice words[1024];
    struct slice *rules;
    size_t count = 0;
    size_t rule_count;
    size_t open;

    while (text.len != 0) {
        ASSERT(count < sizeof(words) / sizeof(words[0]));
        words[count++] = take_word(&text, ' ');
    }
    ASSERT(acl_rules_join(words, count, &rules, &rule_count, &open));
    for (size_t i = 0; i < rule_count; i++) {
        ASSERT(acl_user_apply(user, terms, rules[i]) == ACL_RULE_FINE);
    }
    memory_free(rules);
}

static void check(const struct acl_user *user, const struct acl_terms *terms)
{
    struct acl_user *again = acl_user_create(terms, slice_of("again"));
    struct buf first;
    struct buf second;

    buf_init(&first, BUF_NO_CEILING);
    buf_init(&second, BUF_NO_CEILING);
    acl_user_describe(user, terms->catalog, &first);
    apply_description(again, terms, buf_slice(&first));
    acl_user_describe(again, terms->catalog, &second);
    ASSERT(slice_equal(buf_slice(&first), buf_slice(&second)));
    ASSERT(again->is_unrestricted == user->is_unrestricted || user->selectors[0]->has_future);
    buf_release(&first);
    buf_release(&second);
    acl_user_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice text = slice_make(data, len > 2048 ? 2048 : len);
    struct commands *commands = commands_create();
    struct acl_terms terms = {.catalog = acl_catalog_create(commands)};
    struct acl_catalog *catalog = (struct acl_catalog *)(uintptr_t)terms.catalog;
    struct acl_user *user = acl_user_create(&terms, slice_of("user"));

    while (text.len != 0) {
        (void)acl_user_apply(user, &terms, take_word(&text, '\n'));
    }
    check(user, &terms);
    acl_user_free(user);
    acl_catalog_free(catalog);
    commands_free(commands);
    return 0;
}
