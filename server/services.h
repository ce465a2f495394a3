/* The server's parts as a handler may need them. Built once by server.c; the pointers never change.
 *
 * A new part is one more pointer here, and its own header says what it can do. Most handlers use none. */
#ifndef SERVER_SERVICES_H
#define SERVER_SERVICES_H

struct acl;
struct blocking;
struct commands; /* registry.h */
struct config;
struct connections; /* connection.h */
struct credentials; /* credentials.h: TLS. */
struct dispatch;    /* dispatch.h */
struct latency;
struct lifecycle; /* lifecycle.h: pauses and shutdown. */
struct metrics;
struct monitors; /* monitor.h */
struct notify;
struct pubsub;
struct replication; /* replication/replication.h */
struct script;
struct server;   /* server.h: shutdown and the like. */
struct sessions; /* session.h: all clients. */
struct slowlog;
struct store;
struct ticker;
struct tracking; /* tracking.h: client-side caching. */
struct transactions;

struct services {
    struct server *server;
    struct acl *acl; /* acl.h: users. */
    struct config *config;
    struct store *store;
    struct commands *commands;
    struct dispatch *dispatch;
    struct connections *connections;
    struct credentials *credentials;
    struct sessions *sessions;
    struct replication *replication;
    struct metrics *metrics;
    struct slowlog *slowlog;
    struct latency *latency;
    struct lifecycle *lifecycle;
    struct monitors *monitors;
    struct blocking *blocking;
    struct ticker *ticker;
    struct transactions *transactions; /* transaction.h: watched keys. */
    struct notify *notify;
    struct tracking *tracking;
    struct pubsub *pubsub;
    struct script *script;
};

#endif
