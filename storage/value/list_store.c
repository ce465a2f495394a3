#include "storage/value/list_store.h"
#include "base/assert.h"
#include "base/bytes.h"
#include "storage/keyspace/keycode.h"
#include "storage/keyspace/packed.h"
#include "storage/memtable/view_cursor.h"

/* A list is made anew if so many times more would go than stay. */
#define REMAKE_FACTOR 4
/* What is read before it is written, of elements that move. */
#define SHIFT_PIECE_BYTES (64u * 1024)

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

static void put_row(struct collection *list, int64_t position, struct slice item)
{
    struct keycode code;

    keycode_position(&code, list->entry.generation, position);
    view_put(keyspace_view(list->keyspace), TABLE_FIELDS, keycode_slice(&code), item);
}

static void delete_row(struct collection *list, int64_t position)
{
    struct keycode code;

    keycode_position(&code, list->entry.generation, position);
    view_delete(keyspace_view(list->keyspace), TABLE_FIELDS, keycode_slice(&code));
}

/* Say that the rows from `position` on, to the right or to the left, will be written next. */
static void announce_rows(const struct collection *list, int64_t position, bool is_rightward)
{
    struct keycode codes[VIEW_ANNOUNCE_MAX];
    struct view_announced rows[VIEW_ANNOUNCE_MAX];

    for (size_t i = 0; i < VIEW_ANNOUNCE_MAX; i++) {
        keycode_position(&codes[i], list->entry.generation,
                         is_rightward ? position + (int64_t)i : position - (int64_t)i);
        rows[i] = (struct view_announced){.table = TABLE_FIELDS, .key = keycode_slice(&codes[i])};
    }
    view_announce(keyspace_view(list->keyspace), rows, VIEW_ANNOUNCE_MAX);
}

static struct slice get_row(const struct collection *list, int64_t position)
{
    struct keycode code;
    struct slice item;
    bool found;

    keycode_position(&code, list->entry.generation, position);
    found = view_get(keyspace_view(list->keyspace), TABLE_FIELDS, keycode_slice(&code), &item);
    ASSERT(found); /* Positions have no holes. */
    return item;
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
    uint64_t last = list->entry.count - 1;
    uint64_t index = end == LIST_LEFT ? 0 : last;

    buf_put(out, list_at(list, index));
    if (collection_is_inline(list)) {
        splice_inline(list, index, true, NULL);
    } else if (end == LIST_LEFT) {
        int64_t first = first_position(list);

        delete_row(list, first);
        set_first_position(list, first + 1);
    } else {
        delete_row(list, first_position(list) + (int64_t)last);
    }
    list->entry.count = last;
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

/* Which elements go: the equal ones from one index to another, inclusive. */
struct removal {
    struct slice item;
    uint64_t first;
    uint64_t last;
};

static bool is_removed(const struct removal *removal, uint64_t index, struct slice item)
{
    return removal != NULL && index >= removal->first && index <= removal->last && slice_equal(item, removal->item);
}

/* Elements in a row of which each goes to the position next to that of the one before. */
struct shift {
    uint64_t index;                /* Of the first that moves, */
    uint64_t count;                /* with those that follow in the direction of the walk. */
    bool is_forward;               /* Of the walk: away from where they go. */
    int64_t to;                    /* Position of the first; in the end behind the last. */
    const struct removal *removal; /* These do not come along; NULL: none. */
};

/* Read on until there is a piece to be written, since a walk does not outlast a write. */
static void read_piece(const struct collection *list, struct shift *shift, struct buf *piece)
{
    struct list_walk walk;
    struct slice item;

    list_walk_begin(&walk, list, shift->index, shift->is_forward);
    while (shift->count > 0 && piece->len < SHIFT_PIECE_BYTES && list_walk_next(&walk, &item)) {
        if (!is_removed(shift->removal, shift->index, item)) {
            packed_put(piece, item);
        }
        shift->index = walk.index;
        shift->count--;
    }
    list_walk_end(&walk);
}

/* Move elements, in rows. They must go to where they come from or to where none is needed any more. */
static void shift_rows(struct collection *list, struct shift *shift)
{
    struct buf piece;

    buf_init(&piece, BUF_NO_CEILING);
    while (shift->count > 0) {
        struct slice rest;
        struct slice item;

        buf_clear(&piece);
        read_piece(list, shift, &piece);
        rest = buf_slice(&piece);
        for (uint64_t i = 0; packed_next(&rest, &item); i++) {
            if (i % VIEW_ANNOUNCE_MAX == 0) {
                announce_rows(list, shift->to, shift->is_forward);
            }
            put_row(list, shift->to, item);
            shift->to += shift->is_forward ? 1 : -1;
        }
    }
    buf_release(&piece);
}

static void insert_row(struct collection *list, uint64_t index, struct slice item)
{
    uint64_t count = list->entry.count;
    int64_t first = first_position(list);
    struct shift shift;

    if (index < count / 2) {
        first--;
        shift = (struct shift){.count = index, .is_forward = true, .to = first};
        shift_rows(list, &shift);
        set_first_position(list, first);
    } else {
        shift = (struct shift){.index = count - 1, .count = count - index, .to = first + (int64_t)count};
        shift_rows(list, &shift);
    }
    put_row(list, first + (int64_t)index, item);
}

void list_insert(struct collection *list, uint64_t index, struct slice item)
{
    ASSERT(index <= list->entry.count);
    spread_if_outgrown(list, item);
    if (collection_is_inline(list)) {
        splice_inline(list, index, false, &item);
    } else {
        insert_row(list, index, item);
    }
    list->entry.count++;
}

/* Make the list anew of the few that stay. */
static void remake(struct collection *list, uint64_t start, uint64_t count)
{
    struct shift kept = {.index = start, .count = count, .is_forward = true};
    struct slice rest;
    struct slice item;
    struct buf all;

    buf_init(&all, BUF_NO_CEILING);
    while (kept.count > 0) {
        read_piece(list, &kept, &all);
    }
    collection_clear(list);
    rest = buf_slice(&all);
    while (packed_next(&rest, &item)) {
        list_push(list, LIST_RIGHT, item);
    }
    buf_release(&all);
}

static void trim_inline(struct collection *list, uint64_t start, uint64_t end)
{
    size_t from;
    size_t to;
    size_t len;
    struct slice item;

    find_inline(list, end, &to, &len, &item);
    find_inline(list, start, &from, &len, &item);
    buf_truncate(collection_edit(list), to);
    buf_consume(collection_edit(list), from);
}

static void trim_rows(struct collection *list, uint64_t start, uint64_t end)
{
    int64_t first = first_position(list);

    for (uint64_t i = end; i < list->entry.count; i++) {
        delete_row(list, first + (int64_t)i);
    }
    for (uint64_t i = 0; i < start; i++) {
        delete_row(list, first + (int64_t)i);
    }
    if (start > 0) {
        set_first_position(list, first + (int64_t)start);
    }
}

void list_trim(struct collection *list, uint64_t start, uint64_t count)
{
    ASSERT(start <= list->entry.count && count <= list->entry.count - start);
    if (count == 0) {
        collection_clear(list);
    } else if (collection_is_inline(list)) {
        trim_inline(list, start, start + count);
    } else if (list->entry.count - count > REMAKE_FACTOR * count) {
        remake(list, start, count);
    } else {
        trim_rows(list, start, start + count);
    }
    list->entry.count = count;
}

static uint64_t count_equal(const struct collection *list, struct slice item)
{
    struct slice rest = collection_body(list);
    uint64_t count = 0;
    struct slice other;

    while (packed_next(&rest, &other)) {
        count += slice_equal(other, item);
    }
    return count;
}

static uint64_t remove_inline(struct collection *list, struct slice item, enum list_end end, uint64_t limit)
{
    uint64_t found = count_equal(list, item);
    uint64_t removed = found < limit ? found : limit;
    uint64_t begin = end == LIST_LEFT ? 0 : found - removed; /* Of the equal ones. */
    uint64_t met = 0;
    struct slice rest = collection_body(list);
    struct slice other;
    struct buf kept;

    if (removed == 0) {
        return 0;
    }
    buf_init(&kept, BUF_NO_CEILING);
    while (packed_next(&rest, &other)) {
        bool is_equal = slice_equal(other, item);

        if (!is_equal || met < begin || met - begin >= removed) {
            packed_put(&kept, other);
        }
        met += is_equal;
    }
    buf_clear(collection_edit(list));
    buf_put(collection_edit(list), buf_slice(&kept));
    buf_release(&kept);
    list->entry.count -= removed;
    return removed;
}

/* What a search for elements to be removed has found. */
struct search {
    struct removal removal;
    uint64_t found;
    uint64_t run_start; /* The longest run between them, or before or behind all: it can stay. */
    uint64_t run_len;
};

static void note_run(struct search *search, uint64_t start, uint64_t len)
{
    if (len > search->run_len) {
        search->run_start = start;
        search->run_len = len;
    }
}

/* Find up to `limit` equal elements from one end on. */
static void find_equal(const struct collection *list, enum list_end end, uint64_t limit, struct search *search)
{
    uint64_t count = list->entry.count;
    bool is_forward = end == LIST_LEFT;
    uint64_t passed = 0; /* From that end: what lies before, or is, the last one found. */
    struct list_walk walk;
    struct slice item;

    list_walk_begin(&walk, list, is_forward ? 0 : count - 1, is_forward);
    while (search->found < limit && list_walk_next(&walk, &item)) {
        uint64_t met = count - walk.left - 1;
        uint64_t index = is_forward ? met : count - 1 - met;

        if (slice_equal(item, search->removal.item)) {
            note_run(search, is_forward ? passed : index + 1, met - passed);
            search->removal.first = search->found == 0 || !is_forward ? index : search->removal.first;
            search->removal.last = search->found == 0 || is_forward ? index : search->removal.last;
            search->found++;
            passed = met + 1;
        }
    }
    list_walk_end(&walk);
    note_run(search, is_forward ? passed : 0, count - passed);
}

static uint64_t remove_rows(struct collection *list, struct slice item, enum list_end end, uint64_t limit)
{
    struct search search = {.removal = {.item = item}};
    int64_t first = first_position(list);
    uint64_t count = list->entry.count;
    struct shift left = {.removal = &search.removal};
    struct shift right = {.is_forward = true, .removal = &search.removal};

    find_equal(list, end, limit, &search);
    if (search.found == 0) {
        return 0;
    }
    left.count = search.run_start;
    left.index = left.count - 1;
    left.to = first + (int64_t)left.index;
    right.index = search.run_start + search.run_len;
    right.count = count - right.index;
    right.to = first + (int64_t)right.index;
    shift_rows(list, &left);
    shift_rows(list, &right);
    list_trim(list, (uint64_t)(left.to + 1 - first), count - search.found);
    return search.found;
}

uint64_t list_remove_equal(struct collection *list, struct slice item, enum list_end end, uint64_t limit)
{
    if (list->entry.count == 0) {
        return 0;
    }
    return collection_is_inline(list) ? remove_inline(list, item, end, limit) : remove_rows(list, item, end, limit);
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
    keycode_position(&code, walk->list->entry.generation, first_position(walk->list) + (int64_t)walk->index);
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
