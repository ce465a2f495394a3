#include "replication/master.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/resp_write.h"
#include "replication/psync.h"
#include "replication/replica.h"
#include "replication/replicas_file.h"
#include "replication/retention.h"
#include <inttypes.h>
#include <stdio.h>

#define RETENTION_EACH_MS 1000

struct master {
    struct store *store;
    struct file_system *files;
    const struct replication_settings *settings;
    struct events *events;
    struct list replicas; /* In the order in which they came. */
    struct acks acks;
    struct full_sync *full_sync;
    struct replicas_file replicas_file;
    struct sync_replicas sync;
    uint64_t pinged_ms;
    uint64_t retained_ms; /* When retention was last decided. */
    uint64_t sync_full;
    uint64_t sync_partial_ok;
    uint64_t sync_partial_err;
    uint64_t output_bytes; /* Of replicas that left. */
};

static struct replicas_now look_at_clocks(uint64_t now_ms)
{
    return (struct replicas_now){.monotonic_ms = now_ms, .wall_ms = clock_wall_ms()};
}

enum status master_open(const struct master_options *options, uint64_t now_ms, struct master **master)
{
    const struct full_sync_options full_sync = {
        .store = options->store,
        .files = options->files,
        .data_directory = options->directory,
        .wake = options->wake,
        .context = options->context,
    };
    struct master *new = memory_allocate_zeroed(sizeof(*new));
    struct replicas_now now;
    enum status status;

    new->store = options->store;
    new->files = options->files;
    new->settings = options->settings;
    new->events = options->events;
    new->pinged_ms = now_ms;
    list_init(&new->replicas);
    acks_init(&new->acks);
    status = full_sync_open(&full_sync, now_ms, &new->full_sync);
    if (status != STATUS_OK) {
        memory_free(new);
        return status;
    }
    replicas_file_open(&new->replicas_file, options->files, options->directory, options->wake, options->context);
    now = look_at_clocks(now_ms);
    replicas_file_load(&new->replicas_file, log_history(store_log(new->store)), &now, &new->acks);
    *master = new;
    return STATUS_OK;
}

void master_close(struct master *master)
{
    struct replicas_now now;

    if (master == NULL) {
        return;
    }
    ASSERT(list_is_empty(&master->replicas));
    now = look_at_clocks(clock_monotonic_us() / 1000);
    replicas_file_close(&master->replicas_file, log_history(store_log(master->store)), &now, &master->acks);
    full_sync_close(master->full_sync);
    acks_release(&master->acks);
    memory_free(master);
}

static enum status hash_at(void *context, uint64_t position, uint64_t *hash)
{
    struct master *master = context;

    return log_hash_at(store_log(master->store), position, hash);
}

/* A tool: it wants what we have, whoever we are, and follows nobody. */
static bool is_alone(const struct replica_handshake *handshake)
{
    return handshake->rdb_only || handshake->snapshot_only;
}

static void decide(struct master *master, const struct replica_handshake *handshake, const struct master_role *role,
                   const struct psync_request *request, struct psync_decision *decision)
{
    struct log *log = store_log(master->store);
    const struct psync_log held = {
        .history = log_history(log),
        .first = log_first_offset(log),
        .end = log_released_offset(log),
        .is_catching_up = role->is_replica && role->is_catching_up,
        .hash_at = hash_at,
        .context = master,
    };

    if (is_alone(handshake)) {
        *decision = (struct psync_decision){.outcome = PSYNC_FULL, .reason = "it wants a file"};
        return;
    }
    psync_decide(request, &held, decision);
}

static void refuse(struct buf *reply, const char *text)
{
    resp_write_error(reply, slice_of(text));
}

static struct replica *create(struct master *master, const struct replica_channel *channel,
                              const struct replica_handshake *handshake)
{
    const struct replica_options options = {
        .master = master,
        .store = master->store,
        .full_sync = master->full_sync,
        .files = master->files,
        .settings = master->settings,
        .channel = channel,
        .handshake = handshake,
    };

    return replica_create(&options);
}

/* Answer as decided; a partial sync whose place in the log cannot be opened becomes a full one. */
static void answer(struct master *master, struct replica *replica, const struct psync_decision *decision,
                   bool has_history)
{
    uint64_t now_ms = clock_monotonic_us() / 1000;
    char name[ACKS_NAME_BYTES];
    bool is_partial =
        decision->outcome == PSYNC_PARTIAL && replica_continue(replica, decision->position, now_ms) == STATUS_OK;

    snprintf(name, sizeof(name), "%s:%u", replica->ip, replica->port != 0 ? replica->port : replica->channel.peer_port);
    acks_join(&master->acks, &replica->ack, name, is_partial ? decision->position : 0);
    list_append(&master->replicas, &replica->node);
    if (is_partial) {
        master->sync_partial_ok++;
        events_add(master->events, clock_wall_ms(), "partial sync of replica %s from offset %" PRIu64 ": %s", name,
                   decision->position, decision->reason);
        return;
    }
    replica_begin_full(replica, decision->outcome == PSYNC_PARTIAL ? "the log cannot be read" : decision->reason,
                       now_ms);
    if (!replica->is_alone) {
        master->sync_full++;
        master->sync_partial_err += has_history;
    }
    events_add(master->events, clock_wall_ms(), "full sync of %s %s: %s", replica->is_alone ? "client" : "replica",
               name, replica->reason);
}

struct replica *master_attach(struct master *master, const struct replica_channel *channel,
                              const struct replica_handshake *handshake, const struct master_role *role,
                              struct slice id, int64_t offset, struct buf *reply)
{
    const struct psync_request request = {
        .id = id,
        .also_id = slice_of(handshake->also_id),
        .offset = offset,
        .has_hash = handshake->has_hash,
        .hash = handshake->hash,
    };
    struct psync_decision decision;
    struct replica *replica;

    if (role->is_failing_over) {
        refuse(reply, "NOMASTERLINK Can't SYNC while failing over");
        return NULL;
    }
    /* Also from who could go on by a partial sync: in a ring, all would have each other for a master for ever (R10). */
    if (role->is_replica && !role->is_link_up && !is_alone(handshake)) {
        refuse(reply, "NOMASTERLINK Can't SYNC while not connected with my master");
        return NULL;
    }
    decide(master, handshake, role, &request, &decision);
    if (decision.outcome == PSYNC_LATER) {
        diag(DIAG_NOTICE, "replication: %s:%u is asked to come again: %s", channel->peer_ip, channel->peer_port,
             decision.reason);
        refuse(reply, "NOMASTERLINK Can't SYNC while behind the replica");
        return NULL;
    }
    replica = create(master, channel, handshake);
    replica->is_sync = id.len == 0;
    answer(master, replica, &decision, history_id_is_valid(id) && offset > 1);
    return replica;
}

void master_detach(struct master *master, struct replica *replica)
{
    uint64_t now_ms = clock_monotonic_us() / 1000;
    uint64_t needed;
    bool is_remembered = !replica->is_sync && replica_needs_log(replica, &needed);

    if (!replica->is_alone) {
        events_add(master->events, clock_wall_ms(), "replica %s left at offset %" PRIu64 "%s%s", replica->ack.name,
                   replica->ack.offset, replica->doom != NULL ? ": " : "", replica->doom != NULL ? replica->doom : "");
    }
    master->output_bytes += replica->output_bytes;
    acks_leave(&master->acks, &replica->ack, now_ms, is_remembered);
    list_remove(&replica->node);
    replica_free(replica, now_ms);
}

static void close_doomed(struct replica *replica)
{
    const struct replica_channel *channel = &replica->channel;

    if (replica->is_closed) {
        return;
    }
    replica->is_closed = true;
    if (replica->is_finished && channel->finish != NULL) {
        channel->finish(channel->context, replica->doom);
    } else {
        channel->close(channel->context, replica->doom);
    }
}

void master_drop_all(struct master *master, const char *reason)
{
    LIST_FOR_EACH(&master->replicas, node)
    {
        struct replica *replica = replica_of(node);

        if (replica->doom == NULL) {
            snprintf(replica->doom_text, sizeof(replica->doom_text), "%s", reason);
            replica->doom = replica->doom_text;
            close_doomed(replica);
        }
    }
}

void master_reset(struct master *master)
{
    uint64_t now_ms = clock_monotonic_us() / 1000;

    master_drop_all(master, "our own data is being replaced by a full sync");
    LIST_FOR_EACH(&master->replicas, node)
    {
        /* The connections end later, but the old log and files must not be touched again. */
        replica_abandon(replica_of(node), now_ms);
    }
    acks_forget_all(&master->acks);
    full_sync_reset(master->full_sync);
}

static void append_request(struct master *master, const char *const *words, size_t count)
{
    struct slice argv[3];
    struct buf change;
    uint64_t end;
    enum status status;

    ASSERT(count <= 3);
    for (size_t i = 0; i < count; i++) {
        argv[i] = slice_of(words[i]);
    }
    buf_init(&change, BUF_NO_CEILING);
    resp_write_request(&change, argv, count);
    /* A disk that is full or failed needs no ping; the log tells of it by itself. */
    if (store_admit_write(master->store, change.len) == STATUS_OK) {
        status = store_append(master->store, buf_slice(&change), &end);
        if (status != STATUS_OK) {
            diag(DIAG_WARNING, "replication: %s cannot be logged: %s", words[0], status_name(status));
        }
    }
    buf_release(&change);
}

static bool has_streams(const struct master *master)
{
    LIST_FOR_EACH(&master->replicas, node)
    {
        if (replica_of(node)->stage == REPLICA_STAGE_STREAM) {
            return true;
        }
    }
    return false;
}

/* A ping is a change like any other: it moves the offset, and chains pass it on (as in Redis). */
static void ping(struct master *master, uint64_t now_ms)
{
    static const char *const words[] = {"PING"};

    if (now_ms - master->pinged_ms < (uint64_t)master->settings->ping_period_s * 1000) {
        return;
    }
    master->pinged_ms = now_ms;
    if (has_streams(master)) {
        append_request(master, words, 1);
    }
}

void master_request_acknowledgements(struct master *master)
{
    static const char *const words[] = {"REPLCONF", "GETACK", "*"};

    if (has_streams(master)) {
        append_request(master, words, 3);
    }
}

bool master_has_stock_streams(const struct master *master)
{
    LIST_FOR_EACH(&master->replicas, node)
    {
        if (replica_of(node)->stage == REPLICA_STAGE_STREAM && !replica_of(node)->handshake.capa_snapshot) {
            return true;
        }
    }
    return false;
}

void master_ask_all(struct master *master, uint64_t offset)
{
    LIST_FOR_EACH(&master->replicas, node)
    {
        replica_ask(replica_of(node), offset);
    }
}

/* Replies wait for replicas' disks, if they are to. */
static void look_at_sync_replicas(struct master *master, bool is_replica)
{
    const struct replication_settings *settings = master->settings;
    const struct log *log = store_log(master->store);
    bool is_on = settings->sync_replicas != 0 && !is_replica;
    struct sync_replicas_view view = {
        .wanted = is_on ? settings->sync_replicas : 0,
        .policy = settings->sync_replicas_policy,
        .timeout_ms = settings->sync_replicas_timeout_ms,
        .released = log_released_offset(log),
    };

    if (is_on) {
        view.now_ms = clock_monotonic_us() / 1000;
        view.wall_ms = clock_wall_ms();
        view.durable = acks_durable_of(&master->acks, view.wanted);
        master_ask_all(master, log_end_offset(log));
    }
    switch (sync_replicas_look(&master->sync, &view)) {
    case SYNC_REPLICAS_NO_NEWS:
        break;
    case SYNC_REPLICAS_IS_LATE:
        events_add(master->events, view.wall_ms, "sync-replicas: replies wait for %u replicas since %u ms", view.wanted,
                   settings->sync_replicas_timeout_ms);
        break;
    case SYNC_REPLICAS_HAS_DEGRADED:
        events_add(master->events, view.wall_ms,
                   "sync-replicas: degraded: %u replicas did not have everything on disk within %u ms", view.wanted,
                   settings->sync_replicas_timeout_ms);
        break;
    case SYNC_REPLICAS_HAS_RECOVERED:
        events_add(master->events, view.wall_ms, "sync-replicas: %u replicas are near enough again", view.wanted);
        break;
    }
}

void master_turn(struct master *master, bool is_replica)
{
    look_at_sync_replicas(master, is_replica);
    LIST_FOR_EACH(&master->replicas, node)
    {
        struct replica *replica = replica_of(node);

        if (replica->doom == NULL && replica_has_more(replica)) {
            replica->channel.wake(replica->channel.context);
        }
    }
}

void master_count_as_shown(struct master *master, uint64_t end)
{
    sync_replicas_begin(&master->sync, end);
}

const struct sync_replicas *master_sync_replicas(const struct master *master)
{
    return &master->sync;
}

static size_t count_holds(const struct master *master)
{
    size_t count = 1 + master->acks.absent_count; /* One for payloads. */

    LIST_FOR_EACH(&master->replicas, node)
    {
        count++;
    }
    return count;
}

/* Gather who needs the log from where: payloads, the connected, the absent; in this order in `holds`. */
static size_t gather(struct master *master, struct retention_hold *holds)
{
    size_t count = 0;

    holds[count++] = (struct retention_hold){.offset = full_sync_lowest_offset(master->full_sync)};
    LIST_FOR_EACH(&master->replicas, node)
    {
        struct retention_hold *hold = &holds[count++];

        *hold = (struct retention_hold){.offset = UINT64_MAX};
        if (!replica_needs_log(replica_of(node), &hold->offset)) {
            hold->offset = UINT64_MAX;
        }
    }
    LIST_FOR_EACH(&master->acks.absent, node)
    {
        const struct ack *ack = ack_of(node);

        holds[count++] = (struct retention_hold){
            .offset = ack->offset,
            .is_away = true,
            .away_since_ms = ack->away_since_ms,
        };
    }
    return count;
}

/* The absent go first: a connection that closes may leave one more of them. */
static void lose(struct master *master, const struct retention_hold *holds, size_t count)
{
    size_t at = count - master->acks.absent_count;

    LIST_FOR_EACH(&master->acks.absent, node)
    {
        struct ack *ack = ack_of(node);

        if (holds[at].loss != RETENTION_KEPT) {
            events_add(master->events, clock_wall_ms(), "absent replica %s is lost at offset %" PRIu64 ": %s",
                       ack->name, ack->offset, retention_loss_text(holds[at].loss));
            acks_forget(&master->acks, ack);
        }
        at++;
    }
    at = 1;
    LIST_FOR_EACH(&master->replicas, node)
    {
        struct replica *replica = replica_of(node);

        if (holds[at].loss != RETENTION_KEPT && replica->doom == NULL) {
            replica->doom = retention_loss_text(holds[at].loss);
            close_doomed(replica);
        }
        at++;
    }
}

/* R5: the log goes only as far as nobody needs it. */
static void retain(struct master *master, uint64_t now_ms)
{
    const struct replication_settings *settings = master->settings;
    const struct retention_limits limits = {
        .backlog_bytes = settings->backlog_bytes,
        .bytes_max = settings->retention_bytes_max,
        .away_ms_max = (uint64_t)settings->retention_s_max * 1000,
    };
    struct log *log = store_log(master->store);
    const struct retention_log held = {
        .first = log_first_offset(log),
        .checkpoint = store_get_statistics(master->store)->checkpoint_offset,
        .end = log_end_offset(log),
    };
    struct replicas_now now = look_at_clocks(now_ms);
    struct retention_hold *holds;
    uint64_t keep_from;
    size_t count;

    if (now_ms - master->retained_ms < RETENTION_EACH_MS) {
        return;
    }
    master->retained_ms = now_ms;
    holds = memory_allocate_zeroed(count_holds(master) * sizeof(*holds));
    count = gather(master, holds);
    keep_from = retention_decide(&held, &limits, now_ms, holds, count);
    lose(master, holds, count);
    memory_free(holds);
    replicas_file_tick(&master->replicas_file, log_history(log), &now, &master->acks);
    if (keep_from > log_first_offset(log)) {
        store_discard_log_before(master->store, keep_from);
    }
}

void master_tick(struct master *master, uint64_t now_ms, const struct master_role *role)
{
    bool is_idle_link = role->is_replica && !role->is_link_up;

    full_sync_turn(master->full_sync, now_ms, (uint64_t)master->settings->timeout_s * 1000);
    if (!role->is_replica && !role->is_silent) {
        ping(master, now_ms);
    }
    LIST_FOR_EACH(&master->replicas, node)
    {
        struct replica *replica = replica_of(node);

        if (replica->doom == NULL && replica_tick(replica, now_ms, is_idle_link)) {
            replica->channel.wake(replica->channel.context);
        }
        if (replica->doom != NULL) {
            close_doomed(replica);
        }
    }
    retain(master, now_ms);
}

const struct list *master_replicas(const struct master *master)
{
    return &master->replicas;
}

const struct full_sync *master_full_sync(const struct master *master)
{
    return master->full_sync;
}

const struct acks *master_acks(const struct master *master)
{
    return &master->acks;
}

static uint32_t count_replicas(const struct master *master)
{
    uint32_t count = 0;

    LIST_FOR_EACH(&master->replicas, node)
    {
        count += !replica_of(node)->is_alone;
    }
    return count;
}

void master_add_statistics(const struct master *master, struct replication_statistics *statistics)
{
    uint64_t now_ms = clock_monotonic_us() / 1000;

    statistics->sync_full = master->sync_full;
    statistics->sync_partial_ok = master->sync_partial_ok;
    statistics->sync_partial_err = master->sync_partial_err;
    statistics->connected_replicas = count_replicas(master);
    statistics->good_replicas =
        acks_count_good(&master->acks, now_ms, (uint64_t)master->settings->min_replicas_max_lag_s * 1000);
    statistics->output_bytes = master->output_bytes;
    LIST_FOR_EACH(&master->replicas, node)
    {
        statistics->output_bytes += replica_of(node)->output_bytes;
    }
}
