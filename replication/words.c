#include "replication/words.h"

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static struct slice skip_blanks(struct slice line)
{
    while (line.len > 0 && is_blank(line.data[0])) {
        line = slice_after(line, 1);
    }
    return line;
}

/* Take the first word of `*line`, which begins with it. */
static struct slice take(struct slice *line)
{
    struct slice word = slice_first(*line, 0);

    while (word.len < line->len && !is_blank(line->data[word.len])) {
        word.len++;
    }
    *line = skip_blanks(slice_after(*line, word.len));
    return word;
}

size_t words_split(struct slice line, struct slice *words, size_t room)
{
    size_t count = 0;

    line = skip_blanks(line);
    while (line.len > 0) {
        if (count == room) {
            return room + 1;
        }
        words[count++] = take(&line);
    }
    return count;
}

size_t words_split_first(struct slice line, struct slice *words, size_t room)
{
    size_t count = 0;

    line = skip_blanks(line);
    while (line.len > 0 && count + 1 < room) {
        words[count++] = take(&line);
    }
    if (line.len > 0) {
        words[count++] = line;
    }
    return count;
}

bool words_copy(char *to, size_t room, struct slice word)
{
    if (word.len >= room) {
        return false;
    }
    memcpy(to, word.data, word.len);
    to[word.len] = '\0';
    return true;
}
