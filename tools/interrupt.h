/* Ctrl-C and SIGTERM as something to ask for, so that a tool removes what is half made before it goes. */
#ifndef TOOLS_INTERRUPT_H
#define TOOLS_INTERRUPT_H

#include <stdbool.h>

struct interrupt {
    int fd; /* A signalfd, to poll. */
    bool is_set;
};

/* From now on SIGINT, SIGTERM and SIGHUP do not end the process. Before any thread is made. False if it cannot be. */
bool interrupt_init(struct interrupt *interrupt);
/* Whether one has come; cheap enough for each block. */
bool interrupt_check(struct interrupt *interrupt);

#endif
