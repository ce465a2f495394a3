/* The settings of replication, owned: what replication_configure() was given, copied. */
#ifndef REPLICATION_SETTINGS_H
#define REPLICATION_SETTINGS_H

#include "replication/replication.h"

/* Copy `from` into `to`, whose strings become owned. */
void settings_copy(struct replication_settings *to, const struct replication_settings *from);
void settings_release(struct replication_settings *settings);

#endif
