/* Client-side caching: clients that keep what they have read are told when it changes (CLIENT TRACKING).
 *
 * A client hears of the keys that it has read, or of all keys with a prefix (BCAST); as a push in RESP3, or through
 * another connection (REDIRECT). When, with respect to the log and to replies, is invariant D9. Event loop only. */
#ifndef SERVER_REQUEST_TRACKING_H
#define SERVER_REQUEST_TRACKING_H

#include "base/slice.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct command_entry;
struct services;
struct session;
struct tracker;  /* What session->tracker is while the session tracks. */
struct tracking; /* Opaque; owned by server, one of services. */

enum tracking_flag {
    TRACKING_BCAST = 1u << 0,
    TRACKING_OPTIN = 1u << 1,   /* Only what CLIENT CACHING YES precedes. */
    TRACKING_OPTOUT = 1u << 2,  /* All but what CLIENT CACHING NO precedes. */
    TRACKING_NOLOOP = 1u << 3,  /* Not what the client changes itself. */
    TRACKING_CACHING = 1u << 4, /* CLIENT CACHING was said for the next command or transaction. */
    TRACKING_BROKEN = 1u << 5,  /* There was something to tell, and the client to tell it to is gone. */
};

struct tracking_options {
    uint32_t flags;       /* The first four. */
    uint64_t redirect_id; /* Client that hears in its stead; 0 for none. */
    const struct slice *prefixes;
    size_t prefix_count; /* 0 with TRACKING_BCAST: all keys. */
};

/* Hears of changed keys from services->notify. */
struct tracking *tracking_create(struct services *services);
void tracking_free(struct tracking *tracking);

/* Begin to track, or go on with other options; prefixes are added to those that there are. Nothing is checked. */
void tracking_enable(struct tracking *tracking, struct session *session, const struct tracking_options *options);
/* Harmless when it does not track. */
void tracking_disable(struct tracking *tracking, struct session *session);
/* The same for a session that closes. */
void tracking_forget(struct tracking *tracking, struct session *session);

/* Of a session: 0, -1 and no prefixes if it does not track. */
uint32_t tracking_flags(const struct session *session);
int64_t tracking_redirect_id(const struct session *session);
size_t tracking_prefix_count(const struct session *session);
/* In order; borrowed until it stops. */
struct slice tracking_prefix_at(const struct session *session, size_t index);
/* Memory of them; names are shared, and counted as if they were not. */
size_t tracking_memory_bytes(const struct session *session);
/* CLIENT CACHING: for a session that tracks. */
void tracking_set_caching(struct session *session);

/* `reader`, if its command is one that reads, has read the keys that `teller` names, whose session tracks. They are the
 * same, but for a script's commands, which read what the script was told to use. */
void tracking_remember(struct tracking *tracking, const struct call *reader, const struct call *teller);
/* A request of the session, which tracks, is done with. `entry` is what it called, NULL for nothing known. */
void tracking_end_request(struct session *session, const struct command_entry *entry);
/* The turn's end: tell of changed prefixes, and keep the table within its limits. */
void tracking_turn(struct tracking *tracking);
/* All data was replaced (a full sync). */
void tracking_note_replaced(struct tracking *tracking);

struct tracking_statistics {
    size_t clients;
    size_t keys;    /* That somebody has read, */
    uint64_t items; /* and all pairs of one with a client. */
    size_t prefixes;
};
void tracking_get_statistics(const struct tracking *tracking, struct tracking_statistics *statistics);

#endif
