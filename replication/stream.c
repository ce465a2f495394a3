#include "replication/stream.h"

#include "base/assert.h"
#include "storage/log/log.h"
#include <stdarg.h>
#include <stdio.h>

#define NAME_SHOWN 32             /* Bytes of a command's name in messages. */
#define KEEP_BYTES (1024u * 1024) /* Of the input's memory, when it is drained. */

static const struct resp_limits stream_limits = {.bulk_bytes_max = UINT64_MAX};

void stream_init(struct stream *stream)
{
    *stream = (struct stream){.db = 0};
    buf_init(&stream->input, BUF_NO_CEILING);
    resp_reader_init(&stream->reader);
}

void stream_release(struct stream *stream)
{
    buf_release(&stream->input);
    resp_reader_release(&stream->reader);
}

void stream_reset(struct stream *stream, uint32_t db)
{
    stream_release(stream);
    stream_init(stream);
    stream->db = db;
}

__attribute__((format(printf, 2, 3))) static enum stream_outcome broken(struct stream *stream, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(stream->problem, sizeof(stream->problem), format, arguments);
    va_end(arguments);
    return STREAM_BROKEN;
}

/* Append what was executed. */
static bool keep(struct stream *stream, const struct stream_sink *sink)
{
    if (stream->applied == 0) {
        return true;
    }
    stream->status = sink->append(sink->context, slice_first(buf_slice(&stream->input), stream->applied), stream->db);
    if (stream->status != STATUS_OK) {
        broken(stream, "a change cannot be logged: %s", status_name(stream->status));
        return false;
    }
    buf_consume(&stream->input, stream->applied);
    stream->scanned -= stream->applied;
    stream->applied = 0;
    return true;
}

/* What the stream holds for itself and not for the keyspace. */
static bool is_housekeeping(const struct stream *stream)
{
    return slice_is_word(stream->reader.argv[0], "ping") || slice_is_word(stream->reader.argv[0], "replconf");
}

static bool is_getack(const struct stream *stream)
{
    return stream->reader.argc >= 2 && slice_is_word(stream->reader.argv[0], "replconf") &&
           slice_is_word(stream->reader.argv[1], "getack");
}

/* Execute the command that the reader holds. */
static bool execute(struct stream *stream, const struct stream_sink *sink)
{
    struct slice name = stream->reader.argv[0];
    int shown = (int)(name.len < NAME_SHOWN ? name.len : NAME_SHOWN);

    if (is_housekeeping(stream) || sink->apply(sink->context, &stream->db, stream->reader.argv, stream->reader.argc)) {
        return true;
    }
    stream->has_diverged = true;
    broken(stream, "the master's %.*s cannot be executed here: the data differs", shown, name.data);
    return false;
}

/* Execute the commands between MULTI and EXEC, which are the first `scanned` bytes of the input. */
static bool execute_transaction(struct stream *stream, const struct stream_sink *sink)
{
    size_t at = 0;

    while (at < stream->scanned) {
        struct slice rest = slice_after(slice_first(buf_slice(&stream->input), stream->scanned), at);
        size_t consumed;
        enum resp_outcome outcome = resp_read(&stream->reader, rest, &stream_limits, &consumed);
        bool is_frame = at == 0 || at + consumed == stream->scanned;

        ASSERT(outcome == RESP_COMMAND); /* It was read once already. */
        if (!is_frame && !execute(stream, sink)) {
            return false;
        }
        at += consumed;
    }
    return true;
}

static enum stream_outcome run_transaction(struct stream *stream, const struct stream_sink *sink)
{
    ASSERT(stream->applied == 0);
    stream->status = sink->admit(sink->context, stream->scanned);
    if (stream->status != STATUS_OK) {
        return STREAM_WAIT;
    }
    if (!execute_transaction(stream, sink)) {
        return STREAM_BROKEN;
    }
    stream->in_transaction = false;
    stream->is_transaction_whole = false;
    stream->applied = stream->scanned;
    return keep(stream, sink) ? STREAM_MORE : STREAM_BROKEN;
}

/* One whole command of `len` bytes has been read. STREAM_MORE: go on. */
static enum stream_outcome take_command(struct stream *stream, const struct stream_sink *sink, size_t len)
{
    if (slice_is_word(stream->reader.argv[0], "multi")) {
        if (stream->in_transaction) {
            return broken(stream, "the master sent MULTI within MULTI");
        }
        stream->in_transaction = true;
        stream->scanned += len;
        return keep(stream, sink) ? STREAM_MORE : STREAM_BROKEN;
    }
    if (slice_is_word(stream->reader.argv[0], "exec")) {
        if (!stream->in_transaction) {
            return broken(stream, "the master sent EXEC without MULTI");
        }
        stream->scanned += len;
        stream->is_transaction_whole = true;
        return STREAM_MORE;
    }
    if (stream->in_transaction) {
        stream->scanned += len;
        return STREAM_MORE;
    }
    stream->status = sink->admit(sink->context, len);
    if (stream->status != STATUS_OK) {
        return STREAM_WAIT;
    }
    if (is_getack(stream)) {
        if (!keep(stream, sink)) {
            return STREAM_BROKEN;
        }
        sink->asked(sink->context, false);
    } else if (!execute(stream, sink)) {
        return STREAM_BROKEN;
    }
    stream->scanned += len;
    stream->applied = stream->scanned;
    return STREAM_MORE;
}

/* An empty line between changes asks what is on our disk. It counts for nothing: it must not reach the log. */
static enum stream_outcome skip_keepalive(struct stream *stream, const struct stream_sink *sink, struct slice line)
{
    if (!slice_equal(line, slice_of("\n")) && !slice_equal(line, slice_of("\r\n"))) {
        return broken(stream, "the master sent a request without words");
    }
    if (stream->in_transaction) {
        return broken(stream, "the master sent an empty line within a transaction");
    }
    if (!keep(stream, sink)) {
        return STREAM_BROKEN;
    }
    buf_consume(&stream->input, line.len);
    sink->asked(sink->context, true);
    return STREAM_MORE;
}

static enum stream_outcome step(struct stream *stream, const struct stream_sink *sink)
{
    struct slice rest = slice_after(buf_slice(&stream->input), stream->scanned);
    size_t consumed;

    if (stream->is_transaction_whole) {
        return run_transaction(stream, sink);
    }
    if (rest.len == 0) {
        return STREAM_DRAINED;
    }
    switch (resp_read(&stream->reader, rest, &stream_limits, &consumed)) {
    case RESP_INCOMPLETE:
        if (stream->input.len - stream->applied > LOG_RECORD_BYTES_MAX) {
            stream->is_too_long = true;
            return broken(stream, "the master sent a change longer than %u bytes", LOG_RECORD_BYTES_MAX);
        }
        return STREAM_DRAINED;
    case RESP_ERROR:
        return broken(stream, "the master's stream is not RESP: %s", stream->reader.error);
    case RESP_COMMAND:
        break;
    }
    if (stream->reader.argc == 0) {
        return skip_keepalive(stream, sink, slice_first(rest, consumed));
    }
    if (rest.data[0] != '*') {
        return broken(stream, "the master sent an inline command");
    }
    return take_command(stream, sink, consumed);
}

enum stream_outcome stream_run(struct stream *stream, const struct stream_sink *sink, size_t budget)
{
    size_t begin = stream->input.len;
    enum stream_outcome outcome;

    do {
        outcome = step(stream, sink);
    } while (outcome == STREAM_MORE && begin - stream->input.len + stream->scanned < budget);
    /* What was executed is kept whatever came after it: data and log must agree. */
    if (!keep(stream, sink)) {
        return STREAM_BROKEN;
    }
    if (outcome == STREAM_DRAINED) {
        buf_shrink(&stream->input, KEEP_BYTES);
    }
    return outcome;
}
