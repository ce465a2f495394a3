#include "server/request/replay.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/resp_read.h"
#include "base/resp_write.h"
#include "server/request/args.h"
#include "server/request/dispatch.h"

#define KEEP_BYTES (1024u * 1024) /* Of the queue's memory, between transactions. */

struct replay {
    struct dispatch *dispatch;
    struct session session;
    struct buf output; /* The session's; stays empty. */
    struct buf queue;  /* Commands since MULTI, as RESP. */
    uint32_t queue_db; /* Selected before them. */
    bool is_queueing;
    struct resp_reader reader; /* Of the queue. */
};

struct replay *replay_create(struct dispatch *dispatch)
{
    struct replay *replay = memory_allocate_zeroed(sizeof(*replay));

    replay->dispatch = dispatch;
    buf_init(&replay->output, BUF_NO_CEILING);
    buf_init(&replay->queue, BUF_NO_CEILING);
    resp_reader_init(&replay->reader);
    session_init_internal(&replay->session, &replay->output);
    replay->session.flags |= SESSION_MASTER;
    return replay;
}

void replay_free(struct replay *replay)
{
    if (replay == NULL) {
        return;
    }
    session_release_internal(&replay->session);
    resp_reader_release(&replay->reader);
    buf_release(&replay->output);
    buf_release(&replay->queue);
    memory_free(replay);
}

void replay_reset(struct replay *replay)
{
    replay->is_queueing = false;
    buf_clear(&replay->queue);
    buf_shrink(&replay->queue, KEEP_BYTES);
}

static bool run(struct replay *replay, uint32_t *selected_db, const struct slice *argv, size_t argc)
{
    struct request request = {.argv = argv, .argc = argc};
    const char *error;

    replay->session.db = *selected_db;
    if (!dispatch_replay(replay->dispatch, &replay->session, &request, &error)) {
        diag(DIAG_WARNING, "cannot execute logged command '%.*s' (%zu words) in database %u: %s", (int)argv[0].len,
             argv[0].data, argc, *selected_db, error);
        return false;
    }
    *selected_db = replay->session.db; /* SELECT has moved it. */
    return true;
}

static bool run_queue(struct replay *replay, uint32_t *selected_db)
{
    const struct resp_limits limits = {.bulk_bytes_max = UINT64_MAX};
    struct slice rest = buf_slice(&replay->queue);
    bool is_good = true;
    size_t consumed;

    while (is_good && rest.len != 0 && resp_read(&replay->reader, rest, &limits, &consumed) == RESP_COMMAND) {
        is_good = run(replay, selected_db, replay->reader.argv, replay->reader.argc);
        rest = slice_after(rest, consumed);
    }
    replay_reset(replay);
    return is_good;
}

bool replay_execute(struct replay *replay, uint32_t *selected_db, const struct slice *argv, size_t argc)
{
    if (args_is(argv[0], "multi")) {
        replay->is_queueing = true;
        return true;
    }
    if (args_is(argv[0], "exec")) {
        return run_queue(replay, selected_db);
    }
    if (replay->is_queueing) {
        resp_write_request(&replay->queue, argv, argc);
        return true;
    }
    return run(replay, selected_db, argv, argc);
}
