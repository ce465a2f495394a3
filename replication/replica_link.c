#include "replication/replica_link.h"
#include "base/assert.h"
#include "base/memory.h"
#include "replication/replica_link_state.h"
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>

#define LINE_BYTES_MAX      (64u * 1024)       /* Of the master's answers. */
#define STREAM_BUDGET       (256u * 1024)      /* Applied in one go, before clients get their turn. */
#define STREAM_INPUT_BYTES  (4u * 1024 * 1024) /* Beyond this much unapplied the master must wait. */
#define WANTS_FULL_RETRY_MS 5000               /* Before the full sync that follows what we could not take. */

static void on_connected(void *context);
static void on_received(void *context);
static void on_closed(void *context, const char *reason);
static void on_resume(evutil_socket_t fd, short what, void *context);
static bool apply(void *context, uint32_t *db, const struct slice *argv, size_t argc);
static enum status admit(void *context, size_t len);
static enum status append(void *context, struct slice change, uint32_t db);
static void asked(void *context, bool is_of_disk);

enum status replica_link_open(const struct replica_link_options *options, struct replica_link **link)
{
    struct replica_link *new = memory_allocate_zeroed(sizeof(*new));
    const struct link_socket_handler handler = {
        .connected = on_connected, .received = on_received, .closed = on_closed, .context = new};
    const struct link_sync_options sync = {
        .store = options->store,
        .files = options->files,
        .directory = options->directory,
        .settings = options->settings,
        .wake = options->hooks.wake,
        .context = options->hooks.context,
    };
    enum status status;

    new->store = options->store;
    new->server = options->server;
    new->events = options->events;
    new->hooks = options->hooks;
    status = link_sync_open(&new->sync, &sync);
    if (status != STATUS_OK) {
        memory_free(new);
        return status;
    }
    replica_fsm_init(&new->fsm);
    link_socket_init(&new->socket, options->base, &handler);
    buf_init(&new->lines, BUF_NO_CEILING);
    stream_init(&new->stream);
    new->sink = (struct stream_sink){.apply = apply, .admit = admit, .append = append, .asked = asked, .context = new};
    new->resume = event_new(options->base, -1, 0, on_resume, new);
    ASSERT(new->resume != NULL);
    *link = new;
    return STATUS_OK;
}

void replica_link_close(struct replica_link *link)
{
    if (link == NULL) {
        return;
    }
    link_socket_release(&link->socket);
    event_free(link->resume);
    link_sync_close(&link->sync);
    stream_release(&link->stream);
    buf_release(&link->lines);
    memory_free(link);
}

/* ---- The machine's view, and its orders ---- */

const struct replica_turn *replica_link_begin_event(struct replica_link *link, struct replica_link_scratch *scratch)
{
    link_sync_fill_facts(&link->sync, replica_fsm_tells_hash(&link->fsm), &scratch->facts);
    scratch->facts.wants_full = link->wants_full;
    scratch->facts.is_failover = link->is_failover;
    buf_init(&scratch->send, BUF_NO_CEILING);
    scratch->turn =
        (struct replica_turn){.now_ms = replica_link_now_ms(), .facts = &scratch->facts, .send = &scratch->send};
    scratch->before = link->fsm.state;
    return &scratch->turn;
}

static void act(struct replica_link *link, enum replica_action action);

void replica_link_end_event(struct replica_link *link, struct replica_link_scratch *scratch, enum replica_action action)
{
    bool was_up = scratch->before == REPLICA_STREAMING;

    link_socket_send(&link->socket, buf_slice(&scratch->send));
    buf_release(&scratch->send);
    act(link, action);
    if (was_up != (link->fsm.state == REPLICA_STREAMING)) {
        link->hooks.state_changed(link->hooks.context);
    }
}

/* The try is over, whoever ended it. */
static void put_down(struct replica_link *link)
{
    link_socket_close(&link->socket);
    incoming_break(&link->sync.incoming);
    stream_reset(&link->stream, 0);
    buf_clear(&link->lines);
    link->needs_room = false;
    link->ack_due.is_due = false;
    link->disk_ack_due.is_due = false;
}

static void note_problem(struct replica_link *link)
{
    if (strcmp(link->noted_problem, link->fsm.problem) != 0) {
        memcpy(link->noted_problem, link->fsm.problem, sizeof(link->noted_problem));
        link->is_up_noted = false;
        events_add(link->events, clock_wall_ms(), "link to master %s:%u: %s", link->host, link->port,
                   link->fsm.problem);
    }
}

/* End the try for a reason of our own. */
void replica_link_break(struct replica_link *link, const char *problem)
{
    bool was_up = link->fsm.state == REPLICA_STREAMING;

    replica_fsm_closed(&link->fsm, replica_link_now_ms(), problem);
    put_down(link);
    note_problem(link);
    if (was_up) {
        link->hooks.state_changed(link->hooks.context);
    }
}

/* ---- The stream ---- */

static bool apply(void *context, uint32_t *db, const struct slice *argv, size_t argc)
{
    struct replica_link *link = context;

    return link->server->apply(link->server->context, db, argv, argc);
}

static enum status admit(void *context, size_t len)
{
    struct replica_link *link = context;

    return link->server->is_paused(link->server->context) ? STATUS_BUSY : store_admit_write(link->store, len);
}

static enum status append(void *context, struct slice change, uint32_t db)
{
    struct replica_link *link = context;
    uint64_t end;
    enum status status = store_append(link->store, change, &end);

    if (status == STATUS_OK) {
        store_set_selected_db(link->store, (int32_t)db);
    }
    return status;
}

static void asked(void *context, bool is_of_disk)
{
    struct replica_link *link = context;
    struct log *log = store_log(link->store);

    ack_due_ask(is_of_disk ? &link->disk_ack_due : &link->ack_due, log_end_offset(log));
    if (is_of_disk) {
        log_ask_durable(log, log_end_offset(log)); /* Whatever our own appendfsync: the master waits for it. */
    }
}

static void acknowledge(struct replica_link *link)
{
    struct replica_link_scratch scratch;
    const struct replica_turn *turn = replica_link_begin_event(link, &scratch);

    replica_fsm_acknowledge(&link->fsm, turn);
    replica_link_end_event(link, &scratch, REPLICA_DO_NOTHING);
}

/* A transaction may have been executed in part: the next checkpoint stores that, though the log has nothing of it. So
 * it is made known durably before there can be one (R9). */
static void note_divergence(struct replica_link *link)
{
    link->wants_full = true;
    link->hooks.divergence_changed(link->hooks.context, true);
}

static void give_up_stream(struct replica_link *link)
{
    bool is_too_long = link->stream.is_too_long; /* It would come again. A full sync has its outcome instead. */

    if (link->stream.has_diverged) {
        note_divergence(link);
    }
    replica_link_break(link, link->stream.problem);
    link->wants_full = link->wants_full || is_too_long;
    if (link->wants_full) {
        link->fsm.retry_at_ms = replica_link_now_ms() + WANTS_FULL_RETRY_MS;
    }
}

static void run_stream(struct replica_link *link)
{
    switch (stream_run(&link->stream, &link->sink, STREAM_BUDGET)) {
    case STREAM_DRAINED:
        link->needs_room = false;
        link_socket_pause(&link->socket, false);
        break;
    case STREAM_MORE:
        link->needs_room = false;
        link_socket_pause(&link->socket, stream_input(&link->stream)->len > STREAM_INPUT_BYTES);
        event_active(link->resume, 0, 0);
        break;
    case STREAM_WAIT:
        link->needs_room = true;
        link_socket_pause(&link->socket, true);
        break;
    case STREAM_BROKEN:
        give_up_stream(link);
        break;
    }
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
    struct replica_link *link = context;

    (void)fd;
    (void)what;
    if (link->fsm.state == REPLICA_STREAMING) {
        run_stream(link);
    }
}

/* Our history goes on under the name that the master has for it. */
static bool take_history_name(struct replica_link *link)
{
    struct log *log = store_log(link->store);
    struct history history = *log_history(log);
    enum status status;

    if (link->fsm.continue_id[0] == '\0' || strcmp(link->fsm.continue_id, history.id) == 0) {
        return true;
    }
    history_rename(&history, slice_of(link->fsm.continue_id), log_end_offset(log));
    status = store_begin_history(link->store, &history, clock_wall_ms());
    if (status != STATUS_OK) {
        replica_link_break(link, "the history's new name cannot be logged");
        return false;
    }
    link->hooks.history_changed(link->hooks.context, "our history has a new name");
    return true;
}

static void note_up(struct replica_link *link)
{
    if (!link->is_up_noted) {
        link->is_up_noted = true;
        events_add(link->events, clock_wall_ms(), "link to master %s:%u is up at offset %" PRIu64, link->host,
                   link->port, log_end_offset(store_log(link->store)));
    }
}

static void begin_stream(struct replica_link *link)
{
    int32_t db = store_selected_db(link->store);

    if (!take_history_name(link)) {
        return;
    }
    link->is_refusing = false;
    link_sync_discard(&link->sync);
    note_up(link);
    stream_reset(&link->stream, db < 0 ? 0 : (uint32_t)db);
    buf_put(stream_input(&link->stream), buf_slice(&link->lines));
    buf_clear(&link->lines);
    link_socket_set_target(&link->socket, stream_input(&link->stream));
    run_stream(link);
}

/* ---- Events ---- */

static void act(struct replica_link *link, enum replica_action action)
{
    switch (action) {
    case REPLICA_DO_NOTHING:
        break;
    case REPLICA_DO_CONNECT:
        buf_clear(&link->lines);
        link_socket_set_target(&link->socket, &link->lines);
        link_socket_set_source(&link->socket, link->sync.settings->source_address);
        link_socket_connect(&link->socket, &(struct link_socket_goal){.host = link->host,
                                                                      .port = link->port,
                                                                      .attempt = link->fsm.failed_count,
                                                                      .tls = &link->sync.settings->tls});
        break;
    case REPLICA_DO_DISCONNECT:
        put_down(link);
        note_problem(link);
        break;
    case REPLICA_DO_RECEIVE:
        replica_link_begin_receiving(link);
        break;
    case REPLICA_DO_INSTALL_DISCONNECTED:
        link_socket_close(&link->socket);
        replica_link_begin_install(link);
        break;
    case REPLICA_DO_INSTALL:
        replica_link_begin_install(link);
        break;
    case REPLICA_DO_STREAM:
        begin_stream(link);
        break;
    }
}

static void on_connected(void *context)
{
    struct replica_link *link = context;
    struct replica_link_scratch scratch;
    const struct replica_turn *turn = replica_link_begin_event(link, &scratch);

    replica_link_end_event(link, &scratch, replica_fsm_connected(&link->fsm, turn));
}

/* Give the machine the next line. False if there is none yet. */
static bool take_line(struct replica_link *link)
{
    struct slice input = buf_slice(&link->lines);
    const char *newline = input.len == 0 ? NULL : memchr(input.data, '\n', input.len);
    struct replica_link_scratch scratch;
    const struct replica_turn *turn;
    enum replica_action action;

    if (newline == NULL) {
        if (input.len > LINE_BYTES_MAX) {
            replica_link_break(link, "the master's answer has no end");
        }
        return false;
    }
    turn = replica_link_begin_event(link, &scratch);
    action = replica_fsm_line(&link->fsm, turn, slice_first(input, (size_t)(newline - input.data)));
    buf_consume(&link->lines, (size_t)(newline - input.data) + 1);
    replica_link_end_event(link, &scratch, action);
    return true;
}

static void on_received(void *context)
{
    struct replica_link *link = context;

    replica_fsm_heard(&link->fsm, replica_link_now_ms());
    if (link->fsm.state == REPLICA_STREAMING) {
        run_stream(link);
        return;
    }
    while (replica_fsm_wants_lines(&link->fsm) && take_line(link)) {
    }
    if (link->fsm.state == REPLICA_PAYLOAD) {
        replica_link_take_payload(link);
    }
}

static void on_closed(void *context, const char *reason)
{
    struct replica_link *link = context;

    if (link->fsm.state != REPLICA_INSTALLING) { /* Then what has come is whole, and the install goes on. */
        replica_link_break(link, reason);
    }
}

void replica_link_tick(struct replica_link *link)
{
    struct replica_link_scratch scratch;
    const struct replica_turn *turn;

    replica_link_swap(link);
    if (link->fsm.state == REPLICA_OFF || link_sync_is_stale(&link->sync)) {
        return;
    }
    if (link->needs_room) {
        replica_fsm_heard(&link->fsm, replica_link_now_ms()); /* The master is not to blame for our not reading. */
    }
    turn = replica_link_begin_event(link, &scratch);
    replica_link_end_event(link, &scratch, replica_fsm_tick(&link->fsm, turn));
    if (link->fsm.state == REPLICA_STREAMING && link->fsm.failed_count == 0) {
        link->noted_problem[0] = '\0';
    }
}

void replica_link_turn(struct replica_link *link)
{
    const struct log *log = store_log(link->store);
    bool is_due;

    if (link->fsm.state != REPLICA_STREAMING) {
        return;
    }
    if (link->needs_room) {
        run_stream(link);
    }
    is_due = ack_due_take(&link->ack_due, log_released_offset(log));
    if (ack_due_take(&link->disk_ack_due, log_durable_offset(log)) || is_due) {
        acknowledge(link);
    }
}

void replica_link_drain(struct replica_link *link)
{
    while (link->fsm.state == REPLICA_STREAMING &&
           stream_run(&link->stream, &link->sink, STREAM_BUDGET) == STREAM_MORE) {
    }
}

void replica_link_follow(struct replica_link *link, const struct role *role, uint64_t now_ms)
{
    replica_link_stop(link);
    snprintf(link->host, sizeof(link->host), "%s", role->host);
    link->port = role->port;
    link->is_failover = role->is_failover;
    memcpy(link->sync.was_master_of, role->was_master_of, sizeof(role->was_master_of));
    link->sync.shared_to = role->shared_to;
    link->wants_full = strcmp(role->diverged_from, log_history(store_log(link->store))->id) == 0;
    replica_fsm_start(&link->fsm, now_ms);
    replica_link_tick(link);
}

void replica_link_stop(struct replica_link *link)
{
    replica_fsm_stop(&link->fsm);
    put_down(link);
    link_sync_abandon(&link->sync);
    if (link->is_verified) {
        link->is_verified = false;
        link_sync_discard(&link->sync);
    }
    link->is_refusing = false;
    link->noted_problem[0] = '\0';
    link->is_up_noted = false;
    link->host[0] = '\0';
    link->port = 0;
    link->is_failover = false;
    link->wants_full = false;
}

enum replica_verdict replica_link_take_verdict(struct replica_link *link)
{
    enum replica_verdict verdict = link->fsm.verdict;

    link->fsm.verdict = REPLICA_VERDICT_NONE;
    if (verdict == REPLICA_VERDICT_ACCEPTED) {
        link->is_failover = false;
    }
    return verdict;
}

/* ---- Looking ---- */

bool replica_link_is_up(const struct replica_link *link)
{
    return link->fsm.state == REPLICA_STREAMING;
}

void replica_link_look(const struct replica_link *link, struct replica_link_view *view)
{
    *view = (struct replica_link_view){
        .fsm = &link->fsm,
        .host = link->host,
        .port = link->port,
        .received_offset = log_end_offset(store_log(link->store)) + link->stream.input.len,
        .payload_bytes = link->sync.incoming.position,
        .input_bytes = link->socket.input_bytes,
        .full_reason = link->full_reason,
        .tail_name = link->tail_name,
        .is_refusing = link->is_refusing,
    };
}
