#include "server/stop_signals.h"
#include "base/diag.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* Where the handler writes each signal's number as a byte: set once, before the signals can come. It stays open to the
 * end, since one may come at any time and must not find another file under its number. */
static int pipe_end = -1;

/* Only calls that are safe in a signal handler. */
static void on_signal(int number)
{
    unsigned char byte = (unsigned char)number;
    int error = errno;

    (void)!write(pipe_end, &byte, 1); /* If the pipe is full, enough was said. */
    errno = error;
}

enum status stop_signals_open(struct stop_signals *signals, struct event_base *base,
                              void (*come)(evutil_socket_t fd, short what, void *context), void *context)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    int ends[2];

    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) {
        return STATUS_IO;
    }
    pipe_end = ends[1];
    *signals = (struct stop_signals){.fd = ends[0]};
    event_assign(&signals->event, base, signals->fd, EV_READ | EV_PERSIST, come, context);
    event_add(&signals->event, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    return STATUS_OK;
}

void stop_signals_close(struct stop_signals *signals)
{
    event_del(&signals->event);
}

bool stop_signals_take(struct stop_signals *signals)
{
    unsigned before = signals->count;
    unsigned char number;

    while (read(signals->fd, &number, 1) == 1) {
        diag(DIAG_NOTICE, "received %s: shutting down", number == SIGINT ? "SIGINT" : "SIGTERM");
        signals->count++;
    }
    if (signals->count != before) {
        event_active(&signals->event, EV_READ, 0);
    }
    return signals->count != before;
}
