#include "storage/value/hash_store.h"
#include "base/assert.h"
#include "storage/keyspace/field.h"
#include "storage/keyspace/keycode.h"
#include "storage/keyspace/packed.h"
#include "storage/keyspace/row_random.h"
#include "storage/keyspace/row_scan.h"
#include "storage/memtable/view_cursor.h"

#define INLINE_ITEMS 2 /* Of a record in an inline body: field and value. */

static bool find_inline(const struct collection *hash, struct slice field, struct packed_place *place)
{
    return packed_find(collection_body(hash), field, INLINE_ITEMS, place);
}

bool hash_get(const struct collection *hash, struct slice field, struct slice *value)
{
    struct packed_place place;

    if (!collection_is_inline(hash)) {
        return field_get(hash->keyspace, hash->entry.generation, field, value);
    }
    if (!find_inline(hash, field, &place)) {
        return false;
    }
    *value = packed_take(&place.values);
    return true;
}

/* Give each field a row of its own. */
static void spread(struct collection *hash)
{
    struct buf old;
    struct slice rest;
    struct slice field;

    buf_init(&old, BUF_NO_CEILING);
    buf_put(&old, collection_body(hash));
    collection_use_rows(hash);
    rest = buf_slice(&old);
    while (packed_next(&rest, &field)) {
        field_put(hash->keyspace, hash->entry.generation, field, packed_take(&rest));
    }
    buf_release(&old);
}

static void put_inline(struct collection *hash, struct slice field, struct slice value, bool *created)
{
    struct packed_place place;
    struct slice items[INLINE_ITEMS] = {field, value};

    *created = !find_inline(hash, field, &place);
    packed_splice(collection_edit(hash), place.start, place.len, items, INLINE_ITEMS);
}

void hash_put(struct collection *hash, struct slice field, struct slice value, bool *created)
{
    struct slice old;

    if (collection_is_inline(hash) && collection_outgrows(hash, 1, packed_bytes(field.len) + packed_bytes(value.len))) {
        spread(hash);
    }
    if (collection_is_inline(hash)) {
        put_inline(hash, field, value, created);
    } else {
        *created = !field_get(hash->keyspace, hash->entry.generation, field, &old);
        field_put(hash->keyspace, hash->entry.generation, field, value);
    }
    hash->entry.count += *created;
}

bool hash_delete(struct collection *hash, struct slice field)
{
    struct packed_place place;
    struct slice old;
    bool found;

    if (collection_is_inline(hash)) {
        found = find_inline(hash, field, &place);
        if (found) {
            packed_splice(collection_edit(hash), place.start, place.len, NULL, 0);
        }
    } else {
        found = field_get(hash->keyspace, hash->entry.generation, field, &old);
        if (found) {
            field_delete(hash->keyspace, hash->entry.generation, field);
        }
    }
    hash->entry.count -= found;
    return found;
}

void hash_walk_begin(struct hash_walk *walk, const struct collection *hash)
{
    *walk = (struct hash_walk){.hash = hash, .left = hash_count(hash)};
    if (collection_is_inline(hash)) {
        walk->rest = collection_body(hash);
    } else {
        struct keycode prefix;

        keycode_prefix(&prefix, hash->entry.generation);
        walk->cursor = view_cursor_create(keyspace_view(hash->keyspace), TABLE_FIELDS, keycode_slice(&prefix));
    }
}

bool hash_walk_next(struct hash_walk *walk, struct slice *field, struct slice *value)
{
    bool found;

    if (walk->cursor == NULL) {
        found = packed_next(&walk->rest, field);
        if (found) {
            *value = packed_take(&walk->rest);
        }
        return found;
    }
    if (walk->left == 0) {
        return false;
    }
    found = walk->left == hash_count(walk->hash) ? view_cursor_first(walk->cursor) : view_cursor_next(walk->cursor);
    ASSERT(found); /* The count is that of the rows. */
    walk->left--;
    field_parse(view_cursor_key(walk->cursor), view_cursor_value(walk->cursor), field, value);
    return true;
}

void hash_walk_end(struct hash_walk *walk)
{
    view_cursor_free(walk->cursor);
}

static void visit_row(void *context, struct slice coded_key, struct slice row)
{
    const struct hash_visitor *visitor = context;
    struct slice field;
    struct slice value;

    field_parse(coded_key, row, &field, &value);
    visitor->visit(visitor->context, field, value);
}

uint64_t hash_scan(const struct collection *hash, uint64_t cursor, size_t count, const struct hash_visitor *visitor)
{
    struct row_scan_visitor rows = {.visit = visit_row, .context = (void *)(uintptr_t)visitor};
    struct hash_walk walk;
    struct slice field;
    struct slice value;

    if (!collection_is_inline(hash)) {
        return row_scan(hash->keyspace, hash->entry.generation, cursor, count, &rows);
    }
    hash_walk_begin(&walk, hash);
    while (hash_walk_next(&walk, &field, &value)) {
        visitor->visit(visitor->context, field, value);
    }
    hash_walk_end(&walk);
    return 0;
}

void hash_draw(const struct collection *hash, struct random *random, struct keycode *place, struct slice *field,
               struct slice *value)
{
    struct row_range range = {.view = keyspace_view(hash->keyspace), .table = TABLE_FIELDS, .count = hash->entry.count};
    struct slice row;
    bool found;

    ASSERT(!collection_is_inline(hash));
    keycode_prefix(&range.prefix, hash->entry.generation);
    row_random(&range, random, place);
    found = view_get(range.view, TABLE_FIELDS, keycode_slice(place), &row);
    ASSERT(found);
    field_parse(keycode_slice(place), row, field, value);
}
