/* What a master streams, cut at command boundaries: each change is executed and then appended, byte for byte, to our
 * own log at the same offset. Pure: effects go through the sink.
 *
 * A transaction is one change: nothing of it is executed before its EXEC has come, and all of it in one call, so no
 * reader and no checkpoint sees half of it (R4). The offset stands still until then, as with Redis. */
#ifndef REPLICATION_STREAM_H
#define REPLICATION_STREAM_H

#include "base/buf.h"
#include "base/resp_read.h"
#include "base/status.h"

#define STREAM_PROBLEM_BYTES 200

struct stream_sink {
    /* Execute one command; `*db` follows SELECT. False if it cannot be executed: we differ from the master. */
    bool (*apply)(void *context, uint32_t *db, const struct slice *argv, size_t argc);
    /* Whether `len` bytes of changes may be executed now; as store_admit_write(). */
    enum status (*admit)(void *context, size_t len);
    /* Keep what was executed; `db` is selected after it. */
    enum status (*append)(void *context, struct slice change, uint32_t db);
    /* The master wants to hear how far we are, by REPLCONF GETACK; or, by an empty line, what is on our disk. All
     * before the question is appended, itself not yet. */
    void (*asked)(void *context, bool is_of_disk);
    void *context;
};

enum stream_outcome {
    STREAM_DRAINED, /* Every whole change is applied; more bytes are needed. */
    STREAM_MORE,    /* The budget is used up; call again in the next turn. */
    STREAM_WAIT,    /* The sink does not admit more now (`status`): read nothing, and call again later. */
    STREAM_BROKEN,  /* `problem` says why the link must be dropped. */
};

struct stream {
    struct buf input; /* Received, not yet appended. */
    struct resp_reader reader;
    size_t applied; /* Bytes at the start of input that are executed and not yet appended. */
    size_t scanned; /* Bytes of input that are understood; beyond applied only in a transaction. */
    bool in_transaction;
    bool is_transaction_whole; /* Its EXEC has come and it waits to be admitted. */
    uint32_t db;               /* Selected. */
    bool has_diverged;         /* STREAM_BROKEN because a command could not be executed. */
    bool is_too_long;          /* STREAM_BROKEN because a change is longer than our log takes. */
    enum status status;        /* Of STREAM_WAIT, and of a sink that failed. */
    char problem[STREAM_PROBLEM_BYTES];
};

void stream_init(struct stream *stream);
void stream_release(struct stream *stream);
/* Begin anew, with `db` selected; what was received is dropped. */
void stream_reset(struct stream *stream, uint32_t db);

/* Where to put received bytes: append to this, then call stream_run(). */
static inline struct buf *stream_input(struct stream *stream)
{
    return &stream->input;
}

/* Apply what has come, about `budget` bytes at most. */
enum stream_outcome stream_run(struct stream *stream, const struct stream_sink *sink, size_t budget);

#endif
