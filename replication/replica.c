#include "replication/replica.h"

#include "base/assert.h"
#include "base/memory.h"
#include <inttypes.h>
#include <stdio.h>

#define KEEPALIVE_MS     1000          /* Between bare newlines to one that waits. */
#define FILE_CHUNK_BYTES (256u * 1024) /* Of a payload read at a time. */

static void doom(struct replica *replica, const char *reason)
{
    if (replica->doom == NULL) {
        snprintf(replica->doom_text, sizeof(replica->doom_text), "%s", reason);
        replica->doom = replica->doom_text;
    }
}

static void take_payload(void *context, struct full_sync_payload *payload, const char *problem);

struct replica *replica_create(const struct replica_options *options)
{
    struct replica *replica = memory_allocate_zeroed(sizeof(*replica));
    const struct replica_handshake *handshake = options->handshake;
    bool is_announced = handshake->announced_ip[0] != '\0';

    list_node_init(&replica->node);
    list_node_init(&replica->ack.node);
    list_node_init(&replica->waiter.node);
    replica->master = options->master;
    replica->log = store_log(options->store);
    replica->full_sync = options->full_sync;
    replica->files = options->files;
    replica->settings = options->settings;
    replica->channel = *options->channel;
    replica->handshake = *handshake;
    snprintf(replica->ip, sizeof(replica->ip), "%s",
             is_announced ? handshake->announced_ip : options->channel->peer_ip);
    replica->port = handshake->listening_port;
    replica->is_alone = handshake->rdb_only || handshake->snapshot_only;
    buf_init(&replica->lead, BUF_NO_CEILING);
    return replica;
}

static void let_go_of_payload(struct replica *replica, uint64_t now_ms)
{
    file_close(replica->file);
    replica->file = NULL;
    if (replica->payload != NULL) {
        full_sync_release(replica->full_sync, replica->payload, now_ms);
        replica->payload = NULL;
    }
}

void replica_abandon(struct replica *replica, uint64_t now_ms)
{
    full_sync_cancel(&replica->waiter);
    let_go_of_payload(replica, now_ms);
    if (replica->cursor != NULL) {
        log_cursor_close(replica->cursor);
        replica->cursor = NULL;
    }
    buf_clear(&replica->lead);
    replica->stage = REPLICA_STAGE_SENT;
    replica->is_abandoned = true;
}

void replica_free(struct replica *replica, uint64_t now_ms)
{
    replica_abandon(replica, now_ms);
    buf_release(&replica->lead);
    memory_free(replica);
}

static enum status begin_stream(struct replica *replica, uint64_t position, uint64_t now_ms)
{
    enum status status = log_cursor_open(replica->log, position, &replica->cursor);

    if (status == STATUS_OK) {
        replica->stage = REPLICA_STAGE_STREAM;
        replica->heard_ms = now_ms;
        replica->asked_offset = position; /* It says that by itself. */
    }
    return status;
}

enum status replica_continue(struct replica *replica, uint64_t position, uint64_t now_ms)
{
    enum status status = begin_stream(replica, position, now_ms);

    if (status != STATUS_OK) {
        return status;
    }
    if (replica->handshake.capa_psync2) {
        buf_put_format(&replica->lead, "+CONTINUE %s\r\n", log_history(replica->log)->id);
    } else {
        buf_put_text(&replica->lead, "+CONTINUE\r\n");
    }
    return STATUS_OK;
}

/* Which form of payload it takes. */
static enum full_sync_kind kind_for(const struct replica *replica)
{
    const struct replica_handshake *handshake = &replica->handshake;

    if (handshake->is_without_keys) {
        return FULL_SYNC_RDB_WITHOUT_KEYS;
    }
    if (handshake->snapshot_only || (handshake->capa_snapshot && !replica->is_sync && !handshake->rdb_only)) {
        return FULL_SYNC_SNAPSHOT;
    }
    return FULL_SYNC_RDB;
}

void replica_begin_full(struct replica *replica, const char *reason, uint64_t now_ms)
{
    struct full_sync_payload *payload = NULL;

    snprintf(replica->reason, sizeof(replica->reason), "%s", reason);
    replica->stage = REPLICA_STAGE_WAIT;
    replica->heard_ms = now_ms;
    replica->said_ms = now_ms;
    replica->waiter.kind = kind_for(replica);
    replica->waiter.ready = take_payload;
    replica->waiter.context = replica;
    if (replica->waiter.kind == FULL_SYNC_SNAPSHOT && replica->handshake.resume_name[0] != '\0') {
        payload = full_sync_find(replica->full_sync, slice_of(replica->handshake.resume_name));
    }
    if (payload != NULL) {
        take_payload(replica, payload, "");
    } else {
        replica->handshake.resume_from = 0;
        full_sync_ask(replica->full_sync, &replica->waiter, replica->is_alone || replica->is_sync);
    }
}

static void announce_payload(struct replica *replica)
{
    const struct full_sync_payload *payload = replica->payload;

    if (!replica->is_sync) {
        buf_put_format(&replica->lead, "+FULLRESYNC %s %" PRIu64, payload->history.id, payload->position.offset);
        if (replica->handshake.capa_snapshot && !replica->is_alone) {
            buf_put_format(&replica->lead, " %s", replica->reason);
        }
        buf_put_text(&replica->lead, "\r\n");
    }
    if (payload->kind == FULL_SYNC_SNAPSHOT) {
        buf_put_format(&replica->lead, "$hearth-snapshot %s %" PRIu64 " %" PRIu64 "\r\n", payload->name,
                       payload->total_bytes, replica->sent_bytes);
    } else {
        buf_put_format(&replica->lead, "$%" PRIu64 "\r\n", payload->total_bytes);
    }
}

static void take_payload(void *context, struct full_sync_payload *payload, const char *problem)
{
    struct replica *replica = context;
    enum status status;

    if (payload == NULL) {
        buf_put_format(&replica->lead, "-ERR %s\r\n", problem);
        replica->is_finished = true;
        doom(replica, problem);
        replica->channel.wake(replica->channel.context);
        return;
    }
    replica->payload = payload;
    if (replica->handshake.resume_from <= payload->total_bytes) {
        replica->sent_bytes = replica->handshake.resume_from;
    }
    status = file_open(replica->files, payload->path, FILE_READ, &replica->file);
    if (status != STATUS_OK) {
        doom(replica, "its payload cannot be opened");
        replica->channel.wake(replica->channel.context);
        return;
    }
    replica->stage = REPLICA_STAGE_PAYLOAD;
    replica->ack.offset = payload->position.offset;
    announce_payload(replica);
    replica->channel.wake(replica->channel.context);
}

/* The payload's last byte is produced. */
static void end_payload(struct replica *replica, uint64_t now_ms)
{
    uint64_t position = replica->payload->position.offset;
    bool is_snapshot = replica->payload->kind == FULL_SYNC_SNAPSHOT;

    let_go_of_payload(replica, now_ms);
    replica->heard_ms = now_ms;
    if (is_snapshot || replica->is_alone) {
        replica->stage = REPLICA_STAGE_SENT;
        return;
    }
    if (begin_stream(replica, position, now_ms) != STATUS_OK) {
        doom(replica, "the log no longer holds what follows its payload");
    }
}

static bool produce_payload(struct replica *replica, size_t limit, uint64_t now_us, struct buf *out)
{
    uint64_t missing = replica->payload->total_bytes - replica->sent_bytes;
    uint64_t room = throttle_room(&replica->throttle, replica->settings->full_sync_rate_max, now_us);
    size_t len = limit < FILE_CHUNK_BYTES ? limit : FILE_CHUNK_BYTES;
    size_t read_len;
    char *to;
    enum status status;

    len = room < len ? (size_t)room : len;
    len = missing < len ? (size_t)missing : len;
    if (missing == 0) {
        end_payload(replica, now_us / 1000);
        return true;
    }
    if (len == 0) {
        return false;
    }
    status = buf_reserve(out, len, &to);
    if (status == STATUS_OK) {
        status = file_read(replica->file, replica->sent_bytes, to, len, &read_len);
    }
    if (status != STATUS_OK || read_len == 0) {
        doom(replica, "its payload cannot be read");
        return false;
    }
    buf_commit(out, read_len);
    throttle_take(&replica->throttle, read_len);
    replica->sent_bytes += read_len;
    if (replica->sent_bytes == replica->payload->total_bytes) {
        end_payload(replica, now_us / 1000);
    }
    return true;
}

static bool is_caught_up(const struct replica *replica)
{
    return replica->cursor != NULL && log_cursor_offset(replica->cursor) >= log_released_offset(replica->log);
}

/* Whether the question is due: where it was sent all that is released, which ends between changes. */
static bool owes_question(const struct replica *replica)
{
    return replica->handshake.capa_snapshot && replica->asked_offset < replica->wanted_offset &&
           is_caught_up(replica) && replica->asked_offset < log_cursor_offset(replica->cursor);
}

void replica_ask(struct replica *replica, uint64_t offset)
{
    if (offset > replica->wanted_offset) {
        replica->wanted_offset = offset;
    }
}

static bool produce_stream(struct replica *replica, size_t limit, struct buf *out)
{
    size_t len;
    enum status status;

    status = log_cursor_read(replica->cursor, log_released_offset(replica->log), limit, out, &len);
    if (status == STATUS_NOT_FOUND) {
        doom(replica, "the log no longer holds what it needs");
        return false;
    }
    if (status != STATUS_OK) {
        doom(replica, "the log cannot be read");
        return false;
    }
    if (len == 0 && owes_question(replica)) {
        replica->asked_offset = log_cursor_offset(replica->cursor);
        buf_put_text(out, "\n");
        return true;
    }
    return len > 0;
}

static bool produce_stage(struct replica *replica, size_t limit, uint64_t now_us, struct buf *out)
{
    switch (replica->stage) {
    case REPLICA_STAGE_PAYLOAD:
        return produce_payload(replica, limit, now_us, out);
    case REPLICA_STAGE_STREAM:
        return produce_stream(replica, limit, out);
    case REPLICA_STAGE_WAIT:
    case REPLICA_STAGE_SENT:
        break;
    }
    return false;
}

bool replica_produce_at(struct replica *replica, size_t limit, uint64_t now_us, struct buf *out)
{
    size_t before = out->len;

    if (replica->lead.len > 0) {
        buf_put(out, buf_slice(&replica->lead));
        buf_clear(&replica->lead);
    }
    while (replica->doom == NULL && out->len - before < limit) {
        if (!produce_stage(replica, limit - (out->len - before), now_us, out)) {
            break;
        }
    }
    if (out->len > before) {
        replica->said_ms = now_us / 1000;
        replica->output_bytes += out->len - before;
    }
    return out->len > before;
}

/* An empty line between changes counts for nothing: one of ours takes it as a question, and stock ones skip it before
 * the stream. */
static bool may_say_newline(const struct replica *replica, bool is_idle_link)
{
    if (replica->stage == REPLICA_STAGE_STREAM) {
        return is_idle_link && replica->handshake.capa_snapshot && is_caught_up(replica);
    }
    return replica->stage == REPLICA_STAGE_WAIT && !replica->is_sync;
}

static bool is_silent(const struct replica *replica, uint64_t now_ms)
{
    uint64_t heard_ms = replica->heard_ms;

    switch (replica->stage) {
    case REPLICA_STAGE_WAIT:
        return false; /* It is our turn. */
    case REPLICA_STAGE_PAYLOAD:
        heard_ms = replica->said_ms > heard_ms ? replica->said_ms : heard_ms; /* It takes bytes. */
        break;
    case REPLICA_STAGE_STREAM:
        if (replica->is_sync) {
            return false; /* It never says anything. */
        }
        break;
    case REPLICA_STAGE_SENT:
        break;
    }
    return now_ms > heard_ms && now_ms - heard_ms > (uint64_t)replica->settings->timeout_s * 1000;
}

bool replica_tick(struct replica *replica, uint64_t now_ms, bool is_idle_link)
{
    if (is_silent(replica, now_ms)) {
        doom(replica, replica->stage == REPLICA_STAGE_PAYLOAD ? "time-out: it takes nothing of its payload"
                                                              : "time-out: nothing heard from it");
        return false;
    }
    if (replica->stage == REPLICA_STAGE_SENT && replica->is_alone) {
        replica->is_finished = true;
        doom(replica, "it has all that it wanted");
        return false;
    }
    if (may_say_newline(replica, is_idle_link) && now_ms - replica->said_ms >= KEEPALIVE_MS) {
        buf_put_text(&replica->lead, "\n");
        replica->said_ms = now_ms;
    }
    return replica_has_more(replica);
}

bool replica_has_more(const struct replica *replica)
{
    if (replica->lead.len > 0 || replica->stage == REPLICA_STAGE_PAYLOAD) {
        return true;
    }
    return replica->stage == REPLICA_STAGE_STREAM && (!is_caught_up(replica) || owes_question(replica));
}

bool replica_acknowledge(struct replica *replica, uint64_t offset, uint64_t durable, uint64_t now_ms)
{
    bool is_news = !replica->ack.is_online;

    replica->heard_ms = now_ms;
    if (replica->stage != REPLICA_STAGE_STREAM || offset > log_cursor_offset(replica->cursor) ||
        durable > log_cursor_offset(replica->cursor)) {
        return false; /* Early, or nonsense: nobody has what was not sent. */
    }
    replica->ack.is_online = true;
    is_news = acks_update(&replica->ack, offset, now_ms) || is_news;
    return acks_update_durable(&replica->ack, durable) || is_news;
}

bool replica_needs_log(const struct replica *replica, uint64_t *offset)
{
    if (replica->is_alone || replica->is_abandoned || replica->stage == REPLICA_STAGE_WAIT ||
        replica->stage == REPLICA_STAGE_PAYLOAD) {
        return false; /* What comes is covered by the payload, which holds the log itself. */
    }
    *offset = replica->is_sync ? log_cursor_offset(replica->cursor) : replica->ack.offset;
    return true;
}

const char *replica_state_word(const struct replica *replica)
{
    switch (replica->stage) {
    case REPLICA_STAGE_WAIT:
        return "wait_bgsave";
    case REPLICA_STAGE_PAYLOAD:
    case REPLICA_STAGE_SENT:
        return "send_bulk";
    case REPLICA_STAGE_STREAM:
        break;
    }
    return "online";
}
