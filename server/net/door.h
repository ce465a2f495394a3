/* Who is let in when connecting: maxclients and protected-mode. */
#ifndef SERVER_NET_DOOR_H
#define SERVER_NET_DOOR_H

#include <stdint.h>

struct listener_peer;
struct services;

/* Make a session of the connection, or tell it why not and close it. */
void door_open(struct services *services, int64_t clients_max, const struct listener_peer *peer);

#endif
