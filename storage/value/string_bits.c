#include "storage/value/string_bits.h"
#include "base/assert.h"
#include "storage/value/string_store.h"

/* The most bytes that 64 bits lie in. */
#define WINDOW_BYTES 9

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t string_bits_count(const struct keyspace *keyspace, const struct entry *entry, uint64_t first, uint64_t end)
{
    uint64_t count = 0;

    ASSERT(end <= (uint64_t)string_len(entry) * 8);
    while (first < end) {
        size_t start = (size_t)(first / 8);
        struct slice stored;
        uint64_t part_end = ((uint64_t)start + string_part(keyspace, entry, start, &stored)) * 8;
        uint64_t base = (uint64_t)start * 8;

        count += bits_count(stored, least(first - base, stored.len * 8), least(end - base, stored.len * 8));
        first = least(part_end, end);
    }
    return count;
}

uint64_t string_bits_find(const struct keyspace *keyspace, const struct entry *entry, bool bit, uint64_t first,
                          uint64_t end)
{
    ASSERT(end <= (uint64_t)string_len(entry) * 8);
    while (first < end) {
        size_t start = (size_t)(first / 8);
        struct slice stored;
        uint64_t part_end = ((uint64_t)start + string_part(keyspace, entry, start, &stored)) * 8;
        uint64_t base = (uint64_t)start * 8;
        uint64_t stored_end = base + least(end - base, stored.len * 8);
        uint64_t found = stored_end;

        if (first < stored_end) {
            found = base + bits_find(stored, bit, first - base, stored_end - base);
        }
        if (found < stored_end) {
            return found;
        }
        first = first < stored_end ? stored_end : first;
        if (!bit && first < part_end) {
            return least(first, end);
        }
        first = least(part_end, end);
    }
    return end;
}

/* The bytes around some bits: up to nine, zero where the value ends before them. */
struct window {
    char bytes[WINDOW_BYTES];
    size_t start;
    size_t len;
    uint64_t first; /* Of the bits, in `bytes`. */
};

static void read_window(struct keyspace *keyspace, const struct entry *entry, struct string_bits_place place,
                        struct window *window)
{
    size_t value_len = entry == NULL ? 0 : string_len(entry);
    size_t at = 0;

    *window = (struct window){.start = (size_t)(place.first / 8), .first = place.first % 8};
    window->len = (size_t)((window->first + place.width + 7) / 8);
    while (at < window->len && window->start + at < value_len) {
        struct slice stored;
        size_t part_len = string_part(keyspace, entry, window->start + at, &stored);
        size_t room = window->len - at;

        memcpy(window->bytes + at, stored.data, stored.len < room ? stored.len : room);
        at += part_len < room ? part_len : room;
    }
}

uint64_t string_bits_get(struct keyspace *keyspace, const struct entry *entry, struct string_bits_place place)
{
    struct window window;

    read_window(keyspace, entry, place, &window);
    return bits_get(window.bytes, window.first, place.width);
}

/* The live string under `key`; the caller has seen it. */
static void find(struct keyspace *keyspace, uint32_t db, struct slice key, struct entry *entry)
{
    bool found = keyspace_find(keyspace, db, key, entry);

    ASSERT(found && entry->type == ENTRY_STRING);
}

void string_bits_put(struct keyspace *keyspace, uint32_t db, struct slice key, struct string_bits_place place,
                     uint64_t value)
{
    struct window window;
    struct entry entry;
    size_t len;

    find(keyspace, db, key, &entry);
    ASSERT(place.first + place.width <= (uint64_t)string_len(&entry) * 8);
    read_window(keyspace, &entry, place, &window);
    bits_put(window.bytes, window.first, place.width, value);
    string_write(keyspace, db, key, &entry, window.start, slice_make(window.bytes, window.len), &len);
}

bool string_bits_reach(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry,
                       uint64_t end)
{
    size_t needed = (size_t)((end + 7) / 8);
    size_t len;

    if (entry != NULL && string_len(entry) >= needed) {
        return false;
    }
    string_write(keyspace, db, key, entry, needed - 1, slice_make("", 1), &len); /* Its NUL. */
    return true;
}

struct combination {
    struct keyspace *keyspace;
    const struct string_bits_sources *sources;
    enum bits_operation operation;
};

static void take_first(const struct combination *combination, char *to, struct slice stored, size_t part_len)
{
    (void)combination;
    memcpy(to, stored.data, stored.len);
    memset(to + stored.len, 0, part_len - stored.len);
}

static void take_other(const struct combination *combination, char *to, struct slice stored, size_t part_len)
{
    bits_combine(combination->operation, to, stored.data, stored.len);
    if (combination->operation == BITS_AND) {
        memset(to + stored.len, 0, part_len - stored.len);
    }
}

static void make_combined(void *context, size_t start, char *to, size_t len)
{
    const struct combination *combination = context;

    for (size_t i = 0; i < combination->sources->count; i++) {
        const struct entry *entry = combination->sources->entries[i];
        size_t value_len = entry == NULL ? 0 : string_len(entry);
        size_t part_len;

        for (size_t at = 0; at < len; at += part_len) {
            struct slice stored = slice_empty();
            size_t held = start + at < value_len ? string_part(combination->keyspace, entry, start + at, &stored) : len;

            part_len = held < len - at ? held : len - at;
            stored.len = stored.len < part_len ? stored.len : part_len;
            (i == 0 ? take_first : take_other)(combination, to + at, stored, part_len);
        }
    }
}

static void make_inverted(void *context, size_t start, char *to, size_t len)
{
    make_combined(context, start, to, len);
    bits_invert(to, len);
}

static size_t longest(const struct string_bits_sources *sources)
{
    size_t len = 0;

    for (size_t i = 0; i < sources->count; i++) {
        if (sources->entries[i] != NULL && string_len(sources->entries[i]) > len) {
            len = string_len(sources->entries[i]);
        }
    }
    return len;
}

void string_bits_combine(struct keyspace *keyspace, uint32_t db, struct slice key, enum bits_operation operation,
                         const struct string_bits_sources *sources)
{
    struct combination combination = {.keyspace = keyspace, .sources = sources, .operation = operation};
    struct string_maker maker = {.make = make_combined, .context = &combination};

    string_set_made(keyspace, db, key, longest(sources), &maker);
}

void string_bits_invert(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *source)
{
    struct string_bits_sources sources = {.entries = &source, .count = 1};
    struct combination combination = {.keyspace = keyspace, .sources = &sources};
    struct string_maker maker = {.make = make_inverted, .context = &combination};

    string_set_made(keyspace, db, key, string_len(source), &maker);
}
