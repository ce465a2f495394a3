#include "replication/full_sync.h"

#include "base/assert.h"
#include "base/diag.h"
#include "base/memory.h"
#include "replication/back_off.h"
#include "replication/making.h"
#include "storage/env/env.h"
#include "storage/snapshot/snapshot_read.h"
#include <inttypes.h>
#include <stdio.h>

#define MAKING_NAME "making.tmp"
/* An old payload is reused while the log has grown by no more than this beyond it, or than its own size: replaying the
 * log costs its receiver, making a new one costs us. */
#define REUSE_LOG_BYTES (64u * 1024 * 1024)
/* A snapshot is made of the last checkpoint while the log beyond it is no longer than this, nor than a part of the
 * data. Its receiver replays a megabyte in some ten milliseconds; a checkpoint of as many rows at random rewrites a
 * page for each. */
#define STALE_LOG_BYTES    (16u * 1024 * 1024)
#define STALE_PART_OF_DATA 8

/* After a failure the next try waits so long, twice as long each time, whoever asks: one that was told of it is back
 * within a second, and each try costs a checkpoint and perhaps most of a file. */
#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS   30000

enum full_sync_stage {
    FULL_SYNC_IDLE,
    FULL_SYNC_CHECKPOINT, /* Waits for a checkpoint at `target` or later. */
    FULL_SYNC_WRITING,    /* The worker writes the file. */
};

struct full_sync {
    struct store *store;
    struct file_system *files;
    char *directory;      /* Owned. */
    struct list payloads; /* Oldest first. */
    struct list waiters;  /* First come, first served. */
    enum full_sync_stage stage;
    uint64_t target;          /* FULL_SYNC_CHECKPOINT: the offset that it must reach. */
    uint64_t count_before;    /* Checkpoints when it was asked for. */
    uint64_t failures_before; /* Checkpoint failures when it was asked for. */
    uint64_t making_from;     /* FULL_SYNC_WRITING: the log must stay from here. */
    uint64_t rdb_count;       /* Names RDB files. */
    uint64_t now_ms;          /* Of the present turn. */
    uint32_t failed_count;    /* Tries since the last success. */
    uint64_t retry_at_ms;     /* FULL_SYNC_IDLE: nothing is made before. */
    struct making making;
    struct worker worker;
};

static struct full_sync_payload *payload_of(struct list_node *node)
{
    return LIST_ENTRY(node, struct full_sync_payload, node);
}

static struct full_sync_waiter *waiter_of(struct list_node *node)
{
    return LIST_ENTRY(node, struct full_sync_waiter, node);
}

static void remove_path(struct full_sync *full_sync, const char *path)
{
    enum status status = file_remove(full_sync->files, path);

    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        diag(DIAG_WARNING, "%s cannot be removed: %s", path, status_name(status));
    }
}

static void free_payload(struct full_sync_payload *payload)
{
    list_remove(&payload->node);
    memory_free(payload->path);
    memory_free(payload);
}

static void remove_payload(struct full_sync *full_sync, struct full_sync_payload *payload)
{
    remove_path(full_sync, payload->path);
    free_payload(payload);
}

/* Whether who installs this payload can go on from our log. */
static bool is_usable(const struct full_sync *full_sync, const struct full_sync_payload *payload)
{
    struct log *log = store_log(full_sync->store);

    return strcmp(payload->history.id, log_history(log)->id) == 0 &&
           payload->position.offset >= log_first_offset(log) && payload->position.offset <= log_released_offset(log);
}

/* Keep a snapshot that an earlier process made, if it is whole and its rest is in the log. */
static struct full_sync_payload *adopt(struct full_sync *full_sync, const char *name, char *path)
{
    struct full_sync_payload *payload = memory_allocate_zeroed(sizeof(*payload));
    struct snapshot_header header;
    struct snapshot_problem problem;
    struct file *file;
    enum status status;

    status = file_open(full_sync->files, path, FILE_READ, &file);
    if (status == STATUS_OK) {
        status = snapshot_read_header(file, &header, &problem);
        if (status == STATUS_OK) {
            status = file_size(file, &payload->total_bytes);
        }
        file_close(file);
    }
    list_node_init(&payload->node);
    payload->path = path;
    payload->is_adopted = true;
    if (status == STATUS_OK) {
        payload->kind = FULL_SYNC_SNAPSHOT;
        payload->history = header.history;
        payload->position = header.position;
        memcpy(payload->name, name, SNAPSHOT_NAME_LEN);
    }
    if (status != STATUS_OK || !is_usable(full_sync, payload)) {
        remove_payload(full_sync, payload);
        return NULL;
    }
    return payload;
}

struct looking {
    struct full_sync *full_sync;
    uint64_t now_ms;
};

static void look(void *context, const char *name)
{
    struct looking *looking = context;
    struct full_sync *full_sync = looking->full_sync;
    char *path = file_join(full_sync->directory, name);
    struct full_sync_payload *payload;

    if (strlen(name) != SNAPSHOT_NAME_LEN + strlen(SNAPSHOT_SUFFIX) ||
        strcmp(name + SNAPSHOT_NAME_LEN, SNAPSHOT_SUFFIX) != 0) {
        remove_path(full_sync, path);
        memory_free(path);
        return;
    }
    payload = adopt(full_sync, name, path);
    if (payload != NULL) {
        payload->idle_since_ms = looking->now_ms;
        list_append(&full_sync->payloads, &payload->node);
    }
}

enum status full_sync_open(const struct full_sync_options *options, uint64_t now_ms, struct full_sync **full_sync)
{
    struct full_sync *new = memory_allocate_zeroed(sizeof(*new));
    struct looking looking = {.full_sync = new, .now_ms = now_ms};
    enum status status;

    new->store = options->store;
    new->files = options->files;
    new->directory = file_join(options->data_directory, FULL_SYNC_DIRECTORY);
    new->stage = FULL_SYNC_IDLE;
    list_init(&new->payloads);
    list_init(&new->waiters);
    worker_init(&new->worker, options->wake, options->context);
    status = file_make_directory(new->files, new->directory);
    if (status == STATUS_EXISTS) {
        status = file_list(new->files, new->directory, look, &looking);
    }
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "%s cannot be made ready: %s", new->directory, status_name(status));
        full_sync_close(new);
        return status;
    }
    *full_sync = new;
    return STATUS_OK;
}

static void end_making(struct full_sync *full_sync)
{
    remove_path(full_sync, full_sync->making.path);
    memory_free(full_sync->making.path);
    full_sync->making.path = NULL;
    full_sync->stage = FULL_SYNC_IDLE;
}

static void stop_making(struct full_sync *full_sync)
{
    if (full_sync->stage == FULL_SYNC_WRITING) {
        worker_cancel(&full_sync->worker);
        end_making(full_sync);
    }
    full_sync->stage = FULL_SYNC_IDLE;
}

void full_sync_close(struct full_sync *full_sync)
{
    if (full_sync == NULL) {
        return;
    }
    ASSERT(list_is_empty(&full_sync->waiters));
    stop_making(full_sync);
    LIST_FOR_EACH(&full_sync->payloads, node)
    {
        struct full_sync_payload *payload = payload_of(node);

        ASSERT(payload->user_count == 0);
        if (payload->kind != FULL_SYNC_SNAPSHOT) {
            remove_path(full_sync, payload->path);
        }
        free_payload(payload);
    }
    memory_free(full_sync->directory);
    memory_free(full_sync);
}

void full_sync_ask(struct full_sync *full_sync, struct full_sync_waiter *waiter, bool is_alone)
{
    waiter->at_least = is_alone ? log_end_offset(store_log(full_sync->store)) : 0;
    waiter->made_before = full_sync->making.number;
    list_append(&full_sync->waiters, &waiter->node);
}

void full_sync_cancel(struct full_sync_waiter *waiter)
{
    list_remove(&waiter->node);
}

struct full_sync_payload *full_sync_find(struct full_sync *full_sync, struct slice name)
{
    LIST_FOR_EACH(&full_sync->payloads, node)
    {
        struct full_sync_payload *payload = payload_of(node);

        if (payload->kind == FULL_SYNC_SNAPSHOT && slice_equal(name, slice_of(payload->name)) &&
            is_usable(full_sync, payload)) {
            payload->user_count++;
            return payload;
        }
    }
    return NULL;
}

void full_sync_release(struct full_sync *full_sync, struct full_sync_payload *payload, uint64_t now_ms)
{
    ASSERT(payload->user_count > 0);
    payload->user_count--;
    payload->idle_since_ms = now_ms;
    if (payload->user_count == 0 && (payload->kind != FULL_SYNC_SNAPSHOT || !is_usable(full_sync, payload))) {
        remove_payload(full_sync, payload);
    }
}

/* P7 asks of the data that is received whether the master is empty: so it must be as empty as we are, whatever the log
 * would add. */
static bool has_no_keys(const struct full_sync *full_sync)
{
    return keyspace_all_key_count(store_keyspace(full_sync->store)) == 0;
}

/* Whether a payload that was not made for the waiter is as good as a new one. */
static bool is_worth_it(const struct full_sync *full_sync, const struct full_sync_payload *payload)
{
    uint64_t worth = payload->total_bytes > REUSE_LOG_BYTES ? payload->total_bytes : REUSE_LOG_BYTES;
    uint64_t end = log_end_offset(store_log(full_sync->store));

    return !payload->is_adopted && payload->is_empty == has_no_keys(full_sync) &&
           end - payload->position.offset <= worth;
}

/* A payload at hand that serves the waiter; the newest first. One whose making began after he asked always does,
 * however much was written meanwhile: the next one would be no better, and so without end. */
static struct full_sync_payload *find_for(struct full_sync *full_sync, const struct full_sync_waiter *waiter)
{
    struct full_sync_payload *found = NULL;

    LIST_FOR_EACH(&full_sync->payloads, node)
    {
        struct full_sync_payload *payload = payload_of(node);

        if (payload->kind == waiter->kind && is_usable(full_sync, payload) &&
            payload->position.offset >= waiter->at_least &&
            (payload->making_number > waiter->made_before || is_worth_it(full_sync, payload))) {
            found = payload;
        }
    }
    return found;
}

static void tell(struct full_sync_waiter *waiter, struct full_sync_payload *payload, const char *problem)
{
    list_remove(&waiter->node);
    if (payload != NULL) {
        payload->user_count++;
    }
    waiter->ready(waiter->context, payload, problem);
}

static void serve_waiters(struct full_sync *full_sync)
{
    LIST_FOR_EACH(&full_sync->waiters, node)
    {
        struct full_sync_payload *payload = find_for(full_sync, waiter_of(node));

        if (payload != NULL) {
            tell(waiter_of(node), payload, "");
        }
    }
}

static void send_away(struct full_sync *full_sync, const char *problem)
{
    diag(DIAG_WARNING, "replication: a full sync cannot be made: %s", problem);
    LIST_FOR_EACH(&full_sync->waiters, node)
    {
        tell(waiter_of(node), NULL, problem);
    }
}

static void fail(struct full_sync *full_sync, const char *problem)
{
    full_sync->stage = FULL_SYNC_IDLE;
    full_sync->retry_at_ms = full_sync->now_ms + back_off_ms(RETRY_FIRST_MS, full_sync->failed_count++, RETRY_MAX_MS);
    send_away(full_sync, problem);
}

static void begin_making(struct full_sync *full_sync, enum full_sync_kind kind)
{
    struct making *making = &full_sync->making;
    struct env_meta meta;

    making->env = store_env(full_sync->store);
    making->files = full_sync->files;
    making->path = file_join(full_sync->directory, MAKING_NAME);
    making->kind = kind;
    making->number++;
    making->problem[0] = '\0';
    making->name[0] = '\0';
    making->empty_at = UINT64_MAX;
    if (env_read_meta(making->env, &meta) == STATUS_OK) {
        making->empty_at = env_meta_key_count(&meta) == 0 ? meta.position.offset : UINT64_MAX;
        env_meta_release(&meta);
    }
    making->cancelled = &full_sync->worker.cancelled;
    atomic_store(&making->done_bytes, 0);
    full_sync->making_from = store_get_statistics(full_sync->store)->checkpoint_offset;
    full_sync->stage = FULL_SYNC_WRITING;
    if (worker_start(&full_sync->worker, making_run, making) != STATUS_OK) {
        end_making(full_sync);
        fail(full_sync, "no thread is to be had");
    }
}

/* Whether a payload made of the data as it is would serve the waiter. Data that was stored before the present history
 * began, with nothing written since, bears the former one's name. */
static bool is_fresh(const struct full_sync *full_sync, const struct full_sync_waiter *waiter)
{
    const struct log *log = store_log(full_sync->store);
    uint64_t stale_max = store_get_statistics(full_sync->store)->map_used_bytes / STALE_PART_OF_DATA;
    struct env_meta meta;
    bool fresh;

    if (env_read_meta(store_env(full_sync->store), &meta) != STATUS_OK) {
        return false;
    }
    fresh = strcmp(meta.history.id, log_history(log)->id) == 0 && meta.position.offset >= waiter->at_least &&
            log_end_offset(log) - meta.position.offset <= (stale_max < STALE_LOG_BYTES ? stale_max : STALE_LOG_BYTES) &&
            (env_meta_key_count(&meta) == 0) == has_no_keys(full_sync);
    env_meta_release(&meta);
    return fresh;
}

/* Begin what the first waiter needs: a checkpoint, if the last one does not serve it. */
static void begin(struct full_sync *full_sync)
{
    const struct store_statistics *statistics = store_get_statistics(full_sync->store);
    const struct full_sync_waiter *first = waiter_of(full_sync->waiters.head.next);
    enum status status;

    if (is_fresh(full_sync, first)) {
        begin_making(full_sync, first->kind);
        return;
    }
    full_sync->target = log_end_offset(store_log(full_sync->store));
    full_sync->count_before = statistics->checkpoint_count;
    full_sync->failures_before = statistics->checkpoint_failures;
    status = store_begin_checkpoint(full_sync->store, true);
    if (status != STATUS_OK && status != STATUS_BUSY) {
        fail(full_sync, "no checkpoint can be made");
        return;
    }
    full_sync->stage = FULL_SYNC_CHECKPOINT;
}

static void await_checkpoint(struct full_sync *full_sync)
{
    const struct store_statistics *statistics = store_get_statistics(full_sync->store);

    if (list_is_empty(&full_sync->waiters)) {
        full_sync->stage = FULL_SYNC_IDLE;
    } else if (statistics->checkpoint_count > full_sync->count_before &&
               statistics->checkpoint_offset >= full_sync->target) {
        begin_making(full_sync, waiter_of(full_sync->waiters.head.next)->kind);
    } else if (statistics->checkpoint_failures > full_sync->failures_before) {
        fail(full_sync, "the checkpoint before it failed");
    }
}

/* Give the finished file its name, so that nothing half made ever bears one. */
static enum status keep_file(struct full_sync *full_sync, struct full_sync_payload *payload)
{
    const struct making *making = &full_sync->making;
    char name[SNAPSHOT_NAME_LEN + sizeof(SNAPSHOT_SUFFIX)];
    enum status status;

    if (making->kind == FULL_SYNC_SNAPSHOT) {
        snprintf(name, sizeof(name), "%s" SNAPSHOT_SUFFIX, payload->name);
    } else {
        snprintf(name, sizeof(name), "%" PRIu64 ".rdb", ++full_sync->rdb_count);
    }
    payload->path = file_join(full_sync->directory, name);
    status = file_rename(full_sync->files, making->path, payload->path);
    if (status == STATUS_OK) {
        status = file_sync_directory(full_sync->files, full_sync->directory);
    }
    return status;
}

static void take_made(struct full_sync *full_sync)
{
    struct making *making = &full_sync->making;
    struct full_sync_payload *payload = memory_allocate_zeroed(sizeof(*payload));
    enum status status = making->status;

    list_append(&full_sync->payloads, &payload->node);
    if (status == STATUS_OK) {
        payload->kind = making->kind;
        payload->making_number = making->number;
        payload->history = making->history;
        payload->position = making->position;
        payload->total_bytes = making->file_bytes;
        payload->is_empty = making->position.offset == making->empty_at;
        payload->idle_since_ms = full_sync->now_ms;
        memcpy(payload->name, making->name, sizeof(payload->name));
        status = keep_file(full_sync, payload);
        diag(DIAG_NOTICE, "replication: %s of offset %" PRIu64 " made in %" PRIu64 " ms: %" PRIu64 " bytes",
             making->kind == FULL_SYNC_SNAPSHOT ? "snapshot" : "RDB file", payload->position.offset,
             making->took_us / 1000, payload->total_bytes);
    }
    end_making(full_sync);
    if (status != STATUS_OK) {
        if (payload->path != NULL) {
            remove_path(full_sync, payload->path);
        }
        free_payload(payload);
        fail(full_sync, making->status != STATUS_OK ? making->problem : "its file cannot be kept");
        return;
    }
    full_sync->failed_count = 0;
}

static void remove_idle(struct full_sync *full_sync, uint64_t now_ms, uint64_t keep_ms)
{
    LIST_FOR_EACH(&full_sync->payloads, node)
    {
        struct full_sync_payload *payload = payload_of(node);

        if (payload->user_count == 0 && (now_ms - payload->idle_since_ms > keep_ms || !is_usable(full_sync, payload))) {
            remove_payload(full_sync, payload);
        }
    }
}

void full_sync_turn(struct full_sync *full_sync, uint64_t now_ms, uint64_t keep_ms)
{
    full_sync->now_ms = now_ms;
    if (full_sync->stage == FULL_SYNC_WRITING && worker_take(&full_sync->worker)) {
        take_made(full_sync);
    }
    serve_waiters(full_sync);
    remove_idle(full_sync, now_ms, keep_ms);
    if (full_sync->stage == FULL_SYNC_CHECKPOINT) {
        await_checkpoint(full_sync);
    }
    if (full_sync->stage == FULL_SYNC_IDLE && !list_is_empty(&full_sync->waiters) && now_ms >= full_sync->retry_at_ms) {
        begin(full_sync);
    }
}

uint64_t full_sync_lowest_offset(const struct full_sync *full_sync)
{
    uint64_t lowest = full_sync->stage == FULL_SYNC_WRITING ? full_sync->making_from : UINT64_MAX;

    LIST_FOR_EACH(&full_sync->payloads, node)
    {
        if (payload_of(node)->position.offset < lowest) {
            lowest = payload_of(node)->position.offset;
        }
    }
    return lowest;
}

void full_sync_reset(struct full_sync *full_sync)
{
    stop_making(full_sync);
    if (!list_is_empty(&full_sync->waiters)) {
        send_away(full_sync, "our own data is being replaced");
    }
    LIST_FOR_EACH(&full_sync->payloads, node)
    {
        ASSERT(payload_of(node)->user_count == 0);
        remove_payload(full_sync, payload_of(node));
    }
}

bool full_sync_is_making(const struct full_sync *full_sync, uint64_t *done_bytes)
{
    *done_bytes = atomic_load_explicit(&full_sync->making.done_bytes, memory_order_relaxed);
    return full_sync->stage == FULL_SYNC_WRITING;
}
