#include "support/small_line.h"

#include "base/assert.h"
#include "base/memory.h"
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 8

/* Cut `line` (changed: words end with NUL) into words. */
static size_t cut_words(char *line, struct slice words[WORDS_MAX])
{
    size_t count = 0;
    char *rest;

    for (char *word = strtok_r(line, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        ASSERT(count < WORDS_MAX);
        words[count++] = slice_of(word);
    }
    return count;
}

/* Call `run` with the words of each command of the line. */
void small_line_for_each(const char *line, void (*run)(void *context, const struct slice *argv, size_t argc),
                         void *context)
{
    char *copy = memory_copy_text(line);
    char *rest;

    for (char *command = strtok_r(copy, ";", &rest); command != NULL; command = strtok_r(NULL, ";", &rest)) {
        struct slice words[WORDS_MAX];
        size_t count;

        for (size_t i = 0; i < WORDS_MAX; i++) {
            words[i] = slice_empty();
        }
        count = cut_words(command, words);
        run(context, words, count);
    }
    memory_free(copy);
}

void small_line_put_bytes(struct buf *out, struct slice bytes)
{
    if (bytes.len <= 64) {
        buf_put(out, bytes);
    } else {
        buf_put_format(out, "%zu bytes from %.8s to %.8s", bytes.len, bytes.data, bytes.data + bytes.len - 8);
    }
}

char *small_line_take_text(struct buf *out)
{
    char *text = memory_allocate(buf_slice(out).len + 1);

    memcpy(text, buf_slice(out).data, buf_slice(out).len);
    text[buf_slice(out).len] = '\0';
    buf_release(out);
    return text;
}

static unsigned below(struct random *random, unsigned bound)
{
    return (unsigned)random_below(random, bound);
}

static void random_command(struct random *random, char *line, size_t line_size)
{
    unsigned key = below(random, 300);
    unsigned choice = below(random, 1000);

    if (choice < 350) {
        snprintf(line, line_size, "SET key%u value%u", key, below(random, 1000000));
    } else if (choice < 420) {
        snprintf(line, line_size, "SETPX key%u %u value%u", key, 1 + below(random, 1000), below(random, 1000));
    } else if (choice < 620) {
        snprintf(line, line_size, "INCR counter%u", below(random, 50));
    } else if (choice < 700) {
        snprintf(line, line_size, "APPEND long%u %0*u", below(random, 5), (int)below(random, 3000) + 1, 7u);
    } else if (choice < 740) {
        snprintf(line, line_size, "FILL key%u %u %u", key, below(random, 50), below(random, 1000));
    } else if (choice < 800) {
        snprintf(line, line_size, "PEXPIREAT key%u %u", key, below(random, 1000));
    } else if (choice < 900) {
        snprintf(line, line_size, "DEL %s%u", choice % 10 == 0 ? "long" : "key", choice % 10 == 0 ? key % 5 : key);
    } else if (choice < 930) {
        snprintf(line, line_size, "RENAME key%u key%u", key, below(random, 300));
    } else if (choice < 980) {
        snprintf(line, line_size, "SELECT %u", below(random, SMALL_LINE_DATABASES));
    } else if (choice < 990) {
        snprintf(line, line_size, "SWAPDB %u %u", below(random, SMALL_LINE_DATABASES),
                 below(random, SMALL_LINE_DATABASES));
    } else if (choice < 997) {
        snprintf(line, line_size, "FLUSHDB");
    } else {
        snprintf(line, line_size, "FLUSHALL");
    }
}

void small_line_random(struct random *random, char *line, size_t line_size)
{
    unsigned count = below(random, 10) == 0 ? 2 + below(random, 4) : 1;
    size_t len = 0;

    if (count == 1) {
        random_command(random, line, line_size);
        return;
    }
    len += (size_t)snprintf(line + len, line_size - len, "MULTI;");
    for (unsigned i = 0; i < count; i++) {
        random_command(random, line + len, line_size - len);
        len += strlen(line + len);
        ASSERT(len + 8 < line_size);
        line[len++] = ';';
    }
    snprintf(line + len, line_size - len, "EXEC");
}
