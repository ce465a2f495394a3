/* Expiry times as arguments: EX, PX, EXAT, PXAT and the EXPIRE family, to one absolute time. */
#ifndef SERVER_COMMANDS_EXPIRE_ARGS_H
#define SERVER_COMMANDS_EXPIRE_ARGS_H

#include "base/slice.h"
#include "base/status.h"
#include <stdint.h>

struct call;
struct reply;

enum expire_unit {
    EXPIRE_SECONDS,      /* EX: from now. */
    EXPIRE_MILLISECONDS, /* PX */
    EXPIRE_AT_SECONDS,   /* EXAT: since 1970. */
    EXPIRE_AT_MILLISECONDS,
};

struct expire_argument {
    bool is_given;
    enum expire_unit unit;
    struct slice text; /* The number, not parsed yet: Redis reports option errors before number errors. */
};

/* Whether `word` is EX, PX, EXAT or PXAT. */
bool expire_unit_parse(struct slice word, enum expire_unit *unit);

/* The absolute time, in wall-clock ms, of an argument that must lie above 0.
 *   STATUS_NOT_INTEGER
 *   STATUS_REPLIED  Out of range: "invalid expire time in '<command>' command" was replied. */
MUST_CHECK enum status expire_argument_value(struct call *call, struct reply *reply,
                                             const struct expire_argument *argument, const char *command,
                                             uint64_t *expire_at_ms);

/* The absolute time of `amount` in `unit`, which may lie in the past (then it is negative or small). False if it
 * overflows. */
bool expire_time(uint64_t now_ms, enum expire_unit unit, int64_t amount, int64_t *at_ms);

/* What the keyspace stores for `at_ms`: times before 1970 are due as much as the first millisecond is. */
uint64_t expire_clamp(int64_t at_ms);

#endif
