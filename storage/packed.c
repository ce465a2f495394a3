#include "storage/packed.h"
#include "base/assert.h"
#include "storage/keycode.h"

bool packed_next(struct slice *run, struct slice *item)
{
    uint64_t len;

    if (run->len == 0) {
        return false;
    }
    ASSERT(keycode_take_number(run, &len) && len <= run->len);
    *item = slice_first(*run, len);
    *run = slice_after(*run, len);
    return true;
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
