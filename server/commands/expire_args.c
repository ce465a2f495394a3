#include "server/commands/expire_args.h"
#include "server/request/args.h"
#include "server/request/command.h"
#include "server/request/reply.h"

bool expire_unit_parse(struct slice word, enum expire_unit *unit)
{
    static const struct {
        const char *word;
        enum expire_unit unit;
    } units[] = {
        {"ex", EXPIRE_SECONDS},
        {"px", EXPIRE_MILLISECONDS},
        {"exat", EXPIRE_AT_SECONDS},
        {"pxat", EXPIRE_AT_MILLISECONDS},
    };

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (args_is(word, units[i].word)) {
            *unit = units[i].unit;
            return true;
        }
    }
    return false;
}

bool expire_time(uint64_t now_ms, enum expire_unit unit, int64_t amount, int64_t *at_ms)
{
    bool is_seconds = unit == EXPIRE_SECONDS || unit == EXPIRE_AT_SECONDS;
    bool is_relative = unit == EXPIRE_SECONDS || unit == EXPIRE_MILLISECONDS;
    int64_t at = amount;

    if (is_seconds && __builtin_mul_overflow(at, (int64_t)1000, &at)) {
        return false;
    }
    if (is_relative && __builtin_add_overflow(at, (int64_t)now_ms, &at)) {
        return false;
    }
    *at_ms = at;
    return true;
}

uint64_t expire_clamp(int64_t at_ms)
{
    return at_ms < 1 ? 1 : (uint64_t)at_ms;
}

enum status expire_argument_value(struct call *call, struct reply *reply, const struct expire_argument *argument,
                                  const char *command, uint64_t *expire_at_ms)
{
    int64_t amount;
    int64_t at_ms;
    enum status status = args_int64(argument->text, &amount);

    if (status != STATUS_OK) {
        return status;
    }
    if (amount <= 0 || !expire_time(call->now_ms, argument->unit, amount, &at_ms)) {
        return reply_error(reply, "ERR invalid expire time in '%s' command", command);
    }
    *expire_at_ms = (uint64_t)at_ms;
    return STATUS_OK;
}
