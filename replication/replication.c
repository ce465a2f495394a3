#include "replication/replication.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "replication/handshake.h"
#include "replication/replica.h"
#include "replication/replication_state.h"
#include "replication/settings.h"
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TICK_US            100000 /* Time-outs and retries are no finer than this. */
#define KEEP_ROLE_RETRY_MS 5000

static void wake(void *context)
{
    struct replication *replication = context;
    uint64_t one = 1;
    ssize_t written = write(replication->wake_fd, &one, sizeof(one));

    (void)written; /* A full counter wakes as well. */
}

static struct master_role role_of(const struct replication *replication)
{
    const struct failover *failover = &replication->handover.failover;
    bool is_up = replica_link_is_up(replication->link);

    return (struct master_role){
        .is_replica = replication->role.is_replica,
        .is_link_up = is_up,
        .is_catching_up = is_up,
        .is_failing_over = failover->state != FAILOVER_NONE,
        .is_silent = failover->state == FAILOVER_WAITING && failover->deadline_ms != 0, /* As Redis. */
    };
}

/* Keep what has changed about the role by itself; if that cannot be done, a while later. */
static void keep_role(struct replication *replication)
{
    enum status status = role_store(replication->files, replication->directory, &replication->role);

    replication->keep_role_at_ms = status == STATUS_OK ? 0 : clock_monotonic_us() / 1000 + KEEP_ROLE_RETRY_MS;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct replication *replication = context;
    struct master_role role = role_of(replication);
    uint64_t now_ms = clock_monotonic_us() / 1000;

    (void)fd;
    (void)what;
    if (replication->keep_role_at_ms != 0 && now_ms >= replication->keep_role_at_ms) {
        keep_role(replication);
    }
    replica_link_tick(replication->link);
    master_tick(replication->master, now_ms, &role);
}

static void on_woken(evutil_socket_t fd, short what, void *context)
{
    uint64_t count;
    ssize_t len = read(fd, &count, sizeof(count));

    (void)len; /* Spurious is harmless. */
    replica_link_take_work(((struct replication *)context)->link);
    on_tick(fd, what, context);
}

static void before_replace(void *context)
{
    master_reset(((struct replication *)context)->master);
}

static void history_changed(void *context, const char *reason)
{
    master_drop_all(((struct replication *)context)->master, reason);
}

static void state_changed(void *context)
{
    struct replication *replication = context;

    replication->hooks.role_changed(replication->hooks.context);
}

/* R9 */
static void divergence_changed(void *context, bool has_diverged)
{
    struct replication *replication = context;
    struct role *role = &replication->role;
    const struct log *log = store_log(replication->store);

    if (has_diverged) {
        memcpy(role->diverged_from, log_history(log)->id, sizeof(role->diverged_from));
        role->diverged_at = log_end_offset(log);
    } else if (role->diverged_from[0] == '\0') {
        return;
    } else {
        role->diverged_from[0] = '\0';
    }
    keep_role(replication);
}

/* R9: what is known of a replica's data is so whatever becomes of it. A master's is right by definition. */
static void carry_divergence(const struct replication *replication, struct role *role)
{
    if (replication->role.is_replica) {
        memcpy(role->diverged_from, replication->role.diverged_from, sizeof(role->diverged_from));
        role->diverged_at = replication->role.diverged_at;
    }
}

/* R6: what a replica holds alone it has from the time when it was a master. */
static void carry_mastership(const struct replication *replication, struct role *role)
{
    const struct role *before = &replication->role;
    const char *id = before->is_replica ? before->was_master_of : log_history(store_log(replication->store))->id;

    memcpy(role->was_master_of, id, sizeof(role->was_master_of));
    role->shared_to = before->is_replica ? before->shared_to : acks_lowest(master_acks(replication->master));
}

static enum status become_replica(struct replication *replication, struct role *role, uint64_t now_ms)
{
    enum status status;

    carry_divergence(replication, role);
    carry_mastership(replication, role);
    status = role_store(replication->files, replication->directory, role);
    if (status != STATUS_OK) {
        return status;
    }
    replication->role = *role;
    replication->keep_role_at_ms = 0;
    diag_set_role('S');
    events_add(&replication->events, now_ms, "replica of %s:%u from now on", role->host, role->port);
    /* They ask anew, and are answered when our own link is up (R10). */
    master_drop_all(replication->master, "we follow another master now");
    replica_link_follow(replication->link, role, clock_monotonic_us() / 1000);
    state_changed(replication);
    return STATUS_OK;
}

static enum status follow_target(void *context, const struct role *role)
{
    struct role kept = *role;

    return become_replica(context, &kept, clock_wall_ms());
}

static enum status promote_again(void *context)
{
    return replication_promote(context, clock_wall_ms());
}

static void settle(void *context)
{
    struct replication *replication = context;

    replication->role.is_failover = false;
    /* If that cannot be kept, the next start asks the target again, which is harmless. */
    if (role_store(replication->files, replication->directory, &replication->role) == STATUS_OK) {
        events_add(&replication->events, clock_wall_ms(), "the failover is over: %s:%u is our master",
                   replication->role.host, replication->role.port);
    }
}

/* ---- Opening ---- */

/* The role that hearth.auto.conf has, else the one that the configuration has. */
static enum status choose_role(struct replication *replication, const struct replication_options *options)
{
    struct role configured = {.is_replica = options->configured_host != NULL};
    enum status status;

    if (configured.is_replica) {
        if (!role_host_is_valid(slice_of(options->configured_host))) {
            return STATUS_INVALID;
        }
        snprintf(configured.host, sizeof(configured.host), "%s", options->configured_host);
        configured.port = options->configured_port;
    }
    status = role_load(options->files, options->directory, &replication->role);
    if (status == STATUS_NOT_FOUND) {
        replication->role = configured;
        return STATUS_OK;
    }
    if (status == STATUS_OK && configured.is_replica &&
        (strcmp(configured.host, replication->role.host) != 0 || configured.port != replication->role.port)) {
        diag(DIAG_NOTICE, "%s/" ROLE_FILE_NAME " wins over replicaof %s %u of the configuration: the role is %s %s %u",
             options->directory, configured.host, configured.port,
             replication->role.is_replica ? "replica of" : "master", replication->role.host, replication->role.port);
    }
    return status;
}

bool replication_opens_as_replica(struct file_system *files, const char *directory, bool is_configured_replica)
{
    struct role role;

    return role_load(files, directory, &role) == STATUS_OK ? role.is_replica : is_configured_replica;
}

static enum status fork_history(struct replication *replication, uint64_t now_ms)
{
    struct log *log = store_log(replication->store);
    struct history history = *log_history(log);

    history_fork(&history, log_end_offset(log));
    return store_begin_history(replication->store, &history, now_ms);
}

/* The history of a master that was promoted: it grew out of the former one. R9: if its data differs from that, none may
 * go on from there, so a history that nobody ever hears of comes between the two. */
static enum status begin_own_history(struct replication *replication, uint64_t now_ms)
{
    enum status status = fork_history(replication, now_ms);

    if (status == STATUS_OK && replication->role.diverged_from[0] != '\0') {
        status = fork_history(replication, now_ms);
    }
    return status;
}

/* R2: a promotion that a crash cut short is finished, before a write can come under the old master's history. */
static enum status finish_promotion(struct replication *replication)
{
    const struct role *role = &replication->role;
    const struct history *history = log_history(store_log(replication->store));
    bool has_begun = strcmp(role->promoted_from, history->id) != 0;
    bool is_between = role->diverged_from[0] != '\0' && strcmp(role->promoted_from, history->previous_id) == 0;

    if (role->is_replica || (has_begun && !is_between)) {
        return STATUS_OK;
    }
    diag(DIAG_NOTICE, "replication: the promotion that was cut short is finished");
    return (is_between ? fork_history : begin_own_history)(replication, clock_wall_ms());
}

static enum status open_parts(struct replication *replication, const struct replication_options *options)
{
    const struct master_options master = {
        .store = options->store,
        .files = options->files,
        .directory = replication->directory,
        .settings = &replication->settings,
        .events = &replication->events,
        .wake = wake,
        .context = replication,
    };
    const struct replica_link_options link = {
        .store = options->store,
        .base = options->base,
        .files = options->files,
        .directory = replication->directory,
        .settings = &replication->settings,
        .server = &replication->hooks,
        .events = &replication->events,
        .hooks = {.before_replace = before_replace,
                  .history_changed = history_changed,
                  .state_changed = state_changed,
                  .divergence_changed = divergence_changed,
                  .wake = wake,
                  .context = replication},
    };
    enum status status;

    status = master_open(&master, clock_monotonic_us() / 1000, &replication->master);
    if (status == STATUS_OK) {
        status = replica_link_open(&link, &replication->link);
    }
    if (status == STATUS_OK) {
        replication->handover = (struct handover){
            .role = &replication->role,
            .store = replication->store,
            .master = replication->master,
            .link = replication->link,
            .events = &replication->events,
            .hooks = {.follow = follow_target,
                      .promote = promote_again,
                      .settle = settle,
                      .changed = state_changed,
                      .context = replication},
        };
    }
    return status;
}

static void begin_role(struct replication *replication)
{
    const struct role *role = &replication->role;

    diag_set_role(role->is_replica ? 'S' : 'M');
    if (role->is_replica) {
        if (role->is_failover) {
            failover_resume(&replication->handover.failover, role->host, role->port);
        }
        replica_link_follow(replication->link, role, clock_monotonic_us() / 1000);
    }
}

enum status replication_open(const struct replication_options *options, struct replication **replication)
{
    static const struct timeval tick = {.tv_usec = TICK_US};
    struct replication *new = memory_allocate_zeroed(sizeof(*new));
    enum status status;

    new->store = options->store;
    new->files = options->files;
    new->directory = memory_copy_text(options->directory);
    new->hooks = options->hooks;
    settings_copy(&new->settings, &options->settings);
    events_init(&new->events);
    new->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    status = new->wake_fd < 0 ? STATUS_NO_MEMORY : choose_role(new, options);
    if (status == STATUS_OK) {
        status = finish_promotion(new);
    }
    if (status == STATUS_OK) {
        status = open_parts(new, options);
    }
    if (status != STATUS_OK) {
        replication_close(new);
        return status;
    }
    new->tick = event_new(options->base, -1, EV_PERSIST, on_tick, new);
    new->woken = event_new(options->base, new->wake_fd, EV_READ | EV_PERSIST, on_woken, new);
    ASSERT(new->tick != NULL &&new->woken != NULL);
    event_add(new->tick, &tick);
    event_add(new->woken, NULL);
    begin_role(new);
    *replication = new;
    return STATUS_OK;
}

void replication_close(struct replication *replication)
{
    if (replication == NULL) {
        return;
    }
    replica_link_close(replication->link);
    master_close(replication->master);
    if (replication->tick != NULL) {
        event_free(replication->tick);
        event_free(replication->woken);
    }
    if (replication->wake_fd >= 0) {
        close(replication->wake_fd);
    }
    settings_release(&replication->settings);
    memory_free(replication->directory);
    memory_free(replication);
}

void replication_configure(struct replication *replication, const struct replication_settings *settings)
{
    struct replication_settings copy;

    settings_copy(&copy, settings);
    settings_release(&replication->settings);
    replication->settings = copy;
}

/* ---- The role ---- */

enum status replication_follow(struct replication *replication, struct slice host, uint16_t port, uint64_t now_ms)
{
    struct role role = {.is_replica = true, .port = port};

    if (!role_host_is_valid(host)) {
        return STATUS_INVALID;
    }
    memcpy(role.host, host.data, host.len);
    role.host[host.len] = '\0';
    if (replication->role.is_replica && strcmp(replication->role.host, role.host) == 0 &&
        replication->role.port == port) {
        return STATUS_EXISTS;
    }
    return become_replica(replication, &role, now_ms);
}

enum status replication_promote(struct replication *replication, uint64_t now_ms)
{
    struct log *log = store_log(replication->store);
    struct role role = {.is_replica = false};
    enum status status;

    if (!replication->role.is_replica) {
        return STATUS_EXISTS;
    }
    replica_link_drain(replication->link);
    status = store_reserve_history(replication->store, now_ms); /* Or a full disk would leave us between two roles. */
    if (status != STATUS_OK) {
        return status;
    }
    role.promoted_at = log_end_offset(log);
    memcpy(role.promoted_from, log_history(log)->id, sizeof(role.promoted_from));
    carry_divergence(replication, &role);
    status = role_store(replication->files, replication->directory, &role);
    if (status != STATUS_OK) {
        return status;
    }
    crash_point("replication.promote.between");
    replication->role = role;
    replication->keep_role_at_ms = 0;
    diag_set_role('M');
    replica_link_stop(replication->link);
    master_count_as_shown(replication->master, role.promoted_at);
    status = begin_own_history(replication, now_ms);
    /* Whoever follows us must learn the new history's name; their place in it is the same, so it is a partial sync. */
    master_drop_all(replication->master, "we are a master now, with a new history");
    events_add(&replication->events, now_ms, "promoted to master at offset %" PRIu64 ", history %.8s", role.promoted_at,
               log_history(log)->id);
    if (role.diverged_from[0] != '\0') {
        events_add(&replication->events, now_ms,
                   "our data differed from the former master's since offset %" PRIu64
                   ": it is what counts from now on, and all who follow us need a full sync",
                   role.diverged_at);
    }
    state_changed(replication);
    return status;
}

/* ---- Failover ---- */

const char *replication_fail_over(struct replication *replication, const struct failover_request *request)
{
    return handover_begin(&replication->handover, request);
}

const char *replication_abort_failover(struct replication *replication)
{
    return handover_abort(&replication->handover);
}

bool replication_is_failing_over(const struct replication *replication)
{
    return replication != NULL && replication->handover.failover.state != FAILOVER_NONE;
}

/* Whether `id` names what we have from our master: a history that we began at its very end is the same so far. */
static bool is_ours(const struct replication *replication, struct slice id)
{
    const struct log *log = store_log(replication->store);
    const struct history *history = log_history(log);

    return slice_is_word(id, history->id) ||
           (history->previous_end == (int64_t)log_end_offset(log) && slice_is_word(id, history->previous_id));
}

const char *replication_take_over(struct replication *replication, struct slice id, uint64_t now_ms)
{
    if (!replication->role.is_replica) {
        return "ERR PSYNC FAILOVER can't be sent to a master.";
    }
    if (!is_ours(replication, id)) {
        return "ERR PSYNC FAILOVER replid must match my replid.";
    }
    events_add(&replication->events, now_ms, "our master %s:%u hands over to us", replication->role.host,
               replication->role.port);
    return replication_promote(replication, now_ms) == STATUS_OK ? NULL
                                                                 : "ERR PSYNC FAILOVER: the new role cannot be kept";
}

/* ---- Acknowledgements ---- */

uint32_t replication_count_acknowledged(const struct replication *replication, uint64_t offset)
{
    return acks_count(master_acks(replication->master), offset);
}

void replication_request_acknowledgements(struct replication *replication)
{
    if (handover_lets_ask(&replication->handover) && !replication->role.is_replica) {
        master_request_acknowledgements(replication->master);
    }
}

uint32_t replication_count_durable(const struct replication *replication, uint64_t offset)
{
    return acks_count_durable(master_acks(replication->master), offset);
}

void replication_request_durable(struct replication *replication, uint64_t offset)
{
    master_ask_all(replication->master, offset);
    if (master_has_stock_streams(replication->master)) {
        replication_request_acknowledgements(replication);
    }
}

uint64_t replication_replicated_offset(const struct replication *replication)
{
    return sync_replicas_offset(master_sync_replicas(replication->master));
}

void replication_turn(struct replication *replication)
{
    uint64_t durable;

    replica_link_turn(replication->link);
    handover_turn(&replication->handover);
    durable = log_durable_offset(store_log(replication->store));
    if (replication->is_acknowledged || durable != replication->durable) {
        replication->is_acknowledged = false;
        replication->durable = durable;
        replication->hooks.acknowledged(replication->hooks.context);
    }
    master_turn(replication->master, replication->role.is_replica);
}

/* ---- Replicas' connections ---- */

void replication_replconf(struct replica_handshake *handshake, const struct slice *argv, size_t argc, struct buf *reply)
{
    handshake_take(handshake, argv, argc, reply);
}

struct replica *replication_attach(struct replication *replication, const struct replica_channel *channel,
                                   const struct replica_handshake *handshake, struct slice id, int64_t offset,
                                   struct buf *reply)
{
    struct master_role role = role_of(replication);
    struct replica *replica = master_attach(replication->master, channel, handshake, &role, id, offset, reply);

    if (replica != NULL) {
        replica->owner = replication;
    }
    return replica;
}

void replica_detach(struct replica *replica)
{
    master_detach(replica->master, replica);
}

bool replica_produce(struct replica *replica, size_t limit, struct buf *out)
{
    return replica_produce_at(replica, limit, clock_monotonic_us(), out);
}

void replica_heard(struct replica *replica)
{
    replica->heard_ms = clock_monotonic_us() / 1000;
}

void replica_replconf(struct replica *replica, const struct slice *argv, size_t argc)
{
    struct replication *replication = replica->owner;
    uint64_t offset;
    uint64_t durable = 0;

    if (argc < 3 || !slice_is_word(argv[1], "ack") || !number_parse_uint64(argv[2], &offset)) {
        return; /* No reply is ever sent on a feed. */
    }
    if (argc >= 5 && slice_is_word(argv[3], "fack") && !number_parse_uint64(argv[4], &durable)) {
        return;
    }
    if (replica_acknowledge(replica, offset, durable, clock_monotonic_us() / 1000)) {
        replication->is_acknowledged = true; /* Told at the turn's end, when no command is being executed. */
    }
}
