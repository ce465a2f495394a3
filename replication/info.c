#include "replication/info.h"

#include "base/resp_write.h"
#include "replication/replica.h"
#include <inttypes.h>
#include <stdio.h>

#define EVENTS_TOLD 8

static uint64_t seconds_since(uint64_t now_ms, uint64_t then_ms)
{
    return now_ms > then_ms ? (now_ms - then_ms) / 1000 : 0;
}

/* A line of ours: free text must not break the protocol of lines. */
static void put_line(struct buf *out, const char *name, const char *text)
{
    size_t begin;

    buf_put_format(out, "%s:", name);
    begin = out->len;
    buf_put_text(out, text);
    for (char *at = out->memory + out->start + begin; at < out->memory + out->start + out->len; at++) {
        if (*at == '\r' || *at == '\n') {
            *at = ' ';
        }
    }
    buf_put_text(out, "\r\n");
}

static bool is_syncing(const struct replica_fsm *fsm)
{
    return fsm->state >= REPLICA_PAYLOAD_LINE && fsm->state <= REPLICA_INSTALLING;
}

void info_look_at_link(const struct info_sources *sources, uint64_t now_ms, struct replication_link *link)
{
    const struct replica_fsm *fsm = sources->link.fsm;
    bool is_up = fsm->state == REPLICA_STREAMING;

    *link = (struct replication_link){
        .is_up = is_up,
        .is_syncing = is_syncing(fsm),
        .heard_s = is_up ? (int64_t)seconds_since(now_ms, fsm->heard_ms) : -1,
        .down_s = is_up || fsm->down_since_ms == 0 ? -1 : (int64_t)seconds_since(now_ms, fsm->down_since_ms),
        .total_bytes = fsm->payload.total_bytes,
        .done_bytes = fsm->state == REPLICA_PAYLOAD_LINE ? 0 : sources->link.payload_bytes,
        .problem = fsm->problem,
    };
}

static void write_transfer(const struct replication_link *link, uint64_t silent_s, struct buf *out)
{
    uint64_t total = link->total_bytes;
    uint64_t done = link->done_bytes;

    buf_put_format(out,
                   "master_sync_total_bytes:%" PRIu64 "\r\n"
                   "master_sync_read_bytes:%" PRIu64 "\r\n"
                   "master_sync_left_bytes:%" PRId64 "\r\n"
                   "master_sync_perc:%.2f\r\n"
                   "master_sync_last_io_seconds_ago:%" PRIu64 "\r\n",
                   total, done, (int64_t)(total - done), total == 0 ? 0.0 : (double)done * 100.0 / (double)total,
                   silent_s);
}

static void write_link(const struct info_sources *sources, uint64_t now_ms, struct buf *out)
{
    struct replication_link link;

    info_look_at_link(sources, now_ms, &link);
    buf_put_format(out,
                   "master_host:%s\r\n"
                   "master_port:%u\r\n"
                   "master_link_status:%s\r\n"
                   "master_last_io_seconds_ago:%" PRId64 "\r\n"
                   "master_sync_in_progress:%d\r\n"
                   "slave_read_repl_offset:%" PRIu64 "\r\n"
                   "slave_repl_offset:%" PRIu64 "\r\n",
                   sources->link.host, sources->link.port, link.is_up ? "up" : "down", link.heard_s, link.is_syncing,
                   sources->link.received_offset, log_end_offset(store_log(sources->store)));
    if (link.is_syncing) {
        write_transfer(&link, seconds_since(now_ms, sources->link.fsm->heard_ms), out);
    }
    if (!link.is_up) {
        buf_put_format(out, "master_link_down_since_seconds:%" PRId64 "\r\n", link.down_s);
    }
    buf_put_format(out, "slave_priority:%u\r\nslave_read_only:1\r\nreplica_announced:%d\r\n",
                   sources->settings->priority, sources->settings->announced);
}

void info_visit_replicas(const struct info_sources *sources, uint64_t now_ms,
                         void (*visit)(void *context, const struct replication_peer *peer), void *context)
{
    uint64_t released = log_released_offset(store_log(sources->store));

    LIST_FOR_EACH(master_replicas(sources->master), node)
    {
        const struct replica *replica = replica_of(node);
        const struct ack *ack = &replica->ack;
        struct replication_peer peer = {
            .ip = replica->ip,
            .port = replica->port,
            .state = replica_state_word(replica),
            .reason = replica->reason,
            .offset = ack->offset,
            .lag_bytes = released > ack->offset ? released - ack->offset : 0,
            .lag_s = ack->is_online ? seconds_since(now_ms, ack->heard_ms) : 0,
            .sent_bytes = replica->sent_bytes,
            .payload_bytes = replica->payload != NULL ? replica->payload->total_bytes : 0,
        };

        if (!replica->is_alone) {
            visit(context, &peer);
        }
    }
}

/* Where write_replica() and its sister write, and the number of the next line. */
struct replica_lines {
    struct buf *out;
    unsigned number;
};

static void write_replica(void *context, const struct replication_peer *peer)
{
    struct replica_lines *lines = context;

    buf_put_format(lines->out, "slave%u:ip=%s,port=%u,state=%s,offset=%" PRIu64 ",lag=%" PRIu64 "\r\n", lines->number++,
                   peer->ip, peer->port, peer->state, peer->offset, peer->lag_s);
}

/* Why it is where it is. */
static void write_own_replica(void *context, const struct replication_peer *peer)
{
    struct replica_lines *lines = context;

    buf_put_format(lines->out, "hearth_replica%u:lag_bytes=%" PRIu64 ",sent_bytes=%" PRIu64 ",payload_bytes=%" PRIu64,
                   lines->number++, peer->lag_bytes, peer->sent_bytes, peer->payload_bytes);
    put_line(lines->out, ",full_sync_reason", peer->reason);
}

static void write_offsets(const struct info_sources *sources, struct buf *out)
{
    struct log *log = store_log(sources->store);
    const struct history *history = log_history(log);
    uint64_t first = log_first_offset(log);
    uint64_t end = log_end_offset(log);

    buf_put_format(out,
                   "master_failover_state:%s\r\n"
                   "master_replid:%s\r\n"
                   "master_replid2:%s\r\n"
                   "master_repl_offset:%" PRIu64 "\r\n"
                   "second_repl_offset:%" PRId64 "\r\n"
                   "repl_backlog_active:1\r\n"
                   "repl_backlog_size:%" PRIu64 "\r\n"
                   "repl_backlog_first_byte_offset:%" PRIu64 "\r\n"
                   "repl_backlog_histlen:%" PRIu64 "\r\n",
                   failover_state_word(sources->failover), history->id, history->previous_id, end,
                   history->previous_end < 0 ? -1 : history->previous_end + 1, sources->settings->backlog_bytes,
                   first + 1, end - first);
}

static void write_sync_replicas(const struct info_sources *sources, struct buf *out)
{
    const struct sync_replicas *sync = sources->sync;
    uint64_t released = log_released_offset(store_log(sources->store));
    uint64_t shown = sync_replicas_offset(sync);

    buf_put_format(out,
                   "sync_replicas:%u\r\n"
                   "sync_replicas_state:%s\r\n"
                   "sync_replicas_held_bytes:%" PRIu64 "\r\n"
                   "sync_replicas_late_count:%" PRIu64 "\r\n"
                   "sync_replicas_degraded_count:%" PRIu64 "\r\n"
                   "sync_replicas_last_degraded_time:%" PRIu64 "\r\n",
                   sources->settings->sync_replicas, sync_replicas_state_word(sync->state),
                   shown < released ? released - shown : 0, sync->late_count, sync->degraded_count,
                   sync->degraded_wall_ms / 1000);
}

static void write_own(const struct info_sources *sources, uint64_t now_ms, struct buf *out)
{
    struct replication_event events[EVENTS_TOLD];
    const struct replica_link_view *link = &sources->link;
    size_t count = events_copy(sources->events, events, EVENTS_TOLD);
    uint64_t made_bytes;
    char name[32];

    buf_put_format(out, "hearth_released_offset:%" PRIu64 "\r\n", log_released_offset(store_log(sources->store)));
    if (full_sync_is_making(master_full_sync(sources->master), &made_bytes)) {
        buf_put_format(out, "hearth_full_sync_made_bytes:%" PRIu64 "\r\n", made_bytes);
    }
    if (sources->is_replica) {
        put_line(out, "hearth_link_problem", link->fsm->problem);
        put_line(out, "hearth_full_sync_reason", link->full_reason);
        buf_put_format(out, "hearth_full_sync_refused:%d\r\n", link->is_refusing);
    }
    if (link->tail_name[0] != '\0') {
        put_line(out, "hearth_diverged_log", link->tail_name);
    }
    info_visit_replicas(sources, now_ms, write_own_replica, &(struct replica_lines){.out = out});
    write_sync_replicas(sources, out);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "hearth_event%zu:%" PRIu64, i, events[i].wall_ms);
        put_line(out, name, events[i].text);
    }
}

void info_write(const struct info_sources *sources, uint64_t now_ms, struct buf *out)
{
    struct replication_statistics statistics = {.sync_full = 0};

    buf_put_format(out, "role:%s\r\n", sources->is_replica ? "slave" : "master");
    if (sources->is_replica) {
        write_link(sources, now_ms, out);
    }
    master_add_statistics(sources->master, &statistics);
    buf_put_format(out, "connected_slaves:%u\r\n", statistics.connected_replicas);
    if (sources->settings->min_replicas_to_write > 0 && sources->settings->min_replicas_max_lag_s > 0) {
        buf_put_format(out, "min_slaves_good_slaves:%u\r\n", statistics.good_replicas);
    }
    info_visit_replicas(sources, now_ms, write_replica, &(struct replica_lines){.out = out});
    write_offsets(sources, out);
    write_own(sources, now_ms, out);
}

static void write_bulk_number(struct buf *out, uint64_t value)
{
    char text[32];

    resp_write_bulk(out, slice_make(text, (size_t)snprintf(text, sizeof(text), "%" PRIu64, value)));
}

static void write_master_role(const struct info_sources *sources, struct buf *out)
{
    size_t count = 0;

    LIST_FOR_EACH(master_replicas(sources->master), node)
    {
        count += replica_of(node)->stage == REPLICA_STAGE_STREAM;
    }
    resp_write_array(out, 3);
    resp_write_bulk(out, slice_of("master"));
    resp_write_integer(out, (int64_t)log_end_offset(store_log(sources->store)));
    resp_write_array(out, count);
    LIST_FOR_EACH(master_replicas(sources->master), replica_node)
    {
        const struct replica *replica = replica_of(replica_node);

        if (replica->stage == REPLICA_STAGE_STREAM) {
            resp_write_array(out, 3);
            resp_write_bulk(out, slice_of(replica->ip));
            write_bulk_number(out, replica->port);
            write_bulk_number(out, replica->ack.offset);
        }
    }
}

void info_write_role(const struct info_sources *sources, struct buf *out)
{
    const struct replica_link_view *link = &sources->link;
    bool is_up = link->fsm->state == REPLICA_STREAMING;

    if (!sources->is_replica) {
        write_master_role(sources, out);
        return;
    }
    resp_write_array(out, 5);
    resp_write_bulk(out, slice_of("slave"));
    resp_write_bulk(out, slice_of(link->host));
    resp_write_integer(out, link->port);
    resp_write_bulk(out, slice_of(replica_fsm_role_word(link->fsm)));
    resp_write_integer(out, is_up ? (int64_t)log_end_offset(store_log(sources->store)) : -1);
}
