/* Invariants:
 *   L1  A segment gets its name only when all before its first offset is durable. So records that are not synced are in
 *       the newest segment only, and a bad record in any other is damage.
 *   L2  The `synced` of a record was durable before the record was written. So a valid record behind a bad one tells
 *       whether the bad one had been durable.
 *   L3  durable <= written <= handed over, and none of them, nor what was released, ever goes back (log_progress.c).
 *   L4  After a failed write or sync nothing more is written: the kernel may have dropped pages and say yes next time.
 *       The next opening writes again what is not known to be durable (log_repair.c).
 */
#include "storage/log/log_sync.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/thread.h"
#include "storage/log/log_group.h"
#include "storage/log/log_progress.h"

#include <inttypes.h>

#define SYNC_PERIOD_US 1000000u /* LOG_SYNC_EVERYSEC. */
#define STUCK_POLL_US  100000u  /* How often a waiter looks whether the disk is full. */
#define NEVER          UINT64_MAX

/* What the loop asks of the thread, for a new history. */
struct request {
    enum request_kind { REQUEST_NONE, REQUEST_ROOM, REQUEST_SEGMENT } kind;
    bool is_under_way;
    struct history history; /* REQUEST_SEGMENT. */
    uint64_t now_ms;
    enum status status; /* What the last one ended with. */
};

struct log_sync {
    void (*on_progress)(void *context);
    void *context;
    struct log_keeper *keeper;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t work;      /* The thread waits here. */
    pthread_cond_t progress;  /* Those who wait for it. */
    struct log_group pending; /* Handed over, not yet taken. */
    uint64_t left_bytes;      /* For records, in the present segment. */
    uint64_t sync_wanted;     /* Somebody waits for this offset to be durable. */
    uint64_t last_sync_us;    /* When the last sync began, monotonic. */
    uint64_t keeper_target;   /* What its sync will make durable. */
    bool keeper_syncs;
    bool keeper_cannot;             /* Its last sync was not tried: do it here. */
    struct history_position hashed; /* Where `writing` begins. */
    struct request request;         /* Of the loop, which waits. */
    bool stop;

    /* The thread's own. */
    struct log_writer writer;
    struct log_group writing; /* What was taken; changed under the lock. */
    uint64_t newest_ms;       /* Wall clock of the newest change written. */
    bool is_promised;         /* There is room for a history, while nothing is written. */

    struct log_progress reached; /* Any thread's. */
};

/* Tell everybody that an offset has moved or the log has failed. Sync thread and keeper. */
static void announce(struct log_sync *sync)
{
    log_progress_release(&sync->reached); /* The policy may have changed. */
    (void)pthread_mutex_lock(&sync->lock);
    (void)pthread_cond_broadcast(&sync->progress);
    (void)pthread_mutex_unlock(&sync->lock);
    if (sync->on_progress != NULL) {
        sync->on_progress(sync->context);
    }
}

/* Both threads. */
static void fail(struct log_sync *sync, const char *operation, enum status status)
{
    if (atomic_exchange(&sync->reached.failed, true)) { /* L4 */
        return;
    }
    diag(DIAG_WARNING,
         "log: cannot %s in %s, durable up to offset %" PRIu64
         ": %s. Nothing more is acknowledged; a restart recovers all that was.",
         operation, sync->writer.chain->directory, atomic_load(&sync->reached.durable), status_name(status));
}

/* Sync here and now. Without the lock. */
static void sync_segment(struct log_sync *sync)
{
    uint64_t begin_us = clock_monotonic_us();
    enum status status;

    crash_point("log.sync.before");
    status = file_sync(sync->writer.file);
    crash_point("log.sync.after");
    if (status != STATUS_OK) {
        fail(sync, "sync", status);
        return;
    }
    log_progress_count_sync(&sync->reached, begin_us);
    log_progress_set_durable(&sync->reached, atomic_load(&sync->reached.written));
}

/* The keeper has synced. On its thread. */
static void end_keeper_sync(void *context, enum status status)
{
    struct log_sync *sync = context;

    (void)pthread_mutex_lock(&sync->lock);
    sync->keeper_cannot = status == STATUS_BUSY;
    if (status == STATUS_OK) {
        log_progress_count_sync(&sync->reached, sync->last_sync_us);
        log_progress_set_durable(&sync->reached, sync->keeper_target);
    }
    (void)pthread_mutex_unlock(&sync->lock);
    if (status != STATUS_OK && status != STATUS_BUSY) {
        fail(sync, "sync", status);
    }
    announce(sync);
    (void)pthread_mutex_lock(&sync->lock);
    sync->keeper_syncs = false; /* Last: log_sync_stop() may free everything after it. */
    (void)pthread_cond_signal(&sync->work);
    (void)pthread_mutex_unlock(&sync->lock);
}

static void begin_keeper_sync(struct log_sync *sync)
{
    sync->keeper_syncs = true;
    sync->keeper_target = atomic_load(&sync->reached.written);
    sync->last_sync_us = clock_monotonic_us();
    log_keeper_sync(sync->keeper, sync->writer.header.start.offset, end_keeper_sync, sync);
}

/* All must be durable before a segment gets its name (L1). */
static enum status roll(struct log_sync *sync, const struct history *history, uint64_t record_bytes, uint64_t now_ms)
{
    if (atomic_load(&sync->reached.durable) < atomic_load(&sync->reached.written)) {
        sync_segment(sync);
        if (atomic_load(&sync->reached.failed)) {
            return STATUS_IO;
        }
    }
    return log_writer_roll(&sync->writer, history, record_bytes, now_ms);
}

static enum status write_record(struct log_sync *sync, struct slice payload, uint64_t wall_ms)
{
    uint64_t record_bytes = log_writer_record_bytes(payload.len);
    enum status status = STATUS_OK;

    if (log_writer_left(&sync->writer) < record_bytes) {
        status = roll(sync, &sync->writer.header.history, record_bytes, wall_ms);
    }
    if (status == STATUS_OK) {
        uint64_t synced = atomic_load(&sync->reached.durable); /* L2 */

        status = log_writer_write(&sync->writer, payload, synced, wall_ms);
    }
    if (status == STATUS_OK) {
        log_progress_set_written(&sync->reached, sync->writer.end.offset + payload.len);
        sync->newest_ms = wall_ms;
    }
    return status;
}

/* Write what was taken. The end stays before the last record: its hash can wait until it is synced. */
static void write_group(struct log_sync *sync)
{
    struct slice before = slice_empty();

    for (size_t i = 0; i < sync->writing.count; i++) {
        uint64_t wall_ms;
        struct slice payload = log_group_record(&sync->writing, i, &wall_ms);
        enum status status;

        log_writer_advance(&sync->writer, before);
        status = write_record(sync, payload, wall_ms);
        if (status != STATUS_OK) {
            fail(sync, "write", status);
            return;
        }
        before = payload;
    }
}

/* What was taken has its place. */
static void release_charge(struct log_sync *sync)
{
    (void)pthread_mutex_lock(&sync->lock);
    sync->writing.charge = 0;
    sync->left_bytes = log_writer_left(&sync->writer);
    (void)pthread_mutex_unlock(&sync->lock);
}

/* Move the end over what was taken, now that those who waited for it have been told. The bytes go together with the end
 * moving, since log_sync_end() hashes what lies between. After a failure what was not written is passed over too. */
static void finish_group(struct log_sync *sync)
{
    uint64_t done = sync->writer.end.offset - sync->hashed.offset;

    log_writer_advance(&sync->writer, slice_after(buf_slice(&sync->writing.payload), (size_t)done));
    (void)pthread_mutex_lock(&sync->lock);
    sync->hashed = sync->writer.end;
    log_group_clear(&sync->writing);
    (void)pthread_mutex_unlock(&sync->lock);
}

/* Write what was taken, and sync it if that is the policy. Without the lock. */
static void process_group(struct log_sync *sync)
{
    sync->is_promised = false;
    if (!atomic_load(&sync->reached.failed)) {
        write_group(sync);
        if (!atomic_load(&sync->reached.failed) && atomic_load(&sync->reached.policy) == LOG_SYNC_ALWAYS) {
            sync_segment(sync);
        }
        release_charge(sync);
        announce(sync);
    }
    finish_group(sync);
}

/* For a full disk the log goes on as it was, unless the promise that there was room has been acted upon. */
static enum status begin_history(struct log_sync *sync)
{
    enum status status = roll(sync, &sync->request.history, 0, sync->request.now_ms);

    if (status == STATUS_OK || (status == STATUS_NO_SPACE && !sync->is_promised)) {
        return status;
    }
    fail(sync, "begin a history", status);
    return STATUS_IO;
}

static void process_request(struct log_sync *sync)
{
    enum status status = STATUS_IO;

    if (!atomic_load(&sync->reached.failed)) {
        if (sync->request.kind == REQUEST_SEGMENT) {
            status = begin_history(sync);
        } else {
            status = log_keeper_reserve(sync->keeper, log_writer_segment_bytes(0));
            sync->is_promised = status == STATUS_OK;
        }
    }
    (void)pthread_mutex_lock(&sync->lock);
    sync->request.kind = REQUEST_NONE;
    sync->request.is_under_way = false;
    sync->request.status = status;
    sync->left_bytes = log_writer_left(&sync->writer);
    (void)pthread_mutex_unlock(&sync->lock);
    announce(sync);
}

/* In how many microseconds what is written must be synced. */
static uint64_t choose_sync_wait_us(const struct log_sync *sync)
{
    uint64_t durable = atomic_load(&sync->reached.durable);
    uint64_t unsynced = atomic_load(&sync->reached.written) - durable;
    uint64_t since_us;

    if (unsynced == 0 || atomic_load(&sync->reached.failed)) {
        return NEVER;
    }
    if (sync->stop || sync->sync_wanted > durable || unsynced > LOG_SYNC_UNSYNCED_BYTES_MAX) {
        return 0;
    }
    switch (atomic_load(&sync->reached.policy)) {
    case LOG_SYNC_ALWAYS:
        return 0;
    case LOG_SYNC_EVERYSEC:
        since_us = clock_monotonic_us() - sync->last_sync_us;
        return since_us >= SYNC_PERIOD_US ? 0 : SYNC_PERIOD_US - since_us;
    case LOG_SYNC_NO:
        break;
    }
    return NEVER;
}

enum work { WORK_WRITE, WORK_SYNC, WORK_REQUEST, WORK_END };

/* Wait, under the lock, for the next thing to do. */
static enum work wait_for_work(struct log_sync *sync)
{
    for (;;) {
        uint64_t wait_us = sync->keeper_syncs ? NEVER : choose_sync_wait_us(sync);

        if (wait_us == 0 && !sync->stop && !sync->keeper_cannot &&
            atomic_load(&sync->reached.policy) != LOG_SYNC_ALWAYS) {
            begin_keeper_sync(sync);
            continue;
        }
        if (sync->pending.count > 0) {
            return WORK_WRITE;
        }
        if (sync->request.kind != REQUEST_NONE) {
            sync->request.is_under_way = true;
            return WORK_REQUEST;
        }
        if (wait_us == 0) {
            return WORK_SYNC;
        }
        if (sync->stop && !sync->keeper_syncs) {
            return WORK_END;
        }
        if (wait_us == NEVER) {
            (void)pthread_cond_wait(&sync->work, &sync->lock);
        } else {
            (void)thread_wait_us(&sync->work, &sync->lock, wait_us);
        }
    }
}

static void take(struct log_sync *sync)
{
    struct log_group empty = sync->writing;

    sync->writing = sync->pending;
    sync->pending = empty;
    (void)pthread_cond_broadcast(&sync->progress); /* The loop may wait for pending to shrink. */
}

static void *run(void *context)
{
    struct log_sync *sync = context;
    enum work work;

    (void)pthread_mutex_lock(&sync->lock);
    while ((work = wait_for_work(sync)) != WORK_END) {
        if (work == WORK_WRITE) {
            take(sync);
        }
        if (work == WORK_SYNC) {
            sync->keeper_cannot = false;
            sync->last_sync_us = clock_monotonic_us();
        }
        (void)pthread_mutex_unlock(&sync->lock);
        switch (work) {
        case WORK_WRITE:
            process_group(sync);
            break;
        case WORK_SYNC:
            sync_segment(sync);
            announce(sync);
            break;
        case WORK_REQUEST:
            process_request(sync);
            break;
        case WORK_END:
            break;
        }
        (void)pthread_mutex_lock(&sync->lock);
    }
    (void)pthread_mutex_unlock(&sync->lock);
    return NULL;
}

struct log_sync *log_sync_start(const struct log_options *options, const struct log_writer *writer)
{
    struct log_sync *sync = memory_allocate_zeroed(sizeof(*sync));
    enum status status;

    sync->on_progress = options->on_progress;
    sync->context = options->context;
    sync->keeper = writer->keeper;
    ASSERT(pthread_mutex_init(&sync->lock, NULL) == 0);
    thread_condition_init(&sync->work);
    thread_condition_init(&sync->progress);
    log_group_init(&sync->pending);
    log_group_init(&sync->writing);
    sync->writer = *writer;
    sync->hashed = writer->end;
    sync->left_bytes = log_writer_left(writer);
    sync->last_sync_us = clock_monotonic_us();
    log_progress_start(&sync->reached, options->policy, writer->end.offset);
    status = thread_start(&sync->thread, "log-sync", run, sync);
    ASSERT(status == STATUS_OK);
    return sync;
}

void log_sync_stop(struct log_sync *sync)
{
    if (sync == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&sync->lock);
    sync->stop = true;
    (void)pthread_cond_signal(&sync->work);
    (void)pthread_mutex_unlock(&sync->lock);
    log_keeper_give_up(sync->keeper);
    (void)pthread_join(sync->thread, NULL);
    if (!atomic_load(&sync->reached.failed)) {
        log_writer_seal(&sync->writer, sync->newest_ms);
    }
    file_close(sync->writer.file);
    log_group_release(&sync->writing);
    log_group_release(&sync->pending);
    (void)pthread_cond_destroy(&sync->progress);
    (void)pthread_cond_destroy(&sync->work);
    (void)pthread_mutex_destroy(&sync->lock);
    memory_free(sync);
}

void log_sync_hand_over(struct log_sync *sync, struct buf *batch, uint64_t now_ms)
{
    (void)pthread_mutex_lock(&sync->lock);
    while (sync->pending.payload.len > LOG_SYNC_PENDING_BYTES_MAX) {
        (void)pthread_cond_wait(&sync->progress, &sync->lock);
    }
    log_group_take(&sync->pending, batch, now_ms);
    (void)pthread_cond_signal(&sync->work);
    (void)pthread_mutex_unlock(&sync->lock);
}

/* What is free of `bytes` when `used` of them are. */
static uint64_t subtract(uint64_t bytes, uint64_t used)
{
    return bytes > used ? bytes - used : 0;
}

/* The disk is far behind: what is admitted now would have the loop wait. */
static bool is_congested(const struct log_sync *sync)
{
    return sync->pending.payload.len > LOG_SYNC_ADMITTED_BYTES_MAX;
}

/* All that is admitted must fit into the present segment or into the spare, whichever way it is cut into records. The
 * sum of both would be too much to promise: a record that does not fit into the rest of the one goes to the other. */
static uint64_t find_room(const struct log_sync *sync)
{
    uint64_t spare_bytes = subtract(log_keeper_spare_bytes(sync->keeper), log_writer_segment_bytes(0));
    uint64_t bytes = sync->left_bytes > spare_bytes ? sync->left_bytes : spare_bytes;

    if (is_congested(sync)) {
        return 0;
    }
    return subtract(bytes, sync->pending.charge + sync->writing.charge + log_writer_record_bytes(0));
}

uint64_t log_sync_room(struct log_sync *sync)
{
    uint64_t room;

    (void)pthread_mutex_lock(&sync->lock);
    room = find_room(sync);
    (void)pthread_mutex_unlock(&sync->lock);
    return room;
}

enum status log_sync_reserve(struct log_sync *sync, uint64_t len)
{
    enum status status;
    uint64_t charge;
    uint64_t room;
    bool is_behind;

    if (atomic_load(&sync->reached.failed)) {
        return STATUS_IO;
    }
    (void)pthread_mutex_lock(&sync->lock);
    room = find_room(sync);
    is_behind = is_congested(sync);
    charge = sync->pending.charge + sync->writing.charge;
    (void)pthread_mutex_unlock(&sync->lock);
    if (room >= len) {
        return STATUS_OK;
    }
    if (is_behind) {
        return log_keeper_is_stuck(sync->keeper) ? STATUS_NO_SPACE : STATUS_BUSY;
    }
    status = log_keeper_ask(sync->keeper, log_writer_segment_bytes(charge + log_writer_record_bytes(len)));
    /* By now what was pending may have gone into the last spare, and left room there. */
    if (status == STATUS_OK || log_sync_room(sync) >= len) {
        return STATUS_OK;
    }
    /* A spare that cannot be made is no failure of the log: what was acknowledged is safe, and it may heal. */
    return status == STATUS_BUSY ? STATUS_BUSY : STATUS_NO_SPACE;
}

static void extend(struct history_position *position, struct slice payload)
{
    position->hash = checksum_crc64(position->hash, payload);
    position->offset += payload.len;
}

struct history_position log_sync_end(struct log_sync *sync)
{
    struct history_position end;

    (void)pthread_mutex_lock(&sync->lock);
    end = sync->hashed;
    extend(&end, buf_slice(&sync->writing.payload)); /* It only reads them too, and the disk is not waited for. */
    extend(&end, buf_slice(&sync->pending.payload));
    (void)pthread_mutex_unlock(&sync->lock);
    return end;
}

uint64_t log_sync_durable_offset(const struct log_sync *sync)
{
    return atomic_load(&sync->reached.durable);
}

uint64_t log_sync_written_offset(const struct log_sync *sync)
{
    return atomic_load(&sync->reached.written);
}

uint64_t log_sync_released_offset(const struct log_sync *sync)
{
    return atomic_load(&sync->reached.released);
}

bool log_sync_has_failed(const struct log_sync *sync)
{
    return atomic_load(&sync->reached.failed);
}

void log_sync_get_statistics(const struct log_sync *sync, struct log_sync_statistics *statistics)
{
    log_progress_statistics(&sync->reached, statistics);
}

/* Under the lock. */
static void ask(struct log_sync *sync, uint64_t offset)
{
    if (sync->sync_wanted < offset) {
        sync->sync_wanted = offset;
    }
    (void)pthread_cond_signal(&sync->work);
}

void log_sync_ask(struct log_sync *sync, uint64_t offset)
{
    (void)pthread_mutex_lock(&sync->lock);
    ask(sync, offset);
    (void)pthread_mutex_unlock(&sync->lock);
}

enum status log_sync_wait(struct log_sync *sync, uint64_t offset)
{
    enum status status = STATUS_OK;

    (void)pthread_mutex_lock(&sync->lock);
    ask(sync, offset);
    while (status == STATUS_OK && atomic_load(&sync->reached.durable) < offset) {
        if (atomic_load(&sync->reached.failed)) {
            status = STATUS_IO;
        } else if (log_keeper_is_stuck(sync->keeper)) {
            status = STATUS_NO_SPACE;
        } else {
            (void)thread_wait_us(&sync->progress, &sync->lock, STUCK_POLL_US);
        }
    }
    (void)pthread_mutex_unlock(&sync->lock);
    return status;
}

void log_sync_set_policy(struct log_sync *sync, enum log_sync_policy policy)
{
    (void)pthread_mutex_lock(&sync->lock);
    atomic_store(&sync->reached.policy, policy);
    (void)pthread_cond_signal(&sync->work);
    (void)pthread_mutex_unlock(&sync->lock);
}

/* Ask, and wait for the answer: not while what was appended before must wait for room on a full disk. */
static enum status request(struct log_sync *sync, struct request wanted)
{
    enum status status;

    (void)pthread_mutex_lock(&sync->lock);
    sync->request = wanted;
    (void)pthread_cond_signal(&sync->work);
    while (sync->request.kind != REQUEST_NONE) {
        if (!sync->request.is_under_way && log_keeper_is_stuck(sync->keeper)) {
            sync->request = (struct request){.status = STATUS_NO_SPACE};
            break;
        }
        (void)thread_wait_us(&sync->progress, &sync->lock, STUCK_POLL_US);
    }
    status = sync->request.status;
    (void)pthread_mutex_unlock(&sync->lock);
    return status;
}

enum status log_sync_reserve_history(struct log_sync *sync)
{
    return request(sync, (struct request){.kind = REQUEST_ROOM});
}

enum status log_sync_begin_history(struct log_sync *sync, const struct history *history, uint64_t now_ms)
{
    return request(sync, (struct request){.kind = REQUEST_SEGMENT, .history = *history, .now_ms = now_ms});
}
