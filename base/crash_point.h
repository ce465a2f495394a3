/* Named places at which a test kills the process, as kill -9 would.
 *
 * HEARTH_CRASH_POINT=log.write.after kills at the first time that the place is passed,
 * HEARTH_CRASH_POINT=log.write.after:7 at the seventh. The variable is read once, when the program starts; unset, a
 * place costs one predictable branch.
 *
 * Names are "<part>.<step>.<before|after>" in lower case with dots: the part is the file's prefix (log, checkpoint,
 * store, config), the step is what would be half done (append, write, sync, roll.rename), and before or after says on
 * which side of it the process dies. A name is used in one place only, so that grep finds it. */
#ifndef BASE_CRASH_POINT_H
#define BASE_CRASH_POINT_H

#include <stddef.h>

#define CRASH_POINT_VARIABLE "HEARTH_CRASH_POINT"

/* The name to die at, NULL in every ordinary run. Set before main(), constant from then on. */
extern const char *crash_point_armed;

/* Arm by `name` (as in the variable; borrowed for good), or disarm by NULL: for a test's child that begins by fork.
 * Before it starts threads. */
void crash_point_arm(const char *name);

/* Count a passage of `name`, and die by SIGKILL if it is the one that was asked for. */
void crash_point_pass(const char *name);

/* Any thread. */
static inline void crash_point(const char *name)
{
    if (__builtin_expect(crash_point_armed != NULL, 0)) {
        crash_point_pass(name);
    }
}

#endif
