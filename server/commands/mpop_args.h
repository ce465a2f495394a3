/* The arguments that LMPOP, ZMPOP and their waiting kin share. */
#ifndef SERVER_COMMANDS_MPOP_ARGS_H
#define SERVER_COMMANDS_MPOP_ARGS_H

#include "base/slice.h"
#include "base/status.h"
#include <stdint.h>

struct call;
struct reply;

struct mpop_args {
    const struct slice *keys; /* In the call's words. */
    size_t key_count;
    bool is_second; /* Which of the two ends was said. */
    uint64_t count;
};

/* Parse `numkeys key [key ...] <end> [COUNT n]` from argv[`first`] to the last, `ends` being the words of the two ends.
 *   STATUS_SYNTAX, STATUS_REPLIED. */
MUST_CHECK enum status mpop_args_parse(const struct call *call, struct reply *reply, size_t first,
                                       const char *const ends[2], struct mpop_args *args);

#endif
