#include "server/request/tracking_prefixes.h"
#include "base/assert.h"
#include "base/checksum.h"
#include "base/hash_table.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/resp_write.h"
#include <stdlib.h>

/* A key that has changed in this turn. */
struct changed_key {
    struct hash_node node; /* In its prefix' changes. */
    uint64_t writer_id;
    size_t len;
    char bytes[];
};

struct tracking_prefix {
    struct tracking_member **members; /* Owned. */
    size_t member_count;
    size_t member_capacity;
    struct hash_table changes;
    size_t name_len;
    char name[];
};

static struct slice name_of(const struct tracking_prefix *prefix)
{
    return slice_make(prefix->name, prefix->name_len);
}

void tracking_prefixes_init(struct tracking_prefixes *prefixes)
{
    *prefixes = (struct tracking_prefixes){0};
}

void tracking_prefixes_release(struct tracking_prefixes *prefixes)
{
    ASSERT(prefixes->count == 0);
    memory_free(prefixes->list);
}

/* --- Joining and leaving --- */

/* Where `name` stands in the list, or would. */
static size_t place_of(struct tracking_prefix *const *list, size_t count, struct slice name)
{
    size_t place = 0;

    while (place < count && slice_compare(name_of(list[place]), name) < 0) {
        place++;
    }
    return place;
}

static bool is_at(struct tracking_prefix *const *list, size_t count, size_t place, struct slice name)
{
    return place < count && slice_equal(name_of(list[place]), name);
}

/* Open a gap in a list of pointers that has room. */
static void insert(struct tracking_prefix **list, size_t count, size_t place, struct tracking_prefix *prefix)
{
    memmove(list + place + 1, list + place, (count - place) * sizeof(*list));
    list[place] = prefix;
}

static struct tracking_prefix *find_or_make(struct tracking_prefixes *prefixes, struct slice name)
{
    size_t place = place_of(prefixes->list, prefixes->count, name);
    struct tracking_prefix *prefix;

    if (is_at(prefixes->list, prefixes->count, place, name)) {
        return prefixes->list[place];
    }
    if (prefixes->count == prefixes->capacity) {
        prefixes->capacity = prefixes->capacity == 0 ? 4 : prefixes->capacity * 2;
        prefixes->list = memory_resize(prefixes->list, prefixes->capacity * sizeof(struct tracking_prefix *));
    }
    prefix = memory_allocate_zeroed(sizeof(*prefix) + name.len);
    hash_table_init(&prefix->changes);
    prefix->name_len = name.len;
    memcpy(prefix->name, name.data, name.len);
    insert(prefixes->list, prefixes->count++, place, prefix);
    return prefix;
}

void tracking_prefixes_join(struct tracking_prefixes *prefixes, struct tracking_member *member, struct slice name)
{
    size_t place = place_of(member->joined, member->joined_count, name);
    struct tracking_prefix *prefix;

    if (is_at(member->joined, member->joined_count, place, name)) {
        return;
    }
    prefix = find_or_make(prefixes, name);
    if (prefix->member_count == prefix->member_capacity) {
        prefix->member_capacity = prefix->member_capacity == 0 ? 2 : prefix->member_capacity * 2;
        prefix->members = memory_resize(prefix->members, prefix->member_capacity * sizeof(struct tracking_member *));
    }
    prefix->members[prefix->member_count++] = member;
    member->joined = memory_resize(member->joined, (member->joined_count + 1) * sizeof(struct tracking_prefix *));
    insert(member->joined, member->joined_count++, place, prefix);
}

static void forget_changes(struct tracking_prefix *prefix)
{
    struct hash_table_walk walk;

    for (struct hash_node *node = hash_table_walk_begin(&walk, &prefix->changes); node != NULL;
         node = hash_table_walk_next(&walk, &prefix->changes)) {
        memory_free(LIST_ENTRY(node, struct changed_key, node));
    }
    hash_table_release(&prefix->changes);
}

static void drop(struct tracking_prefixes *prefixes, struct tracking_prefix *prefix)
{
    size_t place = place_of(prefixes->list, prefixes->count, name_of(prefix));

    ASSERT(place < prefixes->count && prefixes->list[place] == prefix);
    prefixes->count--;
    memmove(prefixes->list + place, prefixes->list + place + 1,
            (prefixes->count - place) * sizeof(struct tracking_prefix *));
    forget_changes(prefix);
    memory_free(prefix->members);
    memory_free(prefix);
}

void tracking_prefixes_leave(struct tracking_prefixes *prefixes, struct tracking_member *member)
{
    for (size_t i = 0; i < member->joined_count; i++) {
        struct tracking_prefix *prefix = member->joined[i];
        size_t at = 0;

        while (prefix->members[at] != member) {
            at++;
        }
        prefix->members[at] = prefix->members[--prefix->member_count];
        if (prefix->member_count == 0) {
            drop(prefixes, prefix);
        }
    }
    memory_free(member->joined);
    member->joined = NULL;
    member->joined_count = 0;
}

struct slice tracking_member_prefix(const struct tracking_member *member, size_t index)
{
    ASSERT(index < member->joined_count);
    return name_of(member->joined[index]);
}

bool tracking_prefixes_overlap(struct slice a, struct slice b)
{
    return slice_starts_with(a, b) || slice_starts_with(b, a);
}

/* --- Changes --- */

static void note(struct tracking_prefix *prefix, struct slice key, uint64_t hash, uint64_t writer_id)
{
    struct changed_key *changed;

    for (struct hash_node *node = hash_table_first(&prefix->changes, hash); node != NULL;
         node = hash_table_next(node)) {
        changed = LIST_ENTRY(node, struct changed_key, node);
        if (slice_equal(slice_make(changed->bytes, changed->len), key)) {
            return;
        }
    }
    changed = memory_allocate(sizeof(*changed) + key.len);
    changed->writer_id = writer_id;
    changed->len = key.len;
    memcpy(changed->bytes, key.data, key.len);
    hash_table_insert(&prefix->changes, &changed->node, hash);
}

void tracking_prefixes_note(struct tracking_prefixes *prefixes, struct slice key, uint64_t writer_id)
{
    uint64_t hash = prefixes->count == 0 ? 0 : checksum_hash64(key, 0);

    for (size_t i = 0; i < prefixes->count; i++) {
        if (slice_starts_with(key, name_of(prefixes->list[i]))) {
            note(prefixes->list[i], key, hash, writer_id);
            prefixes->have_changes = true;
        }
    }
}

static int compare(const void *left, const void *right)
{
    const struct changed_key *a = *(struct changed_key *const *)left;
    const struct changed_key *b = *(struct changed_key *const *)right;

    return slice_compare(slice_make(a->bytes, a->len), slice_make(b->bytes, b->len));
}

/* The prefix' changed keys in order; the array is the caller's. */
static struct changed_key **list_changes(const struct tracking_prefix *prefix)
{
    struct changed_key **changes = memory_allocate(prefix->changes.count * sizeof(struct changed_key *));
    struct hash_table_walk walk;
    size_t count = 0;

    for (struct hash_node *node = hash_table_walk_begin(&walk, &prefix->changes); node != NULL;
         node = hash_table_walk_next(&walk, &prefix->changes)) {
        changes[count++] = LIST_ENTRY(node, struct changed_key, node);
    }
    qsort(changes, count, sizeof(changes[0]), compare);
    return changes;
}

/* The keys that `skipped_id` has not changed; false if there are none. */
static bool write_keys(struct changed_key *const *changes, size_t count, uint64_t skipped_id, struct buf *keys)
{
    size_t told = 0;

    for (size_t i = 0; i < count; i++) {
        told += skipped_id == 0 || changes[i]->writer_id != skipped_id;
    }
    buf_clear(keys);
    resp_write_array(keys, told);
    for (size_t i = 0; i < count; i++) {
        if (skipped_id == 0 || changes[i]->writer_id != skipped_id) {
            resp_write_bulk(keys, slice_make(changes[i]->bytes, changes[i]->len));
        }
    }
    return told != 0;
}

static void tell_members(const struct tracking_prefix *prefix,
                         void (*tell)(void *context, struct tracking_member *member, struct slice keys), void *context)
{
    struct changed_key **changes = list_changes(prefix);
    struct buf all;
    struct buf others;

    buf_init(&all, BUF_NO_CEILING);
    buf_init(&others, BUF_NO_CEILING);
    (void)write_keys(changes, prefix->changes.count, 0, &all);
    for (size_t i = 0; i < prefix->member_count; i++) {
        struct tracking_member *member = prefix->members[i];

        if (!member->skips_own) {
            tell(context, member, buf_slice(&all));
        } else if (write_keys(changes, prefix->changes.count, member->id, &others)) {
            tell(context, member, buf_slice(&others));
        }
    }
    buf_release(&all);
    buf_release(&others);
    memory_free(changes);
}

void tracking_prefixes_tell(struct tracking_prefixes *prefixes,
                            void (*tell)(void *context, struct tracking_member *member, struct slice keys),
                            void *context)
{
    if (!prefixes->have_changes) {
        return;
    }
    prefixes->have_changes = false;
    for (size_t i = 0; i < prefixes->count; i++) {
        if (prefixes->list[i]->changes.count != 0) {
            tell_members(prefixes->list[i], tell, context);
            forget_changes(prefixes->list[i]);
        }
    }
}
