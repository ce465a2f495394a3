/* What commands a selector has is a set of bits; the rules that led there are gone. They are found anew as Redis 7.0
 * does it, so that both tell the same: begin with +@all or -@all, take the category that fits best, go on with what is
 * left, and name what no category has brought one by one. (Redis names these in the order of a hash table; here they
 * come in the order of the catalog.) */
#include "server/acl/acl_describe.h"
#include "base/assert.h"
#include "base/buf.h"
#include "server/acl/acl_catalog.h"
#include "server/acl/acl_selector.h"
#include "server/request/category.h"

struct description {
    const struct acl_selector *selector; /* What is to be described, */
    struct acl_selector *reached;        /* and what the rules so far make of nothing. */
    struct acl_selector *rest;           /* The described one, without what the categories so far have brought. */
    const struct acl_catalog *catalog;
    bool is_additive; /* From -@all upwards. */
    struct buf *out;
};

#define CATEGORY_BITS 32 /* Of acl_command.categories. */

/* How many commands of each category the rest has as they are wanted, and how many not; by the category's bit. */
struct tally {
    size_t right[CATEGORY_BITS];
    size_t wrong[CATEGORY_BITS];
};

static void count(const struct description *description, struct tally *tally)
{
    *tally = (struct tally){.right = {0}};
    for (uint32_t i = 0; i < acl_catalog_count(description->catalog); i++) {
        const struct acl_command *command = acl_catalog_at(description->catalog, i);
        bool is_right = acl_selector_has_command(description->rest, i) == description->is_additive;

        for (uint32_t left = command->is_later ? 0 : command->categories; left != 0; left &= left - 1) {
            (is_right ? tally->right : tally->wrong)[__builtin_ctz(left)]++;
        }
    }
}

/* The category with the fewest commands that are not wanted, and among these the most that are; more wanted ones than
 * others in any case. CATEGORY_COUNT if none is like that. */
static size_t find_best(const struct description *description, const bool *was_taken)
{
    size_t best = CATEGORY_COUNT;
    size_t least_wrong = SIZE_MAX;
    size_t most_right = 0;
    struct tally tally;

    count(description, &tally);
    for (size_t i = 0; i < CATEGORY_COUNT; i++) {
        size_t right = tally.right[__builtin_ctz(category_names[i].bit)];
        size_t wrong = tally.wrong[__builtin_ctz(category_names[i].bit)];

        if (!was_taken[i] && right > wrong && (wrong < least_wrong || (wrong == least_wrong && right > most_right))) {
            best = i;
            least_wrong = wrong;
            most_right = right;
        }
    }
    return best;
}

static void take_categories(struct description *description)
{
    bool was_taken[CATEGORY_COUNT] = {false};
    bool is_additive = description->is_additive;

    for (size_t best = find_best(description, was_taken); best != CATEGORY_COUNT;
         best = find_best(description, was_taken)) {
        uint32_t category = category_names[best].bit;

        acl_selector_set_category(description->reached, description->catalog, category, is_additive);
        acl_selector_set_category(description->rest, description->catalog, category, !is_additive);
        buf_put_format(description->out, " %c@%s", is_additive ? '+' : '-', category_names[best].name);
        was_taken[best] = true;
    }
}

/* A command that is not as wanted yet, and the first arguments that a forbidden one may have all the same. */
static void take_command(struct description *description, uint32_t number)
{
    const struct acl_selector *selector = description->selector;
    const char *name = acl_catalog_at(description->catalog, number)->full_name;
    bool is_wanted = acl_selector_has_command(selector, number);

    if (is_wanted != acl_selector_has_command(description->reached, number)) {
        buf_put_format(description->out, " %c%s", is_wanted ? '+' : '-', name);
        acl_selector_set_command(description->reached, description->catalog, number, is_wanted);
    }
    for (size_t i = 0; i < selector->first_arguments.count && !is_wanted; i++) {
        if (selector->first_arguments.items[i].tag == number) {
            buf_put_format(description->out, " +%s|%s", name, selector->first_arguments.items[i].text.data);
        }
    }
}

void acl_describe_commands(const struct acl_selector *selector, const struct acl_catalog *catalog, struct buf *out)
{
    struct acl_terms terms = {.catalog = catalog};
    struct description description = {.selector = selector,
                                      .reached = acl_selector_create(&terms),
                                      .rest = acl_selector_copy(selector, catalog),
                                      .catalog = catalog,
                                      .is_additive = !selector->has_future,
                                      .out = out};

    acl_selector_set_all_commands(description.reached, catalog, selector->has_future);
    buf_put_text(out, selector->has_future ? "+@all" : "-@all");
    take_categories(&description);
    for (uint32_t i = 0; i < acl_catalog_count(catalog); i++) {
        take_command(&description, i);
    }
    for (uint32_t i = 0; i < acl_catalog_count(catalog); i++) {
        /* A description that gives other rights than the user has would be a hole. */
        ASSERT(acl_selector_has_command(description.reached, i) == acl_selector_has_command(selector, i));
    }
    acl_selector_free(description.reached);
    acl_selector_free(description.rest);
}

void acl_describe_keys(const struct acl_selector *selector, struct buf *out)
{
    static const char *const marks[] = {[ACL_KEY_READ] = "%R~", [ACL_KEY_WRITE] = "%W~", [ACL_KEY_ANY] = "~"};

    if (selector->has_all_keys) {
        buf_put_text(out, "~*");
    }
    for (size_t i = 0; i < selector->keys.count; i++) {
        const struct acl_word *pattern = &selector->keys.items[i];

        buf_put_format(out, "%s%s%s", i == 0 ? "" : " ", marks[pattern->tag], pattern->text.data);
    }
}

void acl_describe_channels(const struct acl_selector *selector, struct buf *out)
{
    if (selector->has_all_channels) {
        buf_put_text(out, "&*");
    }
    for (size_t i = 0; i < selector->channels.count; i++) {
        buf_put_format(out, "%s&%s", i == 0 ? "" : " ", selector->channels.items[i].text.data);
    }
}

void acl_describe_selector(const struct acl_selector *selector, const struct acl_catalog *catalog, struct buf *out)
{
    if (selector->has_all_keys || selector->keys.count != 0) {
        acl_describe_keys(selector, out);
        buf_put_byte(out, ' ');
    }
    if (!selector->has_all_channels) {
        buf_put_text(out, "resetchannels ");
    }
    if (selector->has_all_channels || selector->channels.count != 0) {
        acl_describe_channels(selector, out);
        buf_put_byte(out, ' ');
    }
    acl_describe_commands(selector, catalog, out);
}
