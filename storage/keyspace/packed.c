#include "storage/keyspace/packed.h"
#include "base/assert.h"
#include "storage/keyspace/keycode.h"

bool packed_next(struct slice *run, struct slice *item)
{
    uint64_t len;
    bool is_whole;

    if (run->len == 0) {
        return false;
    }
    is_whole = keycode_take_number(run, &len) && len <= run->len;
    ASSERT(is_whole);
    *item = slice_first(*run, len);
    *run = slice_after(*run, len);
    return true;
}

struct slice packed_take(struct slice *run)
{
    struct slice item = slice_empty();
    bool found = packed_next(run, &item);

    ASSERT(found);
    return item;
}

bool packed_find(struct slice run, struct slice name, size_t record_items, struct packed_place *place)
{
    struct slice rest = run;
    struct slice item;

    while (rest.len > 0) {
        size_t start = run.len - rest.len;
        struct slice values;

        item = packed_take(&rest);
        values = rest;
        for (size_t i = 1; i < record_items; i++) {
            (void)packed_take(&rest);
        }
        if (slice_equal(item, name)) {
            *place = (struct packed_place){.start = start,
                                           .len = run.len - rest.len - start,
                                           .values = slice_first(values, values.len - rest.len)};
            return true;
        }
    }
    *place = (struct packed_place){.start = run.len, .values = slice_empty()};
    return false;
}

size_t packed_bytes(size_t item_len)
{
    char number[KEYCODE_NUMBER_BYTES_MAX];

    return keycode_put_number(number, item_len) + item_len;
}

void packed_put(struct buf *run, struct slice item)
{
    char number[KEYCODE_NUMBER_BYTES_MAX];

    buf_put(run, slice_make(number, keycode_put_number(number, item.len)));
    buf_put(run, item);
}

void packed_splice(struct buf *run, size_t start, size_t old_len, const struct slice *items, size_t count)
{
    size_t tail_len = run->len - start - old_len;
    struct buf tail;

    ASSERT(start + old_len <= run->len);
    buf_init(&tail, BUF_NO_CEILING);
    buf_put(&tail, slice_make(buf_slice(run).data + start + old_len, tail_len));
    buf_truncate(run, start);
    for (size_t i = 0; i < count; i++) {
        packed_put(run, items[i]);
    }
    buf_put(run, buf_slice(&tail));
    buf_release(&tail);
}
