#include "storage/keyspace/entry.h"
#include "storage/keyspace/keycode.h"

/* The first byte: the type, and which fields follow; a field that is 0 is left out. A short string costs one byte. */
#define TYPE_MASK      0x07u
#define HAS_ENCODING   0x08u
#define HAS_EXPIRY     0x10u
#define HAS_GENERATION 0x20u
#define HAS_COUNT      0x40u
#define HAS_INDEX      0x80u

_Static_assert(ENTRY_HEADER_BYTES_MAX >= 1 + 1 + 8 + 8 + 2 * KEYCODE_NUMBER_BYTES_MAX, "the longest header fits");

size_t entry_encode_header(const struct entry *entry, char header[ENTRY_HEADER_BYTES_MAX])
{
    unsigned int first = entry->type;
    size_t len = 1;

    if (entry->encoding != 0) {
        first |= HAS_ENCODING;
        header[len++] = (char)entry->encoding;
    }
    if (entry->expire_at_ms != 0) {
        first |= HAS_EXPIRY;
        bytes_put_le64(header + len, entry->expire_at_ms);
        len += 8;
    }
    if (entry->index_at_ms != 0) {
        first |= HAS_INDEX;
        bytes_put_le64(header + len, entry->index_at_ms);
        len += 8;
    }
    if (entry->generation != 0) {
        first |= HAS_GENERATION;
        len += keycode_put_number(header + len, entry->generation);
    }
    if (entry->count != 0) {
        first |= HAS_COUNT;
        len += keycode_put_number(header + len, entry->count);
    }
    header[0] = (char)first;
    return len;
}

static bool decode_fields(struct slice code, unsigned int first, struct entry *entry)
{
    code = slice_after(code, 1);
    if ((first & HAS_ENCODING) != 0) {
        if (code.len < 1) {
            return false;
        }
        entry->encoding = (uint8_t)code.data[0];
        code = slice_after(code, 1);
    }
    if ((first & HAS_EXPIRY) != 0) {
        if (code.len < 8) {
            return false;
        }
        entry->expire_at_ms = bytes_get_le64(code.data);
        code = slice_after(code, 8);
    }
    if ((first & HAS_INDEX) != 0) {
        if (code.len < 8) {
            return false;
        }
        entry->index_at_ms = bytes_get_le64(code.data);
        code = slice_after(code, 8);
    }
    if ((first & HAS_GENERATION) != 0 && !keycode_take_number(&code, &entry->generation)) {
        return false;
    }
    if ((first & HAS_COUNT) != 0 && !keycode_take_number(&code, &entry->count)) {
        return false;
    }
    entry->body = code;
    return true;
}

bool entry_decode(struct slice code, struct entry *entry)
{
    unsigned int first;

    if (code.len == 0) {
        return false;
    }
    first = (unsigned char)code.data[0];
    *entry = (struct entry){.type = (enum entry_type)(first & TYPE_MASK), .body = slice_after(code, 1)};
    if (__builtin_expect(first == ENTRY_STRING, 1)) {
        return true;
    }
    if (entry->type >= ENTRY_TYPE_COUNT) {
        return false;
    }
    return decode_fields(code, first, entry);
}

bool entry_decode_row(struct slice coded_key, struct slice value, struct slice *key, struct entry *entry)
{
    uint64_t space;
    struct slice name;

    return keycode_parse_key(coded_key, &space, &name) && keycode_take_full_name(name, &value, key) &&
           entry_decode(value, entry);
}
