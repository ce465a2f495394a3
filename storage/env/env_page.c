/* What LMDB's calls do not tell of a page, by its layout: that of LMDB 0.9, which opens no file of another. */
#include "storage/env/env_lmdb.h"

#define PAGE_HEADER_BYTES 16u /* Number 8, padding 2, flags 2, end of the offsets 2, begin of the rows 2. */
#define PAGE_LOWER_AT     12u /* The end of the offsets, of 2 bytes each, one for each row in the order of keys. */
#define ROW_HEADER_BYTES  8u  /* Before the key. */

static uint16_t get_16(const char *place)
{
    uint16_t number;

    memcpy(&number, place, sizeof(number)); /* The machine's own byte order. */
    return number;
}

bool env_is_last_on_page(const char *key, size_t page_bytes)
{
    const char *page = key - (uintptr_t)key % page_bytes;
    size_t lower = get_16(page + PAGE_LOWER_AT);

    if (lower < PAGE_HEADER_BYTES + sizeof(uint16_t) || lower > page_bytes) {
        return true;
    }
    return page + get_16(page + lower - sizeof(uint16_t)) + ROW_HEADER_BYTES == key;
}
