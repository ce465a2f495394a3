/* Invariants:
 *   L1  A segment gets its name only when all before its first offset is durable. So records that are not synced are in
 *       the newest segment only, and a bad record in any other is damage.
 *   L2  The `synced` of a record was durable before the record was written. So a valid record behind a bad one tells
 *       whether the bad one had been durable.
 *   L3  durable <= written <= handed over, and none of them, nor what was released, ever goes back.
 *   L4  After a failed write or sync nothing more is written: the kernel may have dropped pages and say yes next time.
 */
#include "storage/log_sync.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/thread.h"
#include "storage/log_gather.h"

#include <inttypes.h>
#include <stdatomic.h>

#define SYNC_PERIOD_US 1000000u                /* LOG_SYNC_EVERYSEC. */
#define KEEP_BYTES     (1024u * 1024)          /* Memory that an empty buffer keeps. */
#define STUCK_POLL_US  100000u                 /* How often a waiter looks whether the disk is full. */
#define SEAL_BYTES     LOG_RECORD_HEADER_BYTES /* Kept free at a segment's end. */
#define NEVER          UINT64_MAX

struct log_sync {
    struct file_system *files;
    void (*on_progress)(void *context);
    void *context;
    uint64_t gather_us_max;
    struct log_chain *chain;
    struct log_keeper *keeper;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t work;     /* The thread waits here. */
    pthread_cond_t progress; /* Those who wait for it. */
    struct buf pending;      /* Handed over, not yet taken. */
    uint64_t pending_changes;
    uint64_t pending_ms;            /* Wall clock of the newest. */
    uint64_t pending_since_us;      /* Monotonic, of the oldest. */
    uint64_t pending_charge;        /* Bytes on disk that it needs at most. */
    uint64_t writing_charge;        /* The same of what is being written. */
    uint64_t wake_at_changes;       /* Pending changes that are worth a wake-up. */
    uint64_t left_bytes;            /* For records, in the present segment. */
    uint64_t sync_wanted;           /* Somebody waits for this offset to be durable. */
    uint64_t taken_offset;          /* End of what was taken. */
    struct history_position hashed; /* Up to where the running hash is known; catches up with taken_offset. */
    bool roll_wanted;               /* For a new segment with the history below. */
    struct history roll_history;
    uint64_t roll_ms;
    bool stop;

    /* The thread's own. */
    struct file *file;
    struct log_segment_header header; /* Of the present segment. */
    uint64_t serial;                  /* Of it, in the chain. */
    uint64_t position;                /* Of the next record. */
    uint64_t capacity;                /* Of the file. */
    struct history_position end;      /* Past the last record. */
    struct buf writing;
    uint64_t writing_changes;
    uint64_t writing_ms;
    uint64_t last_sync_us; /* When the last sync began, monotonic. */
    struct log_gather gather;

    _Atomic enum log_sync_policy policy;
    _Atomic uint64_t written;
    _Atomic uint64_t durable;
    _Atomic uint64_t released;
    _Atomic uint64_t sync_duration_us;
    _Atomic uint64_t sync_count;
    atomic_bool failed;
};

/* Tell everybody that an offset has moved or the log has failed. */
static void announce(struct log_sync *sync)
{
    uint64_t released =
        atomic_load(&sync->policy) == LOG_SYNC_ALWAYS ? atomic_load(&sync->durable) : atomic_load(&sync->written);

    if (released > atomic_load(&sync->released)) { /* L3: not back, when the policy becomes stricter. */
        atomic_store(&sync->released, released);
    }
    (void)pthread_mutex_lock(&sync->lock);
    (void)pthread_cond_broadcast(&sync->progress);
    (void)pthread_mutex_unlock(&sync->lock);
    if (sync->on_progress != NULL) {
        sync->on_progress(sync->context);
    }
}

static void fail(struct log_sync *sync, const char *operation, enum status status)
{
    diag(DIAG_WARNING,
         "log: cannot %s segment %020" PRIu64 " in %s at offset %" PRIu64
         ": %s. Nothing more is acknowledged; a restart recovers all that was.",
         operation, sync->header.start.offset, sync->chain->directory, sync->end.offset, status_name(status));
    atomic_store(&sync->failed, true); /* L4 */
}

static uint64_t count_left(const struct log_sync *sync)
{
    uint64_t used = sync->position + SEAL_BYTES;

    return sync->capacity > used ? sync->capacity - used : 0;
}

static void sync_segment(struct log_sync *sync)
{
    uint64_t begin_us = clock_monotonic_us();
    uint64_t duration_us;
    enum status status;

    crash_point("log.sync.before");
    status = file_sync(sync->file);
    crash_point("log.sync.after");
    if (status != STATUS_OK) {
        fail(sync, "sync", status);
        return;
    }
    duration_us = clock_monotonic_us() - begin_us;
    sync->last_sync_us = begin_us;
    atomic_store(&sync->sync_duration_us, duration_us);
    atomic_fetch_add(&sync->sync_count, 1);
    atomic_store(&sync->durable, atomic_load(&sync->written));
    log_gather_learn(&sync->gather, duration_us, sync->writing_changes);
}

enum status log_sync_install(struct file_system *files, const char *directory, struct file *file,
                             struct log_segment_header *header)
{
    char bytes[LOG_SEGMENT_HEADER_BYTES];
    struct slice piece;
    char *spare_path = file_join(directory, LOG_SPARE_NAME);
    char *path = log_segment_path(directory, header->start.offset);
    enum status status;

    log_segment_encode(header, bytes);
    piece = slice_make(bytes, sizeof(bytes));
    status = file_write(file, 0, &piece, 1);
    crash_point("log.roll.header.after");
    if (status == STATUS_OK) {
        status = file_sync(file); /* Before the name: a file with a segment's name has a whole header. */
    }
    crash_point("log.roll.rename.before");
    if (status == STATUS_OK) {
        status = file_rename(files, spare_path, path);
    }
    crash_point("log.roll.rename.after");
    if (status == STATUS_OK) {
        status = file_sync_directory(files, directory);
    }
    crash_point("log.roll.directory.after");
    memory_free(path);
    memory_free(spare_path);
    return status;
}

/* Begin a new segment at the end with room for `record_bytes`, in `history`. */
static enum status roll(struct log_sync *sync, const struct history *history, uint64_t record_bytes, uint64_t now_ms)
{
    struct log_segment_header header = {.history = *history, .start = sync->end, .wall_ms = now_ms};
    uint64_t old_start = sync->header.start.offset;
    struct random random;
    struct file *file;
    uint64_t capacity;
    enum status status;

    if (atomic_load(&sync->durable) < atomic_load(&sync->written)) {
        sync_segment(sync); /* L1 */
        if (atomic_load(&sync->failed)) {
            return STATUS_IO;
        }
    }
    status =
        log_keeper_take_spare(sync->keeper, LOG_SEGMENT_HEADER_BYTES + record_bytes + SEAL_BYTES, &file, &capacity);
    if (status != STATUS_OK) {
        return status;
    }
    random_init_from_system(&random);
    header.salt = random_next(&random);
    status = log_sync_install(sync->files, sync->chain->directory, file, &header);
    log_keeper_make_next(sync->keeper);
    if (status != STATUS_OK) {
        file_close(file);
        return status;
    }
    if (old_start != header.start.offset) {
        log_keeper_trim(sync->keeper, old_start, sync->position);
        log_chain_set_file_bytes(sync->chain, sync->serial, sync->position);
    }
    file_close(sync->file);
    sync->file = file;
    sync->header = header;
    sync->position = LOG_SEGMENT_HEADER_BYTES;
    sync->capacity = capacity;
    log_chain_add(sync->chain, &header, capacity);
    sync->serial = log_chain_newest(sync->chain);
    return STATUS_OK;
}

/* Write what was taken as one record. */
static void write_record(struct log_sync *sync)
{
    char bytes[LOG_RECORD_HEADER_BYTES];
    struct slice payload = buf_slice(&sync->writing);
    struct slice pieces[2] = {slice_make(bytes, sizeof(bytes)), payload};
    struct log_record_header header = {
        .payload_len = (uint32_t)payload.len,
        .offset = sync->end.offset,
        .wall_ms = sync->writing_ms,
        .hash = sync->end.hash,
    };
    enum status status;

    if (count_left(sync) < sizeof(bytes) + payload.len) {
        status = roll(sync, &sync->header.history, sizeof(bytes) + payload.len, sync->writing_ms);
        if (status != STATUS_OK) {
            if (!atomic_load(&sync->failed)) {
                fail(sync, "follow", status);
            }
            return;
        }
    }
    header.synced = atomic_load(&sync->durable); /* L2 */
    header.payload_crc = checksum_crc32(sync->header.crc, payload);
    log_record_encode(&header, sync->header.crc, bytes);
    crash_point("log.write.before");
    status = file_write(sync->file, sync->position, pieces, 2);
    crash_point("log.write.after");
    if (status != STATUS_OK) {
        fail(sync, "write", status);
        return;
    }
    log_chain_mark(sync->chain, sync->serial, header.offset, sync->position);
    sync->position += sizeof(bytes) + payload.len;
    atomic_store(&sync->written, header.offset + payload.len);
}

/* Move the end over what was taken, now that those who waited for it have been told: the hash of a record is needed
 * for the next one's header only. */
static void finish_group(struct log_sync *sync)
{
    struct slice payload = buf_slice(&sync->writing);

    sync->end.hash = checksum_crc64(sync->end.hash, payload);
    sync->end.offset += payload.len;
    buf_clear(&sync->writing);
    buf_shrink(&sync->writing, KEEP_BYTES);
    sync->writing_changes = 0;
    (void)pthread_mutex_lock(&sync->lock);
    sync->writing_charge = 0;
    sync->left_bytes = count_left(sync);
    sync->hashed = sync->end;
    (void)pthread_cond_broadcast(&sync->progress);
    (void)pthread_mutex_unlock(&sync->lock);
}

/* Whether what is written must be synced now, and else in how many microseconds. */
static bool is_sync_due(const struct log_sync *sync, uint64_t *wait_us)
{
    uint64_t durable = atomic_load(&sync->durable);
    uint64_t since_us;

    *wait_us = NEVER;
    if (durable == atomic_load(&sync->written)) {
        return false;
    }
    if (sync->stop || sync->sync_wanted > durable) {
        return true;
    }
    switch (atomic_load(&sync->policy)) {
    case LOG_SYNC_ALWAYS:
        return true;
    case LOG_SYNC_EVERYSEC:
        since_us = clock_monotonic_us() - sync->last_sync_us;
        *wait_us = since_us >= SYNC_PERIOD_US ? 0 : SYNC_PERIOD_US - since_us;
        return *wait_us == 0;
    case LOG_SYNC_NO:
        break;
    }
    return false;
}

/* How long what is pending shall wait for company. */
static uint64_t choose_gather_us(const struct log_sync *sync)
{
    uint64_t wait_us;
    uint64_t waited_us;

    if (sync->stop || sync->gather_us_max == 0 || atomic_load(&sync->policy) != LOG_SYNC_ALWAYS) {
        return 0;
    }
    wait_us = log_gather_wait_us(&sync->gather, sync->pending_changes, sync->gather_us_max);
    if (wait_us == 0) {
        return 0;
    }
    waited_us = clock_monotonic_us() - sync->pending_since_us;
    return waited_us < wait_us ? wait_us - waited_us : 0;
}

/* Wait, under the lock, until there is something to write, to sync or to roll. False: there is not, and will not be. */
static bool wait_for_work(struct log_sync *sync)
{
    for (;;) {
        bool has_failed = atomic_load(&sync->failed);
        uint64_t wait_us = NEVER;

        sync->wake_at_changes = 1;
        if (sync->pending.len > 0) {
            wait_us = has_failed ? 0 : choose_gather_us(sync);
            sync->wake_at_changes = sync->gather.company;
        } else if (sync->roll_wanted || (!has_failed && is_sync_due(sync, &wait_us))) {
            wait_us = 0;
        }
        if (wait_us == 0) {
            return true;
        }
        if (sync->stop) {
            return false;
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
    struct buf empty = sync->writing;

    sync->writing = sync->pending;
    sync->pending = empty;
    sync->writing_changes = sync->pending_changes;
    sync->writing_ms = sync->pending_ms;
    sync->writing_charge = sync->pending_charge;
    sync->pending_changes = 0;
    sync->pending_charge = 0;
    sync->taken_offset += sync->writing.len;
    (void)pthread_cond_broadcast(&sync->progress); /* The loop may wait for pending to shrink. */
}

static void answer_roll(struct log_sync *sync)
{
    if (!atomic_load(&sync->failed)) {
        enum status status = roll(sync, &sync->roll_history, 0, sync->roll_ms);

        if (status != STATUS_OK && !atomic_load(&sync->failed)) {
            fail(sync, "begin a history after", status);
        }
    }
    (void)pthread_mutex_lock(&sync->lock);
    sync->roll_wanted = false;
    sync->left_bytes = count_left(sync);
    (void)pthread_mutex_unlock(&sync->lock);
    announce(sync);
}

/* Write and sync one group, without the lock. */
static void process(struct log_sync *sync, bool is_sync_asked)
{
    bool has_failed = atomic_load(&sync->failed);

    if (!has_failed && sync->writing.len > 0) {
        write_record(sync);
        if (!is_sync_asked || atomic_load(&sync->policy) != LOG_SYNC_ALWAYS) {
            announce(sync);
        }
    }
    if (!atomic_load(&sync->failed) && is_sync_asked) {
        sync_segment(sync);
    }
    if (is_sync_asked || (!has_failed && atomic_load(&sync->failed))) {
        announce(sync);
    }
    if (sync->writing.len > 0) {
        finish_group(sync);
    }
}

static void *run(void *context)
{
    struct log_sync *sync = context;

    (void)pthread_mutex_lock(&sync->lock);
    while (wait_for_work(sync)) {
        uint64_t ignored_us;
        bool is_sync_asked;

        if (sync->pending.len == 0 && sync->roll_wanted) {
            (void)pthread_mutex_unlock(&sync->lock);
            answer_roll(sync);
            (void)pthread_mutex_lock(&sync->lock);
            continue;
        }
        is_sync_asked = is_sync_due(sync, &ignored_us);
        if (sync->pending.len > 0) {
            take(sync);
            is_sync_asked = is_sync_asked || atomic_load(&sync->policy) == LOG_SYNC_ALWAYS ||
                            sync->sync_wanted > atomic_load(&sync->durable);
        }
        (void)pthread_mutex_unlock(&sync->lock);
        process(sync, is_sync_asked);
        (void)pthread_mutex_lock(&sync->lock);
    }
    (void)pthread_mutex_unlock(&sync->lock);
    return NULL;
}

struct log_sync *log_sync_start(const struct log_options *options, struct log_chain *chain, struct log_keeper *keeper,
                                const struct log_sync_start *start)
{
    struct log_sync *made = memory_allocate_zeroed(sizeof(*made));
    enum status status;

    made->files = options->files;
    made->on_progress = options->on_progress;
    made->context = options->context;
    made->gather_us_max = options->gather_us_max;
    made->chain = chain;
    made->keeper = keeper;
    ASSERT(pthread_mutex_init(&made->lock, NULL) == 0);
    thread_condition_init(&made->work);
    thread_condition_init(&made->progress);
    buf_init(&made->pending, BUF_NO_CEILING);
    buf_init(&made->writing, BUF_NO_CEILING);
    made->file = start->file;
    made->header = start->header;
    made->serial = log_chain_newest(chain);
    made->position = start->position;
    made->capacity = start->capacity;
    made->end = start->end;
    made->hashed = start->end;
    made->taken_offset = start->end.offset;
    made->left_bytes = count_left(made);
    made->last_sync_us = clock_monotonic_us();
    atomic_store(&made->policy, options->policy);
    atomic_store(&made->written, start->end.offset);
    atomic_store(&made->durable, start->end.offset);
    atomic_store(&made->released, start->end.offset);
    status = thread_start(&made->thread, "log-sync", run, made);
    ASSERT(status == STATUS_OK);
    return made;
}

/* Say that the log ends here and was closed: the last record has a witness now, and an opener knows that nothing is
 * missing. If it fails, the next open is one after a crash. */
static void seal(struct log_sync *sync)
{
    struct log_record_header header = {
        .payload_crc = sync->header.crc,
        .offset = sync->end.offset,
        .synced = sync->end.offset,
        .wall_ms = sync->writing_ms,
        .hash = sync->end.hash,
    };
    char bytes[LOG_RECORD_HEADER_BYTES];
    struct slice piece;

    log_record_encode(&header, sync->header.crc, bytes);
    piece = slice_make(bytes, sizeof(bytes));
    if (sync->position + sizeof(bytes) > sync->capacity) {
        return;
    }
    if (file_write(sync->file, sync->position, &piece, 1) == STATUS_OK) {
        (void)!file_sync(sync->file);
    }
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
    if (!atomic_load(&sync->failed)) {
        seal(sync);
    }
    file_close(sync->file);
    buf_release(&sync->writing);
    buf_release(&sync->pending);
    (void)pthread_cond_destroy(&sync->progress);
    (void)pthread_cond_destroy(&sync->work);
    (void)pthread_mutex_destroy(&sync->lock);
    memory_free(sync);
}

void log_sync_hand_over(struct log_sync *sync, struct buf *batch, uint64_t changes, uint64_t now_ms)
{
    (void)pthread_mutex_lock(&sync->lock);
    while (sync->pending.len > LOG_SYNC_PENDING_BYTES_MAX) {
        (void)pthread_cond_wait(&sync->progress, &sync->lock);
    }
    sync->pending_charge += LOG_RECORD_HEADER_BYTES + batch->len;
    if (sync->pending.len == 0) {
        struct buf empty = sync->pending;

        sync->pending = *batch;
        *batch = empty;
        sync->pending_since_us = sync->gather_us_max == 0 ? 0 : clock_monotonic_us();
    } else {
        buf_put(&sync->pending, buf_slice(batch));
        buf_clear(batch);
        buf_shrink(batch, KEEP_BYTES);
    }
    sync->pending_changes += changes;
    sync->pending_ms = now_ms;
    if (sync->pending_changes >= sync->wake_at_changes) {
        (void)pthread_cond_signal(&sync->work);
    }
    (void)pthread_mutex_unlock(&sync->lock);
}

/* What is free of `bytes` when `used` of them are. */
static uint64_t subtract(uint64_t bytes, uint64_t used)
{
    return bytes > used ? bytes - used : 0;
}

/* All that is admitted must fit into the present segment or into the spare, whichever way it is cut into records. The
 * sum of both would be too much to promise: a record that does not fit into the rest of the one goes to the other. */
static uint64_t find_room(const struct log_sync *sync)
{
    uint64_t spare_bytes = subtract(log_keeper_spare_bytes(sync->keeper), LOG_SEGMENT_HEADER_BYTES + SEAL_BYTES);
    uint64_t bytes = sync->left_bytes > spare_bytes ? sync->left_bytes : spare_bytes;

    return subtract(bytes, sync->pending_charge + sync->writing_charge + LOG_RECORD_HEADER_BYTES);
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
    uint64_t charge;
    bool has_room;

    if (atomic_load(&sync->failed)) {
        return STATUS_IO;
    }
    (void)pthread_mutex_lock(&sync->lock);
    has_room = find_room(sync) >= len;
    charge = sync->pending_charge + sync->writing_charge;
    (void)pthread_mutex_unlock(&sync->lock);
    if (has_room) {
        return STATUS_OK;
    }
    /* A spare file that cannot be made is no failure of the log: what was acknowledged is safe, and it may heal. */
    if (log_keeper_reserve(sync->keeper, LOG_SEGMENT_HEADER_BYTES + charge + LOG_RECORD_HEADER_BYTES + len +
                                             SEAL_BYTES) != STATUS_OK) {
        return STATUS_NO_SPACE;
    }
    return STATUS_OK;
}

struct history_position log_sync_end(struct log_sync *sync)
{
    struct history_position end;
    struct slice pending;

    (void)pthread_mutex_lock(&sync->lock);
    while (sync->hashed.offset != sync->taken_offset) {
        (void)pthread_cond_wait(&sync->progress, &sync->lock);
    }
    end = sync->hashed;
    pending = buf_slice(&sync->pending);
    end.hash = checksum_crc64(end.hash, pending);
    end.offset += pending.len;
    (void)pthread_mutex_unlock(&sync->lock);
    return end;
}

uint64_t log_sync_durable_offset(const struct log_sync *sync)
{
    return atomic_load(&sync->durable);
}

uint64_t log_sync_written_offset(const struct log_sync *sync)
{
    return atomic_load(&sync->written);
}

uint64_t log_sync_released_offset(const struct log_sync *sync)
{
    return atomic_load(&sync->released);
}

bool log_sync_has_failed(const struct log_sync *sync)
{
    return atomic_load(&sync->failed);
}

void log_sync_get_statistics(const struct log_sync *sync, uint64_t *last_us, uint64_t *count)
{
    *last_us = atomic_load(&sync->sync_duration_us);
    *count = atomic_load(&sync->sync_count);
}

enum status log_sync_wait(struct log_sync *sync, uint64_t offset)
{
    enum status status = STATUS_OK;

    (void)pthread_mutex_lock(&sync->lock);
    if (sync->sync_wanted < offset) {
        sync->sync_wanted = offset;
    }
    (void)pthread_cond_signal(&sync->work);
    while (status == STATUS_OK && atomic_load(&sync->durable) < offset) {
        if (atomic_load(&sync->failed)) {
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
    atomic_store(&sync->policy, policy);
    (void)pthread_cond_signal(&sync->work);
    (void)pthread_mutex_unlock(&sync->lock);
}

enum status log_sync_begin_history(struct log_sync *sync, const struct history *history, uint64_t now_ms)
{
    (void)pthread_mutex_lock(&sync->lock);
    sync->roll_history = *history;
    sync->roll_ms = now_ms;
    sync->roll_wanted = true;
    (void)pthread_cond_signal(&sync->work);
    while (sync->roll_wanted) {
        (void)pthread_cond_wait(&sync->progress, &sync->lock);
    }
    (void)pthread_mutex_unlock(&sync->lock);
    return atomic_load(&sync->failed) ? STATUS_IO : STATUS_OK;
}
