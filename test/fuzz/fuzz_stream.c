/* A master's stream in pieces: the first byte says how long they are. Whatever comes, what is kept is a prefix of what
 * was sent (but for keepalives), and no transaction is kept in part. */
#include "base/assert.h"
#include "fuzz.h"
#include "replication/stream.h"

struct sink {
    struct buf kept;
};

static bool apply(void *context, uint32_t *db, const struct slice *argv, size_t argc)
{
    (void)context;
    ASSERT(argc > 0 && argv[0].data != NULL);
    ASSERT(!slice_is_word(argv[0], "multi") && !slice_is_word(argv[0], "exec"));
    *db = argc > 1 ? (uint32_t)argv[1].len : 0;
    return argv[0].len != 13;
}

static enum status admit(void *context, size_t len)
{
    (void)context;
    ASSERT(len > 0);
    return STATUS_OK;
}

static enum status append(void *context, struct slice change, uint32_t db)
{
    struct sink *sink = context;

    (void)db;
    ASSERT(change.len > 0 && change.data[0] == '*');
    buf_put(&sink->kept, change);
    return STATUS_OK;
}

static void asked(void *context, bool is_of_disk)
{
    (void)context;
    (void)is_of_disk;
}

/* Whether `kept` is what `sent` begins with, newlines between changes apart. */
static bool is_prefix(struct slice kept, struct slice sent)
{
    size_t at = 0;

    for (size_t i = 0; i < kept.len; i++) {
        while (at < sent.len && sent.data[at] != kept.data[i]) {
            if (sent.data[at] != '\n' && sent.data[at] != '\r') {
                return false;
            }
            at++;
        }
        if (at == sent.len) {
            return false;
        }
        at++;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sink sink;
    const struct stream_sink calls = {
        .apply = apply, .admit = admit, .append = append, .asked = asked, .context = &sink};
    enum stream_outcome outcome = STREAM_DRAINED;
    struct stream stream;
    struct slice sent;
    size_t piece;

    if (len < 2) {
        return 0;
    }
    piece = (size_t)data[0] + 1;
    sent = slice_make(data + 1, len - 1);
    buf_init(&sink.kept, BUF_NO_CEILING);
    stream_init(&stream);
    for (size_t at = 0; at < sent.len && outcome != STREAM_BROKEN; at += piece) {
        size_t part_len = sent.len - at < piece ? sent.len - at : piece;

        buf_put(stream_input(&stream), slice_first(slice_after(sent, at), part_len));
        do {
            outcome = stream_run(&stream, &calls, piece);
        } while (outcome == STREAM_MORE);
    }
    ASSERT(is_prefix(buf_slice(&sink.kept), sent));
    ASSERT((outcome == STREAM_BROKEN) == (stream.problem[0] != '\0'));
    stream_release(&stream);
    buf_release(&sink.kept);
    return 0;
}
