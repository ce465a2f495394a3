#include "replication/replica_fsm.h"

#include "base/assert.h"
#include "base/number.h"
#include "base/resp_write.h"
#include "replication/back_off.h"
#include "replication/psync.h"
#include "replication/words.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define RETRY_FIRST_MS   100   /* A master that restarts on a local network is back soon. */
#define RETRY_MAX_MS     1000  /* As Redis. */
#define RETRY_REFUSED_MS 30000 /* After a refusal by P7: each try makes the master prepare a snapshot. */
#define RETRY_BEHIND_MS  200   /* The master we ask is a replica whose own link is coming up, which takes a moment. */
#define SAY_EACH_MS      1000
/* After a full sync that was received and could not be installed, twice as long each time: what is fetched whole once
 * more costs everybody, and most often fails for the same reason. */
#define RETRY_INSTALL_FIRST_MS 1000
#define RETRY_INSTALL_MAX_MS   300000

/* Words of a line, at most. */
#define WORDS_MAX 4

void replica_fsm_init(struct replica_fsm *fsm)
{
    *fsm = (struct replica_fsm){.state = REPLICA_OFF};
}

void replica_fsm_start(struct replica_fsm *fsm, uint64_t now_ms)
{
    *fsm = (struct replica_fsm){.state = REPLICA_WAITING, .retry_at_ms = now_ms, .heard_ms = now_ms};
}

void replica_fsm_stop(struct replica_fsm *fsm)
{
    replica_fsm_init(fsm);
}

/* After a failed try. The second one comes as soon as the first. */
static uint64_t retry_delay_ms(uint32_t failed_count)
{
    return back_off_ms(RETRY_FIRST_MS, failed_count < 2 ? 0 : failed_count - 2, RETRY_MAX_MS);
}

void replica_fsm_closed(struct replica_fsm *fsm, uint64_t now_ms, const char *problem)
{
    if (fsm->state == REPLICA_OFF || fsm->state == REPLICA_WAITING) {
        return;
    }
    if (fsm->state == REPLICA_STREAMING) {
        fsm->down_since_ms = now_ms;
    }
    fsm->state = REPLICA_WAITING;
    fsm->failed_count++;
    fsm->retry_at_ms = now_ms + retry_delay_ms(fsm->failed_count);
    if (problem != fsm->problem) {
        snprintf(fsm->problem, sizeof(fsm->problem), "%s", problem);
    }
}

__attribute__((format(printf, 3, 4))) static enum replica_action give_up(struct replica_fsm *fsm, uint64_t now_ms,
                                                                         const char *format, ...)
{
    char problem[REPLICA_PROBLEM_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(problem, sizeof(problem), format, arguments);
    va_end(arguments);
    replica_fsm_closed(fsm, now_ms, problem);
    return REPLICA_DO_DISCONNECT;
}

static void send_words(struct buf *send, const char *first, const char *second, const char *third)
{
    struct slice argv[3] = {slice_of(first)};
    size_t argc = 1;

    if (second != NULL) {
        argv[argc++] = slice_of(second);
    }
    if (third != NULL) {
        argv[argc++] = slice_of(third);
    }
    resp_write_request(send, argv, argc);
}

/* One REPLCONF; each is answered by a line. */
static void send_conf(struct replica_fsm *fsm, struct buf *send, const char *option, const char *value)
{
    send_words(send, "REPLCONF", option, value);
    fsm->replies_due++;
}

static void send_all_conf(struct replica_fsm *fsm, const struct replica_turn *turn)
{
    const struct replica_facts *facts = turn->facts;
    char text[64];

    ASSERT(replica_fsm_tells_hash(fsm));
    fsm->replies_due = 0;
    snprintf(text, sizeof(text), "%u", facts->announce_port);
    send_conf(fsm, turn->send, "listening-port", text);
    if (facts->announce_ip != NULL) {
        send_conf(fsm, turn->send, "ip-address", facts->announce_ip);
    }
    resp_write_request(turn->send,
                       (struct slice[]){slice_of("REPLCONF"), slice_of("capa"), slice_of("eof"), slice_of("capa"),
                                        slice_of("psync2"), slice_of("capa"), slice_of("hearth-snapshot")},
                       7);
    fsm->replies_due++;
    if (!facts->wants_full) {
        struct psync_offer offer = psync_offer_make(facts->history, facts->end.offset);

        snprintf(text, sizeof(text), "%016" PRIx64, facts->end.hash);
        send_conf(fsm, turn->send, "hearth-hash", text);
        if (offer.also_id != NULL) {
            send_conf(fsm, turn->send, "hearth-also", offer.also_id);
        }
    }
    if (facts->resume_name != NULL) {
        struct slice argv[] = {slice_of("REPLCONF"), slice_of("hearth-snapshot-resume"), slice_of(facts->resume_name),
                               slice_empty()};

        snprintf(text, sizeof(text), "%" PRIu64, facts->resume_from);
        argv[3] = slice_of(text);
        resp_write_request(turn->send, argv, 4);
        fsm->replies_due++;
    }
    fsm->state = REPLICA_CONF;
}

static void send_psync(struct replica_fsm *fsm, const struct replica_turn *turn)
{
    struct psync_offer offer = {.id = "?", .offset = -1};
    char text[NUMBER_INTEGER_TEXT_MAX];

    if (!turn->facts->wants_full) {
        offer = psync_offer_make(turn->facts->history, turn->facts->end.offset);
    }
    number_format_int64(text, offer.offset);
    send_words(turn->send, "PSYNC", offer.id, text);
    fsm->state = REPLICA_PSYNC;
}

/* Ask one of our replicas to take over. It does if the id is the one by which it knows what it has from us, so it is
 * never the previous one. */
static void send_failover(struct replica_fsm *fsm, const struct replica_turn *turn)
{
    struct slice argv[] = {slice_of("PSYNC"), slice_of(turn->facts->history->id), slice_empty(), slice_of("FAILOVER")};
    char text[NUMBER_INTEGER_TEXT_MAX];

    number_format_uint64(text, turn->facts->end.offset + 1);
    argv[2] = slice_of(text);
    resp_write_request(turn->send, argv, 4);
    fsm->is_needless = false;
    fsm->state = REPLICA_PSYNC;
}

static void send_auth(struct replica_fsm *fsm, const struct replica_turn *turn)
{
    const struct replica_facts *facts = turn->facts;

    if (facts->user != NULL) {
        send_words(turn->send, "AUTH", facts->user, facts->password);
    } else {
        send_words(turn->send, "AUTH", facts->password, NULL);
    }
    fsm->state = REPLICA_AUTH;
}

void replica_fsm_acknowledge(struct replica_fsm *fsm, const struct replica_turn *turn)
{
    struct slice argv[] = {slice_of("REPLCONF"), slice_of("ACK"), slice_empty(), slice_of("FACK"), slice_empty()};
    char texts[2][NUMBER_INTEGER_TEXT_MAX];

    if (fsm->state != REPLICA_STREAMING) {
        return;
    }
    /* Redis 7.0 ignores FACK, 7.2 counts it for WAITAOF. */
    number_format_uint64(texts[0], turn->facts->acknowledged);
    number_format_uint64(texts[1], turn->facts->durable);
    argv[2] = slice_of(texts[0]);
    argv[4] = slice_of(texts[1]);
    resp_write_request(turn->send, argv, 5);
    fsm->said_ms = turn->now_ms;
}

static enum replica_action begin_streaming(struct replica_fsm *fsm, const struct replica_turn *turn)
{
    fsm->state = REPLICA_STREAMING;
    fsm->down_since_ms = 0;
    fsm->problem[0] = '\0';
    replica_fsm_acknowledge(fsm, turn);
    return REPLICA_DO_STREAM;
}

enum replica_action replica_fsm_tick(struct replica_fsm *fsm, const struct replica_turn *turn)
{
    switch (fsm->state) {
    case REPLICA_OFF:
        return REPLICA_DO_NOTHING;
    case REPLICA_WAITING:
        if (turn->now_ms < fsm->retry_at_ms) {
            return REPLICA_DO_NOTHING;
        }
        fsm->state = REPLICA_CONNECTING;
        fsm->heard_ms = turn->now_ms;
        return REPLICA_DO_CONNECT;
    case REPLICA_INSTALLING:
        /* We do not read meanwhile, so the master's silence means nothing; but it must hear us. */
        if (fsm->payload.kind != REPLICA_PAYLOAD_SNAPSHOT && turn->now_ms - fsm->said_ms >= SAY_EACH_MS) {
            buf_put_text(turn->send, "\n");
            fsm->said_ms = turn->now_ms;
        }
        return REPLICA_DO_NOTHING;
    default:
        break;
    }
    if (turn->now_ms - fsm->heard_ms > turn->facts->timeout_ms) {
        return give_up(fsm, turn->now_ms, "time-out: nothing heard from the master for %u s",
                       turn->facts->timeout_ms / 1000);
    }
    if (fsm->state == REPLICA_STREAMING && turn->now_ms - fsm->said_ms >= SAY_EACH_MS) {
        fsm->failed_count = 0; /* Not before: a stream that breaks with its first change is no success. */
        fsm->uninstalled_count = 0;
        replica_fsm_acknowledge(fsm, turn);
    }
    return REPLICA_DO_NOTHING;
}

enum replica_action replica_fsm_connected(struct replica_fsm *fsm, const struct replica_turn *turn)
{
    ASSERT(fsm->state == REPLICA_CONNECTING);
    fsm->heard_ms = turn->now_ms;
    fsm->state = REPLICA_PING;
    send_words(turn->send, "PING", NULL, NULL);
    return REPLICA_DO_NOTHING;
}

void replica_fsm_heard(struct replica_fsm *fsm, uint64_t now_ms)
{
    fsm->heard_ms = now_ms;
}

bool replica_fsm_wants_lines(const struct replica_fsm *fsm)
{
    return fsm->state >= REPLICA_PING && fsm->state <= REPLICA_PAYLOAD_LINE;
}

bool replica_fsm_tells_hash(const struct replica_fsm *fsm)
{
    return fsm->state == REPLICA_PING || fsm->state == REPLICA_AUTH;
}

static bool starts_with(struct slice line, const char *text)
{
    return slice_starts_with(line, slice_of(text));
}

static enum replica_action answer_ping(struct replica_fsm *fsm, const struct replica_turn *turn, struct slice line)
{
    if (!starts_with(line, "+") && !starts_with(line, "-NOAUTH") && !starts_with(line, "-NOPERM") &&
        !starts_with(line, "-ERR operation not permitted")) {
        return give_up(fsm, turn->now_ms, "the master answered PING with %.*s", (int)line.len, line.data);
    }
    if (turn->facts->password != NULL) {
        send_auth(fsm, turn);
    } else {
        send_all_conf(fsm, turn);
    }
    return REPLICA_DO_NOTHING;
}

static enum replica_action answer_full(struct replica_fsm *fsm, const struct replica_turn *turn, struct slice line)
{
    struct slice words[WORDS_MAX];
    size_t count = words_split_first(line, words, WORDS_MAX);
    uint64_t offset;
    size_t reason_len;

    if (count < 3 || !history_id_is_valid(words[1]) || !number_parse_uint64(words[2], &offset) || offset > INT64_MAX) {
        return give_up(fsm, turn->now_ms, "the master sent %.*s", (int)line.len, line.data);
    }
    fsm->payload = (struct replica_payload){.offset = offset};
    (void)words_copy(fsm->payload.id, sizeof(fsm->payload.id), words[1]);
    if (count == 4) {
        reason_len = words[3].len < REPLICA_PROBLEM_BYTES ? words[3].len : REPLICA_PROBLEM_BYTES - 1;
        (void)words_copy(fsm->payload.reason, sizeof(fsm->payload.reason), slice_first(words[3], reason_len));
    }
    fsm->state = REPLICA_PAYLOAD_LINE;
    return REPLICA_DO_NOTHING;
}

static enum replica_action answer_continue(struct replica_fsm *fsm, const struct replica_turn *turn, struct slice line)
{
    struct slice words[WORDS_MAX];
    size_t count = words_split_first(line, words, WORDS_MAX);

    fsm->continue_id[0] = '\0';
    if (count > 1) {
        if (!history_id_is_valid(words[1])) {
            return give_up(fsm, turn->now_ms, "the master sent %.*s", (int)line.len, line.data);
        }
        (void)words_copy(fsm->continue_id, sizeof(fsm->continue_id), words[1]);
    }
    return begin_streaming(fsm, turn);
}

/* A refusal of the failover that we asked for. That the target is a master by now, because it took over when we could
 * not hear of it or because somebody promoted it, is none. */
static enum replica_action answer_refusal(struct replica_fsm *fsm, const struct replica_turn *turn, struct slice line)
{
    if (starts_with(line, "-ERR PSYNC FAILOVER can't be sent to a master.")) {
        send_psync(fsm, turn);
        fsm->is_needless = true;
        return REPLICA_DO_NOTHING;
    }
    fsm->verdict = starts_with(line, "-ERR PSYNC FAILOVER replid must match my replid.") ? REPLICA_VERDICT_MISMATCHED
                                                                                         : REPLICA_VERDICT_REFUSED;
    return give_up(fsm, turn->now_ms, "the failover was refused: %.*s", (int)line.len, line.data);
}

static enum replica_action answer_psync(struct replica_fsm *fsm, const struct replica_turn *turn, struct slice line)
{
    bool is_failover = turn->facts->is_failover;

    if (starts_with(line, "+FULLRESYNC ")) {
        fsm->verdict = is_failover ? REPLICA_VERDICT_ACCEPTED : REPLICA_VERDICT_NONE;
        return answer_full(fsm, turn, line);
    }
    if (slice_equal(line, slice_of("+CONTINUE")) || starts_with(line, "+CONTINUE ")) {
        fsm->verdict = is_failover ? REPLICA_VERDICT_ACCEPTED : REPLICA_VERDICT_NONE;
        return answer_continue(fsm, turn, line);
    }
    if (is_failover && !fsm->is_needless && starts_with(line, "-")) {
        return answer_refusal(fsm, turn, line);
    }
    if (starts_with(line, "-NOAUTH")) {
        return give_up(fsm, turn->now_ms, "the master wants a password: set masterauth");
    }
    (void)give_up(fsm, turn->now_ms, "the master answered PSYNC with %.*s", (int)line.len, line.data);
    if (starts_with(line, "-NOMASTERLINK") && fsm->retry_at_ms > turn->now_ms + RETRY_BEHIND_MS) {
        fsm->retry_at_ms = turn->now_ms + RETRY_BEHIND_MS;
    }
    return REPLICA_DO_DISCONNECT;
}

static bool read_snapshot_line(struct replica_payload *payload, struct slice line)
{
    struct slice words[WORDS_MAX];

    if (words_split_first(line, words, WORDS_MAX) != 4 || words[1].len == 0 || words[1].len >= REPLICA_NAME_BYTES ||
        !number_parse_uint64(words[2], &payload->total_bytes) || !number_parse_uint64(words[3], &payload->from_byte) ||
        payload->from_byte > payload->total_bytes) {
        return false;
    }
    for (size_t i = 0; i < words[1].len; i++) {
        char digit = words[1].data[i];

        /* The name becomes a file's name: nothing but hex digits may come from the wire. */
        if (!((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'))) {
            return false;
        }
    }
    payload->kind = REPLICA_PAYLOAD_SNAPSHOT;
    (void)words_copy(payload->name, sizeof(payload->name), words[1]);
    return true;
}

static bool read_payload_line(struct replica_payload *payload, struct slice line)
{
    if (starts_with(line, "$hearth-snapshot ")) {
        return read_snapshot_line(payload, line);
    }
    if (starts_with(line, "$EOF:")) {
        struct slice mark = slice_after(line, strlen("$EOF:"));

        if (mark.len != REPLICA_MARK_BYTES) {
            return false;
        }
        payload->kind = REPLICA_PAYLOAD_RDB_MARK;
        (void)words_copy(payload->mark, sizeof(payload->mark), mark);
        return true;
    }
    payload->kind = REPLICA_PAYLOAD_RDB;
    return starts_with(line, "$") && number_parse_uint64(slice_after(line, 1), &payload->total_bytes);
}

static enum replica_action answer_payload(struct replica_fsm *fsm, const struct replica_turn *turn, struct slice line)
{
    if (starts_with(line, "-")) {
        return give_up(fsm, turn->now_ms, "the master could not make a full sync: %.*s", (int)line.len, line.data);
    }
    if (!read_payload_line(&fsm->payload, line)) {
        return give_up(fsm, turn->now_ms, "the master announced its data with %.*s", (int)line.len, line.data);
    }
    fsm->state = REPLICA_PAYLOAD;
    return REPLICA_DO_RECEIVE;
}

enum replica_action replica_fsm_line(struct replica_fsm *fsm, const struct replica_turn *turn, struct slice line)
{
    ASSERT(replica_fsm_wants_lines(fsm));
    fsm->heard_ms = turn->now_ms;
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    if (line.len == 0) {
        return REPLICA_DO_NOTHING; /* A keepalive. */
    }
    switch (fsm->state) {
    case REPLICA_PING:
        return answer_ping(fsm, turn, line);
    case REPLICA_AUTH:
        if (!starts_with(line, "+")) {
            return give_up(fsm, turn->now_ms, "the master refused our password: %.*s", (int)line.len, line.data);
        }
        send_all_conf(fsm, turn);
        return REPLICA_DO_NOTHING;
    case REPLICA_CONF:
        /* A master that does not know an option says so, and that is all right. */
        if (--fsm->replies_due == 0) {
            (turn->facts->is_failover ? send_failover : send_psync)(fsm, turn);
        }
        return REPLICA_DO_NOTHING;
    case REPLICA_PSYNC:
        return answer_psync(fsm, turn, line);
    default:
        return answer_payload(fsm, turn, line);
    }
}

enum replica_action replica_fsm_received(struct replica_fsm *fsm, const struct replica_turn *turn)
{
    ASSERT(fsm->state == REPLICA_PAYLOAD);
    fsm->state = REPLICA_INSTALLING;
    fsm->said_ms = turn->now_ms;
    return fsm->payload.kind == REPLICA_PAYLOAD_SNAPSHOT ? REPLICA_DO_INSTALL_DISCONNECTED : REPLICA_DO_INSTALL;
}

enum replica_action replica_fsm_installed(struct replica_fsm *fsm, const struct replica_turn *turn,
                                          enum replica_install_result result, const char *problem)
{
    ASSERT(fsm->state == REPLICA_INSTALLING);
    fsm->heard_ms = turn->now_ms;
    if (result != REPLICA_INSTALLED) {
        replica_fsm_closed(fsm, turn->now_ms, problem);
        fsm->retry_at_ms =
            turn->now_ms + (result == REPLICA_INSTALL_REFUSED
                                ? RETRY_REFUSED_MS
                                : back_off_ms(RETRY_INSTALL_FIRST_MS, fsm->uninstalled_count++, RETRY_INSTALL_MAX_MS));
        return REPLICA_DO_DISCONNECT;
    }
    if (fsm->payload.kind == REPLICA_PAYLOAD_SNAPSHOT) {
        fsm->state = REPLICA_WAITING;
        fsm->retry_at_ms = turn->now_ms; /* The rest comes by PSYNC, at once. */
        return replica_fsm_tick(fsm, turn);
    }
    fsm->continue_id[0] = '\0';
    return begin_streaming(fsm, turn);
}

const char *replica_fsm_role_word(const struct replica_fsm *fsm)
{
    switch (fsm->state) {
    case REPLICA_OFF:
        return "none";
    case REPLICA_WAITING:
        return "connect";
    case REPLICA_CONNECTING:
        return "connecting";
    case REPLICA_PAYLOAD_LINE:
    case REPLICA_PAYLOAD:
    case REPLICA_INSTALLING:
        return "sync";
    case REPLICA_STREAMING:
        return "connected";
    default:
        return "handshake";
    }
}
