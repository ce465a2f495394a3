#include "storage/keyspace/row_scan.h"
#include "storage/keyspace/keyspace_state.h"
#include "storage/keyspace/scan_places.h"
#include "storage/memtable/view_cursor.h"

uint64_t row_scan(struct keyspace *keyspace, uint64_t generation, uint64_t cursor, size_t count,
                  const struct row_scan_visitor *visitor)
{
    struct view_cursor *rows;
    struct keycode prefix;
    struct keycode last;
    struct slice place;
    uint64_t next = 0;
    bool more;

    keycode_prefix(&prefix, generation);
    rows = view_cursor_create(keyspace->view, TABLE_FIELDS, keycode_slice(&prefix));
    if (scan_places_find(keyspace->places, generation, cursor, &place)) {
        keycode_start(&last);
        keycode_add_coded(&last, place);
        more = view_cursor_seek(rows, keycode_slice(&last));
        if (more && slice_equal(view_cursor_key(rows), keycode_slice(&last))) {
            more = view_cursor_next(rows);
        }
    } else {
        more = view_cursor_first(rows);
    }
    keycode_start(&last);
    for (size_t i = 0; more && i < count; i++) {
        visitor->visit(visitor->context, view_cursor_key(rows), view_cursor_value(rows));
        keycode_start(&last);
        keycode_add_coded(&last, view_cursor_key(rows));
        more = view_cursor_next(rows);
    }
    if (more && last.len > 0) {
        next = scan_places_remember(keyspace->places, generation, cursor, keycode_slice(&last));
    } else {
        scan_places_finish(keyspace->places, cursor);
    }
    view_cursor_free(rows);
    return next;
}
