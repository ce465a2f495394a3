/* RESP requests, as they come: arrays of bulk strings, or inline commands.
 *
 * Pure: it gets bytes and says what they are. It remembers how far it came in an unfinished request, so that a long
 * bulk string that comes in pieces costs its length once, not once a piece. Fuzzed in test/fuzz/. */
#ifndef BASE_RESP_READ_H
#define BASE_RESP_READ_H

#include "base/slice.h"
#include <stdint.h>

#define RESP_INLINE_BYTES_MAX               (64 * 1024) /* Longest inline command or length line. */
#define RESP_UNAUTHENTICATED_ARGUMENTS_MAX  10          /* Redis' limits before AUTH. */
#define RESP_UNAUTHENTICATED_BULK_BYTES_MAX 16384

struct resp_limits {
    uint64_t bulk_bytes_max; /* proto-max-bulk-len; UINT64_MAX for a master's stream, which has been checked before. */
    bool is_unauthenticated; /* The client has still to AUTH, so Redis' tight limits hold. */
};

enum resp_outcome {
    RESP_INCOMPLETE, /* Give it the same bytes and more. */
    RESP_COMMAND,    /* argv and argc hold a request; an empty one (argc 0) is to be skipped. */
    RESP_ERROR,      /* `error` says why; close the connection after telling. */
};

struct resp_reader {
    struct slice *argv; /* Owned array; the slices point into the input of the last call. */
    uint32_t argc;      /* Arguments found so far, or all with RESP_COMMAND. */
    uint32_t argv_capacity;
    int64_t remaining;   /* Arguments still to come in an unfinished array; -1 before its header. */
    int64_t bulk_len;    /* Length announced for the next argument; -1 before its header. */
    size_t position;     /* Bytes of the unfinished request that are understood. */
    size_t *offsets;     /* Owned: where each argument begins, as the input may move between calls. */
    char *inline_memory; /* Owned: unquoted arguments of an inline command. */
    const char *error;   /* Redis' text after "-ERR ": "Protocol error: invalid bulk length". Static or owned. */
    char error_text[96];
};

void resp_reader_init(struct resp_reader *reader);
void resp_reader_release(struct resp_reader *reader);

/* Read one request from the start of `input`, which until RESP_COMMAND must begin with the same bytes at each call.
 * With RESP_COMMAND `*consumed` is its length; drop that many bytes and call again for the next. The arguments are
 * borrowed from `input` (or from the reader, inline) until the next call. An empty line between requests is a request
 * of no arguments. */
enum resp_outcome resp_read(struct resp_reader *reader, struct slice input, const struct resp_limits *limits,
                            size_t *consumed);

/* How many bytes the unfinished request is known to need beyond what came: a hint for the next read's size. */
size_t resp_reader_missing(const struct resp_reader *reader, size_t input_len);
/* Memory of its own, but for inline arguments. */
size_t resp_reader_memory_bytes(const struct resp_reader *reader);

#endif
