#include "replication/replica_link_state.h"

#include "base/crash_point.h"
#include <inttypes.h>
#include <stdio.h>

#define NO_SPACE_RETRY_MS 30000

/* ---- Receiving a payload ---- */

static void end_payload(struct replica_link *link)
{
    struct replica_link_scratch scratch;
    const struct replica_turn *turn = replica_link_begin_event(link, &scratch);

    replica_link_end_event(link, &scratch, replica_fsm_received(&link->fsm, turn));
}

/* End the try because of our own disk. A full one is not filled again at once. */
static void give_up_payload(struct replica_link *link, const char *what, enum status status)
{
    char problem[REPLICA_PROBLEM_BYTES];

    snprintf(problem, sizeof(problem), "the master's data cannot be %s: %s", what, status_name(status));
    replica_link_break(link, problem);
    if (status == STATUS_NO_SPACE) {
        link->fsm.retry_at_ms = replica_link_now_ms() + NO_SPACE_RETRY_MS;
    }
}

void replica_link_take_payload(struct replica_link *link)
{
    size_t consumed;
    bool is_whole;
    enum status status;

    status = incoming_take(&link->sync.incoming, buf_slice(&link->lines), &consumed, &is_whole);
    if (status != STATUS_OK) {
        give_up_payload(link, "kept", status);
        return;
    }
    buf_consume(&link->lines, consumed);
    crash_point("replica_link.payload.after");
    if (is_whole) {
        end_payload(link);
    }
}

void replica_link_begin_receiving(struct replica_link *link)
{
    const struct replica_payload *payload = &link->fsm.payload;
    enum status status;

    link->sync_begun_ms = replica_link_now_ms();
    memcpy(link->full_reason, payload->reason, sizeof(link->full_reason));
    events_add(link->events, clock_wall_ms(),
               "full sync from master %s:%u begins at byte %" PRIu64 " of %" PRIu64 ": %s", link->host, link->port,
               payload->from_byte, payload->total_bytes,
               payload->reason[0] != '\0' ? payload->reason : "the master did not say why");
    status = incoming_begin(&link->sync.incoming, payload);
    if (status != STATUS_OK) {
        give_up_payload(link, "received", status);
        return;
    }
    replica_link_take_payload(link);
}

/* ---- Installing it ---- */

static void finish_install(struct replica_link *link, enum replica_install_result result, const char *problem)
{
    struct replica_link_scratch scratch;
    const struct replica_turn *turn = replica_link_begin_event(link, &scratch);

    link->is_refusing = result == REPLICA_INSTALL_REFUSED;
    if (result != REPLICA_INSTALLED) {
        link_sync_discard(&link->sync);
    }
    replica_link_end_event(link, &scratch, replica_fsm_installed(&link->fsm, turn, result, problem));
}

void replica_link_begin_install(struct replica_link *link)
{
    enum status status = link_sync_install(&link->sync, &link->fsm.payload, link->wants_full);

    link_socket_pause(&link->socket, true);
    if (status != STATUS_OK) {
        finish_install(link, REPLICA_INSTALL_FAILED, "the master's data cannot be looked at");
    }
}

/* Swap the verified data in. */
static void replace_data(struct replica_link *link)
{
    enum status status;

    link->hooks.before_replace(link->hooks.context);
    crash_point("replica_link.replace.before");
    status = store_replace(link->store, link->sync.incoming.data_path);
    crash_point("replica_link.replace.after");
    if (status != STATUS_OK) {
        char problem[REPLICA_PROBLEM_BYTES];

        snprintf(problem, sizeof(problem), "the new data cannot be swapped in: %s", status_name(status));
        finish_install(link, REPLICA_INSTALL_FAILED, problem);
        return;
    }
    link_sync_discard(&link->sync);
    link->wants_full = false;
    link->hooks.divergence_changed(link->hooks.context, false);
    memcpy(link->tail_name, link->sync.install.tail.name, sizeof(link->tail_name));
    events_add(link->events, clock_wall_ms(),
               "full sync from master %s:%u done in %" PRIu64 " ms: %" PRIu64 " keys at offset %" PRIu64 "%s%s",
               link->host, link->port, replica_link_now_ms() - link->sync_begun_ms, link->sync.install.key_count,
               link->fsm.payload.offset, link->tail_name[0] != '\0' ? "; what we alone held is in " : "",
               link->tail_name);
    link->server->data_replaced(link->server->context);
    finish_install(link, REPLICA_INSTALLED, "");
}

/* The swap has to wait for a checkpoint that runs, and would do that on the loop: rather it is done when that is over.
 */
void replica_link_swap(struct replica_link *link)
{
    if (link->is_verified && !store_get_statistics(link->store)->checkpoint_running) {
        link->is_verified = false;
        replace_data(link);
    }
}

void replica_link_take_work(struct replica_link *link)
{
    const struct install *install = link_sync_take_installed(&link->sync);

    if (install == NULL) {
        return;
    }
    if (install->result == REPLICA_INSTALLED) {
        link->is_verified = true;
        replica_link_swap(link);
    } else {
        finish_install(link, install->result, install->problem);
    }
}
