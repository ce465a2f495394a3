/* Operator messages. (They are never called "log", which is the command log.)
 *
 * One line each: what happened, to which object, and what to do. The sink is the one file-scope state of the house. */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include "base/slice.h"

enum diag_level {
    DIAG_DEBUG,
    DIAG_VERBOSE,
    DIAG_NOTICE,
    DIAG_WARNING,
    DIAG_SILENT, /* For diag_set_level() alone: no line at all. */
};

/* Where lines go: `file_path` NULL or "" is standard output. Lines look like Redis' ("pid:M 22 Nov 2026 10:00:00.000 *
 * text"). Returns false, and changes nothing, if the file cannot be opened. */
bool diag_open(const char *file_path);
void diag_set_level(enum diag_level level);
enum diag_level diag_get_level(void);
/* 'M' master, 'S' replica, 'C' child or tool. */
void diag_set_role(char role);

/* The descriptor that lines go to now, for a signal handler, which may not call diag(). */
int diag_descriptor(void);

/* Any thread. Lines below the level cost one comparison. */
__attribute__((format(printf, 2, 3))) void diag(enum diag_level level, const char *format, ...);

#endif
