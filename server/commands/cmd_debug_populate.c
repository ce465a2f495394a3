#include "server/commands/cmd_debug.h"

#include "base/memory.h"
#include "server/commands/call_effects.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/dispatch.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "server/services.h"
#include "storage/value/string_store.h"
#include <stdio.h>

#define KEY_BYTES_MAX 512
#define TEXT_BYTES    32                    /* Of "value:<number>", and of a number. */
#define COMMAND_BYTES 64                    /* Of SET, beyond its key and value. */
#define PART_BYTES    ((size_t)1024 * 1024) /* Of one change. */

/* Unlike in Redis these are logged: whoever follows or restarts has them, too. Returns how many bytes of the log it
 * takes. */
static size_t make(struct call *call, struct slice prefix, int64_t number, struct slice value)
{
    char key[KEY_BYTES_MAX];
    int len = snprintf(key, sizeof(key), "%.*s:%lld", (int)prefix.len, prefix.data, (long long)number);
    struct slice words[] = {slice_of("SET"), slice_make(key, (size_t)len), value};
    struct entry entry;

    if (keyspace_find(call->keyspace, call->db, words[1], &entry)) {
        return 0;
    }
    string_set(call->keyspace, call->db, words[1], value, 0);
    change_add(call->change, words, 3);
    notify_key(call, NOTIFY_STRING, "set", call->db, words[1]);
    call->changes++;
    return words[1].len + value.len + COMMAND_BYTES;
}

/* As many changes as it takes: a crash may leave some of the keys. */
static void make_all(struct call *call, struct slice prefix, int64_t count, char *value, size_t size)
{
    size_t unlogged = 0;

    for (int64_t i = 0; i < count; i++) {
        char text[TEXT_BYTES];
        size_t len = (size_t)snprintf(text, sizeof(text), "value:%lld", (long long)i);

        memset(value, 0, size);
        memcpy(value, text, len);
        unlogged += make(call, prefix, i, slice_make(value, size == 0 ? len : size));
        if (unlogged > PART_BYTES && !call->is_nested) {
            dispatch_log_part(call->services->dispatch, call);
            unlogged = 0;
        }
    }
}

enum status debug_populate(struct call *call, struct reply *reply)
{
    struct slice prefix = call->argc > 3 ? call->argv[3] : slice_of("key");
    int64_t count;
    int64_t size = 0;
    uint64_t bytes;
    char *value;

    if (call->argc < 3 || call->argc > 5 || prefix.len > KEY_BYTES_MAX - 32) {
        return STATUS_SYNTAX;
    }
    if (args_int64_within(call->argv[2], 0, INT32_MAX, &count) != STATUS_OK ||
        (call->argc > 4 && args_int64_within(call->argv[4], 0, STRING_BYTES_MAX, &size) != STATUS_OK)) {
        return STATUS_NEGATIVE;
    }
    bytes = (uint64_t)count * (prefix.len + (uint64_t)size + 2 * TEXT_BYTES + COMMAND_BYTES);
    if (call->is_nested && !call_effects_fit(call, bytes)) {
        return call_effects_refuse(call, reply);
    }
    value = memory_try_allocate((size_t)size + TEXT_BYTES);
    if (value == NULL) {
        return STATUS_NO_MEMORY;
    }
    make_all(call, prefix, count, value, (size_t)size);
    memory_free(value);
    reply_ok(reply);
    return STATUS_OK;
}
