/* A server's event loop parts around a store in a scratch folder, with clients over socket pairs: for tests of how
 * these parts work together. It has no listener, no ticker and no replication, and each turn waits for the log, so that
 * all replies are there when it ends. The commands are those of `families`, which a test may define for itself. */
#ifndef TEST_SERVER_SUPPORT_SMALL_SERVER_H
#define TEST_SERVER_SUPPORT_SMALL_SERVER_H

#include "server/net/session.h"
#include "server/services.h"

#define SMALL_SERVER_CLIENTS_MAX 8

struct small_server {
    struct services services; /* Owns what it points to; what is missing is NULL. */
    struct event_base *base;
    char *scratch;                                      /* Owned. */
    int sockets[SMALL_SERVER_CLIENTS_MAX];              /* The clients' ends; -1 when hung up. */
    struct session *sessions[SMALL_SERVER_CLIENTS_MAX]; /* Their other ends; NULL once closed. */
    size_t client_count;
    uint64_t logged; /* Up to where small_server_logged() has told. */
    /* Instead of dispatch_request(), if not NULL. */
    enum session_outcome (*execute)(void *context, struct session *session, const struct request *request);
    void *context;
    void (*interrupted)(struct small_server *server); /* Amid a slow script, before others are served; NULL for none. */
    bool is_log_held;                                 /* Turns release nothing more than */
    uint64_t released;                                /* what was released before. */
    char text[4096];                                  /* What was told last. */
};

/* cmocka's setup and teardown; *state is a struct small_server. */
int small_server_setup(void **state);
int small_server_teardown(void **state);

/* One more client: its number. */
size_t small_server_connect(struct small_server *server);
void small_server_hang_up(struct small_server *server, size_t client);
/* A turn of the event loop. */
void small_server_turn(struct small_server *server);
/* Freeze the memtable. Its checkpoint is done with at the end of the next turn at the soonest; commands of that turn
 * find it there. */
void small_server_freeze(struct small_server *server);
/* The client sends `text` as it is; the next turn finds it, behind what other clients have sent before. */
void small_server_post(struct small_server *server, size_t client, const char *text);
/* The same, and a turn is taken. */
void small_server_send(struct small_server *server, size_t client, const char *text);
/* The client sends one request, its words parted by blanks. */
void small_server_say(struct small_server *server, size_t client, const char *request);
/* All bytes that have come for the client, line ends as blanks; "(closed)" at the end if the server hung up. Borrowed
 * until the next call. */
const char *small_server_hears(struct small_server *server, size_t client);
/* Both: say it, and assert what is heard. */
void small_server_ask(struct small_server *server, size_t client, const char *request, const char *expected);
/* What was logged since the last call: words parted by blanks, commands by " ; ". Borrowed until the next call. */
const char *small_server_logged(struct small_server *server);
/* The number that a word of a request is, for test commands: behind its last digit may be more. */
uint64_t small_server_number(struct slice word);
/* Turns until the client hears something or `limit_ms` have passed. */
const char *small_server_waits(struct small_server *server, size_t client, uint64_t limit_ms);

#endif
