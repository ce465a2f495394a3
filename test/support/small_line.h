/* Command lines of the small command set (small_store.h): cut, made at random, and texts of what they leave. */
#ifndef TEST_SUPPORT_SMALL_LINE_H
#define TEST_SUPPORT_SMALL_LINE_H

#include "base/buf.h"
#include "base/random.h"

#define SMALL_LINE_DATABASES 4

/* Call `run` with the words of each command of the line. Words end with a NUL; beyond argc they are empty. */
void small_line_for_each(const char *line, void (*run)(void *context, const struct slice *argv, size_t argc),
                         void *context);

/* A random command line that makes sense at any time, by `random`; few keys, so that they meet again. */
void small_line_random(struct random *random, char *line, size_t line_size);

/* A value in a text: shortened if it is long. */
void small_line_put_bytes(struct buf *out, struct slice bytes);
/* The content as a C string, which the caller frees with memory_free(); the buffer is released. */
char *small_line_take_text(struct buf *out);

#endif
