/* Times as people read and write them, in UTC. */
#ifndef TOOLS_TIME_TEXT_H
#define TOOLS_TIME_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "2026-11-22 10:30:00 UTC" into `text`. */
void time_text_format(uint64_t wall_ms, char *text, size_t room);
/* "2026-11-22 10:30:00" (a T in the middle, a fraction, and Z or " UTC" at the end are fine), or ms since 1970. A time
 * without a fraction means the end of that second. False if it is neither. */
bool time_text_parse(const char *text, uint64_t *wall_ms);

#endif
