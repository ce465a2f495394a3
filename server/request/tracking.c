/* Order (D9). A message that a key has changed is held until the change is released, like any output that reveals it,
 * and so a client never hears of what a crash may take back. But there is a second reason. The reply that the message
 * makes stale may itself be held, on another connection when messages are redirected. It was appended before the
 * change, so it waits at most for the end of the turn in which that was, or of an earlier one; a message that did not
 * wait for the end of its own turn could overtake it, and the client would keep the stale value for good. Therefore all
 * messages wait for the turn's end, those too that reveal nothing (a key that was evicted from the table).
 *
 * On the connection that reads, order does the rest (D2): the message stands behind the reply that it makes stale, and
 * before that of a later read, which sees the change and is tracked anew.
 *
 * A message never stands amid a reply. What is to be said to the client whose command runs waits until its reply has
 * been written (session->pushed). */
#include "server/request/tracking.h"
#include "base/assert.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/resp_write.h"
#include "server/config/config.h"
#include "server/net/session.h"
#include "server/request/command_keys.h"
#include "server/request/dispatch.h"
#include "server/request/notify.h"
#include "server/request/registry.h"
#include "server/request/tracking_prefixes.h"
#include "server/request/tracking_table.h"
#include "server/services.h"

#define CHANNEL        "__redis__:invalidate"
#define EVICT_PER_TURN 1000u /* Keys, beyond those that came. */
#define DRAIN_PER_TURN 10000u

struct tracker {
    struct session *session;
    struct tracking_member member; /* Of its prefixes. */
    uint32_t flags;                /* enum tracking_flag */
    uint64_t redirect_id;          /* 0: it hears itself. */
};

struct tracking {
    struct services *services;
    struct tracking_table table;
    struct tracking_prefixes prefixes;
    size_t tracker_count;
    size_t remembered_count; /* Keys in this turn. */
};

/* --- Messages --- */

static void write_broken(struct buf *out, uint64_t redirect_id)
{
    resp_write_push(out, 2, 3);
    resp_write_bulk(out, slice_of("tracking-redir-broken"));
    resp_write_integer(out, (int64_t)redirect_id);
}

/* What a client in this protocol is told; `keys` is a RESP array, or empty for all keys. */
static void write_message(struct buf *out, int protocol, struct slice keys)
{
    resp_write_push(out, protocol > 2 ? 2 : 3, protocol);
    if (protocol > 2) {
        resp_write_bulk(out, slice_of("invalidate"));
    } else {
        resp_write_bulk(out, slice_of("message"));
        resp_write_bulk(out, slice_of(CHANNEL));
    }
    if (keys.len == 0) {
        resp_write_null(out, protocol);
    } else {
        buf_put(out, keys);
    }
}

/* Where a message to the session goes now. */
static struct buf *begin_message(struct tracking *tracking, struct session *to)
{
    session_touch(to, SESSION_REVEALS_TURN); /* D9 */
    return to == dispatch_caller(tracking->services->dispatch) ? &to->pushed : to->output;
}

static void tell(struct tracking *tracking, struct tracker *tracker, struct slice keys)
{
    struct session *to = tracker->session;

    if (tracker->redirect_id != 0) {
        to = sessions_find(tracking->services->sessions, tracker->redirect_id);
        if (to == NULL) {
            tracker->flags |= TRACKING_BROKEN;
            if (tracker->session->protocol > 2) {
                write_broken(begin_message(tracking, tracker->session), tracker->redirect_id);
            }
            return;
        }
    }
    /* A RESP2 connection has no place for it but among the messages of its subscriptions. */
    if (to->protocol > 2 || (tracker->redirect_id != 0 && to->subscription_count != 0)) {
        write_message(begin_message(tracking, to), to->protocol, keys);
    }
}

/* --- Changes --- */

static struct tracker *find_tracker(struct tracking *tracking, uint64_t id)
{
    struct session *session = sessions_find(tracking->services->sessions, id);

    return session == NULL ? NULL : session->tracker;
}

static bool is_tracker(void *context, uint64_t id)
{
    return find_tracker(context, id) != NULL;
}

/* Tell those who have read the key, which was taken out of the table. One that has changed to prefixes hears of them
 * alone. */
static void tell_readers(struct tracking *tracking, struct tracked_key *key, const struct session *writer)
{
    struct slice words[] = {tracked_key_slice(key)};
    struct buf keys;

    buf_init(&keys, BUF_NO_CEILING);
    resp_write_request(&keys, words, 1);
    for (size_t i = 0; i < key->id_count; i++) {
        struct tracker *tracker = find_tracker(tracking, key->ids[i]);

        if (tracker != NULL && !(tracker->flags & TRACKING_BCAST) &&
            !((tracker->flags & TRACKING_NOLOOP) && tracker->session == writer)) {
            tell(tracking, tracker, buf_slice(&keys));
        }
    }
    buf_release(&keys);
    tracked_key_free(key);
}

/* Observer: a key was changed. */
static void on_key(void *context, enum notify_class class, const char *event, uint32_t db, struct slice key)
{
    struct tracking *tracking = context;
    const struct session *writer;
    struct tracked_key *tracked;

    (void)event;
    (void)db; /* Databases are not told apart, as in Redis: messages name none. */
    if ((tracking->table.keys.count == 0 && tracking->prefixes.count == 0) || class == NOTIFY_KEY_MISS ||
        class == NOTIFY_NEW) {
        return;
    }
    writer = dispatch_caller(tracking->services->dispatch);
    tracking_prefixes_note(&tracking->prefixes, key, writer == NULL ? 0 : writer->id);
    tracked = tracking_table_take(&tracking->table, key);
    if (tracked != NULL) {
        tell_readers(tracking, tracked, writer);
    }
}

/* All keys are told at once, to everybody. */
static void invalidate_all(struct tracking *tracking)
{
    if (tracking->tracker_count != 0) {
        LIST_FOR_EACH(sessions_all(tracking->services->sessions), node)
        {
            struct session *session = LIST_ENTRY(node, struct session, node);

            if (session->tracker != NULL) {
                tell(tracking, session->tracker, slice_empty());
            }
        }
    }
    tracking_table_clear(&tracking->table);
}

/* Observer: databases were emptied or exchanged. (Redis says nothing of an exchange and leaves caches stale.) */
static void on_databases(void *context, uint32_t first, uint32_t count)
{
    (void)first;
    (void)count;
    invalidate_all(context);
}

void tracking_note_replaced(struct tracking *tracking)
{
    invalidate_all(tracking);
}

/* --- Reads --- */

struct reading {
    struct tracking *tracking;
    const struct slice *argv;
    uint64_t id;
};

static void remember_key(void *context, size_t index, uint32_t flags)
{
    struct reading *reading = context;

    (void)flags;
    tracking_table_add(&reading->tracking->table, reading->argv[index], reading->id, is_tracker, reading->tracking);
    reading->tracking->remembered_count++;
}

/* A script reads when its commands do. */
static bool is_read(const struct call *call)
{
    return (call->command->flags & COMMAND_READONLY) && !(call->entry->categories & CATEGORY_SCRIPTING);
}

void tracking_remember(struct tracking *tracking, const struct call *reader, const struct call *teller)
{
    const struct session *session = teller->session;
    struct reading reading = {.tracking = tracking, .argv = teller->argv, .id = session->id};
    uint32_t flags = session->tracker->flags;
    bool is_caching = (flags & TRACKING_CACHING) != 0;

    if (!is_read(reader) || (flags & TRACKING_BCAST) || ((flags & TRACKING_OPTIN) && !is_caching) ||
        ((flags & TRACKING_OPTOUT) && is_caching)) {
        return;
    }
    (void)command_keys_visit(teller->command, teller->argv, teller->argc, remember_key, &reading);
}

void tracking_set_caching(struct session *session)
{
    session->tracker->flags |= TRACKING_CACHING;
}

void tracking_end_request(struct session *session, const struct command_entry *entry)
{
    if (!(session->flags & SESSION_IN_TRANSACTION) &&
        (entry == NULL || !(entry->command->flags & COMMAND_KEEPS_CACHING))) {
        session->tracker->flags &= ~(uint32_t)TRACKING_CACHING;
    }
}

/* --- The turn --- */

static void tell_prefix(void *context, struct tracking_member *member, struct slice keys)
{
    tell(context, LIST_ENTRY(member, struct tracker, member), keys);
}

/* Keys beyond tracking-table-max-keys are told as if they had changed, so that they can be forgotten. */
static void evict(struct tracking *tracking)
{
    uint64_t limit = (uint64_t)tracking->services->config->tracking_table_max_keys;
    size_t at_most = tracking->remembered_count + EVICT_PER_TURN;

    while (limit != 0 && tracking->table.keys.count > limit && at_most-- > 0) {
        tell_readers(tracking, tracking_table_take_oldest(&tracking->table), NULL);
    }
    tracking->remembered_count = 0;
}

void tracking_turn(struct tracking *tracking)
{
    tracking_prefixes_tell(&tracking->prefixes, tell_prefix, tracking);
    evict(tracking);
    tracking_table_drain(&tracking->table, DRAIN_PER_TURN);
}

/* --- On and off --- */

void tracking_enable(struct tracking *tracking, struct session *session, const struct tracking_options *options)
{
    struct slice all = slice_empty();
    struct tracker *tracker = session->tracker;

    if (tracker == NULL) {
        tracker = memory_allocate_zeroed(sizeof(*tracker));
        tracker->session = session;
        tracker->member.id = session->id;
        session->tracker = tracker;
        tracking->tracker_count++;
    }
    tracker->redirect_id = options->redirect_id;
    tracker->flags = options->flags | (tracker->flags & TRACKING_CACHING);
    tracker->member.skips_own = (options->flags & TRACKING_NOLOOP) != 0;
    if (options->flags & TRACKING_BCAST) {
        const struct slice *prefixes = options->prefix_count == 0 ? &all : options->prefixes;
        size_t count = options->prefix_count == 0 ? 1 : options->prefix_count;

        for (size_t i = 0; i < count; i++) {
            tracking_prefixes_join(&tracking->prefixes, &tracker->member, prefixes[i]);
        }
    }
}

void tracking_disable(struct tracking *tracking, struct session *session)
{
    if (session->tracker != NULL) {
        tracking_prefixes_leave(&tracking->prefixes, &session->tracker->member);
        memory_free(session->tracker);
        session->tracker = NULL;
        tracking->tracker_count--;
    }
}

void tracking_forget(struct tracking *tracking, struct session *session)
{
    tracking_disable(tracking, session);
    if (tracking->tracker_count == 0) {
        tracking_table_clear(&tracking->table); /* Nobody is there to be told. */
    }
}

uint32_t tracking_flags(const struct session *session)
{
    return session->tracker == NULL ? 0 : session->tracker->flags;
}

int64_t tracking_redirect_id(const struct session *session)
{
    return session->tracker == NULL ? -1 : (int64_t)session->tracker->redirect_id;
}

size_t tracking_prefix_count(const struct session *session)
{
    return session->tracker == NULL ? 0 : session->tracker->member.joined_count;
}

struct slice tracking_prefix_at(const struct session *session, size_t index)
{
    ASSERT(session->tracker != NULL);
    return tracking_member_prefix(&session->tracker->member, index);
}

size_t tracking_memory_bytes(const struct session *session)
{
    size_t bytes = session->tracker == NULL ? 0 : sizeof(struct tracker);

    for (size_t i = 0; i < tracking_prefix_count(session); i++) {
        bytes += sizeof(void *) + tracking_prefix_at(session, i).len;
    }
    return bytes;
}

/* --- Life --- */

struct tracking *tracking_create(struct services *services)
{
    struct tracking *tracking = memory_allocate_zeroed(sizeof(*tracking));
    struct notify_observer observer = {.key = on_key, .databases = on_databases, .context = tracking};

    tracking->services = services;
    tracking_table_init(&tracking->table);
    tracking_prefixes_init(&tracking->prefixes);
    notify_observe(services->notify, &observer);
    return tracking;
}

void tracking_free(struct tracking *tracking)
{
    if (tracking == NULL) {
        return;
    }
    ASSERT(tracking->tracker_count == 0); /* All sessions were closed before. */
    tracking_table_release(&tracking->table);
    tracking_prefixes_release(&tracking->prefixes);
    memory_free(tracking);
}

void tracking_get_statistics(const struct tracking *tracking, struct tracking_statistics *statistics)
{
    *statistics = (struct tracking_statistics){.clients = tracking->tracker_count,
                                               .keys = tracking->table.keys.count,
                                               .items = tracking->table.item_count,
                                               .prefixes = tracking->prefixes.count};
}
