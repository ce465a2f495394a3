/* SIGINT and SIGTERM, as an event of the loop that can also be looked for while a command keeps the loop: libevent's
 * own signal events cannot. Event loop only. */
#ifndef SERVER_STOP_SIGNALS_H
#define SERVER_STOP_SIGNALS_H

#include "base/status.h"
#include "server/net/event_embed.h"
#include <stdbool.h>

struct stop_signals {
    struct event event; /* Some have come. */
    int fd;
    unsigned count; /* That have come and were not followed. */
};

/* From now on they end nothing, and `come` is called in the loop. Once in a process' life.
 *   STATUS_IO  errno says why. */
MUST_CHECK enum status stop_signals_open(struct stop_signals *signals, struct event_base *base,
                                         void (*come)(evutil_socket_t fd, short what, void *context), void *context);
/* `come` is not called any more; the signals still end nothing. */
void stop_signals_close(struct stop_signals *signals);
/* Add those that have come to `count`, and let `come` be called later if there are any; true if so. */
bool stop_signals_take(struct stop_signals *signals);

#endif
