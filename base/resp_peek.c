#include "base/resp_peek.h"
#include <stdint.h>

#define DIGITS_MAX 9

/* Take `mark`, a number of a few digits, and CRLF off the front of `input`. */
static bool take_number(struct slice *input, char mark, uint32_t *number)
{
    uint32_t value = 0;
    size_t i = 1;

    if (input->len < 4 || input->data[0] != mark) {
        return false;
    }
    while (i < input->len && i <= DIGITS_MAX && input->data[i] >= '0' && input->data[i] <= '9') {
        value = value * 10 + (uint32_t)(input->data[i] - '0');
        i++;
    }
    if (i == 1 || (input->data[1] == '0' && i > 2) || input->len < i + 2 || input->data[i] != '\r' ||
        input->data[i + 1] != '\n') {
        return false;
    }
    *number = value;
    *input = slice_after(*input, i + 2);
    return true;
}

/* Take one request off the front of `input`. `*word` is its second word, if it has one. */
static bool take_request(struct slice *input, uint32_t *count, struct slice *word)
{
    if (!take_number(input, '*', count) || *count == 0 || *count > RESP_PEEK_ARGUMENTS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < *count; i++) {
        uint32_t len;

        if (!take_number(input, '$', &len) || input->len < (size_t)len + 2) {
            return false;
        }
        if (i == 1) {
            *word = slice_first(*input, len);
        }
        *input = slice_after(*input, (size_t)len + 2);
    }
    return true;
}

size_t resp_peek(struct slice input, struct slice *words, size_t limit, size_t *len)
{
    struct slice rest = input;
    size_t found = 0;

    *len = 0;
    while (found < limit) {
        uint32_t count;

        if (!take_request(&rest, &count, &words[found])) {
            break;
        }
        found += count > 1;
        *len = input.len - rest.len;
    }
    return found;
}
