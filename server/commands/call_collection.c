#include "server/commands/call_collection.h"
#include "base/assert.h"
#include "server/request/command.h"
#include "server/request/notify.h"

/* The class of its events. */
static enum notify_class classify(enum entry_type type)
{
    switch (type) {
    case ENTRY_LIST:
        return NOTIFY_LIST;
    case ENTRY_SET:
        return NOTIFY_SET;
    case ENTRY_HASH:
        return NOTIFY_HASH;
    case ENTRY_ZSET:
        return NOTIFY_ZSET;
    case ENTRY_STREAM:
        return NOTIFY_STREAM;
    case ENTRY_STRING:
    case ENTRY_TYPE_COUNT:
        break;
    }
    ASSERT_NEVER("a string is no collection");
}

enum status call_open_collection(struct call *call, enum entry_type type, struct collection *collection)
{
    return collection_open(call->keyspace, call->db, call->argv[1], type, collection);
}

void call_commit_collection(struct call *call, struct collection *collection, const char *event)
{
    collection_commit(collection);
    notify_key(call, classify(collection->entry.type), event, collection->db, collection->key);
    if (collection->entry.count == 0) {
        notify_key(call, NOTIFY_GENERIC, "del", collection->db, collection->key);
    }
}

void call_replace_collection(struct call *call, struct collection *result, const char *event)
{
    collection_commit(result);
    if (result->entry.count > 0) {
        call->changes++;
        notify_key(call, classify(result->entry.type), event, result->db, result->key);
    } else if (result->was_there) {
        call->changes++;
        notify_key(call, NOTIFY_GENERIC, "del", result->db, result->key);
    }
}
