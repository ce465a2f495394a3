#include "server/request/pubsub.h"
#include "base/assert.h"
#include "base/checksum.h"
#include "base/glob.h"
#include "base/hash_table.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/resp_write.h"
#include "replication/replication.h"
#include "server/config/config.h"
#include "server/net/session.h"
#include "server/request/notify.h"
#include "server/services.h"
#include "server/settings.h"
#include <stdio.h>

/* What can be subscribed to, as long as somebody is. */
struct topic {
    struct hash_node hash_node; /* In pubsub->topics[kind]. */
    struct list_node node;      /* In pubsub->patterns, if it is one. */
    enum pubsub_kind kind;
    struct list subscriptions; /* By topic_node, in order of arrival. */
    size_t subscription_count;
    size_t name_len;
    char name[];
};

struct subscription {
    struct hash_node hash_node; /* In pubsub->subscriptions. */
    struct list_node topic_node;
    struct list_node session_node; /* In subscriptions->lists[kind]. */
    struct topic *topic;
    struct session *session;
};

/* A session's; session->subscriptions. */
struct subscriptions {
    struct list lists[PUBSUB_KINDS];
    size_t bytes; /* pubsub_memory_bytes() */
};

struct pubsub {
    struct services *services;
    struct hash_table topics[PUBSUB_KINDS]; /* By name. */
    struct list patterns;                   /* Topics of that kind: every message is matched with each. */
    struct hash_table subscriptions;        /* By session and topic. */
};

static struct slice name_of(const struct topic *topic)
{
    return slice_make(topic->name, topic->name_len);
}

static struct topic *find_topic(const struct pubsub *pubsub, enum pubsub_kind kind, struct slice name)
{
    for (struct hash_node *node = hash_table_first(&pubsub->topics[kind], checksum_hash64(name, kind)); node != NULL;
         node = hash_table_next(node)) {
        struct topic *topic = LIST_ENTRY(node, struct topic, hash_node);

        if (slice_equal(name_of(topic), name)) {
            return topic;
        }
    }
    return NULL;
}

static uint64_t subscription_hash(const struct session *session, const struct topic *topic)
{
    return (session->id * UINT64_C(0x9E3779B97F4A7C15)) ^ topic->hash_node.hash;
}

static struct subscription *find_subscription(const struct pubsub *pubsub, const struct session *session,
                                              const struct topic *topic)
{
    for (struct hash_node *node = hash_table_first(&pubsub->subscriptions, subscription_hash(session, topic));
         node != NULL; node = hash_table_next(node)) {
        struct subscription *subscription = LIST_ENTRY(node, struct subscription, hash_node);

        if (subscription->session == session && subscription->topic == topic) {
            return subscription;
        }
    }
    return NULL;
}

/* --- Subscribing --- */

static struct topic *make_topic(struct pubsub *pubsub, enum pubsub_kind kind, struct slice name)
{
    struct topic *topic = memory_allocate(sizeof(*topic) + name.len);

    *topic = (struct topic){.kind = kind, .name_len = name.len};
    memcpy(topic->name, name.data, name.len);
    list_init(&topic->subscriptions);
    list_node_init(&topic->node);
    hash_table_insert(&pubsub->topics[kind], &topic->hash_node, checksum_hash64(name, kind));
    if (kind == PUBSUB_PATTERN) {
        list_append(&pubsub->patterns, &topic->node);
    }
    return topic;
}

static struct subscriptions *subscriptions_of(struct session *session)
{
    if (session->subscriptions == NULL) {
        session->subscriptions = memory_allocate_zeroed(sizeof(struct subscriptions));
        for (int kind = 0; kind < PUBSUB_KINDS; kind++) {
            list_init(&session->subscriptions->lists[kind]);
        }
    }
    return session->subscriptions;
}

/* Count one more or less of a kind. The first and the last one change the class of the session's output limits. */
static void count(struct pubsub *pubsub, struct session *session, enum pubsub_kind kind, bool is_more)
{
    uint32_t *of_kind[PUBSUB_KINDS] = {[PUBSUB_CHANNEL] = &session->channel_count,
                                       [PUBSUB_PATTERN] = &session->pattern_count,
                                       [PUBSUB_SHARD] = &session->shard_channel_count};
    bool was_subscriber = session->subscription_count != 0;

    *of_kind[kind] += is_more ? 1u : -1u;
    session->subscription_count += is_more ? 1u : -1u;
    if (was_subscriber != (session->subscription_count != 0)) {
        settings_limit_session(pubsub->services->config, session);
    }
}

static size_t bytes_of(const struct topic *topic)
{
    return sizeof(struct subscription) + sizeof(*topic) + topic->name_len;
}

bool pubsub_subscribe(struct pubsub *pubsub, struct session *session, enum pubsub_kind kind, struct slice name)
{
    struct topic *topic = find_topic(pubsub, kind, name);
    struct subscription *subscription;

    if (topic != NULL && find_subscription(pubsub, session, topic) != NULL) {
        return false;
    }
    if (topic == NULL) {
        topic = make_topic(pubsub, kind, name);
    }
    subscription = memory_allocate(sizeof(*subscription));
    *subscription = (struct subscription){.topic = topic, .session = session};
    list_append(&topic->subscriptions, &subscription->topic_node);
    topic->subscription_count++;
    list_append(&subscriptions_of(session)->lists[kind], &subscription->session_node);
    session->subscriptions->bytes += bytes_of(topic);
    hash_table_insert(&pubsub->subscriptions, &subscription->hash_node, subscription_hash(session, topic));
    count(pubsub, session, kind, true);
    return true;
}

static void end(struct pubsub *pubsub, struct subscription *subscription)
{
    struct topic *topic = subscription->topic;

    subscription->session->subscriptions->bytes -= bytes_of(topic);
    hash_table_remove(&pubsub->subscriptions, &subscription->hash_node);
    list_remove(&subscription->topic_node);
    list_remove(&subscription->session_node);
    memory_free(subscription);
    if (--topic->subscription_count == 0) {
        hash_table_remove(&pubsub->topics[topic->kind], &topic->hash_node);
        list_remove(&topic->node);
        memory_free(topic);
    }
}

bool pubsub_unsubscribe(struct pubsub *pubsub, struct session *session, enum pubsub_kind kind, struct slice name)
{
    struct topic *topic = find_topic(pubsub, kind, name);
    struct subscription *subscription = topic == NULL ? NULL : find_subscription(pubsub, session, topic);

    if (subscription == NULL) {
        return false;
    }
    end(pubsub, subscription);
    count(pubsub, session, kind, false);
    return true;
}

bool pubsub_any_of(const struct session *session, enum pubsub_kind kind, struct slice *name)
{
    const struct list *list = session->subscriptions == NULL ? NULL : &session->subscriptions->lists[kind];

    if (list == NULL || list_is_empty(list)) {
        return false;
    }
    *name = name_of(LIST_ENTRY(list->head.next, struct subscription, session_node)->topic);
    return true;
}

void pubsub_visit_of(const struct session *session, enum pubsub_kind kind,
                     void (*visit)(void *context, struct slice name), void *context)
{
    if (session->subscriptions == NULL) {
        return;
    }
    LIST_FOR_EACH(&session->subscriptions->lists[kind], node)
    {
        visit(context, name_of(LIST_ENTRY(node, struct subscription, session_node)->topic));
    }
}

void pubsub_forget(struct pubsub *pubsub, struct session *session)
{
    if (session->subscriptions == NULL) {
        return;
    }
    for (int kind = 0; kind < PUBSUB_KINDS; kind++) {
        LIST_FOR_EACH(&session->subscriptions->lists[kind], node)
        {
            end(pubsub, LIST_ENTRY(node, struct subscription, session_node));
            count(pubsub, session, (enum pubsub_kind)kind, false);
        }
    }
    memory_free(session->subscriptions);
    session->subscriptions = NULL;
}

/* --- Publishing --- */

/* Three or four words as a push, or in RESP2 as an array. */
static void send_message(struct session *session, const struct slice *words, size_t word_count, uint64_t reveals)
{
    size_t begin = session->output->len;

    resp_write_push(session->output, word_count, session->protocol);
    for (size_t i = 0; i < word_count; i++) {
        resp_write_bulk(session->output, words[i]);
    }
    session_keep_push(session, begin);
    session_touch(session, reveals);
}

static size_t publish_to_patterns(struct pubsub *pubsub, struct slice channel, struct slice message, uint64_t reveals)
{
    size_t sent = 0;

    LIST_FOR_EACH(&pubsub->patterns, node)
    {
        struct topic *topic = LIST_ENTRY(node, struct topic, node);
        struct slice words[] = {slice_of("pmessage"), name_of(topic), channel, message};

        if (!glob_match(name_of(topic), channel, false)) {
            continue;
        }
        LIST_FOR_EACH(&topic->subscriptions, subscriber)
        {
            send_message(LIST_ENTRY(subscriber, struct subscription, topic_node)->session, words, 4, reveals);
            sent++;
        }
    }
    return sent;
}

size_t pubsub_publish(struct pubsub *pubsub, enum pubsub_kind kind, struct slice channel, struct slice message,
                      uint64_t reveals)
{
    struct slice words[] = {slice_of(kind == PUBSUB_SHARD ? "smessage" : "message"), channel, message};
    struct topic *topic = find_topic(pubsub, kind, channel);
    size_t sent = 0;

    if (topic != NULL) {
        LIST_FOR_EACH(&topic->subscriptions, node)
        {
            send_message(LIST_ENTRY(node, struct subscription, topic_node)->session, words, 3, reveals);
            sent++;
        }
    }
    return kind == PUBSUB_SHARD ? sent : sent + publish_to_patterns(pubsub, channel, message, reveals);
}

size_t pubsub_memory_bytes(const struct session *session)
{
    return session->subscriptions == NULL ? 0 : session->subscriptions->bytes;
}

bool pubsub_is_logged(const struct services *services)
{
    struct replication_statistics statistics;

    if (services->replication == NULL || replication_is_replica(services->replication)) {
        return false;
    }
    replication_get_statistics(services->replication, &statistics);
    return statistics.connected_replicas != 0;
}

/* Publish one keyspace event: `subject` is the key or the event, and the other one is the message. */
static void publish_event(struct pubsub *pubsub, const char *prefix, uint32_t db, struct slice subject,
                          struct slice message)
{
    struct buf channel;

    buf_init(&channel, BUF_NO_CEILING);
    buf_put_format(&channel, "%s@%u__:", prefix, db);
    buf_put(&channel, subject);
    /* A message may tell of a change that is not on disk yet. */
    (void)pubsub_publish(pubsub, PUBSUB_CHANNEL, buf_slice(&channel), message, SESSION_REVEALS_TURN);
    buf_release(&channel);
}

/* Observer: a key was changed. */
static void on_key(void *context, enum notify_class class, const char *event, uint32_t db, struct slice key)
{
    struct pubsub *pubsub = context;
    uint32_t wanted = (uint32_t)pubsub->services->config->notify_keyspace_events;

    if (!(wanted & class) || pubsub->subscriptions.count == 0) {
        return;
    }
    if (wanted & NOTIFY_ON_KEY) {
        publish_event(pubsub, "__keyspace", db, key, slice_of(event));
    }
    if (wanted & NOTIFY_ON_EVENT) {
        publish_event(pubsub, "__keyevent", db, slice_of(event), key);
    }
}

/* Observer: as in Redis there is no event for a whole database. */
static void on_databases(void *context, uint32_t first, uint32_t count)
{
    (void)context;
    (void)first;
    (void)count;
}

struct pubsub *pubsub_create(struct services *services)
{
    struct pubsub *pubsub = memory_allocate_zeroed(sizeof(*pubsub));
    struct notify_observer observer = {.key = on_key, .databases = on_databases, .context = pubsub};

    pubsub->services = services;
    list_init(&pubsub->patterns);
    hash_table_init(&pubsub->subscriptions);
    for (int kind = 0; kind < PUBSUB_KINDS; kind++) {
        hash_table_init(&pubsub->topics[kind]);
    }
    notify_observe(services->notify, &observer);
    return pubsub;
}

void pubsub_free(struct pubsub *pubsub)
{
    if (pubsub == NULL) {
        return;
    }
    ASSERT(pubsub->subscriptions.count == 0); /* All sessions were closed before. */
    hash_table_release(&pubsub->subscriptions);
    for (int kind = 0; kind < PUBSUB_KINDS; kind++) {
        hash_table_release(&pubsub->topics[kind]);
    }
    memory_free(pubsub);
}

/* --- Looking --- */

size_t pubsub_count_subscribers(const struct pubsub *pubsub, enum pubsub_kind kind, struct slice name)
{
    const struct topic *topic = find_topic(pubsub, kind, name);

    return topic == NULL ? 0 : topic->subscription_count;
}

size_t pubsub_count_names(const struct pubsub *pubsub, enum pubsub_kind kind)
{
    return pubsub->topics[kind].count;
}

void pubsub_visit_names(const struct pubsub *pubsub, enum pubsub_kind kind,
                        void (*visit)(void *context, struct slice name), void *context)
{
    struct hash_table_walk walk;

    for (struct hash_node *node = hash_table_walk_begin(&walk, &pubsub->topics[kind]); node != NULL;
         node = hash_table_walk_next(&walk, &pubsub->topics[kind])) {
        visit(context, name_of(LIST_ENTRY(node, struct topic, hash_node)));
    }
}
