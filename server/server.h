/* The server: all parts, made and ended in order, and the loop that drives them.
 *
 * A handler reaches the parts through call->services; here is what it may ask of the whole. Event loop only. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/status.h"
#include <stdint.h>

struct config;
struct server; /* Opaque; owned by main. */

#define SERVER_RUN_ID_LEN 40

/* The version of Redis whose commands and texts these are: what clients and tools look for. */
#define SERVER_REDIS_VERSION "7.0.15"

/* What does not change while it runs. */
struct server_facts {
    char run_id[SERVER_RUN_ID_LEN + 1]; /* New at each start. */
    uint64_t started_us;                /* Monotonic. */
    uint64_t started_wall_ms;
    const char *executable;  /* Absolute path. */
    uint64_t startup_memory; /* Bytes allocated when the loop began. */
};

/* Make all parts: listen, open and recover the data, take up the role. `config` is borrowed. On failure diag has said
 * what is wrong, and nothing is left behind. */
MUST_CHECK enum status server_open(struct config *config, const char *executable, struct server **server);
/* Serve until the end; returns the process's exit code. */
int server_run(struct server *server);
void server_close(struct server *server);

const struct server_facts *server_get_facts(const struct server *server);

/* CONFIG RESETSTAT. */
void server_reset_statistics(struct server *server);

/* The role may have changed: look at it again. */
void server_update_role(struct server *server);

#endif
