#include "base/slice.h"
#include <strings.h>

bool slice_is_word(struct slice slice, const char *text)
{
    return strlen(text) == slice.len && (slice.len == 0 || strncasecmp(slice.data, text, slice.len) == 0);
}
