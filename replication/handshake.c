#include "replication/handshake.h"

#include "base/number.h"
#include "base/resp_write.h"
#include "replication/words.h"
#include <stdio.h>

static void take_capability(struct replica_handshake *handshake, struct slice name)
{
    /* What is unknown is ignored, as the protocol wants it. */
    handshake->capa_eof |= slice_is_word(name, "eof");
    handshake->capa_psync2 |= slice_is_word(name, "psync2");
    handshake->capa_snapshot |= slice_is_word(name, "hearth-snapshot");
}

static bool take_hash(struct replica_handshake *handshake, struct slice text)
{
    uint64_t hash = 0;

    if (text.len != 16) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char digit = text.data[i];

        if (digit >= '0' && digit <= '9') {
            hash = hash << 4 | (uint64_t)(digit - '0');
        } else if (digit >= 'a' && digit <= 'f') {
            hash = hash << 4 | (uint64_t)(digit - 'a' + 10);
        } else {
            return false;
        }
    }
    handshake->hash = hash;
    handshake->has_hash = true;
    return true;
}

static bool take_flag(bool *flag, struct slice text)
{
    int64_t value;

    if (!number_parse_int64(text, &value)) {
        return false;
    }
    *flag = value != 0;
    return true;
}

static bool take_port(struct replica_handshake *handshake, struct slice text)
{
    uint64_t port;

    if (!number_parse_uint64(text, &port) || port > UINT16_MAX) {
        return false;
    }
    handshake->listening_port = (uint16_t)port;
    return true;
}

/* What the RDB file is to hold: libraries of functions alone, which are all that can be named. */
static bool take_filter(struct replica_handshake *handshake, struct slice value)
{
    handshake->is_without_keys = value.len == 0 || slice_is_word(value, "functions");
    return handshake->is_without_keys;
}

enum option_outcome { OPTION_TAKEN, OPTION_BAD, OPTION_UNSUPPORTED, OPTION_UNKNOWN };

static enum option_outcome taken_if(bool is_good)
{
    return is_good ? OPTION_TAKEN : OPTION_BAD;
}

/* One option and its value. */
static enum option_outcome take_option(struct replica_handshake *handshake, struct slice option, struct slice value)
{
    if (slice_is_word(option, "listening-port")) {
        return taken_if(take_port(handshake, value));
    }
    if (slice_is_word(option, "ip-address")) {
        return taken_if(words_copy(handshake->announced_ip, sizeof(handshake->announced_ip), value));
    }
    if (slice_is_word(option, "capa")) {
        take_capability(handshake, value);
        return OPTION_TAKEN;
    }
    if (slice_is_word(option, "rdb-only")) {
        return taken_if(take_flag(&handshake->rdb_only, value));
    }
    if (slice_is_word(option, "rdb-filter-only")) {
        return take_filter(handshake, value) ? OPTION_TAKEN : OPTION_UNSUPPORTED;
    }
    if (slice_is_word(option, "hearth-snapshot-only")) {
        return taken_if(take_flag(&handshake->snapshot_only, value));
    }
    if (slice_is_word(option, "hearth-hash")) {
        return taken_if(take_hash(handshake, value));
    }
    if (slice_is_word(option, "hearth-also")) {
        return taken_if(history_id_is_valid(value) &&
                        words_copy(handshake->also_id, sizeof(handshake->also_id), value));
    }
    return OPTION_UNKNOWN;
}

static bool take_resume(struct replica_handshake *handshake, struct slice name, struct slice from)
{
    return number_parse_uint64(from, &handshake->resume_from) &&
           words_copy(handshake->resume_name, sizeof(handshake->resume_name), name);
}

static void refuse_word(struct buf *reply, const char *problem, struct slice word)
{
    char text[128];

    snprintf(text, sizeof(text), "ERR %s: %.*s", problem, (int)(word.len < 64 ? word.len : 64), word.data);
    resp_write_error(reply, slice_of(text));
}

void handshake_take(struct replica_handshake *handshake, const struct slice *argv, size_t argc, struct buf *reply)
{
    if (argc == 4 && slice_is_word(argv[1], "hearth-snapshot-resume")) {
        if (!take_resume(handshake, argv[2], argv[3])) {
            resp_write_error(reply, slice_of("ERR value is not an integer or out of range"));
            return;
        }
        resp_write_simple(reply, "OK");
        return;
    }
    if (argc % 2 == 0) {
        resp_write_error(reply, slice_of("ERR syntax error"));
        return;
    }
    for (size_t i = 1; i + 1 < argc; i += 2) {
        switch (take_option(handshake, argv[i], argv[i + 1])) {
        case OPTION_TAKEN:
            break;
        case OPTION_BAD:
            resp_write_error(reply, slice_of("ERR value is not an integer or out of range"));
            return;
        case OPTION_UNSUPPORTED:
            refuse_word(reply, "Unsupported rdb-filter-only option", argv[i + 1]);
            return;
        case OPTION_UNKNOWN:
            refuse_word(reply, "Unrecognized REPLCONF option", argv[i]);
            return;
        }
    }
    resp_write_simple(reply, "OK");
}
