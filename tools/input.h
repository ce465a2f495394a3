/* What a tool reads, once, in order: a file or standard input, with a look at its first bytes before. */
#ifndef TOOLS_INPUT_H
#define TOOLS_INPUT_H

#include "base/slice.h"
#include "base/status.h"
#include "tools/interrupt.h"
#include <stdint.h>

#define INPUT_HEAD_BYTES 16

struct input {
    int fd;
    struct interrupt *interrupt; /* Borrowed; reading ends with STATUS_CLOSED when it is set. */
    uint64_t total_bytes;        /* Of a regular file; 0 not known. */
    uint64_t read_bytes;         /* Given so far. */
    char head[INPUT_HEAD_BYTES]; /* Read, but not yet given from head_given on. */
    size_t head_len;
    size_t head_given;
};

/* `path` "-" is standard input. The first bytes are read at once. STATUS_NOT_FOUND, STATUS_IO, ...: errno says why. */
MUST_CHECK enum status input_open(struct input *input, const char *path, struct interrupt *interrupt);
void input_close(struct input *input);
/* Whether it begins with `magic`, at most INPUT_HEAD_BYTES. */
bool input_begins_with(const struct input *input, const char *magic);
/* Read `len` bytes, less only at the end. A snapshot_source's read; the context is the input. */
enum status input_read(void *context, char *to, size_t len, size_t *read_len);

#endif
