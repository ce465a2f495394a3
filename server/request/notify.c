#include "server/request/notify.h"
#include "base/assert.h"
#include "base/memory.h"
#include "server/request/command.h"
#include "server/services.h"
#include "storage/keyspace/keyspace.h"

struct notify {
    struct notify_observer observers[NOTIFY_OBSERVERS_MAX];
    size_t count;
};

/* In the order in which Redis writes them. */
static const struct {
    char letter;
    uint32_t class;
} classes_by_letter[] = {
    {'g', NOTIFY_GENERIC}, {'$', NOTIFY_STRING},  {'l', NOTIFY_LIST},     {'s', NOTIFY_SET},      {'h', NOTIFY_HASH},
    {'z', NOTIFY_ZSET},    {'x', NOTIFY_EXPIRED}, {'e', NOTIFY_EVICTED},  {'t', NOTIFY_STREAM},   {'d', NOTIFY_MODULE},
    {'n', NOTIFY_NEW},     {'K', NOTIFY_ON_KEY},  {'E', NOTIFY_ON_EVENT}, {'m', NOTIFY_KEY_MISS},
};

#define CLASSES_OF_A                                                                                                   \
    (NOTIFY_GENERIC | NOTIFY_STRING | NOTIFY_LIST | NOTIFY_SET | NOTIFY_HASH | NOTIFY_ZSET | NOTIFY_EXPIRED |          \
     NOTIFY_EVICTED | NOTIFY_STREAM | NOTIFY_MODULE)

static uint32_t class_of(char letter)
{
    for (size_t i = 0; i < sizeof(classes_by_letter) / sizeof(classes_by_letter[0]); i++) {
        if (classes_by_letter[i].letter == letter) {
            return classes_by_letter[i].class;
        }
    }
    return letter == 'A' ? CLASSES_OF_A : 0;
}

bool notify_parse_classes(struct slice letters, uint32_t *classes)
{
    uint32_t parsed = 0;

    for (size_t i = 0; i < letters.len; i++) {
        uint32_t class = class_of(letters.data[i]);

        if (class == 0) {
            return false;
        }
        parsed |= class;
    }
    *classes = parsed;
    return true;
}

void notify_format_classes(uint32_t classes, char letters[NOTIFY_LETTERS_MAX])
{
    size_t len = 0;

    if ((classes & CLASSES_OF_A) == CLASSES_OF_A) {
        letters[len++] = 'A';
        classes &= ~(uint32_t)(CLASSES_OF_A | NOTIFY_NEW); /* As Redis does, which forgets to write the n. */
    }
    for (size_t i = 0; i < sizeof(classes_by_letter) / sizeof(classes_by_letter[0]); i++) {
        if (classes & classes_by_letter[i].class) {
            letters[len++] = classes_by_letter[i].letter;
        }
    }
    letters[len] = '\0';
}

struct notify *notify_create(void)
{
    return memory_allocate_zeroed(sizeof(struct notify));
}

void notify_free(struct notify *notify)
{
    memory_free(notify);
}

void notify_observe(struct notify *notify, const struct notify_observer *observer)
{
    ASSERT(notify->count < NOTIFY_OBSERVERS_MAX);
    notify->observers[notify->count++] = *observer;
}

void notify_publish_key(struct notify *notify, enum notify_class class, const char *event, uint32_t db,
                        struct slice key)
{
    for (size_t i = 0; i < notify->count; i++) {
        const struct notify_observer *observer = &notify->observers[i];

        observer->key(observer->context, class, event, db, key);
    }
}

void notify_key(struct call *call, enum notify_class class, const char *event, uint32_t db, struct slice key)
{
    notify_publish_key(call->services->notify, class, event, db, key);
}

static void publish_databases(struct notify *notify, uint32_t first, uint32_t count)
{
    for (size_t i = 0; i < notify->count; i++) {
        notify->observers[i].databases(notify->observers[i].context, first, count);
    }
}

void notify_database(struct call *call, uint32_t db)
{
    publish_databases(call->services->notify, db, 1);
}

void notify_all_databases(struct call *call)
{
    publish_databases(call->services->notify, 0, keyspace_database_count(call->keyspace));
}
