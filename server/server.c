/* One loop turn: events (reading, executing) -> what was resumed -> store_turn() cuts the batch and hands it to the
 * log's thread -> replication_turn() -> outputs leave, as far as their offsets are released. The log's progress is
 * itself an event, so releasing is just another turn.
 *
 * The end: a shutdown first pauses writes and waits for the replicas, then the loop ends, then everything is closed in
 * the reverse order of its making. A log that has failed ends the process at once: nothing more is acknowledged, and
 * recovery takes it from there. */
#include "server/server.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/random.h"
#include "server/acl/acl.h"
#include "server/acl/acl_config.h"
#include "server/config/config.h"
#include "server/entrance.h"
#include "server/interlude.h"
#include "server/lifecycle.h"
#include "server/net/credentials.h"
#include "server/net/event_embed.h"
#include "server/net/eviction.h"
#include "server/opening.h"
#include "server/process.h"
#include "server/request/blocking.h"
#include "server/request/notify.h"
#include "server/request/pubsub.h"
#include "server/request/registry.h"
#include "server/request/replay.h"
#include "server/request/tracking.h"
#include "server/request/transaction.h"
#include "server/script/functions.h"
#include "server/script/script.h"
#include "server/services.h"
#include "server/settings.h"
#include "server/stop_signals.h"
#include "server/ticker.h"
#include "server/watch/latency.h"
#include "server/watch/metrics.h"
#include "server/watch/monitor.h"
#include "server/watch/slowlog.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct server {
    struct services services; /* Owns what it points to. */
    struct server_facts facts;
    struct config *config; /* Borrowed. */
    struct event_base *base;
    struct entrance *entrance;
    struct connections *connections;
    struct replay *replay;
    struct ticker *ticker;
    struct settings_targets settings;
    uint64_t eviction_us; /* Monotonic: the last look at what clients cost. */

    int wake_fd; /* eventfd: the store's threads have news. */
    struct event wake_event;
    struct stop_signals stop_signals;

    bool is_stopping; /* The loop ends after this turn. */
    int exit_code;
    bool was_opened; /* Everything was made. */
};

const struct server_facts *server_get_facts(const struct server *server)
{
    return &server->facts;
}

/* --- Clients --- */

static void on_session_closed(void *context, struct session *session)
{
    struct server *server = context;

    blocking_forget(server->services.blocking, session);
    transaction_reset(session);
    monitors_remove(server->services.monitors, session);
    pubsub_forget(server->services.pubsub, session);
    tracking_forget(server->services.tracking, session);
    if (session->replica != NULL) {
        replica_detach(session->replica);
        session->replica = NULL;
    }
}

static enum session_outcome on_request(void *context, struct session *session, const struct request *request,
                                       uint64_t *now_us)
{
    struct server *server = context;

    return dispatch_request(server->services.dispatch, session, request, now_us);
}

/* --- The log and the store --- */

static void fail(struct server *server)
{
    diag(DIAG_WARNING,
         "%s cannot be written any more: stopping without a further acknowledgement; the restart "
         "recovers every acknowledged write",
         store_directory(server->services.store));
    /* Nothing is closed in order: replies must not leave and the log must not be synced again. */
    _exit(1);
}

static void on_log_failed(void *context, enum status status)
{
    diag(DIAG_WARNING, "a change cannot be logged: %s", status_name(status));
    fail(context);
}

/* From the store's threads. */
static void on_wake(void *context)
{
    struct server *server = context;
    uint64_t one = 1;
    ssize_t ignored = write(server->wake_fd, &one, sizeof(one));

    (void)ignored;
}

static void on_woken(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    uint64_t count;
    ssize_t ignored = read(fd, &count, sizeof(count));

    (void)ignored;
    (void)what;
    if (store_poll(server->services.store)) {
        sessions_resume_parked(server->services.sessions);
    }
}

static bool on_replay(void *context, struct store *store, uint32_t *selected_db, const struct slice *argv, size_t argc)
{
    struct server *server = context;

    server->services.store = store; /* It is still being opened. */
    return replay_execute(server->replay, selected_db, argv, argc);
}

/* --- Replication --- */

static bool on_apply(void *context, uint32_t *selected_db, const struct slice *argv, size_t argc)
{
    struct server *server = context;

    return replay_execute(server->replay, selected_db, argv, argc);
}

static bool is_stream_paused(void *context)
{
    return dispatch_gate(((struct server *)context)->services.dispatch)->pause != DISPATCH_PAUSE_NONE;
}

static void on_data_replaced(void *context)
{
    struct server *server = context;

    replay_reset(server->replay);
    dispatch_observe_keyspace(server->services.dispatch);
    connections_let_go(server->connections); /* They wait for offsets of a log that is gone. */
    transactions_touch_all(server->services.transactions);
    functions_note_replaced(server->services.script);
    tracking_note_replaced(server->services.tracking);
}

void server_update_role(struct server *server)
{
    struct replication *replication = server->services.replication;
    bool was_replica = dispatch_gate(server->services.dispatch)->is_replica;
    char master[300] = "";

    if (replication == NULL) {
        return; /* It is still being opened. */
    }
    replay_reset(server->replay);
    dispatch_note_role(server->services.dispatch);
    settings_fill_gate(&server->services);
    if (replication_is_replica(replication)) {
        (void)snprintf(master, sizeof(master), "%s %u", replication_master_host(replication),
                       replication_master_port(replication));
    }
    config_assign(server->config, "replicaof", master);
    diag_set_role(master[0] == '\0' ? 'M' : 'S');
    if (!was_replica && master[0] != '\0') {
        if (dispatch_gate(server->services.dispatch)->replicated != UINT64_MAX) {
            sessions_close_held(server->services.sessions);
        }
        blocking_disconnect_all(
            server->services.blocking,
            "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)");
    }
}

static void on_role_changed(void *context)
{
    server_update_role(context);
}

static void on_acknowledged(void *context)
{
    struct server *server = context;

    blocking_serve_acknowledgements(server->services.blocking);
}

/* --- The end --- */

static void stop(struct server *server, int exit_code)
{
    server->is_stopping = true;
    server->exit_code = exit_code;
}

/* The lifecycle's word that it is time. */
static void on_stop(void *context)
{
    stop(context, 0);
}

static void on_stop_signals(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;

    (void)fd;
    (void)what;
    (void)stop_signals_take(&server->stop_signals);
    for (; server->stop_signals.count > 0; server->stop_signals.count--) {
        /* The second one means it. */
        struct lifecycle_shutdown shutdown = {.is_now = lifecycle_is_shutting_down(server->services.lifecycle)};

        lifecycle_shut_down(server->services.lifecycle, &shutdown);
    }
}

/* A script keeps the loop from stopping. It is ended if that leaves nothing half done; else the first word waits for
 * it, and the second one, or SHUTDOWN NOSAVE, ends the process. */
static void stop_amid_script(struct server *server, bool is_new)
{
    bool is_shutting_down = lifecycle_is_shutting_down(server->services.lifecycle);

    if (script_interrupt(server->services.script)) {
        return;
    }
    if (server->is_stopping || server->stop_signals.count + is_shutting_down > 1) {
        interlude_exit(&server->services, server->exit_code);
    }
    if (is_new) {
        diag(DIAG_WARNING, "a script has written and is waited for; a second signal ends it with none of its effects");
    }
}

/* A script keeps the loop. */
static void on_slow_script(void *context, struct session *caller)
{
    struct server *server = context;
    bool is_new;

    interlude_serve(&server->services, server->entrance, caller);
    is_new = stop_signals_take(&server->stop_signals); /* They are followed when the script has ended. */
    if (server->is_stopping || server->stop_signals.count > 0 ||
        lifecycle_is_shutting_down(server->services.lifecycle)) {
        stop_amid_script(server, is_new);
    }
}

static void on_tick(void *context, uint64_t now_us, uint64_t now_ms)
{
    struct server *server = context;

    (void)now_ms;
    settings_fill_gate(&server->services); /* Whether the link is up changes by itself. */
    lifecycle_tick(server->services.lifecycle, now_us);
    /* A full disk may have room again, and nobody else would tell. */
    sessions_resume_parked(server->services.sessions);
}

void server_reset_statistics(struct server *server)
{
    metrics_reset(server->services.metrics);
    commands_reset_statistics(server->services.commands);
    connections_reset_statistics(server->connections);
}

/* --- Making --- */

static bool open_entrance(struct server *server)
{
    struct entrance_options options = {.base = server->base, .services = &server->services};

    return entrance_open(&options, &server->entrance) == STATUS_OK;
}

static struct event_base *make_base(void)
{
    struct event_config *options = event_config_new();
    struct event_base *base = NULL;

    if (options != NULL) {
        /* One thread: no locks. Our sockets are never duplicated: batched changes to epoll are safe. */
        (void)event_config_set_flag(options, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST |
                                                 EVENT_BASE_FLAG_IGNORE_ENV);
        base = event_base_new_with_config(options);
        event_config_free(options);
    }
    return base;
}

/* Parts that need no disk. */
static void make_parts(struct server *server)
{
    struct services *services = &server->services;
    struct dispatch_options dispatch = {.services = services, .log_failed = on_log_failed, .context = server};
    struct lifecycle_options lifecycle = {.services = services, .stop = on_stop, .context = server};
    struct blocking_options blocking = {.base = server->base, .services = services};
    struct script_options script = {.services = services, .serve = on_slow_script, .context = server};
    struct sessions_options sessions = {.services = services,
                                        .execute = on_request,
                                        .closed = on_session_closed,
                                        .context = server,
                                        .bulk_bytes_max = (uint64_t)server->config->proto_max_bulk_bytes};

    server->connections = connections_create(server->base, config_data_directory(server->config));
    sessions.connections = server->connections;
    services->connections = server->connections;
    services->server = server;
    services->config = server->config;
    services->commands = commands_create();
    services->acl = acl_create(services->commands);
    services->credentials = credentials_create(server->config);
    services->metrics = metrics_create(server->facts.started_us);
    services->slowlog = slowlog_create();
    services->latency = latency_create();
    services->monitors = monitors_create();
    services->notify = notify_create();
    services->transactions = transactions_create(services);
    services->tracking = tracking_create(services); /* Before pub/sub: a change is told before its event. */
    services->pubsub = pubsub_create(services);
    services->blocking = blocking_create(&blocking);
    services->dispatch = dispatch_create(&dispatch);
    services->sessions = sessions_create(&sessions);
    services->script = script_create(&script);
    services->lifecycle = lifecycle_create(&lifecycle);
    server->replay = replay_create(services->dispatch);
}

static bool open_store(struct server *server)
{
    const struct config *config = server->config;
    const char *directory = config_data_directory(config);
    struct store_options options = {
        .files = file_system_posix(),
        .directory = directory,
        .database_count = (uint32_t)config->databases,
        .policy = (enum log_sync_policy)config->append_fsync,
        .segment_bytes = (uint64_t)config->log_segment_bytes,
        .archive_directory = config->log_archive_directory[0] == '\0' ? NULL : config->log_archive_directory,
        .checkpoint_memory_bytes = (uint64_t)config->checkpoint_memory_bytes,
        .checkpoint_interval_ms = (uint64_t)config->checkpoint_interval_s * 1000,
        .is_replica = replication_opens_as_replica(file_system_posix(), directory, settings_is_replica(config)),
        .replay = on_replay,
        .wake = on_wake,
        .context = server,
    };
    struct store *store;
    long holder_pid = 0;
    enum status status;

    errno = 0;
    status = store_open(&options, &store, &holder_pid);
    if (status != STATUS_OK) {
        server->services.store = NULL;
        opening_report_failure(directory, status, holder_pid);
        return false;
    }
    server->services.store = store;
    dispatch_observe_keyspace(server->services.dispatch);
    return true;
}

static bool open_replication(struct server *server)
{
    const struct config *config = server->config;
    const char *space = strrchr(config->replica_of, ' ');
    char host[256] = "";
    struct replication_options options = {
        .store = server->services.store,
        .base = server->base,
        .files = file_system_posix(),
        .directory = store_directory(server->services.store),
        .hooks = {.apply = on_apply,
                  .is_paused = is_stream_paused,
                  .data_replaced = on_data_replaced,
                  .role_changed = on_role_changed,
                  .acknowledged = on_acknowledged,
                  .context = server},
    };
    enum status status;

    if (settings_is_replica(config)) {
        (void)snprintf(host, sizeof(host), "%.*s", (int)(space - config->replica_of), config->replica_of);
        options.configured_host = host;
        options.configured_port = (uint16_t)strtoul(space + 1, NULL, 10);
    }
    settings_fill_replication(&server->services, &options.settings);
    status = replication_open(&options, &server->services.replication);
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "cannot take up the role that %s/hearth.auto.conf says: %s", options.directory,
             status_name(status));
        return false;
    }
    return true;
}

static void start_events(struct server *server)
{
    event_assign(&server->wake_event, server->base, server->wake_fd, EV_READ | EV_PERSIST, on_woken, server);
    event_add(&server->wake_event, NULL);
}

/* What runs once everything is there. */
static void start(struct server *server)
{
    struct ticker_options ticker = {.base = server->base,
                                    .services = &server->services,
                                    .connections = server->connections,
                                    .tick = on_tick,
                                    .context = server};

    server->ticker = ticker_create(&ticker, (uint32_t)server->config->hz);
    server->services.ticker = server->ticker;
    server->settings = (struct settings_targets){.config = server->config,
                                                 .services = &server->services,
                                                 .connections = server->connections,
                                                 .ticker = server->ticker,
                                                 .entrance = server->entrance};
    settings_apply_all(&server->settings);
    settings_observe(&server->settings);
    server_update_role(server);
    start_events(server);
    server->facts.startup_memory = process_resident_bytes();
    entrance_start(server->entrance);
}

enum status server_open(struct config *config, const char *executable, struct server **server)
{
    struct server *opened = memory_allocate_zeroed(sizeof(*opened));

    opened->config = config;
    opened->facts.executable = executable;
    opened->facts.started_us = clock_monotonic_us();
    opened->facts.started_wall_ms = clock_wall_ms();
    random_hex(opened->facts.run_id, SERVER_RUN_ID_LEN);
    opened->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    opened->base = make_base();
    if (opened->base == NULL || opened->wake_fd < 0) {
        diag(DIAG_WARNING, "cannot make the event loop: %s", strerror(errno));
        goto fail;
    }
    settings_limit_clients(config);
    make_parts(opened);
    if (!open_entrance(opened) || !settings_rename_commands(&opened->services) || !acl_config_load(&opened->services) ||
        !open_store(opened) || !open_replication(opened)) {
        goto fail;
    }
    server_reset_statistics(opened); /* What recovery replayed, no client asked for. */
    /* Until now they end the process, as they are wont to. */
    if (stop_signals_open(&opened->stop_signals, opened->base, on_stop_signals, opened) != STATUS_OK) {
        diag(DIAG_WARNING, "cannot catch signals: %s", strerror(errno));
        goto fail;
    }
    start(opened);
    opened->was_opened = true;
    *server = opened;
    return STATUS_OK;
fail:
    server_close(opened);
    return STATUS_IO;
}

/* --- Running and ending --- */

static void flush(struct server *server)
{
    struct connections_turn turn = dispatch_turn(server->services.dispatch);

    connections_flush(server->connections, &turn);
}

static void take_turn(struct server *server)
{
    struct services *services = &server->services;

    connections_process(server->connections);
    if (blocking_has_ready(services->blocking)) {
        blocking_serve(services->blocking); /* What no client's command made ready. */
    }
    store_turn(services->store, clock_wall_ms(), clock_monotonic_us() / 1000);
    /* In this order: a store that failed on the way to another log has none. */
    if (__builtin_expect(store_has_failed(services->store) || log_has_failed(store_log(services->store)), 0)) {
        fail(server);
    }
    replication_turn(services->replication);
    if (server->config->max_memory_clients != 0) {
        eviction_turn(services, clock_monotonic_us(), &server->eviction_us);
    }
    tracking_turn(services->tracking); /* What this turn changed; it leaves with it. */
    dispatch_gate(services->dispatch)->replicated = replication_replicated_offset(services->replication);
    flush(server);
}

int server_run(struct server *server)
{
    while (!server->is_stopping) {
        int flags = connections_have_work(server->connections) ? EVLOOP_ONCE | EVLOOP_NONBLOCK : EVLOOP_ONCE;

        if (event_base_loop(server->base, flags) < 0) {
            diag(DIAG_WARNING, "the event loop failed: %s", strerror(errno));
            stop(server, 1);
        }
        take_turn(server);
    }
    return server->exit_code;
}

/* Replies that wait leave before their connections do. */
static void say_goodbye(struct server *server)
{
    struct log *log = store_log(server->services.store);

    entrance_stop(server->entrance);
    store_turn(server->services.store, clock_wall_ms(), clock_monotonic_us() / 1000);
    if (log_wait_durable(log, log_end_offset(log)) == STATUS_OK) {
        flush(server);
    }
}

static void free_parts(struct server *server)
{
    struct services *services = &server->services;

    connections_free(server->connections); /* Closes all sessions, which know all the rest. */
    sessions_free(services->sessions);
    replication_close(services->replication);
    if (services->store != NULL) {
        store_close(services->store, server->was_opened && lifecycle_wants_checkpoint(services->lifecycle));
    }
    lifecycle_free(services->lifecycle);
    replay_free(server->replay);
    script_free(services->script);
    dispatch_free(services->dispatch);
    blocking_free(services->blocking);
    transactions_free(services->transactions);
    pubsub_free(services->pubsub);
    tracking_free(services->tracking);
    notify_free(services->notify);
    monitors_free(services->monitors);
    slowlog_free(services->slowlog);
    latency_free(services->latency);
    metrics_free(services->metrics);
    acl_free(services->acl);
    credentials_free(services->credentials);
    commands_free(services->commands);
}

void server_close(struct server *server)
{
    if (server->was_opened) {
        say_goodbye(server);
        ticker_free(server->ticker);
        event_del(&server->wake_event);
        stop_signals_close(&server->stop_signals);
    }
    entrance_close(server->entrance);
    if (server->services.commands != NULL) {
        free_parts(server);
    }
    if (server->base != NULL) {
        event_base_free(server->base);
    }
    if (server->wake_fd >= 0) {
        (void)close(server->wake_fd);
    }
    memory_free(server);
}
