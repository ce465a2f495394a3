#include "storage/keyspace/expiry.h"
#include "storage/memtable/view_cursor.h"

void expiry_init(struct expiry *expiry, struct view *view)
{
    expiry->view = view;
    expiry->floor_due_ms = 0;
    keycode_start(&expiry->floor);
    keycode_add_be64(&expiry->floor, 0);
}

static void lower_floor(struct expiry *expiry, uint64_t due_ms)
{
    expiry->floor_due_ms = due_ms;
    keycode_start(&expiry->floor);
    keycode_add_be64(&expiry->floor, due_ms);
}

void expiry_add(struct expiry *expiry, uint64_t due_ms, struct slice coded_key)
{
    struct keycode row;

    keycode_expiry(&row, due_ms, coded_key);
    view_put(expiry->view, TABLE_EXPIRY, keycode_slice(&row), slice_empty());
    if (due_ms <= expiry->floor_due_ms) {
        lower_floor(expiry, due_ms);
    }
}

void expiry_remove(struct expiry *expiry, uint64_t due_ms, struct slice coded_key)
{
    struct keycode row;

    keycode_expiry(&row, due_ms, coded_key);
    view_delete(expiry->view, TABLE_EXPIRY, keycode_slice(&row));
}

bool expiry_first(struct expiry *expiry, struct keycode *row)
{
    struct view_cursor *cursor = view_cursor_create(expiry->view, TABLE_EXPIRY, slice_empty());
    bool found = view_cursor_seek(cursor, keycode_slice(&expiry->floor));

    if (found) {
        keycode_start(row);
        keycode_add_coded(row, view_cursor_key(cursor));
        ASSERT(row->len > KEYCODE_DUE_BYTES); /* K4 */
        expiry->floor = *row;
        expiry->floor_due_ms = bytes_get_be64(row->bytes);
    } else {
        lower_floor(expiry, UINT64_MAX);
    }
    view_cursor_free(cursor);
    return found;
}
