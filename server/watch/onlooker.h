/* What others get to see of a call: MONITOR's clients, and SLOWLOG. */
#ifndef SERVER_WATCH_ONLOOKER_H
#define SERVER_WATCH_ONLOOKER_H

#include <stdint.h>

struct call;

/* Show the call to the monitors, unless it is the server's own or an administrator's. After it has run, as Redis does:
 * what a transaction ran comes before its EXEC, and SELECT stands in the database that it went to. */
void onlooker_show(const struct call *call);
/* Put the call, which was slow, into the slow log. */
void onlooker_note_slowness(const struct call *call, uint64_t duration_us);

#endif
