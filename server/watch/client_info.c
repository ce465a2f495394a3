#include "server/watch/client_info.h"
#include "server/acl/acl_user.h"
#include "server/request/args.h"
#include "server/request/registry.h"
#include "server/request/tracking.h"
#include "server/request/transaction.h"

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

void client_info_write(const struct session *session, uint64_t now_us, struct buf *out)
{
    const struct connection *connection = session->connection;
    size_t input_len = connection_input_len(connection);
    size_t output_len = connection_output_len(connection);

    buf_put_format(out,
                   "id=%llu addr=%s laddr=%s fd=%d name=%s age=%llu idle=%llu flags=", (unsigned long long)session->id,
                   session->peer, session->local, connection_fd(connection), text_of(session->name),
                   (unsigned long long)((now_us - session->created_us) / 1000000),
                   (unsigned long long)((now_us - session->active_us) / 1000000));
    write_flags(session, out);
    buf_put_format(out, " db=%u sub=%u psub=%u ssub=%u multi=%lld qbuf=%zu qbuf-free=%zu argv-mem=0 multi-mem=%zu",
                   session->db, session->channel_count, session->pattern_count, session->shard_channel_count,
                   (session->flags & SESSION_IN_TRANSACTION) ? (long long)transaction_len(session) : -1LL, input_len,
                   connection_input_memory_bytes(connection) - input_len, transaction_bytes(session));
    buf_put_format(out, " rbs=0 rbp=0 obl=%zu oll=0 omem=%zu tot-mem=%zu events=%s cmd=%s user=%s redir=%lld resp=%d",
                   output_len, output_len, connection_memory_bytes(connection) + sizeof(*session),
                   output_len != 0 ? "rw" : "r",
                   session->last_command == NULL ? "NULL" : session->last_command->full_name,
                   session->user == NULL ? "(superuser)" : session->user->name,
                   (long long)tracking_redirect_id(session), session->protocol);
    buf_put_format(out, " lib-name=%s lib-ver=%s", text_of(session->library_name), text_of(session->library_version));
}
