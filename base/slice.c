#include "base/slice.h"
#include "base/memory.h"
#include <ctype.h>
#include <strings.h>

bool slice_is_word(struct slice slice, const char *text)
{
    return strlen(text) == slice.len && (slice.len == 0 || strncasecmp(slice.data, text, slice.len) == 0);
}

const char *slice_show(struct slice slice, char *text, size_t text_bytes)
{
    size_t len = slice.len < text_bytes - 1 ? slice.len : text_bytes - 1;

    for (size_t i = 0; i < len; i++) {
        text[i] = '.';
        if (isprint((unsigned char)slice.data[i])) {
            text[i] = slice.data[i];
        }
    }
    text[len] = '\0';
    return text;
}

struct slice *slice_copy_all(const struct slice *slices, size_t count)
{
    size_t bytes = 0;
    struct slice *copies;
    char *to;

    for (size_t i = 0; i < count; i++) {
        bytes += slices[i].len;
    }
    copies = memory_allocate(count * sizeof(*copies) + bytes);
    to = (char *)(copies + count);
    for (size_t i = 0; i < count; i++) {
        if (slices[i].len > 0) {
            memcpy(to, slices[i].data, slices[i].len);
        }
        copies[i] = slice_make(to, slices[i].len);
        to += slices[i].len;
    }
    return copies;
}
