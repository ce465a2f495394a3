#include "server/commands/mpop_args.h"
#include "server/request/args.h"
#include "server/request/command.h"
#include "server/request/reply.h"

enum status mpop_args_parse(const struct call *call, struct reply *reply, size_t first, const char *const ends[2],
                            struct mpop_args *args)
{
    int64_t key_count;
    int64_t count = 1;
    bool has_count = false;
    size_t i;

    if (args_int64(call->argv[first], &key_count) != STATUS_OK || key_count < 1) {
        return reply_error(reply, "ERR numkeys should be greater than 0");
    }
    if ((uint64_t)key_count > call->argc || first + (size_t)key_count + 1 >= call->argc) {
        return STATUS_SYNTAX;
    }
    i = first + 1 + (size_t)key_count;
    args->is_second = args_is(call->argv[i], ends[1]);
    if (!args->is_second && !args_is(call->argv[i], ends[0])) {
        return STATUS_SYNTAX;
    }
    for (i++; i < call->argc; i += 2) {
        if (has_count || !args_is(call->argv[i], "count") || i + 1 >= call->argc) {
            return STATUS_SYNTAX;
        }
        if (args_int64(call->argv[i + 1], &count) != STATUS_OK || count < 1) {
            return reply_error(reply, "ERR count should be greater than 0");
        }
        has_count = true;
    }
    args->keys = &call->argv[first + 1];
    args->key_count = (size_t)key_count;
    args->count = (uint64_t)count;
    return STATUS_OK;
}
