#include "storage/keyspace/keyspace_scan.h"
#include "base/memory.h"
#include "storage/keyspace/keyspace_state.h"
#include "storage/keyspace/scan_places.h"
#include "storage/memtable/view_cursor.h"

struct keyspace_walk {
    struct keyspace *keyspace;
    struct view_cursor *cursor; /* Owned. */
    struct slice prefix;        /* Owned. Beyond what a name keeps of its beginning, it is compared key by key. */
    struct keycode begin;       /* Space and what the prefix narrows. */
    bool has_begun;
};

struct keyspace_walk *keyspace_walk_begin(struct keyspace *keyspace, uint32_t db, struct slice prefix)
{
    struct keyspace_walk *walk = memory_allocate(sizeof(*walk));
    struct slice narrow = prefix;

    if (narrow.len > KEYCODE_NAME_PREFIX_BYTES) {
        narrow.len = KEYCODE_NAME_PREFIX_BYTES;
    }
    walk->keyspace = keyspace;
    keycode_prefix(&walk->begin, keyspace_database(keyspace, db)->space);
    keycode_add_coded(&walk->begin, narrow);
    walk->cursor = view_cursor_create(keyspace->view, TABLE_KEYS, keycode_slice(&walk->begin));
    walk->prefix = slice_make(memory_copy(prefix.data, prefix.len), prefix.len);
    walk->has_begun = false;
    return walk;
}

void keyspace_walk_end(struct keyspace_walk *walk)
{
    view_cursor_free(walk->cursor);
    memory_free((void *)(uintptr_t)walk->prefix.data);
    memory_free(walk);
}

/* Read the row that the walk stands on. False if it is none of the walk's: due, or not of the whole prefix. */
static bool read_here(const struct keyspace_walk *walk, struct slice *key, struct entry *entry)
{
    keyspace_decode(view_cursor_key(walk->cursor), view_cursor_value(walk->cursor), key, entry);
    return !keyspace_is_due(walk->keyspace, entry) && slice_starts_with(*key, walk->prefix);
}

bool keyspace_walk_next(struct keyspace_walk *walk, struct slice *key, struct entry *entry)
{
    bool more = walk->has_begun ? view_cursor_next(walk->cursor) : view_cursor_first(walk->cursor);

    walk->has_begun = true;
    while (more && !read_here(walk, key, entry)) {
        more = view_cursor_next(walk->cursor);
    }
    return more;
}

/* Stand on the first row after the place for which `cursor` stands, or on the first of all. False if there is none. */
static bool resume(struct keyspace_walk *walk, uint32_t db, uint64_t cursor)
{
    struct slice place;
    struct keycode next;

    if (!scan_places_find(walk->keyspace->places, 0, cursor, &place)) {
        return view_cursor_first(walk->cursor);
    }
    keycode_prefix(&next, keyspace_database(walk->keyspace, db)->space);
    keycode_add_coded(&next, place);
    keycode_add_byte(&next, 0); /* The least that comes after it. */
    if (slice_compare(keycode_slice(&next), keycode_slice(&walk->begin)) < 0) {
        return view_cursor_first(walk->cursor); /* The scan goes on with a prefix further on. */
    }
    return view_cursor_seek(walk->cursor, keycode_slice(&next));
}

uint64_t keyspace_scan(struct keyspace *keyspace, uint32_t db, uint64_t cursor, struct slice prefix, size_t count,
                       const struct keyspace_scan_visitor *visitor)
{
    struct keyspace_walk *walk = keyspace_walk_begin(keyspace, db, prefix);
    bool more = resume(walk, db, cursor);
    uint64_t next = 0;
    struct keycode last;
    struct slice name = slice_empty();
    uint64_t space;

    /* Rows that are not visited count as well, so that a page costs what was asked for. */
    for (size_t i = 0; more && i < count; i++) {
        struct slice key;
        struct entry entry;

        if (read_here(walk, &key, &entry)) {
            visitor->visit(visitor->context, key, &entry);
        }
        keycode_start(&last);
        keycode_add_coded(&last, view_cursor_key(walk->cursor));
        more = view_cursor_next(walk->cursor);
    }
    if (more && count > 0) {
        bool is_whole = keycode_parse_key(keycode_slice(&last), &space, &name);

        ASSERT(is_whole); /* K4 */
        next = scan_places_remember(keyspace->places, 0, cursor, name);
    } else {
        scan_places_finish(keyspace->places, cursor);
    }
    keyspace_walk_end(walk);
    return next;
}
