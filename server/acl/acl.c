#include "server/acl/acl.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/memory.h"
#include "server/acl/acl_catalog.h"
#include "server/acl/acl_log.h"
#include "server/acl/acl_password.h"

struct acl {
    struct acl_terms terms;
    struct acl_catalog *catalog; /* Owned by the first acl of it; NULL in one that is alike. */
    struct acl_log *log;
    struct acl_user *default_user; /* One of users. */
    struct acl_user **users;       /* Owned, as what it points to; in order of the names. */
    size_t count;
};

/* Where a user of that name stands, or would. */
static size_t place_of(const struct acl *acl, struct slice name, bool *is_there)
{
    size_t low = 0;
    size_t high = acl->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (slice_compare(slice_of(acl->users[middle]->name), name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *is_there = low < acl->count && slice_equal(slice_of(acl->users[low]->name), name);
    return low;
}

struct acl_user *acl_add(struct acl *acl, struct slice name)
{
    bool is_there;
    size_t place = place_of(acl, name, &is_there);

    ASSERT(!is_there);
    acl->users = memory_resize(acl->users, (acl->count + 1) * sizeof(struct acl_user *));
    memmove(&acl->users[place + 1], &acl->users[place], (acl->count - place) * sizeof(struct acl_user *));
    acl->count++;
    acl->users[place] = acl_user_create(&acl->terms, name);
    return acl->users[place];
}

static struct acl *create(const struct acl_terms *terms)
{
    static const char *const rules[] = {"+@all", "~*", "&*", "on", "nopass"};
    struct acl *acl = memory_allocate_zeroed(sizeof(*acl));

    acl->terms = *terms;
    acl->log = acl_log_create();
    acl->default_user = acl_add(acl, slice_of(ACL_DEFAULT_USER));
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        ASSERT(acl_user_apply(acl->default_user, terms, slice_of(rules[i])) == ACL_RULE_FINE);
    }
    return acl;
}

struct acl *acl_create(struct commands *commands)
{
    struct acl_catalog *catalog = acl_catalog_create(commands);
    struct acl_terms terms = {.catalog = catalog};
    struct acl *acl = create(&terms);

    acl->catalog = catalog;
    return acl;
}

struct acl *acl_create_alike(const struct acl *acl)
{
    return create(&acl->terms);
}

void acl_free(struct acl *acl)
{
    if (acl == NULL) {
        return;
    }
    for (size_t i = 0; i < acl->count; i++) {
        acl_user_free(acl->users[i]);
    }
    memory_free(acl->users);
    acl_log_free(acl->log);
    acl_catalog_free(acl->catalog);
    memory_free(acl);
}

const struct acl_terms *acl_terms(const struct acl *acl)
{
    return &acl->terms;
}

struct acl_log *acl_log(struct acl *acl)
{
    return acl->log;
}

void acl_set_begins_with_channels(struct acl *acl, bool begins)
{
    acl->terms.begins_with_channels = begins;
}

struct acl_user *acl_default(const struct acl *acl)
{
    return acl->default_user;
}

struct acl_user *acl_find(const struct acl *acl, struct slice name)
{
    bool is_there;
    size_t place = place_of(acl, name, &is_there);

    return is_there ? acl->users[place] : NULL;
}

void acl_take_out(struct acl *acl, struct acl_user *user)
{
    bool is_there;
    size_t place = place_of(acl, slice_of(user->name), &is_there);

    ASSERT(is_there && user != acl->default_user);
    acl->count--;
    memmove(&acl->users[place], &acl->users[place + 1], (acl->count - place) * sizeof(struct acl_user *));
}

size_t acl_count(const struct acl *acl)
{
    return acl->count;
}

struct acl_user *acl_at(const struct acl *acl, size_t index)
{
    ASSERT(index < acl->count);
    return acl->users[index];
}

struct acl_user *acl_authenticate(const struct acl *acl, struct slice name, struct slice password)
{
    struct acl_user *user = acl_find(acl, name);

    return user != NULL && !(user->flags & ACL_USER_OFF) && acl_user_has_password(user, password) ? user : NULL;
}

bool acl_is_open(const struct acl *acl)
{
    return (acl->default_user->flags & ACL_USER_NO_PASSWORD) && !(acl->default_user->flags & ACL_USER_OFF);
}

static void apply(const struct acl *acl, struct acl_user *user, const char *rule)
{
    ASSERT(acl_user_apply(user, &acl->terms, slice_of(rule)) == ACL_RULE_FINE);
}

void acl_set_default_password(struct acl *acl, struct slice password)
{
    char rule[1 + ACL_HASH_LEN + 1] = "#";

    apply(acl, acl->default_user, "resetpass");
    if (password.len == 0) {
        apply(acl, acl->default_user, "nopass");
        return;
    }
    acl_password_hash(password, rule + 1);
    apply(acl, acl->default_user, rule);
}

bool acl_is_plain(const struct acl *acl, struct slice password)
{
    const struct acl_user *user = acl->default_user;
    bool is_right = password.len == 0 ? acl_is_open(acl)
                                      : user->flags == ACL_USER_ON && user->passwords.count == 1 &&
                                            acl_user_has_password(user, password);

    return acl->count == 1 && is_right && user->is_unrestricted && user->selector_count == 1;
}

void acl_exchange_users(struct acl *a, struct acl *b)
{
    struct acl_user **users = a->users;
    size_t count = a->count;
    bool is_there;
    size_t of_a = place_of(a, slice_of(ACL_DEFAULT_USER), &is_there);
    size_t of_b = place_of(b, slice_of(ACL_DEFAULT_USER), &is_there);

    acl_user_exchange(a->default_user, b->default_user);
    a->users[of_a] = b->default_user;
    b->users[of_b] = a->default_user;
    a->users = b->users;
    a->count = b->count;
    b->users = users;
    b->count = count;
}

void acl_describe(const struct acl *acl, const struct acl_user *user, struct buf *out)
{
    buf_put_format(out, "user %s ", user->name);
    acl_user_describe(user, acl->terms.catalog, out);
}
