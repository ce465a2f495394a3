/* Who is let in when connecting: maxclients and protected-mode. */
#ifndef SERVER_NET_DOOR_H
#define SERVER_NET_DOOR_H

#include <stdbool.h>
#include <stddef.h>

struct listener_peer;
struct services;
struct transport;

/* Make a session of the connection, or tell it why not and close it. The transport is taken. */
void door_open(struct services *services, const struct listener_peer *peer, const struct transport *transport);
/* The same question before a handshake: whether there is a place for one more beside `waiting` others. If not, it is
 * counted, and the caller closes the socket. */
bool door_has_room(struct services *services, size_t waiting);

#endif
