#include "server/commands/cmd_debug.h"

#include "base/memory.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "storage/value/string_store.h"
#include <stdio.h>

#define KEY_BYTES_MAX 512

/* Unlike in Redis these are logged: whoever follows or restarts has them, too. */
static void make(struct call *call, struct slice prefix, int64_t number, struct slice value)
{
    char key[KEY_BYTES_MAX];
    int len = snprintf(key, sizeof(key), "%.*s:%lld", (int)prefix.len, prefix.data, (long long)number);
    struct slice words[] = {slice_of("SET"), slice_make(key, (size_t)len), value};
    struct entry entry;

    if (!keyspace_find(call->keyspace, call->db, words[1], &entry)) {
        string_set(call->keyspace, call->db, words[1], value, 0);
        change_add(call->change, words, 3);
        notify_key(call, NOTIFY_STRING, "set", call->db, words[1]);
        call->changes++;
    }
}

enum status debug_populate(struct call *call, struct reply *reply)
{
    struct slice prefix = call->argc > 3 ? call->argv[3] : slice_of("key");
    int64_t count;
    int64_t size = 0;
    char text[32];
    char *value;

    if (call->argc < 3 || call->argc > 5 || prefix.len > KEY_BYTES_MAX - 32) {
        return STATUS_SYNTAX;
    }
    if (args_int64_within(call->argv[2], 0, INT32_MAX, &count) != STATUS_OK ||
        (call->argc > 4 && args_int64_within(call->argv[4], 0, STRING_BYTES_MAX, &size) != STATUS_OK)) {
        return STATUS_NEGATIVE;
    }
    value = memory_try_allocate((size_t)size + sizeof(text));
    if (value == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (int64_t i = 0; i < count; i++) {
        size_t len = (size_t)snprintf(text, sizeof(text), "value:%lld", (long long)i);

        memset(value, 0, (size_t)size);
        memcpy(value, text, len);
        make(call, prefix, i, slice_make(value, size == 0 ? len : (size_t)size));
    }
    memory_free(value);
    reply_ok(reply);
    return STATUS_OK;
}
