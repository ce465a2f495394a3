/* Times. A pipeline's commands are stamped by one look at the monotonic clock each: where one ends, the next begins.
 * The wall clock is read once per run of commands and carried on by the monotonic one (D4). */
#include "server/request/dispatch.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/memory.h"
#include "server/commands/call_reads.h"
#include "server/config/config.h"
#include "server/request/admission.h"
#include "server/request/blocking.h"
#include "server/request/change.h"
#include "server/request/notify.h"
#include "server/request/parking.h"
#include "server/request/registry.h"
#include "server/request/reply.h"
#include "server/request/reveal.h"
#include "server/request/tracking.h"
#include "server/request/transaction.h"
#include "server/services.h"
#include "server/watch/latency.h"
#include "server/watch/metrics.h"
#include "server/watch/monitor.h"
#include "server/watch/onlooker.h"
#include "server/watch/slowlog.h"
#include "storage/store.h"

struct dispatch {
    struct dispatch_options options;
    struct dispatch_gate gate;
    struct services *services;
    struct change *change;
    struct buf refusal;       /* Text of dispatch_refusal() and dispatch_replay(). */
    struct buf replay_output; /* What replayed commands reply, which nobody reads. */
    uint64_t wall_ms;         /* Wall clock at `wall_base_us` by the monotonic one. */
    uint64_t wall_base_us;
    uint64_t now_us;        /* When the command that runs began. */
    struct reveal reveal;   /* Which changes replies have to wait for. */
    unsigned depth;         /* Of nested commands; 0 outside of any. */
    struct session *caller; /* dispatch_caller() */
    struct call *reader;  /* The call that runs, if its command only reads: its lookups are counted. NULL otherwise. */
    uint64_t found_count; /* The keyspace's, up to which finds were counted. */
};

#define WALL_AGE_US              1000u        /* How long the wall clock is carried on before it is read anew. */
#define KEEP_REPLAY_OUTPUT_BYTES (64u * 1024) /* Replies to what a master sent are for nobody. */

/* Keyspace hook: a due key was deleted. */
static void on_expired(void *context, uint32_t db, struct slice key)
{
    struct dispatch *dispatch = context;

    change_expire(dispatch->change, db, key);
    /* A reader may find any number. The next ones are hidden, and deleted later; what writes comes first to an end. */
    if (dispatch->reader != NULL && !change_has_room(dispatch->change, 0)) {
        keyspace_set_clock(dispatch->reader->keyspace, dispatch->reader->now_ms, false);
    }
    dispatch->services->metrics->expired_keys++;
    notify_publish_key(dispatch->services->notify, NOTIFY_EXPIRED, "expired", db, key);
}

/* Keyspace hook: a key has come into being. */
static void on_created(void *context, uint32_t db, struct slice key)
{
    struct dispatch *dispatch = context;

    if (dispatch->services->config->notify_keyspace_events & NOTIFY_NEW) {
        notify_publish_key(dispatch->services->notify, NOTIFY_NEW, "new", db, key);
    }
}

/* Keyspace hook: a key was not found. */
static void on_missed(void *context, uint32_t db, struct slice key)
{
    struct dispatch *dispatch = context;

    (void)db;
    if (dispatch->reader != NULL) {
        call_count_read(dispatch->reader, key, false);
    }
}

struct dispatch *dispatch_create(const struct dispatch_options *options)
{
    struct dispatch *dispatch = memory_allocate_zeroed(sizeof(*dispatch));

    dispatch->options = *options;
    dispatch->services = options->services;
    dispatch->change = change_create();
    dispatch->gate.replicated = UINT64_MAX;
    buf_init(&dispatch->refusal, BUF_NO_CEILING);
    buf_init(&dispatch->replay_output, BUF_NO_CEILING);
    return dispatch;
}

void dispatch_free(struct dispatch *dispatch)
{
    if (dispatch == NULL) {
        return;
    }
    change_free(dispatch->change);
    buf_release(&dispatch->refusal);
    buf_release(&dispatch->replay_output);
    memory_free(dispatch);
}

struct dispatch_gate *dispatch_gate(struct dispatch *dispatch)
{
    return &dispatch->gate;
}

const struct session *dispatch_caller(const struct dispatch *dispatch)
{
    return dispatch->caller;
}

static uint64_t wall_ms_at(struct dispatch *dispatch, uint64_t now_us)
{
    uint64_t age_us = now_us - dispatch->wall_base_us;

    if (age_us >= WALL_AGE_US) {
        dispatch->wall_ms = clock_wall_ms();
        dispatch->wall_base_us = now_us;
    }
    return dispatch->wall_ms;
}

/* --- Running one command --- */

static void count_call(struct dispatch *dispatch, const struct call *call, const struct reply *reply,
                       uint64_t duration_us)
{
    struct command_statistics *statistics = &call->entry->statistics;

    statistics->microseconds += duration_us;
    statistics->failed_calls += reply->is_error;
    if (!call->is_again) {
        command_count_call(statistics, duration_us, dispatch->services->config->latency_tracking);
        dispatch->services->metrics->commands++;
    }
}

/* Run the handler and count what it reads. A script's own lookups are none, and those of its commands are theirs. */
static enum status run_handler(struct dispatch *dispatch, struct call *call, struct reply *reply)
{
    struct call *outer_reader = dispatch->reader;
    enum status status;

    dispatch->reader = (call->command->flags & COMMAND_READONLY) ? call : NULL;
    dispatch->found_count = keyspace_found_count(call->keyspace);
    dispatch->depth++;
    status = call->command->run(call, reply);
    dispatch->depth--;
    if (dispatch->reader != NULL) {
        call->hits += (uint32_t)(keyspace_found_count(call->keyspace) - dispatch->found_count);
    }
    dispatch->found_count = keyspace_found_count(call->keyspace);
    dispatch->reader = outer_reader;
    return status;
}

/* Run the handler, turn its status into a reply, and put what it changed into the change. Returns when it ended. */
static uint64_t run(struct dispatch *dispatch, struct call *call, struct command_entry *entry, struct reply *reply)
{
    struct services *services = dispatch->services;
    size_t reply_begin = reply->out->len;
    uint64_t begin_us = dispatch->now_us;
    uint64_t end_us;
    enum status status;

    reply->is_error = false;
    reply->is_counted = false;
    change_begin_call(dispatch->change, call->db);
    status = run_handler(dispatch, call, reply);
    ASSERT(status == STATUS_OK || call->changes == 0); /* D6 */
    reply_status(reply, status);
    if (reply->is_error && !reply->is_counted) {
        metrics_count_error(services->metrics, slice_after(buf_slice(reply->out), reply_begin + 1));
    }
    if (entry->is_renamed) { /* The log knows commands by their own names only. */
        change_end_renamed_call(dispatch->change, call->changes != 0, call->command->name, call->argv, call->argc);
    } else {
        change_end_call(dispatch->change, call->changes != 0, call->argv, call->argc, call->raw);
    }
    services->metrics->keyspace_hits += call->hits;
    services->metrics->keyspace_misses += call->misses;
    end_us = clock_monotonic_us();
    count_call(dispatch, call, reply, end_us - begin_us);
    if (!monitors_is_empty(services->monitors) && !call->is_again) {
        onlooker_show(call);
    }
    if (slowlog_is_slow(services->slowlog, end_us - begin_us)) {
        onlooker_note_slowness(call, end_us - begin_us);
    }
    if (latency_is_on(services->latency)) {
        latency_note(services->latency, (entry->command->flags & COMMAND_FAST) ? "fast-command" : "command",
                     end_us - begin_us);
    }
    return end_us;
}

/* D5: log what was executed. Returns the log's end if anything was, else 0. */
static uint64_t commit(struct dispatch *dispatch)
{
    struct store *store = dispatch->services->store;
    int32_t selected_db;
    struct slice change = change_compose(dispatch->change, &selected_db);
    enum status status;
    uint64_t end = 0;

    if (change.len == 0) {
        return 0;
    }
    status = store_append(store, change, &end);
    if (status != STATUS_OK) {
        /* The memory holds what the log does not: only recovery makes them one again. */
        dispatch->options.log_failed(dispatch->options.context, status);
    }
    store_set_selected_db(store, selected_db);
    return end;
}

static struct call make_call(struct dispatch *dispatch, struct session *session, struct command_entry *entry,
                             const struct request *request)
{
    struct store *store = dispatch->services->store;

    return (struct call){
        .command = entry->command,
        .entry = entry,
        .services = dispatch->services,
        .session = session,
        .keyspace = store == NULL ? NULL : store_keyspace(store),
        .change = dispatch->change,
        .db = session->db,
        .argv = request->argv,
        .argc = request->argc,
        .raw = request->raw,
        .now_ms = wall_ms_at(dispatch, dispatch->now_us),
    };
}

uint64_t dispatch_shown_offset(const struct dispatch *dispatch)
{
    uint64_t released = log_released_offset(store_log(dispatch->services->store));

    return released < dispatch->gate.replicated ? released : dispatch->gate.replicated;
}

struct connections_turn dispatch_turn(const struct dispatch *dispatch)
{
    return (struct connections_turn){.released = dispatch_shown_offset(dispatch),
                                     .end = log_end_offset(store_log(dispatch->services->store)),
                                     .now_us = clock_monotonic_us()};
}

/* Up to which offset the reply reveals changes. A replica's come from its link, which tells nobody their keys. */
static uint64_t revealed_offset(struct dispatch *dispatch, const struct command_entry *entry,
                                const struct request *request)
{
    uint64_t end = log_end_offset(store_log(dispatch->services->store));

    if (end <= dispatch_shown_offset(dispatch)) {
        return 0;
    }
    return dispatch->gate.is_replica ? end : reveal_offset(&dispatch->reveal, entry, request->argv, request->argc, end);
}

/* A paused server's log does not grow: what falls due is hidden, as on a replica, until the pause ends. */
static bool is_expiry_paused(const struct dispatch *dispatch)
{
    return dispatch->gate.pause != DISPATCH_PAUSE_NONE;
}

/* D5, and what others' replies reveal of it. */
static void log_change(struct dispatch *dispatch, const struct call *call)
{
    uint64_t end = commit(dispatch);

    if (end == 0) {
        return;
    }
    call->session->write_offset = end;
    if (!(call->command->flags & COMMAND_REVEALS_NOTHING)) { /* A message changes no data. */
        reveal_note_change(&dispatch->reveal, call->entry, call->argv, call->argc, end);
    }
}

void dispatch_log_part(struct dispatch *dispatch, struct call *call)
{
    ASSERT(dispatch->depth == 1 && !call->is_nested);
    change_end_call(dispatch->change, false, call->argv, call->argc, call->raw);
    log_change(dispatch, call);
    change_begin(dispatch->change, store_told_db(dispatch->services->store));
    change_begin_call(dispatch->change, call->db);
    change_suppress(dispatch->change);
}

/* Run a client's command, made into `*call`, as a change of its own. */
static uint64_t execute(struct dispatch *dispatch, struct call *call, const struct request *request)
{
    struct store *store = dispatch->services->store;
    struct session *session = call->session;
    struct command_entry *entry = call->entry;
    struct reply reply;
    uint64_t end_us;

    ASSERT(dispatch->depth == 0);
    reply_init(&reply, session->output, session->protocol);
    change_begin(dispatch->change, store_told_db(store));
    keyspace_set_clock(call->keyspace, call->now_ms, !dispatch->gate.is_replica && !is_expiry_paused(dispatch));
    dispatch->caller = session;
    end_us = run(dispatch, call, entry, &reply);
    dispatch->caller = NULL;
    if (session->tracker != NULL) {
        tracking_remember(dispatch->services->tracking, call, call);
    }
    log_change(dispatch, call);
    if (!(entry->command->flags & COMMAND_REVEALS_NOTHING) && session->connection != NULL) {
        connection_hold(session->connection, revealed_offset(dispatch, entry, request));
    }
    return end_us;
}

/* Run another client's command while a script runs that is slow: one of the few that are let in, of which none changes
 * data. The one that tells of any, FUNCTION STATS, does not wait for it (README.md, D1). The script's change is not
 * touched. */
static uint64_t execute_amid(struct dispatch *dispatch, struct call *call)
{
    struct reply reply;

    ASSERT(call->command->flags & COMMAND_ALLOW_BUSY);
    reply_init(&reply, call->session->output, call->session->protocol);
    return run(dispatch, call, call->entry, &reply);
}

/* --- Requests --- */

static void refuse(struct dispatch *dispatch, struct session *session, struct command_entry *entry, struct slice text)
{
    struct reply reply;

    reply_init(&reply, session->output, session->protocol);
    if (entry != NULL && (entry->command->flags & COMMAND_RUNS_QUEUED)) {
        /* EXEC that may not run says so in its own words, and the transaction is over. */
        if (slice_starts_with(text, slice_of("ERR "))) {
            text = slice_after(text, 4);
        }
        (void)reply_error(&reply, "EXECABORT Transaction discarded because of: %.*s", (int)text.len, text.data);
        transaction_reset(session);
    } else {
        (void)reply_error(&reply, "%.*s", (int)text.len, text.data);
        if (session->flags & SESSION_IN_TRANSACTION) {
            session->flags |= SESSION_EXEC_FAILS;
        }
    }
    metrics_count_error(dispatch->services->metrics, text);
    if (entry != NULL) {
        entry->statistics.rejected_calls++;
    }
}

/* What kind of command it is as it is called; nothing if there is no such command. EXEC does what is queued. */
static uint32_t flags_of(const struct dispatch *dispatch, const struct session *session,
                         const struct command_entry *entry, const struct request *request)
{
    uint32_t flags = entry == NULL ? 0 : command_flags_of(entry, dispatch->services, request->argv, request->argc);

    return (flags & COMMAND_RUNS_QUEUED) ? flags | transaction_effects(session) : flags;
}

/* The flags are asked for once: a script's are read from its text. */
static struct admission_request ask_for(struct dispatch *dispatch, const struct session *session,
                                        const struct command_entry *entry, const struct request *request)
{
    return (struct admission_request){.gate = &dispatch->gate,
                                      .services = dispatch->services,
                                      .session = session,
                                      .entry = entry,
                                      .flags = flags_of(dispatch, session, entry, request)};
}

/* Why it may not be; NULL if it may. */
static const char *refusal_of(struct dispatch *dispatch, const struct admission_request *admission,
                              const struct request *request)
{
    buf_clear(&dispatch->refusal);
    if (!admission_is_open(admission, request, &dispatch->refusal)) {
        buf_put_byte(&dispatch->refusal, '\0');
        return buf_slice(&dispatch->refusal).data;
    }
    return NULL;
}

const char *dispatch_refusal(struct dispatch *dispatch, struct session *session, const struct command_entry *entry,
                             const struct request *request)
{
    struct admission_request admission = ask_for(dispatch, session, entry, request);

    admission.was_queued = true;
    return refusal_of(dispatch, &admission, request);
}

static bool is_queued(const struct session *session, const struct command_entry *entry)
{
    return (session->flags & SESSION_IN_TRANSACTION) && !(entry->command->flags & COMMAND_NOT_QUEUED);
}

static void end_request(struct session *session, const struct command_entry *entry, size_t reply_begin)
{
    session_end_reply(session, reply_begin);
    if (session->tracker != NULL) {
        tracking_end_request(session, entry);
    }
}

enum session_outcome dispatch_request(struct dispatch *dispatch, struct session *session, const struct request *request,
                                      uint64_t *now_us)
{
    size_t reply_begin = session->output->len;
    struct command_entry *container;
    struct command_entry *entry =
        commands_resolve(dispatch->services->commands, request->argv, request->argc, &container);
    struct admission_request admission;
    const char *refusal;
    uint32_t flags;
    enum status status;

    dispatch->now_us = *now_us;
    session->last_command = entry;
    if (entry == NULL && admission_is_attack(request)) {
        diag(DIAG_WARNING, "%s speaks HTTP to the Redis port: a browser may be abused to attack; closing",
             session->peer);
        session_close(session);
        return SESSION_DONE;
    }
    admission = ask_for(dispatch, session, entry, request);
    flags = admission.flags;
    refusal = refusal_of(dispatch, &admission, request);
    if (refusal != NULL) {
        refuse(dispatch, session, entry, slice_of(refusal));
        end_request(session, entry, reply_begin);
        return SESSION_DONE;
    }
    if (parking_is_paused(&dispatch->gate, session, flags)) {
        return SESSION_PARKS;
    }
    status = parking_admit_write(dispatch->services, session, flags, request);
    if (status == STATUS_BUSY && !is_queued(session, entry)) {
        return SESSION_PARKS;
    }
    if (status != STATUS_OK && status != STATUS_BUSY) {
        refuse(dispatch, session, entry, slice_of(reply_text(status)));
    } else if (is_queued(session, entry)) {
        transaction_queue(session, entry, flags, request);
    } else {
        struct call call = make_call(dispatch, session, entry, request);

        session->flags |= SESSION_EXECUTES;
        *now_us = dispatch->depth == 0 ? execute(dispatch, &call, request) : execute_amid(dispatch, &call);
        session->flags &= ~(uint32_t)SESSION_EXECUTES;
    }
    end_request(session, entry, reply_begin);
    if (dispatch->depth == 0 && blocking_has_ready(dispatch->services->blocking)) {
        blocking_serve(dispatch->services->blocking);
    }
    return SESSION_DONE;
}

void dispatch_nested(struct dispatch *dispatch, struct call *outer, struct command_entry *entry,
                     const struct request *request, struct reply *reply)
{
    struct call call = make_call(dispatch, outer->session, entry, request);
    uint64_t outer_begin_us = dispatch->now_us;

    ASSERT(dispatch->depth > 0);
    call.now_ms = outer->now_ms; /* D4: a transaction sees one time. */
    call.is_replay = outer->is_replay;
    call.is_nested = true;
    dispatch->now_us = clock_monotonic_us();
    (void)run(dispatch, &call, entry, reply);
    if (outer->session->tracker != NULL) {
        tracking_remember(dispatch->services->tracking, &call,
                          (outer->command->flags & COMMAND_RUNS_QUEUED) ? &call : outer);
    }
    dispatch->now_us = outer_begin_us;
}

enum status dispatch_admit_again(struct dispatch *dispatch, const struct session *session,
                                 const struct command_entry *entry, const struct request *request)
{
    uint32_t flags = flags_of(dispatch, session, entry, request);

    return parking_is_paused(&dispatch->gate, session, flags)
               ? STATUS_BUSY
               : parking_admit_write(dispatch->services, session, flags, request);
}

void dispatch_again(struct dispatch *dispatch, struct session *session, struct command_entry *entry,
                    const struct request *request, struct slice woken_by)
{
    struct call call;

    dispatch->now_us = clock_monotonic_us();
    call = make_call(dispatch, session, entry, request);
    call.is_again = true;
    call.woken_by = woken_by;
    (void)execute(dispatch, &call, request);
}

/* --- What no client asked for --- */

bool dispatch_replay(struct dispatch *dispatch, struct session *session, const struct request *request,
                     const char **error)
{
    struct command_entry *container;
    struct command_entry *entry =
        commands_resolve_original(dispatch->services->commands, request->argv, request->argc, &container);
    struct reply reply;
    struct call call;
    enum status status;

    buf_clear(&dispatch->refusal);
    if (!admission_is_known(entry, container, request, &dispatch->refusal)) {
        buf_put_byte(&dispatch->refusal, '\0');
        *error = buf_slice(&dispatch->refusal).data;
        return false;
    }
    dispatch->now_us = clock_monotonic_us();
    call = make_call(dispatch, session, entry, request);
    call.is_replay = true;
    call.is_nested = true;
    keyspace_set_clock(call.keyspace, 0, false);
    reply_init(&reply, &dispatch->replay_output, 2);
    change_begin(dispatch->change, -1); /* Composed by nobody: these bytes are in the log already. */
    change_begin_call(dispatch->change, call.db);
    dispatch->depth++;
    status = entry->command->run(&call, &reply);
    dispatch->depth--;
    reply_status(&reply, status);
    count_call(dispatch, &call, &reply, clock_monotonic_us() - dispatch->now_us);
    if (reply.is_error) {
        buf_put_byte(&dispatch->replay_output, '\0');
        buf_put(&dispatch->refusal, slice_after(buf_slice(&dispatch->replay_output), 1));
        *error = buf_slice(&dispatch->refusal).data;
    }
    buf_clear(&dispatch->replay_output);
    buf_shrink(&dispatch->replay_output, KEEP_REPLAY_OUTPUT_BYTES);
    return !reply.is_error;
}

/* Keyspace hook while due keys are deleted for their own sake: each deletion is a change of its own. */
static void on_due(void *context, uint32_t db, struct slice key)
{
    struct dispatch *dispatch = context;

    change_begin(dispatch->change, store_told_db(dispatch->services->store));
    on_expired(dispatch, db, key);
    (void)commit(dispatch);
}

static void set_hook(struct dispatch *dispatch, void (*hook)(void *context, uint32_t db, struct slice key))
{
    struct keyspace_hooks hooks = {
        .on_expired = hook, .on_missed = on_missed, .on_created = on_created, .context = dispatch};

    keyspace_set_hooks(store_keyspace(dispatch->services->store), &hooks);
}

void dispatch_observe_keyspace(struct dispatch *dispatch)
{
    set_hook(dispatch, on_expired);
    dispatch->reveal = (struct reveal){0}; /* Another log's offsets would mean nothing. */
}

void dispatch_note_role(struct dispatch *dispatch)
{
    /* What the link has brought may still be on its way to the disk when this is a master again. */
    reveal_note_everything(&dispatch->reveal, log_end_offset(store_log(dispatch->services->store)));
}

size_t dispatch_expire_due(struct dispatch *dispatch, size_t limit, uint64_t now_ms)
{
    struct keyspace *keyspace = store_keyspace(dispatch->services->store);
    size_t count;

    ASSERT(dispatch->depth == 0);
    if (is_expiry_paused(dispatch)) {
        return 0;
    }
    keyspace_set_clock(keyspace, now_ms, true);
    set_hook(dispatch, on_due);
    count = keyspace_expire_due(keyspace, limit);
    set_hook(dispatch, on_expired);
    return count;
}
