#include "storage/history.h"

#include "base/assert.h"
#include "base/random.h"

/* What Redis shows for "no second history". */
static const char no_id[HISTORY_ID_LEN + 1] = "0000000000000000000000000000000000000000";

static void take_id(struct history *history, struct slice id)
{
    ASSERT(history_id_is_valid(id));
    memcpy(history->id, id.data, HISTORY_ID_LEN);
    history->id[HISTORY_ID_LEN] = '\0';
}

static void forget_previous(struct history *history)
{
    memcpy(history->previous_id, no_id, sizeof(no_id));
    history->previous_end = -1;
}

static void end_present(struct history *history, uint64_t offset)
{
    memcpy(history->previous_id, history->id, sizeof(history->id));
    history->previous_end = (int64_t)offset;
}

void history_init(struct history *history)
{
    random_hex(history->id, HISTORY_ID_LEN);
    forget_previous(history);
}

void history_fork(struct history *history, uint64_t offset)
{
    end_present(history, offset);
    random_hex(history->id, HISTORY_ID_LEN);
}

void history_rename(struct history *history, struct slice id, uint64_t offset)
{
    end_present(history, offset);
    take_id(history, id);
}

void history_adopt(struct history *history, struct slice id)
{
    take_id(history, id);
    forget_previous(history);
}

bool history_id_is_valid(struct slice id)
{
    if (id.len != HISTORY_ID_LEN) {
        return false;
    }
    for (size_t i = 0; i < id.len; i++) {
        char digit = id.data[i];

        if (!((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'))) {
            return false;
        }
    }
    return true;
}
