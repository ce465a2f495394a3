#include "replication/info.h"

#include "base/resp_write.h"
#include "replication/replica.h"
#include <inttypes.h>
#include <stdio.h>

#define EVENTS_TOLD 8

static const struct replica *replica_of(const struct list_node *node)
{
    return LIST_ENTRY((struct list_node *)node, const struct replica, node);
}

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

static void write_transfer(const struct info_sources *sources, uint64_t now_ms, struct buf *out)
{
    const struct replica_fsm *fsm = sources->link.fsm;
    uint64_t total = fsm->payload.total_bytes;
    uint64_t done = fsm->state == REPLICA_PAYLOAD_LINE ? 0 : sources->link.payload_bytes;

    buf_put_format(out,
                   "master_sync_total_bytes:%" PRIu64 "\r\n"
                   "master_sync_read_bytes:%" PRIu64 "\r\n"
                   "master_sync_left_bytes:%" PRId64 "\r\n"
                   "master_sync_perc:%.2f\r\n"
                   "master_sync_last_io_seconds_ago:%" PRIu64 "\r\n",
                   total, done, (int64_t)(total - done), total == 0 ? 0.0 : (double)done * 100.0 / (double)total,
                   seconds_since(now_ms, fsm->heard_ms));
}

static void write_link(const struct info_sources *sources, uint64_t now_ms, struct buf *out)
{
    const struct replica_link_view *link = &sources->link;
    const struct replica_fsm *fsm = link->fsm;
    bool is_up = fsm->state == REPLICA_STREAMING;
    uint64_t end = log_end_offset(store_log(sources->store));

    buf_put_format(out,
                   "master_host:%s\r\n"
                   "master_port:%u\r\n"
                   "master_link_status:%s\r\n"
                   "master_last_io_seconds_ago:%" PRId64 "\r\n"
                   "master_sync_in_progress:%d\r\n"
                   "slave_read_repl_offset:%" PRIu64 "\r\n"
                   "slave_repl_offset:%" PRIu64 "\r\n",
                   link->host, link->port, is_up ? "up" : "down",
                   is_up ? (int64_t)seconds_since(now_ms, fsm->heard_ms) : -1, is_syncing(fsm), link->received_offset,
                   end);
    if (is_syncing(fsm)) {
        write_transfer(sources, now_ms, out);
    }
    if (!is_up) {
        buf_put_format(out, "master_link_down_since_seconds:%" PRId64 "\r\n",
                       fsm->down_since_ms == 0 ? -1 : (int64_t)seconds_since(now_ms, fsm->down_since_ms));
    }
    buf_put_format(out, "slave_priority:%u\r\nslave_read_only:1\r\nreplica_announced:%d\r\n",
                   sources->settings->priority, sources->settings->announced);
}

static void write_replicas(const struct info_sources *sources, uint64_t now_ms, struct buf *out)
{
    unsigned number = 0;

    LIST_FOR_EACH(master_replicas(sources->master), node)
    {
        const struct replica *replica = replica_of(node);

        if (!replica->is_alone) {
            buf_put_format(out, "slave%u:ip=%s,port=%u,state=%s,offset=%" PRIu64 ",lag=%" PRIu64 "\r\n", number++,
                           replica->ip, replica->port, replica_state_word(replica), replica->ack.offset,
                           replica->ack.is_online ? seconds_since(now_ms, replica->ack.heard_ms) : 0);
        }
    }
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

/* Why each replica is where it is. */
static void write_own_replicas(const struct info_sources *sources, struct buf *out)
{
    uint64_t released = log_released_offset(store_log(sources->store));
    unsigned number = 0;

    LIST_FOR_EACH(master_replicas(sources->master), node)
    {
        const struct replica *replica = replica_of(node);
        uint64_t behind = released > replica->ack.offset ? released - replica->ack.offset : 0;

        if (replica->is_alone) {
            continue;
        }
        buf_put_format(out, "hearth_replica%u:lag_bytes=%" PRIu64 ",sent_bytes=%" PRIu64 ",payload_bytes=%" PRIu64,
                       number++, behind, replica->sent_bytes,
                       replica->payload != NULL ? replica->payload->total_bytes : 0);
        put_line(out, ",full_sync_reason", replica->reason);
    }
}

static void write_own(const struct info_sources *sources, struct buf *out)
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
    write_own_replicas(sources, out);
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
    write_replicas(sources, now_ms, out);
    write_offsets(sources, out);
    write_own(sources, out);
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
