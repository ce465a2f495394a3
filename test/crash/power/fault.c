/* State of the file's own scope: see trace.c. */
#include "fault.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BYTES 64
#define ANY_CALL   (-1)

static struct {
    int call; /* ANY_CALL, or one of enum fault_call. */
    char path[WORD_BYTES];
    unsigned nth; /* 0: there is none. */
    int error_number;
    bool is_for_ever;
    bool is_short;
    atomic_uint count;
} fault;

__attribute__((constructor)) static void start(void)
{
    static const char *const names[] = {
        [FAULT_OPEN] = "open", [FAULT_READ] = "read", [FAULT_WRITE] = "write",
        [FAULT_SYNC] = "sync", [FAULT_SIZE] = "size", [FAULT_NAME] = "name",
    };
    const char *order = getenv("HEARTH_FAULT");
    char call[WORD_BYTES];
    char mode[WORD_BYTES];

    if (order == NULL) {
        return;
    }
    if (sscanf(order, "%63s %63s %u %d %63s", call, fault.path, &fault.nth, &fault.error_number, mode) != 5) {
        fprintf(stderr, "recorder: HEARTH_FAULT makes no sense: %s\n", order);
        abort();
    }
    fault.call = ANY_CALL;
    for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++) {
        if (strcmp(call, names[i]) == 0) {
            fault.call = i;
        }
    }
    fault.is_for_ever = strcmp(mode, "ever") == 0;
    fault.is_short = strcmp(mode, "short") == 0;
}

bool fault_has_target(const char *path)
{
    return fault.nth > 0 && strncmp(path, fault.path, strlen(fault.path)) == 0;
}

/* Which call this is from the failing one on, 0 being that; negative before it. */
static int meet(enum fault_call call)
{
    int past;

    if (fault.call != ANY_CALL && fault.call != (int)call) {
        return -1;
    }
    past = (int)(++fault.count - fault.nth);
    if (past == 0) {
        fprintf(stderr, "recorder: the fault is met\n");
    }
    return past;
}

int fault_meet(enum fault_call call)
{
    int past = meet(call);

    return past == (fault.is_short ? 1 : 0) || (past > 0 && fault.is_for_ever) ? fault.error_number : 0;
}

int fault_meet_write(size_t *len)
{
    int past = meet(FAULT_WRITE);

    if (fault.is_short && past == 0 && *len > 1) {
        *len /= 2;
        return 0;
    }
    return past == (fault.is_short ? 1 : 0) || (past > 0 && fault.is_for_ever) ? fault.error_number : 0;
}
