#include "server/acl/acl_log.h"
#include "base/memory.h"

#define GROUPING_MS     60000u /* Like denials within this time are one entry. */
#define LOOKED_AT       10u    /* Of the newest entries, for one that is like a new denial. */
#define CAPACITY_NORMAL 128u

struct acl_log {
    struct list entries;
    size_t count;
    size_t capacity;
};

const char *acl_verdict_name(enum acl_verdict verdict)
{
    static const char *const names[] = {[ACL_ALLOWED] = "",
                                        [ACL_DENIED_COMMAND] = "command",
                                        [ACL_DENIED_KEY] = "key",
                                        [ACL_DENIED_LOGIN] = "auth",
                                        [ACL_DENIED_CHANNEL] = "channel"};

    return names[verdict];
}

const char *acl_context_name(enum acl_context context)
{
    static const char *const names[] = {
        [ACL_CONTEXT_TOP] = "toplevel", [ACL_CONTEXT_MULTI] = "multi", [ACL_CONTEXT_SCRIPT] = "lua"};

    return names[context];
}

struct acl_log *acl_log_create(void)
{
    struct acl_log *log = memory_allocate_zeroed(sizeof(*log));

    list_init(&log->entries);
    log->capacity = CAPACITY_NORMAL;
    return log;
}

static void set_slice(struct slice *owned, struct slice text)
{
    memory_free((char *)(uintptr_t)owned->data);
    *owned = slice_make(memory_copy(text.data, text.len), text.len);
}

static void remove_entry(struct acl_log *log, struct acl_log_entry *entry)
{
    list_remove(&entry->node);
    log->count--;
    memory_free((char *)(uintptr_t)entry->object.data);
    memory_free((char *)(uintptr_t)entry->user.data);
    memory_free((char *)(uintptr_t)entry->client.data);
    memory_free(entry);
}

static void cut(struct acl_log *log, size_t entries)
{
    while (log->count > entries) {
        remove_entry(log, LIST_ENTRY(log->entries.head.prev, struct acl_log_entry, node));
    }
}

void acl_log_free(struct acl_log *log)
{
    if (log != NULL) {
        acl_log_reset(log);
        memory_free(log);
    }
}

void acl_log_reset(struct acl_log *log)
{
    cut(log, 0);
}

void acl_log_set_capacity(struct acl_log *log, size_t entries)
{
    log->capacity = entries;
}

static bool is_like(const struct acl_log_entry *entry, const struct acl_event *event)
{
    return entry->verdict == event->verdict && entry->context == event->context &&
           event->now_ms - entry->latest_ms <= GROUPING_MS && slice_equal(entry->object, event->object) &&
           slice_equal(entry->user, event->user);
}

static struct acl_log_entry *find_like(struct acl_log *log, const struct acl_event *event)
{
    size_t looked_at = 0;

    LIST_FOR_EACH(&log->entries, node)
    {
        struct acl_log_entry *entry = LIST_ENTRY(node, struct acl_log_entry, node);

        if (looked_at++ == LOOKED_AT) {
            break;
        }
        if (is_like(entry, event)) {
            return entry;
        }
    }
    return NULL;
}

void acl_log_add(struct acl_log *log, const struct acl_event *event)
{
    struct acl_log_entry *entry = find_like(log, event);
    bool is_new = entry == NULL;

    if (is_new) {
        entry = memory_allocate_zeroed(sizeof(*entry));
        entry->verdict = event->verdict;
        entry->context = event->context;
        set_slice(&entry->object, event->object);
        set_slice(&entry->user, event->user);
        list_node_init(&entry->node);
        log->count++;
    }
    set_slice(&entry->client, event->client);
    entry->latest_ms = event->now_ms;
    entry->count++;
    list_remove(&entry->node);
    list_prepend(&log->entries, &entry->node);
    if (is_new) {
        cut(log, log->capacity);
    }
}

size_t acl_log_count(const struct acl_log *log)
{
    return log->count;
}

struct list *acl_log_entries(struct acl_log *log)
{
    return &log->entries;
}
