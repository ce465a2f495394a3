#include "storage/value/list_store.h"
#include "base/assert.h"
#include "base/bytes.h"
#include "storage/keyspace/keycode.h"
#include "storage/keyspace/packed.h"
#include "storage/memtable/view_cursor.h"

/* Rows. */

/* Position of the first element: all that the body of a list in rows holds. */
static int64_t first_position(const struct collection *list)
{
    ASSERT(collection_body(list).len == sizeof(uint64_t)); /* K4 */
    return keycode_unorder_int64(bytes_get_be64(collection_body(list).data));
}

static void set_first_position(struct collection *list, int64_t position)
{
    struct buf *body = collection_edit(list);
    char bytes[sizeof(uint64_t)];

    bytes_put_be64(bytes, keycode_order_int64(position));
    buf_clear(body);
    buf_put(body, slice_make(bytes, sizeof(bytes)));
}

static struct keycode row_key(const struct collection *list, int64_t position)
{
    struct keycode code;

    keycode_position(&code, list->entry.generation, position);
    return code;
}

static void put_row(struct collection *list, int64_t position, struct slice item)
{
    struct keycode code = row_key(list, position);

    view_put(keyspace_view(list->keyspace), TABLE_FIELDS, keycode_slice(&code), item);
}

static void delete_row(struct collection *list, int64_t position)
{
    struct keycode code = row_key(list, position);

    view_delete(keyspace_view(list->keyspace), TABLE_FIELDS, keycode_slice(&code));
}

static struct slice get_row(const struct collection *list, int64_t position)
{
    struct keycode code = row_key(list, position);
    struct slice item;
    bool found = view_get(keyspace_view(list->keyspace), TABLE_FIELDS, keycode_slice(&code), &item);

    ASSERT(found); /* Positions have no holes. */
    return item;
}

/* Copy the element of one row to another; through `scratch`, since a write may move what a read has borrowed. */
static void move_row(struct collection *list, int64_t from, int64_t to, struct buf *scratch)
{
    buf_clear(scratch);
    buf_put(scratch, get_row(list, from));
    put_row(list, to, buf_slice(scratch));
}

/* Give each element a row of its own. */
static void spread(struct collection *list)
{
    struct buf old;
    struct slice rest;
    struct slice item;

    buf_init(&old, BUF_NO_CEILING);
    buf_put(&old, collection_body(list));
    collection_use_rows(list);
    set_first_position(list, 0);
    rest = buf_slice(&old);
    for (int64_t position = 0; packed_next(&rest, &item); position++) {
        put_row(list, position, item);
    }
    buf_release(&old);
}

static void spread_if_outgrown(struct collection *list, struct slice item)
{
    if (collection_is_inline(list) && collection_outgrows(list, 1, packed_bytes(item.len))) {
        spread(list);
    }
}

/* Inline. */

/* Where the element at `index` lies in the body; at the end for list_count(). */
static void find_inline(const struct collection *list, uint64_t index, size_t *start, size_t *len, struct slice *item)
{
    struct slice body = collection_body(list);
    struct slice rest = body;

    *start = 0;
    *len = 0;
    *item = slice_empty();
    for (uint64_t i = 0; i <= index; i++) {
        *start = body.len - rest.len;
        *len = 0;
        if (packed_next(&rest, item)) {
            *len = body.len - rest.len - *start;
        }
    }
}

static void splice_inline(struct collection *list, uint64_t index, bool removes, const struct slice *item)
{
    size_t start;
    size_t len;
    struct slice old;

    find_inline(list, index, &start, &len, &old);
    packed_splice(collection_edit(list), start, removes ? len : 0, item, item == NULL ? 0 : 1);
}

/* Both. */

struct slice list_at(const struct collection *list, uint64_t index)
{
    struct slice item;
    size_t start;
    size_t len;

    ASSERT(index < list->entry.count);
    if (!collection_is_inline(list)) {
        return get_row(list, first_position(list) + (int64_t)index);
    }
    find_inline(list, index, &start, &len, &item);
    return item;
}

void list_push(struct collection *list, enum list_end end, struct slice item)
{
    spread_if_outgrown(list, item);
    if (collection_is_inline(list)) {
        splice_inline(list, end == LIST_LEFT ? 0 : list->entry.count, false, &item);
    } else if (end == LIST_LEFT) {
        int64_t position = first_position(list) - 1;

        put_row(list, position, item);
        set_first_position(list, position);
    } else {
        put_row(list, first_position(list) + (int64_t)list->entry.count, item);
    }
    list->entry.count++;
}

void list_pop(struct collection *list, enum list_end end, struct buf *out)
{
    uint64_t index = end == LIST_LEFT ? 0 : list->entry.count - 1;

    buf_put(out, list_at(list, index));
    list_remove_at(list, index);
}

void list_replace(struct collection *list, uint64_t index, struct slice item)
{
    ASSERT(index < list->entry.count);
    spread_if_outgrown(list, item);
    if (collection_is_inline(list)) {
        splice_inline(list, index, true, &item);
    } else {
        put_row(list, first_position(list) + (int64_t)index, item);
    }
}

void list_insert(struct collection *list, uint64_t index, struct slice item)
{
    struct buf scratch;
    int64_t first;

    ASSERT(index <= list->entry.count);
    spread_if_outgrown(list, item);
    if (collection_is_inline(list)) {
        splice_inline(list, index, false, &item);
        list->entry.count++;
        return;
    }
    buf_init(&scratch, BUF_NO_CEILING);
    first = first_position(list);
    if (index < list->entry.count / 2) {
        for (int64_t i = 0; i < (int64_t)index; i++) {
            move_row(list, first + i, first + i - 1, &scratch);
        }
        first--;
        set_first_position(list, first);
    } else {
        for (int64_t i = (int64_t)list->entry.count; i > (int64_t)index; i--) {
            move_row(list, first + i - 1, first + i, &scratch);
        }
    }
    put_row(list, first + (int64_t)index, item);
    list->entry.count++;
    buf_release(&scratch);
}

void list_remove_at(struct collection *list, uint64_t index)
{
    struct buf scratch;
    int64_t first;

    ASSERT(index < list->entry.count);
    if (collection_is_inline(list)) {
        splice_inline(list, index, true, NULL);
        list->entry.count--;
        return;
    }
    buf_init(&scratch, BUF_NO_CEILING);
    first = first_position(list);
    if (index < list->entry.count / 2) {
        for (int64_t i = (int64_t)index; i > 0; i--) {
            move_row(list, first + i - 1, first + i, &scratch);
        }
        delete_row(list, first);
        set_first_position(list, first + 1);
    } else {
        for (int64_t i = (int64_t)index; i + 1 < (int64_t)list->entry.count; i++) {
            move_row(list, first + i + 1, first + i, &scratch);
        }
        delete_row(list, first + (int64_t)list->entry.count - 1);
    }
    list->entry.count--;
    buf_release(&scratch);
}

void list_trim(struct collection *list, uint64_t start, uint64_t count)
{
    uint64_t end = start + count;

    ASSERT(end <= list->entry.count);
    if (collection_is_inline(list)) {
        size_t from;
        size_t to;
        size_t len;
        struct slice item;

        find_inline(list, end, &to, &len, &item);
        find_inline(list, start, &from, &len, &item);
        buf_truncate(collection_edit(list), to);
        buf_consume(collection_edit(list), from);
    } else {
        int64_t first = first_position(list);

        for (uint64_t i = end; i < list->entry.count; i++) {
            delete_row(list, first + (int64_t)i);
        }
        for (uint64_t i = 0; i < start; i++) {
            delete_row(list, first + (int64_t)i);
        }
        set_first_position(list, first + (int64_t)start);
    }
    list->entry.count = count;
}

void list_walk_begin(struct list_walk *walk, const struct collection *list, uint64_t index, bool is_forward)
{
    uint64_t count = list->entry.count;

    *walk = (struct list_walk){.list = list, .index = index, .is_forward = is_forward};
    walk->left = is_forward ? (index < count ? count - index : 0) : (index < count ? index + 1 : count);
    if (walk->left == 0) {
        return;
    }
    if (!collection_is_inline(list)) {
        struct keycode prefix;

        keycode_prefix(&prefix, list->entry.generation);
        walk->cursor = view_cursor_create(keyspace_view(list->keyspace), TABLE_FIELDS, keycode_slice(&prefix));
    } else if (is_forward) {
        struct slice item;

        walk->rest = collection_body(list);
        for (uint64_t i = 0; i < index; i++) {
            (void)packed_next(&walk->rest, &item);
        }
    }
}

/* The first step of a walk over rows goes to the element's own row. */
static bool step_rows(struct list_walk *walk)
{
    struct keycode code;

    if (walk->has_begun) {
        return walk->is_forward ? view_cursor_next(walk->cursor) : view_cursor_prev(walk->cursor);
    }
    walk->has_begun = true;
    code = row_key(walk->list, first_position(walk->list) + (int64_t)walk->index);
    return view_cursor_seek(walk->cursor, keycode_slice(&code));
}

bool list_walk_next(struct list_walk *walk, struct slice *item)
{
    bool found = true;

    if (walk->left == 0) {
        return false;
    }
    if (walk->cursor != NULL) {
        found = step_rows(walk);
        *item = found ? view_cursor_value(walk->cursor) : slice_empty();
    } else if (walk->is_forward) {
        found = packed_next(&walk->rest, item);
    } else {
        *item = list_at(walk->list, walk->index);
    }
    ASSERT(found); /* Positions have no holes. */
    walk->index = walk->is_forward ? walk->index + 1 : walk->index - 1;
    walk->left--;
    return true;
}

void list_walk_end(struct list_walk *walk)
{
    view_cursor_free(walk->cursor);
}
