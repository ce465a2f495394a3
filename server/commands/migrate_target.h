/* The other end of MIGRATE: a server to which a blocking connection is made for one command.
 *
 * The event loop stands still meanwhile, as Redis' does: what is moved must not change on its way. Each step,
 * connecting, sending a piece or waiting for a line, takes at most the time-out that the client gives. */
#ifndef SERVER_COMMANDS_MIGRATE_TARGET_H
#define SERVER_COMMANDS_MIGRATE_TARGET_H

#include "base/slice.h"
#include "base/status.h"
#include <stdint.h>

#define MIGRATE_LINE_BYTES 1024 /* Of an answer; the rest of a longer one is lost. */

struct migrate_target {
    int fd; /* Owned. */
    uint64_t timeout_us;
    char *input; /* Owned: read ahead. */
    size_t input_len;
    size_t input_at;
};

/* Connect to `host` and `port`, words of a client.
 *   STATUS_CLOSED  It cannot be reached in time. */
MUST_CHECK enum status migrate_target_open(struct migrate_target *target, struct slice host, struct slice port,
                                           uint64_t timeout_ms);
void migrate_target_close(struct migrate_target *target);
/* STATUS_CLOSED: not everything could be sent. */
MUST_CHECK enum status migrate_target_send(struct migrate_target *target, struct slice bytes);
/* Read a line into `line`, without its end and with a NUL. STATUS_CLOSED: none came. */
MUST_CHECK enum status migrate_target_read_line(struct migrate_target *target, char line[MIGRATE_LINE_BYTES]);

#endif
