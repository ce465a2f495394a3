/* What happens while one command, a script, keeps the event loop: other clients are read and answered, most of them
 * with BUSY, and new ones are let in. The log gets what was changed before; the script's own change, the store and
 * replication wait for the turn's end. Event loop only. */
#ifndef SERVER_INTERLUDE_H
#define SERVER_INTERLUDE_H

struct entrance;
struct services;
struct session;

/* Serve all clients but `caller`, whose command runs, without waiting for any. */
void interlude_serve(struct services *services, struct entrance *entrance, const struct session *caller);

/* End the process amid the command. What it did is in memory alone and will not have happened; what came before is made
 * durable first. */
_Noreturn void interlude_exit(struct services *services, int exit_code);

#endif
