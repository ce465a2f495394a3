#include "server/interlude.h"
#include "base/clock.h"
#include "base/diag.h"
#include "server/config/config.h"
#include "server/entrance.h"
#include "server/net/session.h"
#include "server/process.h"
#include "server/request/dispatch.h"
#include "server/services.h"
#include "storage/store.h"
#include <unistd.h>

void interlude_serve(struct services *services, struct entrance *entrance, const struct session *caller)
{
    struct connections_turn turn;

    /* What was executed earlier in this turn: its clients need not wait for the script. */
    log_flush(store_log(services->store), clock_wall_ms());
    turn = dispatch_turn(services->dispatch);
    entrance_accept_waiting(entrance);
    connections_serve_others(services->connections, caller->connection, &turn);
}

void interlude_exit(struct services *services, int exit_code)
{
    struct log *log = store_log(services->store);

    diag(DIAG_WARNING, "stopping amid a script, of which nothing will have happened");
    log_flush(log, clock_wall_ms());
    if (log_wait_durable(log, log_end_offset(log)) != STATUS_OK) {
        exit_code = 1;
    }
    process_remove_pid_file(services->config->pid_file);
    _exit(exit_code);
}
