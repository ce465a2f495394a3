#include "tools/interrupt.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

bool interrupt_init(struct interrupt *interrupt)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    interrupt->is_set = false;
    interrupt->fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    return interrupt->fd >= 0 && sigprocmask(SIG_BLOCK, &signals, NULL) == 0;
}

bool interrupt_check(struct interrupt *interrupt)
{
    struct signalfd_siginfo info;

    if (!interrupt->is_set && read(interrupt->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        interrupt->is_set = true;
    }
    return interrupt->is_set;
}
