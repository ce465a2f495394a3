#include "storage/value/set_store.h"
#include "base/assert.h"
#include "storage/keyspace/field.h"
#include "storage/keyspace/keycode.h"
#include "storage/keyspace/packed.h"
#include "storage/keyspace/row_scan.h"
#include "storage/memtable/view_cursor.h"

static bool find_inline(const struct collection *set, struct slice member, struct packed_place *place)
{
    return packed_find(collection_body(set), member, 1, place);
}

bool set_contains(const struct collection *set, struct slice member)
{
    struct packed_place place;
    struct slice slot;

    if (collection_is_inline(set)) {
        return find_inline(set, member, &place);
    }
    return field_get(set->keyspace, set->entry.generation, member, &slot);
}

/* Put `member` into the slot and let its row say so. */
static void put_rows(struct collection *set, struct slice member, uint64_t slot)
{
    struct keycode code;
    char number[KEYCODE_NUMBER_BYTES_MAX];
    size_t number_len = keycode_put_number(number, slot);

    keycode_slot(&code, set->entry.generation, slot);
    view_put(keyspace_view(set->keyspace), TABLE_SCORES, keycode_slice(&code), member);
    field_put(set->keyspace, set->entry.generation, member, slice_make(number, number_len));
}

/* Give each member rows of its own. */
static void spread(struct collection *set)
{
    struct buf old;
    struct slice rest;
    struct slice member;

    buf_init(&old, BUF_NO_CEILING);
    buf_put(&old, collection_body(set));
    collection_use_rows(set);
    rest = buf_slice(&old);
    for (uint64_t slot = 0; packed_next(&rest, &member); slot++) {
        put_rows(set, member, slot);
    }
    buf_release(&old);
}

bool set_add(struct collection *set, struct slice member)
{
    if (set_contains(set, member)) {
        return false;
    }
    if (collection_is_inline(set) && collection_outgrows(set, 1, packed_bytes(member.len))) {
        spread(set);
    }
    if (collection_is_inline(set)) {
        packed_put(collection_edit(set), member);
    } else {
        put_rows(set, member, set->entry.count);
    }
    set->entry.count++;
    return true;
}

/* Take the rows of a member away; the last member moves into its slot. */
static void remove_rows(struct collection *set, struct slice member, uint64_t slot)
{
    uint64_t last = set->entry.count - 1;
    struct keycode code;

    field_delete(set->keyspace, set->entry.generation, member);
    if (slot != last) {
        struct buf moved;

        buf_init(&moved, BUF_NO_CEILING);
        buf_put(&moved, set_at(set, last));
        put_rows(set, buf_slice(&moved), slot);
        buf_release(&moved);
    }
    keycode_slot(&code, set->entry.generation, last);
    view_delete(keyspace_view(set->keyspace), TABLE_SCORES, keycode_slice(&code));
}

bool set_remove(struct collection *set, struct slice member)
{
    struct packed_place place;
    struct slice coded;
    uint64_t slot = 0;
    bool found;

    if (collection_is_inline(set)) {
        found = find_inline(set, member, &place);
        if (found) {
            packed_splice(collection_edit(set), place.start, place.len, NULL, 0);
        }
    } else {
        found = field_get(set->keyspace, set->entry.generation, member, &coded);
        if (found) {
            bool is_whole = keycode_take_number(&coded, &slot);

            ASSERT(is_whole); /* K4 */
            remove_rows(set, member, slot);
        }
    }
    set->entry.count -= found;
    return found;
}

struct slice set_at(const struct collection *set, uint64_t slot)
{
    struct keycode code;
    struct slice member = slice_empty();
    bool found = true;

    ASSERT(slot < set->entry.count);
    if (collection_is_inline(set)) {
        struct slice rest = collection_body(set);

        for (uint64_t i = 0; i <= slot && found; i++) {
            found = packed_next(&rest, &member);
        }
    } else {
        keycode_slot(&code, set->entry.generation, slot);
        found = view_get(keyspace_view(set->keyspace), TABLE_SCORES, keycode_slice(&code), &member);
    }
    ASSERT(found);
    return member;
}

void set_walk_begin(struct set_walk *walk, const struct collection *set)
{
    *walk = (struct set_walk){.set = set, .left = set_count(set)};
    if (collection_is_inline(set)) {
        walk->rest = collection_body(set);
    } else {
        struct keycode prefix;

        keycode_prefix(&prefix, set->entry.generation);
        walk->cursor = view_cursor_create(keyspace_view(set->keyspace), TABLE_SCORES, keycode_slice(&prefix));
    }
}

bool set_walk_next(struct set_walk *walk, struct slice *member)
{
    bool found;

    if (walk->cursor == NULL) {
        return packed_next(&walk->rest, member);
    }
    if (walk->left == 0) {
        return false;
    }
    found = walk->left == set_count(walk->set) ? view_cursor_first(walk->cursor) : view_cursor_next(walk->cursor);
    ASSERT(found); /* Slots have no holes. */
    walk->left--;
    *member = view_cursor_value(walk->cursor);
    return true;
}

void set_walk_end(struct set_walk *walk)
{
    view_cursor_free(walk->cursor);
}

static void visit_row(void *context, struct slice coded_key, struct slice row)
{
    const struct set_visitor *visitor = context;
    struct slice member;
    struct slice slot;

    field_parse(coded_key, row, &member, &slot);
    visitor->visit(visitor->context, member);
}

uint64_t set_scan(const struct collection *set, uint64_t cursor, size_t count, const struct set_visitor *visitor)
{
    struct row_scan_visitor rows = {.visit = visit_row, .context = (void *)(uintptr_t)visitor};
    struct set_walk walk;
    struct slice member;

    if (!collection_is_inline(set)) {
        return row_scan(set->keyspace, set->entry.generation, cursor, count, &rows);
    }
    set_walk_begin(&walk, set);
    while (set_walk_next(&walk, &member)) {
        visitor->visit(visitor->context, member);
    }
    set_walk_end(&walk);
    return 0;
}
