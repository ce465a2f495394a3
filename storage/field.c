#include "storage/field.h"
#include "base/assert.h"
#include "storage/keycode.h"

bool field_get(struct keyspace *keyspace, uint64_t generation, struct slice name, struct slice *value)
{
    struct keycode code;
    struct slice full;

    keycode_field(&code, generation, name, keyspace_name_seed(keyspace));
    if (!view_get(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(&code), value)) {
        return false;
    }
    if (name.len <= KEYCODE_NAME_LITERAL_MAX) {
        return true;
    }
    field_parse(keycode_slice(&code), *value, &full, value);
    ASSERT(slice_equal(full, name)); /* Two names with one 128-bit keyed hash: docs/formats/keyspace.md. */
    return true;
}

void field_put(struct keyspace *keyspace, uint64_t generation, struct slice name, struct slice value)
{
    struct keycode code;
    char number[KEYCODE_NUMBER_BYTES_MAX];
    size_t number_len;
    char *to;

    keycode_field(&code, generation, name, keyspace_name_seed(keyspace));
    if (name.len <= KEYCODE_NAME_LITERAL_MAX) {
        view_put(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(&code), value);
        return;
    }
    number_len = keycode_put_number(number, name.len);
    to = view_put_space(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(&code), number_len + name.len + value.len);
    memcpy(to, number, number_len);
    memcpy(to + number_len, name.data, name.len);
    if (value.len > 0) {
        memcpy(to + number_len + name.len, value.data, value.len);
    }
}

void field_delete(struct keyspace *keyspace, uint64_t generation, struct slice name)
{
    struct keycode code;

    keycode_field(&code, generation, name, keyspace_name_seed(keyspace));
    view_delete(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(&code));
}

void field_parse(struct slice coded_key, struct slice row, struct slice *name, struct slice *value)
{
    uint64_t generation;
    struct slice coded_name;
    bool is_whole;

    *value = row;
    is_whole =
        keycode_parse_key(coded_key, &generation, &coded_name) && keycode_take_full_name(coded_name, value, name);
    ASSERT(is_whole);
}
