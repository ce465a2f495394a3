/* First byte: the pattern's length; the pattern; the text. What matches begins with the pattern's literal prefix, and
 * what matches with case still does without. */
#include "base/assert.h"
#include "base/glob.h"
#include "base/memory.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice pattern;
    struct slice text;
    char *prefix;
    size_t prefix_len;

    if (len == 0 || data[0] > len - 1) {
        return 0;
    }
    pattern = slice_make(data + 1, data[0]);
    text = slice_make(data + 1 + data[0], len - 1 - data[0]);
    prefix = memory_allocate(pattern.len);
    prefix_len = glob_literal_prefix(pattern, prefix);
    ASSERT(prefix_len <= pattern.len);
    if (glob_match(pattern, text, false)) {
        ASSERT(slice_starts_with(text, slice_make(prefix, prefix_len)));
    }
    (void)glob_match(pattern, text, true);
    memory_free(prefix);
    return 0;
}
