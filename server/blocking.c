/* Keys that somebody waits for stand in a hash table with their waiters in order of arrival. A change of such a key
 * puts it on the list of ready keys; serving runs the waiters' commands again, one by one, until the key is gone. */
#include "server/blocking.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "base/hash_table.h"
#include "base/memory.h"
#include "base/number.h"
#include "server/dispatch.h"
#include "server/event_embed.h"
#include "server/notify.h"
#include "server/registry.h"
#include "server/reply.h"
#include "server/services.h"
#include "storage/store.h"
#include <math.h>

struct waited_key {
    struct hash_node hash_node; /* In blocking->keys. */
    struct list waiters;        /* struct place, in order of arrival. */
    size_t waiter_count;
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
    struct list_node node; /* In blocking->all. */
    struct session *session;
    struct command_entry *entry;
    uint32_t db;
    struct slice *argv; /* Owned: one block with the bytes. */
    size_t argc;
    struct place *places; /* Owned; one for each key. */
    size_t place_count;
    struct event timer;
    bool has_timer;
    bool is_for_replicas;
    bool asked_again; /* The command that was run again wants to wait on. */
    void (*write_timeout)(struct call *call, struct reply *reply);
};

struct blocking {
    struct blocking_options options;
    struct list all;
    struct list ready;
    struct hash_table keys; /* Waited for, by database and key. */
    size_t count;
    bool have_acknowledgements_moved;
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

static void make_ready(struct blocking *blocking, struct waited_key *key)
{
    if (!list_node_is_linked(&key->ready_node)) {
        list_append(&blocking->ready, &key->ready_node);
    }
}

/* Observer: a key was changed. */
static void on_key(void *context, enum notify_class class, const char *event, uint32_t db, struct slice key)
{
    struct blocking *blocking = context;
    struct waited_key *waited;

    (void)class;
    (void)event;
    if (blocking->keys.count == 0) {
        return;
    }
    waited = find(blocking, db, key);
    if (waited != NULL) {
        make_ready(blocking, waited);
    }
}

/* Observer: SWAPDB may have brought any key. */
static void on_database(void *context, uint32_t db)
{
    struct blocking *blocking = context;
    struct hash_table_walk walk;

    for (struct hash_node *node = hash_table_walk_begin(&walk, &blocking->keys); node != NULL;
         node = hash_table_walk_next(&walk, &blocking->keys)) {
        struct waited_key *key = LIST_ENTRY(node, struct waited_key, hash_node);

        if (key->db == db) {
            make_ready(blocking, key);
        }
    }
}

struct blocking *blocking_create(const struct blocking_options *options)
{
    struct blocking *blocking = memory_allocate_zeroed(sizeof(*blocking));
    struct notify_observer observer = {.key = on_key, .database = on_database, .context = blocking};

    blocking->options = *options;
    list_init(&blocking->all);
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

size_t blocking_count(const struct blocking *blocking)
{
    return blocking->count;
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
    waited->waiter_count++;
    return waited;
}

static void leave_key(struct blocking *blocking, struct place *place)
{
    struct waited_key *key = place->key;

    list_remove(&place->node);
    if (--key->waiter_count != 0) {
        return;
    }
    hash_table_remove(&blocking->keys, &key->hash_node);
    list_remove(&key->ready_node);
    memory_free(key->key);
    memory_free(key);
}

/* Whether an earlier place of the same session waits for the same key already. */
static bool has_place(const struct blocked *blocked, const struct waited_key *key)
{
    for (size_t i = 0; i < blocked->place_count; i++) {
        if (blocked->places[i].key == key) {
            return true;
        }
    }
    return false;
}

static void join_keys(struct blocked *blocked, const struct blocking_wait *wait)
{
    struct blocking *blocking = blocked->blocking;

    blocked->places = memory_allocate_zeroed((wait->key_count + 1) * sizeof(*blocked->places));
    for (size_t i = 0; i < wait->key_count; i++) {
        struct waited_key *key = join_key(blocking, blocked->db, wait->keys[i]);

        if (has_place(blocked, key)) {
            key->waiter_count--;
        } else {
            struct place *place = &blocked->places[blocked->place_count++];

            *place = (struct place){.key = key, .blocked = blocked};
            list_append(&key->waiters, &place->node);
        }
    }
}

static void copy_words(struct blocked *blocked, const struct call *call)
{
    size_t bytes = 0;
    char *to;

    for (size_t i = 0; i < call->argc; i++) {
        bytes += call->argv[i].len;
    }
    blocked->argv = memory_allocate(call->argc * sizeof(*blocked->argv) + bytes);
    blocked->argc = call->argc;
    to = (char *)(blocked->argv + call->argc);
    for (size_t i = 0; i < call->argc; i++) {
        memcpy(to, call->argv[i].data, call->argv[i].len);
        blocked->argv[i] = slice_make(to, call->argv[i].len);
        to += call->argv[i].len;
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
    }
    list_remove(&blocked->node);
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

static void time_out(struct blocked *blocked)
{
    struct session *session = blocked->session;
    struct call call = make_call(blocked);
    struct reply reply;

    reply_init(&reply, session->output, session->protocol);
    blocked->write_timeout(&call, &reply);
    end(blocked);
    session_unblock(session);
    session_touch(session, 0);
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
    blocked->is_for_replicas = wait->is_for_replicas;
    blocked->write_timeout = wait->write_timeout == NULL ? write_null_array : wait->write_timeout;
    list_append(&blocking->all, &blocked->node);
    blocking->count++;
    copy_words(blocked, call);
    join_keys(blocked, wait);
    start_timer(blocked, wait->timeout_ms);
    session->blocked = blocked;
    session->flags |= SESSION_BLOCKED;
}

enum status blocking_parse_timeout_s(struct reply *reply, struct slice argument, uint64_t *timeout_ms)
{
    double seconds;

    if (!number_parse_double(argument, &seconds)) {
        return reply_error(reply, "ERR timeout is not a float or out of range");
    }
    if (seconds < 0) {
        return reply_error(reply, "ERR timeout is negative");
    }
    if (seconds * 1000 > 9e15) {
        return reply_error(reply, "ERR timeout is out of range");
    }
    *timeout_ms = (uint64_t)ceil(seconds * 1000); /* Never 0, which is for ever, unless it was 0. */
    return STATUS_OK;
}

/* --- Serving --- */

bool blocking_has_ready(const struct blocking *blocking)
{
    return !list_is_empty(&blocking->ready) || blocking->have_acknowledgements_moved;
}

/* Run the command again; it ends the wait unless it asks for more. */
static void run_again(struct blocked *blocked)
{
    struct blocking *blocking = blocked->blocking;
    struct session *session = blocked->session;
    struct request request = {.argv = blocked->argv, .argc = blocked->argc};
    uint32_t db = session->db;

    blocked->asked_again = false;
    session->db = blocked->db;
    dispatch_again(blocking->options.services->dispatch, session, blocked->entry, &request);
    session->db = db;
    if (!blocked->asked_again) {
        end(blocked);
        session_unblock(session);
    }
}

static void serve_key(struct blocking *blocking, struct waited_key *key)
{
    struct keyspace *keyspace = store_keyspace(blocking->options.services->store);
    size_t count = 0;
    struct blocked **waiters = memory_allocate(key->waiter_count * sizeof(struct blocked *));
    uint32_t db = key->db;
    char *name = memory_copy(key->key, key->key_len);
    struct slice name_slice = slice_make(name, key->key_len);
    struct entry entry;

    LIST_FOR_EACH(&key->waiters, node)
    {
        waiters[count++] = LIST_ENTRY(node, struct place, node)->blocked;
    }
    /* Running one waiter's command ends no other's wait, so the pointers stay good; `key` may go with its last. */
    for (size_t i = 0; i < count && keyspace_peek(keyspace, db, name_slice, &entry); i++) {
        run_again(waiters[i]);
    }
    memory_free(waiters);
    memory_free(name);
}

static void serve_replica_waits(struct blocking *blocking)
{
    blocking->have_acknowledgements_moved = false;
    LIST_FOR_EACH(&blocking->all, node)
    {
        struct blocked *blocked = LIST_ENTRY(node, struct blocked, node);

        if (blocked->is_for_replicas) {
            run_again(blocked);
        }
    }
}

void blocking_serve(struct blocking *blocking)
{
    if (blocking->have_acknowledgements_moved) {
        serve_replica_waits(blocking);
    }
    while (!list_is_empty(&blocking->ready)) {
        struct waited_key *key = LIST_ENTRY(blocking->ready.head.next, struct waited_key, ready_node);

        list_remove(&key->ready_node);
        serve_key(blocking, key);
    }
}

void blocking_note_acknowledgements(struct blocking *blocking)
{
    blocking->have_acknowledgements_moved = blocking->count != 0;
}

static void end_with_error(struct blocked *blocked, const char *error)
{
    struct session *session = blocked->session;
    struct reply reply;

    reply_init(&reply, session->output, session->protocol);
    (void)reply_error(&reply, "%s", error);
    end(blocked);
    session_unblock(session);
    session_touch(session, 0);
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

void blocking_unblock_all(struct blocking *blocking, const char *error)
{
    LIST_FOR_EACH(&blocking->all, node)
    {
        end_with_error(LIST_ENTRY(node, struct blocked, node), error);
    }
}

void blocking_forget(struct blocking *blocking, struct session *session)
{
    (void)blocking;
    if (session->blocked != NULL) {
        end(session->blocked);
    }
}
