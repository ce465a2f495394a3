/* A stream of requests, first byte: how it is cut. However it is cut, it is read as the same requests, and what was
 * read comes back from its canonical form. */
#include "base/assert.h"
#include "base/buf.h"
#include "base/memory.h"
#include "base/resp_peek.h"
#include "base/resp_read.h"
#include "base/resp_write.h"
#include "fuzz.h"

static const struct resp_limits limits = {.bulk_bytes_max = 1 << 20};

/* Append the requests of `input`, which grows by `step` bytes between calls, in canonical form to `requests`, and the
 * error that ends them, if any, to `error`. */
static void read_all(struct slice input, size_t step, struct buf *requests, struct buf *error)
{
    struct resp_reader reader;
    size_t start = 0;
    size_t end = 0;

    resp_reader_init(&reader);
    for (;;) {
        size_t consumed = 0;
        char *copy = memory_copy(input.data + start, end - start);
        enum resp_outcome outcome = resp_read(&reader, slice_make(copy, end - start), &limits, &consumed);

        if (outcome == RESP_COMMAND) {
            ASSERT(consumed > 0 && consumed <= end - start);
            resp_write_request(requests, reader.argv, reader.argc);
            start += consumed;
        } else if (outcome == RESP_ERROR) {
            buf_put_text(error, reader.error);
        } else {
            ASSERT(reader.argc <= end - start);
        }
        memory_free(copy);
        if (outcome == RESP_ERROR || (outcome == RESP_INCOMPLETE && end == input.len)) {
            break;
        }
        if (outcome == RESP_INCOMPLETE) {
            end = input.len - end > step ? end + step : input.len;
        }
    }
    resp_reader_release(&reader);
}

/* What a look ahead finds is what the reader then reads. */
static void check_peek(struct slice input)
{
    struct slice words[16];
    size_t peeked_len;
    size_t count = resp_peek(input, words, 16, &peeked_len);
    struct resp_reader reader;
    size_t position = 0;
    size_t found = 0;

    ASSERT(peeked_len <= input.len);
    resp_reader_init(&reader);
    while (position < peeked_len) {
        size_t consumed;

        ASSERT(resp_read(&reader, slice_after(input, position), &limits, &consumed) == RESP_COMMAND);
        if (reader.argc > 1) {
            ASSERT(found < count && slice_equal(words[found], reader.argv[1]));
            found++;
        }
        position += consumed;
    }
    ASSERT(found == count && position == peeked_len);
    resp_reader_release(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice input;
    struct buf requests[3]; /* Read whole, in pieces, and from the canonical form. */
    struct buf errors[3];

    if (len == 0) {
        return 0;
    }
    for (size_t i = 0; i < 3; i++) {
        buf_init(&requests[i], BUF_NO_CEILING);
        buf_init(&errors[i], BUF_NO_CEILING);
    }
    input = slice_make(data + 1, len - 1);
    check_peek(input);
    read_all(input, SIZE_MAX, &requests[0], &errors[0]);
    read_all(input, 1 + data[0] % 64u, &requests[1], &errors[1]);
    ASSERT(slice_equal(buf_slice(&requests[0]), buf_slice(&requests[1])));
    ASSERT(slice_equal(buf_slice(&errors[0]), buf_slice(&errors[1])));
    read_all(buf_slice(&requests[0]), SIZE_MAX, &requests[2], &errors[2]);
    ASSERT(slice_equal(buf_slice(&requests[0]), buf_slice(&requests[2])));
    ASSERT(errors[2].len == 0);
    for (size_t i = 0; i < 3; i++) {
        buf_release(&requests[i]);
        buf_release(&errors[i]);
    }
    return 0;
}
