/* Who hears of a changed key: clients that watch it, clients that wait for it, and subscribers of keyspace events.
 *
 * Handlers tell of each key that they changed, by Redis' event names; what is done with it is not theirs to know. */
#ifndef SERVER_REQUEST_NOTIFY_H
#define SERVER_REQUEST_NOTIFY_H

#include "base/slice.h"
#include <stdint.h>

struct call;
struct notify; /* Opaque; owned by server, one of services. */

/* The classes of notify-keyspace-events, with its letters; NOTIFY_MODULE and the last two are no classes of changes. */
enum notify_class {
    NOTIFY_UNTOLD = 0,          /* No event: clients that watch or wait for the key hear of it alone. */
    NOTIFY_GENERIC = 1u << 0,   /* g */
    NOTIFY_STRING = 1u << 1,    /* $ */
    NOTIFY_LIST = 1u << 2,      /* l */
    NOTIFY_SET = 1u << 3,       /* s */
    NOTIFY_HASH = 1u << 4,      /* h */
    NOTIFY_ZSET = 1u << 5,      /* z */
    NOTIFY_EXPIRED = 1u << 6,   /* x */
    NOTIFY_EVICTED = 1u << 7,   /* e */
    NOTIFY_STREAM = 1u << 8,    /* t */
    NOTIFY_KEY_MISS = 1u << 9,  /* m */
    NOTIFY_NEW = 1u << 10,      /* n */
    NOTIFY_MODULE = 1u << 11,   /* d */
    NOTIFY_ON_KEY = 1u << 12,   /* K: published to __keyspace@<db>__:<key>. */
    NOTIFY_ON_EVENT = 1u << 13, /* E: published to __keyevent@<db>__:<event>. */
};

#define NOTIFY_LETTERS_MAX 17 /* Bytes of the longest text of classes, with NUL. */

/* The classes that a text of letters names, A for most of them; false if one is unknown. */
bool notify_parse_classes(struct slice letters, uint32_t *classes);
/* And back, in Redis' order. */
void notify_format_classes(uint32_t classes, char letters[NOTIFY_LETTERS_MAX]);

/* One who wants to hear: transactions (WATCH), tracking, pub/sub, blocking. Called in the order of registration, after
 * the change and before the reply is released. */
struct notify_observer {
    void (*key)(void *context, enum notify_class class, const char *event, uint32_t db, struct slice key);
    void (*databases)(void *context, uint32_t first, uint32_t count);
    void *context;
};

#define NOTIFY_OBSERVERS_MAX 4

struct notify *notify_create(void);
void notify_free(struct notify *notify);
/* `observer` is copied. At most NOTIFY_OBSERVERS_MAX. */
void notify_observe(struct notify *notify, const struct notify_observer *observer);
/* What the two below do, for changes that no call made. */
void notify_publish_key(struct notify *notify, enum notify_class class, const char *event, uint32_t db,
                        struct slice key);

/* `key` of `db` was changed by `event` ("set", "expire", ...). Call it after the change, once per key and event. */
void notify_key(struct call *call, enum notify_class class, const char *event, uint32_t db, struct slice key);
/* The keys of a whole database were changed (FLUSHDB, SWAPDB). */
void notify_database(struct call *call, uint32_t db);
/* Those of all databases (FLUSHALL). */
void notify_all_databases(struct call *call);

#endif
