/* A master's answers, one a line, from the first byte on; a line of "\x01" is time that passes. Whatever it says, the
 * machine ends a try with a reason or takes a payload or stream that is within its limits. */
#include "base/assert.h"
#include "fuzz.h"
#include "replication/replica_fsm.h"

#define ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Do what the machine orders, as a link without network and disk would. */
static void obey(struct replica_fsm *fsm, const struct replica_turn *turn, enum replica_action action)
{
    switch (action) {
    case REPLICA_DO_NOTHING:
        break;
    case REPLICA_DO_CONNECT:
        obey(fsm, turn, replica_fsm_connected(fsm, turn));
        break;
    case REPLICA_DO_DISCONNECT:
        ASSERT(fsm->problem[0] != '\0' && fsm->state == REPLICA_WAITING);
        break;
    case REPLICA_DO_RECEIVE:
        ASSERT(fsm->payload.from_byte <= fsm->payload.total_bytes);
        ASSERT(history_id_is_valid(slice_of(fsm->payload.id)));
        obey(fsm, turn, replica_fsm_received(fsm, turn));
        break;
    case REPLICA_DO_INSTALL:
    case REPLICA_DO_INSTALL_DISCONNECTED:
        obey(fsm, turn, replica_fsm_installed(fsm, turn, REPLICA_INSTALLED, ""));
        break;
    case REPLICA_DO_STREAM:
        ASSERT(fsm->continue_id[0] == '\0' || history_id_is_valid(slice_of(fsm->continue_id)));
        replica_fsm_closed(fsm, turn->now_ms, "enough");
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct history history = {.id = ID, .previous_end = -1};
    const struct replica_facts facts = {
        .password = "secret", .timeout_ms = 60000, .history = &history, .end = {.offset = 700}};
    struct slice rest = slice_make(data, len);
    struct replica_turn turn = {.facts = &facts, .now_ms = 1};
    struct replica_fsm fsm;
    struct buf send;

    buf_init(&send, BUF_NO_CEILING);
    turn.send = &send;
    replica_fsm_init(&fsm);
    replica_fsm_start(&fsm, turn.now_ms);
    while (rest.len > 0) {
        const char *newline = memchr(rest.data, '\n', rest.len);
        struct slice line = newline == NULL ? rest : slice_first(rest, (size_t)(newline - rest.data));

        rest = slice_after(rest, line.len + (newline != NULL));
        if (slice_equal(line, slice_of("\x01")) || !replica_fsm_wants_lines(&fsm)) {
            turn.now_ms += 1000;
            obey(&fsm, &turn, replica_fsm_tick(&fsm, &turn));
        } else {
            obey(&fsm, &turn, replica_fsm_line(&fsm, &turn, line));
        }
        buf_clear(&send);
    }
    buf_release(&send);
    return 0;
}
