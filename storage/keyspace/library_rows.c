#include "storage/keyspace/library_rows.h"
#include "base/sha1.h"
#include "storage/keyspace/keyspace_state.h"
#include "storage/memtable/view_cursor.h"

/* No name that is so short is hashed, so the seed does not matter. */
static void put_key(struct keycode *key, struct slice code)
{
    unsigned char hash[SHA1_BYTES];

    sha1(code, hash);
    keycode_key(key, LIBRARY_SPACE, slice_make(hash, sizeof(hash)), 0);
}

void library_rows_put(struct keyspace *keyspace, struct slice code)
{
    const struct entry entry = {.type = ENTRY_STRING, .encoding = ENTRY_INLINE};
    char header[ENTRY_HEADER_BYTES_MAX];
    size_t header_len = entry_encode_header(&entry, header);
    struct keycode key;
    char *value;

    put_key(&key, code);
    value = view_put_space(keyspace->view, TABLE_KEYS, keycode_slice(&key), header_len + code.len);
    memcpy(value, header, header_len);
    memcpy(value + header_len, code.data, code.len);
}

bool library_rows_delete(struct keyspace *keyspace, struct slice code)
{
    struct keycode key;
    struct slice value;

    put_key(&key, code);
    if (!view_get(keyspace->view, TABLE_KEYS, keycode_slice(&key), &value)) {
        return false;
    }
    view_delete(keyspace->view, TABLE_KEYS, keycode_slice(&key));
    return true;
}

void library_rows_visit(struct keyspace *keyspace, void (*visit)(void *context, struct slice code), void *context)
{
    struct keycode prefix;
    struct view_cursor *cursor;

    keycode_prefix(&prefix, LIBRARY_SPACE);
    cursor = view_cursor_create(keyspace->view, TABLE_KEYS, keycode_slice(&prefix));
    for (bool found = view_cursor_first(cursor); found; found = view_cursor_next(cursor)) {
        struct slice code;
        bool is_whole = library_rows_decode(view_cursor_key(cursor), view_cursor_value(cursor), &code);

        ASSERT(is_whole); /* K6 */
        visit(context, code);
    }
    view_cursor_free(cursor);
}

bool library_rows_decode(struct slice coded_key, struct slice value, struct slice *code)
{
    struct entry entry;
    struct keycode key;

    if (!entry_decode(value, &entry) || entry.type != ENTRY_STRING || entry.encoding != ENTRY_INLINE ||
        entry.generation != 0 || entry.expire_at_ms != 0) {
        return false;
    }
    put_key(&key, entry.body);
    *code = entry.body;
    return slice_equal(keycode_slice(&key), coded_key);
}
