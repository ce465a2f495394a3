/* Watched keys stand in a hash table of their own, because every write asks whether its key is watched: nearly always
 * the table is empty and the answer costs one comparison. */
#include "server/request/transaction.h"
#include "base/assert.h"
#include "base/checksum.h"
#include "base/hash_table.h"
#include "base/memory.h"
#include "server/request/notify.h"
#include "server/request/registry.h"
#include "server/request/reply.h"
#include "server/services.h"
#include "storage/store.h"

struct watch {
    struct hash_node hash_node; /* In transactions->watches. */
    struct list_node node;      /* In its transaction. */
    struct session *session;
    uint32_t db;
    bool existed; /* When it was watched. It still does: any change would have touched it. */
    char *key;    /* Owned. */
    size_t key_len;
};

struct transactions {
    struct services *services;
    struct hash_table watches; /* By database and key. */
};

struct transaction {
    struct transactions *transactions; /* Of the watches; NULL before the first. */
    struct queued_command *commands;
    size_t count;
    size_t capacity;
    size_t bytes;
    size_t watch_bytes;     /* transaction_watch_bytes() */
    uint32_t flags;         /* enum command_flag: what any queued command has, */
    uint32_t lacking_flags; /* and what not all of them have. */
    struct list watches;
};

static struct slice key_of(const struct watch *watch)
{
    return slice_make(watch->key, watch->key_len);
}

static uint64_t hash_of(uint32_t db, struct slice key)
{
    return checksum_hash64(key, db);
}

static void touch(struct watch *watch)
{
    watch->session->flags |= SESSION_IS_DIRTY;
}

/* Observer: a key was changed. */
static void on_key(void *context, enum notify_class class, const char *event, uint32_t db, struct slice key)
{
    struct transactions *transactions = context;

    (void)event;
    if (transactions->watches.count == 0 || class == NOTIFY_KEY_MISS) {
        return;
    }
    for (struct hash_node *node = hash_table_first(&transactions->watches, hash_of(db, key)); node != NULL;
         node = hash_table_next(node)) {
        struct watch *watch = LIST_ENTRY(node, struct watch, hash_node);

        if (watch->db == db && slice_equal(key_of(watch), key)) {
            touch(watch);
        }
    }
}

/* Observer: databases were emptied or exchanged. What is there neither before nor after was not touched;
 * what is due is not there. */
static void on_databases(void *context, uint32_t first, uint32_t count)
{
    struct transactions *transactions = context;
    struct keyspace *keyspace = store_keyspace(transactions->services->store);
    struct hash_table_walk walk;

    for (struct hash_node *node = hash_table_walk_begin(&walk, &transactions->watches); node != NULL;
         node = hash_table_walk_next(&walk, &transactions->watches)) {
        struct watch *watch = LIST_ENTRY(node, struct watch, hash_node);

        if (watch->db - first < count && (watch->existed || keyspace_has_live(keyspace, watch->db, key_of(watch)))) {
            touch(watch);
        }
    }
}

struct transactions *transactions_create(struct services *services)
{
    struct transactions *transactions = memory_allocate_zeroed(sizeof(*transactions));
    struct notify_observer observer = {.key = on_key, .databases = on_databases, .context = transactions};

    transactions->services = services;
    hash_table_init(&transactions->watches);
    notify_observe(services->notify, &observer);
    return transactions;
}

void transactions_free(struct transactions *transactions)
{
    if (transactions == NULL) {
        return;
    }
    ASSERT(transactions->watches.count == 0); /* All sessions were closed before. */
    hash_table_release(&transactions->watches);
    memory_free(transactions);
}

void transactions_touch_all(struct transactions *transactions)
{
    struct hash_table_walk walk;

    for (struct hash_node *node = hash_table_walk_begin(&walk, &transactions->watches); node != NULL;
         node = hash_table_walk_next(&walk, &transactions->watches)) {
        touch(LIST_ENTRY(node, struct watch, hash_node));
    }
}

static struct transaction *transaction_of(struct session *session)
{
    if (session->transaction == NULL) {
        session->transaction = memory_allocate_zeroed(sizeof(*session->transaction));
        list_init(&session->transaction->watches);
    }
    return session->transaction;
}

/* --- The queue --- */

void transaction_queue(struct session *session, struct command_entry *entry, uint32_t flags,
                       const struct request *request)
{
    struct transaction *transaction = transaction_of(session);
    struct reply reply;
    size_t bytes = 0;

    if (transaction->count == transaction->capacity) {
        transaction->capacity = transaction->capacity == 0 ? 4 : transaction->capacity * 2;
        transaction->commands =
            memory_resize(transaction->commands, transaction->capacity * sizeof(*transaction->commands));
    }
    for (size_t i = 0; i < request->argc; i++) {
        bytes += request->argv[i].len;
    }
    transaction->commands[transaction->count++] = (struct queued_command){
        .entry = entry, .argv = slice_copy_all(request->argv, request->argc), .argc = request->argc};
    transaction->bytes += bytes + 32 * (request->argc + 1); /* With RESP's headers. */
    transaction->flags |= flags;
    transaction->lacking_flags |= ~flags;
    reply_init(&reply, session->output, session->protocol);
    reply_simple(&reply, "QUEUED");
}

uint32_t transaction_effects(const struct session *session)
{
    return session->transaction == NULL
               ? 0
               : session->transaction->flags & (COMMAND_WRITE | COMMAND_MAY_REPLICATE | COMMAND_RUNS_SCRIPT);
}

bool transaction_lacks(const struct session *session, uint32_t flag)
{
    return session->transaction != NULL && (session->transaction->lacking_flags & flag) != 0;
}

size_t transaction_bytes(const struct session *session)
{
    return session->transaction == NULL ? 0 : session->transaction->bytes;
}

size_t transaction_watch_bytes(const struct session *session)
{
    return session->transaction == NULL ? 0 : session->transaction->watch_bytes;
}

size_t transaction_len(const struct session *session)
{
    return session->transaction == NULL ? 0 : session->transaction->count;
}

const struct queued_command *transaction_at(const struct session *session, size_t index)
{
    ASSERT(session->transaction != NULL && index < session->transaction->count);
    return &session->transaction->commands[index];
}

void transaction_reset(struct session *session)
{
    struct transaction *transaction = session->transaction;

    session->flags &= ~(uint32_t)(SESSION_IN_TRANSACTION | SESSION_EXEC_FAILS);
    if (transaction == NULL) {
        return;
    }
    transaction_unwatch(session);
    for (size_t i = 0; i < transaction->count; i++) {
        memory_free(transaction->commands[i].argv);
    }
    memory_free(transaction->commands);
    memory_free(transaction);
    session->transaction = NULL;
}

/* --- Watches --- */

static bool is_watched(const struct transaction *transaction, uint32_t db, struct slice key)
{
    LIST_FOR_EACH(&transaction->watches, node)
    {
        const struct watch *watch = LIST_ENTRY(node, struct watch, node);

        if (watch->db == db && slice_equal(key_of(watch), key)) {
            return true;
        }
    }
    return false;
}

void transaction_watch(struct transactions *transactions, struct session *session, uint32_t db, struct slice key)
{
    struct transaction *transaction = transaction_of(session);
    struct watch *watch;
    struct entry entry;

    if (is_watched(transaction, db, key)) {
        return;
    }
    watch = memory_allocate(sizeof(*watch));
    *watch = (struct watch){.session = session, .db = db, .key_len = key.len};
    watch->key = memory_copy(key.data, key.len);
    watch->existed = keyspace_find(store_keyspace(transactions->services->store), db, key, &entry);
    hash_table_insert(&transactions->watches, &watch->hash_node, hash_of(db, key));
    list_append(&transaction->watches, &watch->node);
    transaction->watch_bytes += sizeof(*watch) + key.len;
    transaction->transactions = transactions;
}

static void remove_watch(struct transactions *transactions, struct watch *watch)
{
    hash_table_remove(&transactions->watches, &watch->hash_node);
    list_remove(&watch->node);
    memory_free(watch->key);
    memory_free(watch);
}

void transaction_unwatch(struct session *session)
{
    struct transaction *transaction = session->transaction;

    session->flags &= ~(uint32_t)SESSION_IS_DIRTY;
    if (transaction == NULL) {
        return;
    }
    while (!list_is_empty(&transaction->watches)) {
        remove_watch(transaction->transactions, LIST_ENTRY(transaction->watches.head.next, struct watch, node));
    }
    transaction->watch_bytes = 0;
}

void transaction_check_due(struct transactions *transactions, struct session *session)
{
    struct keyspace *keyspace = store_keyspace(transactions->services->store);

    if (session->transaction == NULL) {
        return;
    }
    LIST_FOR_EACH(&session->transaction->watches, node)
    {
        struct watch *watch = LIST_ENTRY(node, struct watch, node);
        struct entry entry;

        if (watch->existed && !keyspace_find(keyspace, watch->db, key_of(watch), &entry)) {
            touch(watch);
        }
    }
}
