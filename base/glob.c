#include "base/glob.h"
#include <stdint.h>

/* Redis compares and folds bytes as signed chars, which shows in ranges that reach past 0x7f; so does this. */
static int fold_byte(char byte, bool ignore_case)
{
    return ignore_case && byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

/* The range `from`-`to`, ends in either order. Redis orders the ends before it folds them. */
static bool is_in_range(char from, char to, char byte, bool ignore_case)
{
    int low = fold_byte(from < to ? from : to, ignore_case);
    int high = fold_byte(from < to ? to : from, ignore_case);
    int wanted = fold_byte(byte, ignore_case);

    return wanted >= low && wanted <= high;
}

/* Match `byte` against the class that begins after the '[' at `*at`, and move `*at` past its ']' (or to the end of the
 * pattern, which closes an open class). */
static bool match_class(struct slice pattern, size_t *at, char byte, bool ignore_case)
{
    size_t i = *at;
    bool is_negated = i < pattern.len && pattern.data[i] == '^';
    bool is_member = false;

    if (is_negated) {
        i++;
    }
    while (i < pattern.len && pattern.data[i] != ']') {
        size_t left = pattern.len - i;

        if (left >= 2 && pattern.data[i] == '\\') {
            is_member |= pattern.data[i + 1] == byte; /* Redis folds no escaped byte of a class. */
            i += 2;
        } else if (left >= 3 && pattern.data[i + 1] == '-') {
            is_member |= is_in_range(pattern.data[i], pattern.data[i + 2], byte, ignore_case);
            i += 3;
        } else {
            is_member |= fold_byte(pattern.data[i], ignore_case) == fold_byte(byte, ignore_case);
            i++;
        }
    }
    *at = i < pattern.len ? i + 1 : i;
    return is_member != is_negated;
}

/* Match one byte of text against the element at `*at`, which is not a star, and move `*at` past it. */
static bool match_element(struct slice pattern, size_t *at, char byte, bool ignore_case)
{
    char element = pattern.data[*at];

    (*at)++;
    if (element == '?') {
        return true;
    }
    if (element == '[') {
        return match_class(pattern, at, byte, ignore_case);
    }
    if (element == '\\' && *at < pattern.len) {
        element = pattern.data[*at];
        (*at)++;
    }
    return fold_byte(element, ignore_case) == fold_byte(byte, ignore_case);
}

/* Every element but the star takes exactly one byte, so when an element fails only the last star can help: whatever an
 * earlier star took, the last one can make up for. That keeps the cost at pattern times text, where Redis 7.0 tries
 * every star. */
bool glob_match(struct slice pattern, struct slice text, bool ignore_case)
{
    size_t at = 0;
    size_t text_at = 0;
    size_t after_star = SIZE_MAX; /* Where the pattern goes on after the last star. */
    size_t star_text = 0;         /* Where the text goes on after what that star took. */

    while (text_at < text.len) {
        if (at < pattern.len && pattern.data[at] == '*') {
            after_star = ++at;
            star_text = text_at;
        } else if (at < pattern.len && match_element(pattern, &at, text.data[text_at], ignore_case)) {
            text_at++;
        } else if (after_star != SIZE_MAX) {
            at = after_star;
            text_at = ++star_text;
        } else {
            return false;
        }
    }
    while (at < pattern.len && pattern.data[at] == '*') {
        at++;
    }
    return at == pattern.len;
}

size_t glob_literal_prefix(struct slice pattern, char *prefix)
{
    size_t len = 0;

    for (size_t i = 0; i < pattern.len; i++) {
        char byte = pattern.data[i];

        if (byte == '*' || byte == '?' || byte == '[') {
            break;
        }
        if (byte == '\\' && i + 1 < pattern.len) {
            byte = pattern.data[++i];
        }
        prefix[len++] = byte;
    }
    return len;
}
