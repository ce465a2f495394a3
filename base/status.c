#include "base/status.h"
#include "base/assert.h"
#include <stddef.h>

static const char *const names[STATUS_COUNT] = {
    [STATUS_OK] = "ok",
    [STATUS_IO] = "input/output error",
    [STATUS_NO_SPACE] = "no space",
    [STATUS_NO_MEMORY] = "no memory",
    [STATUS_CORRUPT] = "corrupt",
    [STATUS_UNSUPPORTED] = "unsupported",
    [STATUS_EXISTS] = "exists already",
    [STATUS_NOT_FOUND] = "not found",
    [STATUS_BUSY] = "busy",
    [STATUS_END] = "end",
    [STATUS_TOO_BIG] = "too big",
    [STATUS_CLOSED] = "closed",
    [STATUS_PROTOCOL] = "protocol error",
    [STATUS_INVALID] = "invalid",
    [STATUS_WRONG_TYPE] = "wrong type",
    [STATUS_SYNTAX] = "syntax error",
    [STATUS_NOT_INTEGER] = "not an integer",
    [STATUS_NOT_FLOAT] = "not a float",
    [STATUS_OVERFLOW] = "overflow",
    [STATUS_NAN_OR_INFINITY] = "not a number or infinity",
    [STATUS_NO_SUCH_KEY] = "no such key",
    [STATUS_SAME_OBJECT] = "same object",
    [STATUS_INDEX_RANGE] = "index out of range",
    [STATUS_OFFSET_RANGE] = "offset out of range",
    [STATUS_DB_RANGE] = "database out of range",
    [STATUS_STRING_TOO_LONG] = "string too long",
    [STATUS_NEGATIVE] = "negative",
    [STATUS_REPLIED] = "replied",
};

const char *status_name(enum status status)
{
    ASSERT((size_t)status < STATUS_COUNT);
    return names[status];
}
