#include "storage/keyspace/field.h"
#include "base/assert.h"
#include "storage/keyspace/keycode.h"

/* The row under `code`, whose name is `name`. */
static bool get_row(struct keyspace *keyspace, const struct keycode *code, struct slice name, struct slice *value)
{
    struct slice full;

    if (!view_get(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(code), value)) {
        return false;
    }
    if (name.len <= KEYCODE_NAME_LITERAL_MAX) {
        return true;
    }
    ASSERT(keycode_take_number(value, &(uint64_t){0}) && value->len >= name.len);
    full = slice_first(*value, name.len);
    ASSERT(slice_equal(full, name)); /* Two names with one 128-bit keyed hash: docs/formats/keyspace.md. */
    *value = slice_after(*value, name.len);
    return true;
}

static void put_row(struct keyspace *keyspace, const struct keycode *code, struct slice name, struct slice value)
{
    char number[KEYCODE_NUMBER_BYTES_MAX];
    size_t number_len;
    char *to;

    if (name.len <= KEYCODE_NAME_LITERAL_MAX) {
        view_put(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(code), value);
        return;
    }
    number_len = keycode_put_number(number, name.len);
    to = view_put_space(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(code), number_len + name.len + value.len);
    memcpy(to, number, number_len);
    memcpy(to + number_len, name.data, name.len);
    if (value.len > 0) {
        memcpy(to + number_len + name.len, value.data, value.len);
    }
}

bool field_get(struct keyspace *keyspace, uint64_t generation, struct slice name, struct slice *value)
{
    struct keycode code;

    keycode_field(&code, generation, name, keyspace_name_seed(keyspace));
    return get_row(keyspace, &code, name, value);
}

void field_put(struct keyspace *keyspace, uint64_t generation, struct slice name, struct slice value)
{
    struct keycode code;

    keycode_field(&code, generation, name, keyspace_name_seed(keyspace));
    put_row(keyspace, &code, name, value);
}

void field_delete(struct keyspace *keyspace, uint64_t generation, struct slice name)
{
    struct keycode code;

    keycode_field(&code, generation, name, keyspace_name_seed(keyspace));
    view_delete(keyspace_view(keyspace), TABLE_FIELDS, keycode_slice(&code));
}

static void code_under(struct keyspace *keyspace, const struct keycode *prefix, struct slice name, struct keycode *code)
{
    keycode_start(code);
    keycode_add_coded(code, keycode_slice(prefix));
    keycode_add_name(code, name, keyspace_name_seed(keyspace));
}

bool field_get_under(struct keyspace *keyspace, const struct keycode *prefix, struct slice name, struct slice *value)
{
    struct keycode code;

    code_under(keyspace, prefix, name, &code);
    return get_row(keyspace, &code, name, value);
}

void field_put_under(struct keyspace *keyspace, const struct keycode *prefix, struct slice name, struct slice value)
{
    struct keycode code;

    code_under(keyspace, prefix, name, &code);
    put_row(keyspace, &code, name, value);
}

void field_delete_under(struct keyspace *keyspace, const struct keycode *prefix, struct slice name)
{
    struct keycode code;

    code_under(keyspace, prefix, name, &code);
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
