#include "server/watch/client_info.h"
#include "server/acl/acl_user.h"
#include "server/request/args.h"
#include "server/request/blocking.h"
#include "server/request/pubsub.h"
#include "server/request/registry.h"
#include "server/request/tracking.h"
#include "server/request/transaction.h"
#include "server/services.h"

enum client_type client_type_of(const struct session *session)
{
    if (session->flags & SESSION_MASTER) {
        return CLIENT_MASTER;
    }
    if ((session->flags & SESSION_REPLICA) && !(session->flags & SESSION_MONITOR)) {
        return CLIENT_REPLICA;
    }
    return session->subscription_count != 0 ? CLIENT_PUBSUB : CLIENT_NORMAL;
}

bool client_type_parse(struct slice word, enum client_type *type)
{
    static const struct {
        const char *word;
        enum client_type type;
    } types[] = {{"normal", CLIENT_NORMAL},
                 {"slave", CLIENT_REPLICA},
                 {"replica", CLIENT_REPLICA},
                 {"pubsub", CLIENT_PUBSUB},
                 {"master", CLIENT_MASTER}};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (args_is(word, types[i].word)) {
            *type = types[i].type;
            return true;
        }
    }
    return false;
}

static void write_tracking_flags(const struct session *session, struct buf *out)
{
    buf_put_text(out, session->tracker == NULL ? "" : "t");
    buf_put_text(out, (tracking_flags(session) & TRACKING_BROKEN) ? "R" : "");
    buf_put_text(out, (tracking_flags(session) & TRACKING_BCAST) ? "B" : "");
}

/* Redis' letters, in its order. */
static void write_flags(const struct session *session, struct buf *out)
{
    static const struct {
        uint32_t flag;
        char letter;
    } letters[] = {
        {SESSION_MONITOR, 'O'},
        {SESSION_REPLICA, 'S'},
        {SESSION_MASTER, 'M'},
        {SESSION_IN_TRANSACTION, 'x'},
        {SESSION_BLOCKED | SESSION_PARKED, 'b'},
        {SESSION_IS_DIRTY, 'd'},
        {SESSION_CLOSING, 'c'},
        {SESSION_UNIX_SOCKET, 'U'},
        {SESSION_NO_EVICT, 'e'},
    };
    size_t begin = out->len;

    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (session->flags & letters[i].flag) {
            buf_put_byte(out, letters[i].letter);
        }
        if (letters[i].flag == SESSION_MASTER && session->subscription_count != 0) {
            buf_put_byte(out, 'P');
        }
        if (letters[i].flag == (SESSION_BLOCKED | SESSION_PARKED)) {
            write_tracking_flags(session, out);
        }
    }
    if (out->len == begin) {
        buf_put_byte(out, 'N');
    }
}

static const char *text_of(const char *text)
{
    return text == NULL ? "" : text;
}

static uint64_t memory_bytes(const struct session *session, const struct connection_usage *usage)
{
    return sizeof(*session) + usage->memory_bytes + resp_reader_memory_bytes(&session->reader) +
           transaction_bytes(session) + transaction_watch_bytes(session) + pubsub_memory_bytes(session) +
           blocking_memory_bytes(session) + tracking_memory_bytes(session);
}

uint64_t client_memory_bytes(const struct session *session)
{
    struct connection_usage usage;

    connection_measure(session->connection, &usage);
    return memory_bytes(session, &usage);
}

uint64_t client_memory_bytes_of_all(const struct services *services, bool of_replicas)
{
    uint64_t bytes = 0;

    LIST_FOR_EACH(sessions_all(services->sessions), node)
    {
        const struct session *session = LIST_ENTRY(node, struct session, node);

        if ((client_type_of(session) == CLIENT_REPLICA) == of_replicas) {
            bytes += client_memory_bytes(session);
        }
    }
    return bytes;
}

/* What Redis tells of its reply buffer (rbs, rbp) is told of the one buffer that there is here; it holds the reply
 * list's bytes, too (omem), without being a list (oll). */
static void write_memory(const struct session *session, struct buf *out)
{
    struct connection_usage usage;

    connection_measure(session->connection, &usage);
    buf_put_format(out, " qbuf=%zu qbuf-free=%zu argv-mem=%zu multi-mem=%zu", usage.input_len,
                   usage.input_bytes - usage.input_len, resp_reader_memory_bytes(&session->reader),
                   transaction_bytes(session));
    buf_put_format(out, " rbs=%zu rbp=%zu obl=%zu oll=0 omem=%zu tot-mem=%llu events=%s", usage.output_bytes,
                   usage.output_peak, usage.output_len, usage.output_len,
                   (unsigned long long)memory_bytes(session, &usage), usage.output_len != 0 ? "rw" : "r");
}

void client_info_write(const struct session *session, uint64_t now_us, struct buf *out)
{
    buf_put_format(out,
                   "id=%llu addr=%s laddr=%s fd=%d name=%s age=%llu idle=%llu flags=", (unsigned long long)session->id,
                   session->peer, session->local, connection_fd(session->connection), text_of(session->name),
                   (unsigned long long)((now_us - session->created_us) / 1000000),
                   (unsigned long long)(session_idle_us(session, now_us) / 1000000));
    write_flags(session, out);
    buf_put_format(out, " db=%u sub=%u psub=%u ssub=%u multi=%lld", session->db, session->channel_count,
                   session->pattern_count, session->shard_channel_count,
                   (session->flags & SESSION_IN_TRANSACTION) ? (long long)transaction_len(session) : -1LL);
    write_memory(session, out);
    buf_put_format(out, " cmd=%s user=%s redir=%lld resp=%d",
                   session->last_command == NULL ? "NULL" : session->last_command->full_name,
                   session->user == NULL ? "(superuser)" : session->user->name,
                   (long long)tracking_redirect_id(session), session->protocol);
    buf_put_format(out, " lib-name=%s lib-ver=%s", text_of(session->library_name), text_of(session->library_version));
}
