/* MONITOR: clients that see every command. Event loop only. */
#ifndef SERVER_WATCH_MONITOR_H
#define SERVER_WATCH_MONITOR_H

#include "server/net/session.h"

struct monitors; /* Opaque; owned by server. */

struct monitors *monitors_create(void);
void monitors_free(struct monitors *monitors);
bool monitors_is_empty(const struct monitors *monitors);
void monitors_add(struct monitors *monitors, struct session *session);
/* Harmless if it is none. Called when a session closes, too. */
void monitors_remove(struct monitors *monitors, struct session *session);
/* Show a request to all monitors but its own caller. */
void monitors_show(struct monitors *monitors, const struct session *caller, uint32_t db, const struct slice *argv,
                   size_t argc);

#endif
