#include "server/notify.h"
#include "base/assert.h"
#include "base/memory.h"
#include "server/command.h"
#include "server/services.h"

struct notify {
    struct notify_observer observers[NOTIFY_OBSERVERS_MAX];
    size_t count;
};

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

void notify_database(struct call *call, uint32_t db)
{
    struct notify *notify = call->services->notify;

    for (size_t i = 0; i < notify->count; i++) {
        notify->observers[i].database(notify->observers[i].context, db);
    }
}
