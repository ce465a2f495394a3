#include "base/crash_point.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const char *crash_point_armed;
/* Like the name above, file-scope state on purpose: a place to die at must be reachable from any function without a
 * parameter, or the code under test would differ from the code that is shipped. */
static atomic_ulong passages_left;

void crash_point_arm(const char *name)
{
    const char *colon = name == NULL ? NULL : strchr(name, ':');

    atomic_store(&passages_left, colon == NULL ? 1 : strtoul(colon + 1, NULL, 10));
    crash_point_armed = name;
}

__attribute__((constructor)) static void arm(void)
{
    const char *name = getenv(CRASH_POINT_VARIABLE);

    if (name != NULL && *name != '\0') {
        crash_point_arm(name);
    }
}

void crash_point_pass(const char *name)
{
    size_t len = strcspn(crash_point_armed, ":");

    if (strlen(name) != len || strncmp(name, crash_point_armed, len) != 0) {
        return;
    }
    if (atomic_fetch_sub(&passages_left, 1) == 1) {
        raise(SIGKILL);
    }
}
