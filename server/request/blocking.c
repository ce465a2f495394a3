/* Keys that somebody waits for stand in a hash table with their waiters in order of arrival. A change that leaves there
 * what one of them waits for puts the key at the end of the ready keys; serving runs the waiters' commands again, one
 * by one, as long as the key holds that. Which keys become ready, and when, decides who gets what if a transaction
 * fills several: so a change that gives nobody anything must not put a key in its place early. */
#include "server/request/blocking.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "base/hash_table.h"
#include "base/memory.h"
#include "base/number.h"
#include "server/net/event_embed.h"
#include "server/net/session.h"
#include "server/request/args.h"
#include "server/request/dispatch.h"
#include "server/request/notify.h"
#include "server/request/registry.h"
#include "server/request/reply.h"
#include "server/services.h"
#include "server/watch/metrics.h"
#include "storage/store.h"
#include <math.h>

struct waited_key {
    struct hash_node hash_node; /* In blocking->keys. */
    struct list waiters;        /* struct place, in order of arrival. */
    size_t waiter_count;
    size_t type_counts[ENTRY_TYPE_COUNT]; /* Of the waiters, by what they wait for, */
    size_t mourner_count;                 /* and how many of them also wake when that is gone. */
    struct list_node ready_node;
    uint32_t db;
    char *key; /* Owned. */
    size_t key_len;
};

/* A session's place in the line for one key. */
struct place {
    struct list_node node;
    struct waited_key *key;
    struct blocked *blocked;
};

struct blocked {
    struct blocking *blocking;
    struct list_node node;      /* In blocking->all. */
    struct list_node acks_node; /* In blocking->for_replicas. */
    struct session *session;
    struct command_entry *entry;
    uint32_t db;
    struct slice *argv; /* Owned: one block with the bytes. */
    size_t argc;
    struct place *places; /* Owned; one for each key. */
    size_t place_count;
    size_t bytes; /* blocking_memory_bytes() */
    struct event timer;
    bool has_timer;
    enum entry_type type;
    bool wakes_when_gone;
    bool asked_again; /* The command that was run again wants to wait on. */
    void (*write_timeout)(struct call *call, struct reply *reply);
};

struct blocking {
    struct blocking_options options;
    struct list all;
    struct list for_replicas; /* Those of them whom acknowledgements wake. */
    struct list ready;
    struct hash_table keys; /* Waited for, by database and key. */
    size_t count;
    size_t timed_count;
};

static struct slice key_slice(const struct waited_key *key)
{
    return slice_make(key->key, key->key_len);
}

static struct waited_key *find(const struct blocking *blocking, uint32_t db, struct slice key)
{
    for (struct hash_node *node = hash_table_first(&blocking->keys, checksum_hash64(key, db)); node != NULL;
         node = hash_table_next(node)) {
        struct waited_key *waited = LIST_ENTRY(node, struct waited_key, hash_node);

        if (waited->db == db && slice_equal(key_slice(waited), key)) {
            return waited;
        }
    }
    return NULL;
}

/* What the key holds now; ENTRY_TYPE_COUNT if nothing. */
static enum entry_type look(const struct blocking *blocking, const struct waited_key *key)
{
    struct keyspace *keyspace = store_keyspace(blocking->options.services->store);
    struct entry entry;

    return keyspace_peek(keyspace, key->db, key_slice(key), &entry) ? entry.type : ENTRY_TYPE_COUNT;
}

/* Whether a key that holds this is something for the waiter, */
static bool is_woken(const struct blocked *blocked, enum entry_type type)
{
    return blocked->wakes_when_gone || blocked->type == type;
}

/* or for any of the key's. It costs the same however many wait. */
static bool wakes_any(const struct waited_key *key, enum entry_type type)
{
    return key->mourner_count != 0 || (type != ENTRY_TYPE_COUNT && key->type_counts[type] != 0);
}

static void note_change(struct blocking *blocking, struct waited_key *key)
{
    if (!list_node_is_linked(&key->ready_node) && wakes_any(key, look(blocking, key))) {
        list_append(&blocking->ready, &key->ready_node);
    }
}

/* Observer: a key was changed. */
static void on_key(void *context, enum notify_class class, const char *event, uint32_t db, struct slice key)
{
    struct blocking *blocking = context;
    struct waited_key *waited;

    (void)event;
    if (blocking->keys.count == 0 || class == NOTIFY_KEY_MISS) {
        return;
    }
    waited = find(blocking, db, key);
    if (waited != NULL) {
        note_change(blocking, waited);
    }
}

/* Observer: SWAPDB may have brought any key. */
static void on_databases(void *context, uint32_t first, uint32_t count)
{
    struct blocking *blocking = context;
    struct hash_table_walk walk;

    for (struct hash_node *node = hash_table_walk_begin(&walk, &blocking->keys); node != NULL;
         node = hash_table_walk_next(&walk, &blocking->keys)) {
        struct waited_key *key = LIST_ENTRY(node, struct waited_key, hash_node);

        if (key->db - first < count) {
            note_change(blocking, key);
        }
    }
}

struct blocking *blocking_create(const struct blocking_options *options)
{
    struct blocking *blocking = memory_allocate_zeroed(sizeof(*blocking));
    struct notify_observer observer = {.key = on_key, .databases = on_databases, .context = blocking};

    blocking->options = *options;
    list_init(&blocking->all);
    list_init(&blocking->for_replicas);
    list_init(&blocking->ready);
    hash_table_init(&blocking->keys);
    notify_observe(options->services->notify, &observer);
    return blocking;
}

void blocking_free(struct blocking *blocking)
{
    if (blocking == NULL) {
        return;
    }
    ASSERT(blocking->count == 0); /* All sessions were closed before. */
    hash_table_release(&blocking->keys);
    memory_free(blocking);
}

size_t blocking_memory_bytes(const struct session *session)
{
    return session->blocked == NULL ? 0 : session->blocked->bytes;
}

size_t blocking_count(const struct blocking *blocking)
{
    return blocking->count;
}

size_t blocking_count_timed(const struct blocking *blocking)
{
    return blocking->timed_count;
}

/* --- Beginning and ending to wait --- */

static struct waited_key *join_key(struct blocking *blocking, uint32_t db, struct slice key)
{
    struct waited_key *waited = find(blocking, db, key);

    if (waited == NULL) {
        waited = memory_allocate_zeroed(sizeof(*waited));
        list_init(&waited->waiters);
        list_node_init(&waited->ready_node);
        waited->db = db;
        waited->key = memory_copy(key.data, key.len);
        waited->key_len = key.len;
        hash_table_insert(&blocking->keys, &waited->hash_node, checksum_hash64(key, db));
    }
    return waited;
}

static void drop_key(struct blocking *blocking, struct waited_key *key)
{
    if (--key->waiter_count != 0) {
        return;
    }
    hash_table_remove(&blocking->keys, &key->hash_node);
    list_remove(&key->ready_node);
    memory_free(key->key);
    memory_free(key);
}

static void leave_key(struct blocking *blocking, struct place *place)
{
    list_remove(&place->node);
    place->key->type_counts[place->blocked->type]--;
    place->key->mourner_count -= place->blocked->wakes_when_gone;
    drop_key(blocking, place->key);
}

/* Whether the session, which is taking its places, has one for this key already: then it is the newest there. */
static bool has_place(const struct blocked *blocked, const struct waited_key *key)
{
    return !list_is_empty(&key->waiters) && LIST_ENTRY(key->waiters.head.prev, struct place, node)->blocked == blocked;
}

static void join_keys(struct blocked *blocked, const struct blocking_wait *wait)
{
    struct blocking *blocking = blocked->blocking;

    blocked->places = memory_allocate_zeroed((wait->key_count + 1) * sizeof(*blocked->places));
    for (size_t i = 0; i < wait->key_count; i++) {
        struct waited_key *key = join_key(blocking, blocked->db, wait->keys[i]);

        if (!has_place(blocked, key)) {
            struct place *place = &blocked->places[blocked->place_count++];

            *place = (struct place){.key = key, .blocked = blocked};
            list_append(&key->waiters, &place->node);
            key->waiter_count++;
            key->type_counts[blocked->type]++;
            key->mourner_count += blocked->wakes_when_gone;
        }
    }
}

/* Free all that waits; the session can go on afterwards. */
static void end(struct blocked *blocked)
{
    struct blocking *blocking = blocked->blocking;
    struct session *session = blocked->session;

    for (size_t i = 0; i < blocked->place_count; i++) {
        leave_key(blocking, &blocked->places[i]);
    }
    if (blocked->has_timer) {
        event_del(&blocked->timer);
        blocking->timed_count--;
    }
    list_remove(&blocked->node);
    list_remove(&blocked->acks_node);
    blocking->count--;
    session->blocked = NULL;
    memory_free(blocked->places);
    memory_free(blocked->argv);
    memory_free(blocked);
}

static void write_null_array(struct call *call, struct reply *reply)
{
    (void)call;
    reply_null_array(reply);
}

static struct call make_call(const struct blocked *blocked)
{
    struct services *services = blocked->blocking->options.services;

    return (struct call){.command = blocked->entry->command,
                         .services = services,
                         .session = blocked->session,
                         .keyspace = store_keyspace(services->store),
                         .db = blocked->db,
                         .argv = blocked->argv,
                         .argc = blocked->argc};
}

/* The wait is over, and its reply stands in the output from `reply_begin` on. */
static void finish(struct blocked *blocked, size_t reply_begin)
{
    struct session *session = blocked->session;

    end(blocked);
    session_unblock(session);
    session_end_reply(session, reply_begin);
    session_touch(session, 0);
}

static void time_out(struct blocked *blocked)
{
    struct session *session = blocked->session;
    struct call call = make_call(blocked);
    size_t reply_begin = session->output->len;
    struct reply reply;

    reply_init(&reply, session->output, session->protocol);
    blocked->write_timeout(&call, &reply);
    finish(blocked, reply_begin);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    time_out(context);
}

static void start_timer(struct blocked *blocked, uint64_t timeout_ms)
{
    struct timeval delay = {.tv_sec = (time_t)(timeout_ms / 1000), .tv_usec = (suseconds_t)(timeout_ms % 1000 * 1000)};

    if (timeout_ms == 0) {
        return;
    }
    event_assign(&blocked->timer, blocked->blocking->options.base, -1, 0, on_timer, blocked);
    event_add(&blocked->timer, &delay);
    blocked->has_timer = true;
    blocked->blocking->timed_count++;
}

static size_t count_bytes(const struct blocked *blocked)
{
    size_t bytes = sizeof(*blocked) + blocked->place_count * (sizeof(struct place) + sizeof(struct waited_key));

    for (size_t i = 0; i < blocked->argc; i++) {
        bytes += sizeof(struct slice) + blocked->argv[i].len;
    }
    return bytes;
}

void blocking_wait(struct call *call, struct reply *reply, const struct blocking_wait *wait)
{
    struct blocking *blocking = call->services->blocking;
    struct session *session = call->session;
    struct blocked *blocked = session->blocked;

    if (call->is_nested) {
        (wait->write_timeout == NULL ? write_null_array : wait->write_timeout)(call, reply);
        return;
    }
    if (blocked != NULL) {
        blocked->asked_again = true; /* Keeps its places and its time. */
        return;
    }
    blocked = memory_allocate_zeroed(sizeof(*blocked));
    blocked->blocking = blocking;
    blocked->session = session;
    blocked->entry = call->entry;
    blocked->db = call->db;
    blocked->type = wait->type;
    blocked->wakes_when_gone = wait->wakes_when_gone;
    blocked->write_timeout = wait->write_timeout == NULL ? write_null_array : wait->write_timeout;
    list_append(&blocking->all, &blocked->node);
    list_node_init(&blocked->acks_node);
    if (wait->is_for_replicas) {
        list_append(&blocking->for_replicas, &blocked->acks_node);
    }
    blocking->count++;
    blocked->argc = wait->argv == NULL ? call->argc : wait->argc;
    blocked->argv = slice_copy_all(wait->argv == NULL ? call->argv : wait->argv, blocked->argc);
    join_keys(blocked, wait);
    blocked->bytes = count_bytes(blocked);
    start_timer(blocked, wait->timeout_ms);
    session->blocked = blocked;
    session->flags |= SESSION_BLOCKED;
}

enum status blocking_parse_timeout_s(struct reply *reply, struct slice argument, uint64_t *timeout_ms)
{
    long double seconds;
    long double timeout;

    if (!number_parse_long_double(argument, &seconds)) {
        return reply_error(reply, "ERR timeout is not a float or out of range");
    }
    timeout = ceill(seconds * 1000);
    /* Redis counts in 64 bits, where what is too long becomes negative, and says so. A fraction of a millisecond below
     * zero is none. */
    if (timeout < 0 || timeout >= 0x1p63L) {
        return reply_error(reply, "ERR timeout is negative");
    }
    *timeout_ms = (uint64_t)timeout;
    return STATUS_OK;
}

enum status blocking_parse_timeout_ms(struct reply *reply, struct slice argument, int64_t limit_ms,
                                      uint64_t *timeout_ms)
{
    int64_t value;

    if (args_int64_within(argument, INT64_MIN, limit_ms, &value) != STATUS_OK) {
        return reply_error(reply, "ERR timeout is not an integer or out of range");
    }
    if (value < 0) {
        return reply_error(reply, "ERR timeout is negative");
    }
    *timeout_ms = (uint64_t)value;
    return STATUS_OK;
}

/* --- Serving --- */

bool blocking_has_ready(const struct blocking *blocking)
{
    return !list_is_empty(&blocking->ready);
}

static struct request request_of(const struct blocked *blocked)
{
    return (struct request){.argv = blocked->argv, .argc = blocked->argc};
}

static enum status admit(const struct blocked *blocked)
{
    struct request request = request_of(blocked);

    return dispatch_admit_again(blocked->blocking->options.services->dispatch, blocked->session, blocked->entry,
                                &request);
}

/* Not for ever: for room, or for the end of a pause. */
static bool has_to_wait(enum status status)
{
    return status == STATUS_BUSY || status == STATUS_NO_SPACE;
}

/* Who has hung up gets nothing that others wait for. */
static bool is_leaving(const struct session *session)
{
    return (session->flags & SESSION_CLOSING) || connection_is_closing(session->connection);
}

static void end_with_error(struct blocked *blocked, const char *error)
{
    struct session *session = blocked->session;
    size_t reply_begin = session->output->len;
    struct reply reply;

    reply_init(&reply, session->output, session->protocol);
    (void)reply_error(&reply, "%s", error);
    blocked->entry->statistics.failed_calls++;
    metrics_count_error(blocked->blocking->options.services->metrics, slice_of(error));
    finish(blocked, reply_begin);
}

/* Run the command again; it ends the wait unless it asks for more. */
static void run_again(struct blocked *blocked, struct slice woken_by)
{
    struct blocking *blocking = blocked->blocking;
    struct session *session = blocked->session;
    struct request request = request_of(blocked);
    size_t reply_begin = session->output->len;
    uint32_t db = session->db;

    blocked->asked_again = false;
    session->db = blocked->db;
    dispatch_again(blocking->options.services->dispatch, session, blocked->entry, &request, woken_by);
    session->db = db;
    if (!blocked->asked_again) {
        finish(blocked, reply_begin);
    } else {
        session_end_reply(session, reply_begin);
    }
}

/* Serve those who wait for `key`, as long as it holds something for them. False if the rest has to wait until the store
 * takes writes again. */
static bool serve_key(struct blocking *blocking, struct waited_key *key)
{
    enum entry_type type = look(blocking, key);
    enum status status = STATUS_OK;

    key->waiter_count++; /* It stays when its last waiter leaves. */
    LIST_FOR_EACH(&key->waiters, node)
    {
        struct blocked *blocked = LIST_ENTRY(node, struct place, node)->blocked;

        if (!wakes_any(key, type)) {
            break;
        }
        if (is_leaving(blocked->session) || !is_woken(blocked, type)) {
            continue;
        }
        status = admit(blocked);
        if (has_to_wait(status)) {
            break;
        }
        if (status == STATUS_OK) {
            run_again(blocked, key_slice(key));
            type = look(blocking, key);
        } else {
            end_with_error(blocked, reply_text(status));
        }
    }
    drop_key(blocking, key);
    return !has_to_wait(status);
}

void blocking_serve_acknowledgements(struct blocking *blocking)
{
    LIST_FOR_EACH(&blocking->for_replicas, node)
    {
        run_again(LIST_ENTRY(node, struct blocked, acks_node), slice_empty());
    }
}

void blocking_serve(struct blocking *blocking)
{
    while (!list_is_empty(&blocking->ready)) {
        struct waited_key *key = LIST_ENTRY(blocking->ready.head.next, struct waited_key, ready_node);

        list_remove(&key->ready_node);
        if (!serve_key(blocking, key)) {
            /* Some of its waiters are still there. A command that ran may have made it ready anew, at the end. */
            list_remove(&key->ready_node);
            list_prepend(&blocking->ready, &key->ready_node);
            return;
        }
    }
}

bool blocking_unblock(struct blocking *blocking, struct session *session, bool with_error)
{
    (void)blocking;
    if (session->blocked == NULL) {
        return false;
    }
    if (with_error) {
        end_with_error(session->blocked, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
    } else {
        time_out(session->blocked);
    }
    return true;
}

void blocking_end_all_of(struct blocking *blocking, const struct command_entry *entry, const char *error)
{
    LIST_FOR_EACH(&blocking->all, node)
    {
        struct blocked *blocked = LIST_ENTRY(node, struct blocked, node);

        if (blocked->entry == entry) {
            end_with_error(blocked, error);
        }
    }
}

void blocking_disconnect_all(struct blocking *blocking, const char *error)
{
    LIST_FOR_EACH(&blocking->all, node)
    {
        struct session *session = LIST_ENTRY(node, struct blocked, node)->session;

        end_with_error(session->blocked, error);
        session_close_after_reply(session);
    }
}

void blocking_forget(struct blocking *blocking, struct session *session)
{
    (void)blocking;
    if (session->blocked != NULL) {
        end(session->blocked);
    }
}
