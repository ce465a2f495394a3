#include "server/net/session.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/resp_peek.h"
#include "base/resp_write.h"
#include "server/request/auth.h"
#include "server/services.h"
#include "storage/store.h"
#include <stdio.h>

#define ANNOUNCE_MAX          16             /* Requests: what is fetched for them is still there when it is used. */
#define TURN_OUTPUT_BYTES     (1024u * 1024) /* After so much of one client's replies the others have their turn. */
#define STRANGER_OUTPUT_BYTES (64u * 1024)   /* Unread ones of a client that has not said who it is. */

struct sessions {
    struct sessions_options options;
    struct list all;
    struct hash_table by_id;
    struct list parked;
    size_t count;
    uint64_t next_id;
};

/* Ids are given in order: neighbours part. */
static uint64_t hash_of(uint64_t id)
{
    return id * UINT64_C(0x9E3779B97F4A7C15) >> 32;
}

struct sessions *sessions_create(const struct sessions_options *options)
{
    struct sessions *sessions = memory_allocate_zeroed(sizeof(*sessions));

    sessions->options = *options;
    list_init(&sessions->all);
    hash_table_init(&sessions->by_id);
    list_init(&sessions->parked);
    sessions->next_id = 1;
    return sessions;
}

void sessions_free(struct sessions *sessions)
{
    if (sessions == NULL) {
        return;
    }
    ASSERT(list_is_empty(&sessions->all)); /* connections_free() came first. */
    hash_table_release(&sessions->by_id);
    memory_free(sessions);
}

void sessions_set_bulk_bytes_max(struct sessions *sessions, uint64_t bytes)
{
    sessions->options.bulk_bytes_max = bytes;
}

/* Whether the request's bytes are exactly its words in RESP's canonical form. The reader lets any two bytes end a line
 * or an argument; numbers it takes only in their one form. */
static bool is_canonical(const struct slice *argv, size_t argc, struct slice raw)
{
    const char *newline = memchr(raw.data, '\n', raw.len);

    if (raw.data[0] != '*' || newline == NULL || newline[1] != '$' || newline[-1] != '\r') {
        return false;
    }
    for (size_t i = 0; i < argc; i++) {
        const char *data = argv[i].data;

        if (data[-2] != '\r' || data[-1] != '\n' || data[argv[i].len] != '\r' || data[argv[i].len + 1] != '\n') {
            return false;
        }
    }
    return true;
}

static void refuse_protocol(struct session *session)
{
    struct buf text;

    buf_init(&text, BUF_NO_CEILING);
    buf_put_format(&text, "ERR %s", session->reader.error);
    resp_write_error(session->output, buf_slice(&text));
    buf_release(&text);
    diag(DIAG_VERBOSE, "protocol error from %s: %s", session->peer, session->reader.error);
    session_close_after_reply(session);
}

/* Fetch ahead what the next requests of a pipeline will look up; returns the length of those. */
static size_t announce_keys(const struct session *session, struct slice input)
{
    struct store *store = session->sessions->options.services->store;
    struct slice words[ANNOUNCE_MAX];
    size_t len;
    size_t count = resp_peek(input, words, ANNOUNCE_MAX, &len);

    if (count > 1) {
        keyspace_announce(store_keyspace(store), session->db, words, count);
    }
    return len;
}

/* Requests of a few bytes each may ask for gigabytes, which go to a file if the client does not read them: the loop
 * must not make all of that at once. Until the rest is executed no more of it is read. */
static bool must_yield(const struct session *session, size_t output_begin)
{
    return session->output->len > output_begin + TURN_OUTPUT_BYTES && !(session->flags & SESSION_CANNOT_GO_ON);
}

static void yield(struct session *session)
{
    session->flags |= SESSION_YIELDED;
    connection_pause(session->connection);
    connection_process_again(session->connection);
}

static void end_yield(struct session *session)
{
    if (session->flags & SESSION_YIELDED) {
        session->flags &= ~(uint32_t)SESSION_YIELDED;
        connection_resume(session->connection);
    }
}

/* Who does not read is not heard any further once so much waits for it: a stranger's replies are few and short, and
 * those of others may wait in a file, as long as there is one. */
static size_t unread_bytes_max(const struct session *session, bool is_stranger)
{
    if (is_stranger) {
        return STRANGER_OUTPUT_BYTES;
    }
    return buf_lacks_file(session->output) || buf_is_lost(session->output) ? BUF_MEMORY_BYTES_MAX : SIZE_MAX;
}

/* Whether its next requests have to wait: until it reads, or for the others' turn. */
static bool has_to_stop(struct session *session, bool is_stranger, size_t output_begin, bool has_more)
{
    size_t limit = unread_bytes_max(session, is_stranger);

    if (session->output->len > limit) {
        connection_wait_for_reader(session->connection, limit);
        return true;
    }
    if (has_more && must_yield(session, output_begin)) {
        yield(session);
        return true;
    }
    return false;
}

/* The session's request loop: execute the whole requests of the input, all unless what they answer is large. */
static size_t on_input(void *context, struct slice input)
{
    struct session *session = context;
    struct sessions *sessions = session->sessions;
    struct resp_limits limits = {.bulk_bytes_max = sessions->options.bulk_bytes_max};
    struct slice rest = input;
    size_t announced_len = 0; /* Of the rest's front; SIZE_MAX when there is nothing to announce. */
    size_t output_begin = session->output->len;
    uint64_t now_us = clock_monotonic_us();

    session->active_us = now_us;
    end_yield(session);
    if (session->replica != NULL) {
        replica_heard(session->replica); /* Also a bare newline, which is a stock replica's keepalive. */
    }
    while (!(session->flags & SESSION_CANNOT_GO_ON) && rest.len != 0) {
        struct request request;
        enum resp_outcome outcome;
        size_t consumed;

        limits.is_unauthenticated = auth_is_required(sessions->options.services, session);
        outcome = resp_read(&session->reader, rest, &limits, &consumed);
        if (outcome == RESP_INCOMPLETE) {
            break;
        }
        if (outcome == RESP_ERROR) {
            refuse_protocol(session);
            break;
        }
        request = (struct request){.argv = session->reader.argv, .argc = session->reader.argc};
        if (request.argc != 0) {
            request.raw = slice_first(rest, consumed);
            if (!is_canonical(request.argv, request.argc, request.raw)) {
                request.raw = slice_empty();
            }
            if (sessions->options.execute(sessions->options.context, session, &request, &now_us) == SESSION_PARKS) {
                if (!(session->flags & SESSION_PARKED)) {
                    session->flags |= SESSION_PARKED;
                    list_append(&sessions->parked, &session->list_node);
                    connection_pause(session->connection);
                }
                break;
            }
        }
        rest = slice_after(rest, consumed);
        announced_len = announced_len > consumed ? announced_len - consumed : 0;
        if (announced_len == 0 && rest.len > 0) {
            announced_len = announce_keys(session, rest);
            announced_len = announced_len == 0 ? SIZE_MAX : announced_len;
        }
        if (has_to_stop(session, limits.is_unauthenticated, output_begin, rest.len > 0)) {
            break;
        }
    }
    connection_touch(session->connection);
    return input.len - rest.len;
}

static size_t on_missing(void *context, size_t input_len)
{
    struct session *session = context;

    return resp_reader_missing(&session->reader, input_len);
}

static void on_closed(void *context)
{
    struct session *session = context;
    struct sessions *sessions = session->sessions;

    sessions->options.closed(sessions->options.context, session);
    list_remove(&session->node);
    hash_table_remove(&sessions->by_id, &session->hash_node);
    list_remove(&session->list_node);
    sessions->count--;
    buf_release(&session->pushed);
    memory_free(session->name);
    memory_free(session->library_name);
    memory_free(session->library_version);
    resp_reader_release(&session->reader);
    memory_free(session);
}

struct session *sessions_accept(struct sessions *sessions, const struct transport *transport, const char *peer,
                                const char *local)
{
    struct session *session = memory_allocate_zeroed(sizeof(*session));
    struct connection_handler handler = {
        .input = on_input, .missing = on_missing, .closed = on_closed, .context = session};

    session->sessions = sessions;
    session->id = sessions->next_id++;
    session->protocol = 2;
    buf_init(&session->pushed, BUF_NO_CEILING);
    session->created_us = clock_monotonic_us();
    session->active_us = session->created_us;
    (void)snprintf(session->peer, sizeof(session->peer), "%s", peer);
    (void)snprintf(session->local, sizeof(session->local), "%s", local);
    resp_reader_init(&session->reader);
    list_node_init(&session->list_node);
    list_append(&sessions->all, &session->node);
    hash_table_insert(&sessions->by_id, &session->hash_node, hash_of(session->id));
    sessions->count++;
    session->connection = connection_open(sessions->options.connections, transport, &handler);
    session->output = connection_output(session->connection);
    return session;
}

size_t sessions_count(const struct sessions *sessions)
{
    return sessions->count;
}

size_t sessions_count_replicas(const struct sessions *sessions)
{
    size_t count = 0;

    LIST_FOR_EACH(&sessions->all, node)
    {
        count += (LIST_ENTRY(node, struct session, node)->flags & SESSION_REPLICA) != 0;
    }
    return count;
}

size_t sessions_count_parked(const struct sessions *sessions)
{
    size_t count = 0;

    LIST_FOR_EACH(&sessions->parked, node)
    {
        count++;
    }
    return count;
}

struct session *sessions_find(struct sessions *sessions, uint64_t id)
{
    for (struct hash_node *node = hash_table_first(&sessions->by_id, hash_of(id)); node != NULL;
         node = hash_table_next(node)) {
        struct session *session = LIST_ENTRY(node, struct session, hash_node);

        if (session->id == id) {
            return session;
        }
    }
    return NULL;
}

struct list *sessions_all(struct sessions *sessions)
{
    return &sessions->all;
}

void sessions_close_held(struct sessions *sessions)
{
    LIST_FOR_EACH(&sessions->all, node)
    {
        struct session *session = LIST_ENTRY(node, struct session, node);

        if (session->connection != NULL && connection_is_held(session->connection)) {
            session_close(session);
        }
    }
}

void sessions_resume_parked(struct sessions *sessions)
{
    while (!list_is_empty(&sessions->parked)) {
        struct session *session = LIST_ENTRY(sessions->parked.head.next, struct session, list_node);

        list_remove(&session->list_node);
        session->flags &= ~(uint32_t)SESSION_PARKED;
        connection_resume(session->connection);
        connection_process_again(session->connection);
    }
}

void session_init_internal(struct session *session, struct buf *output)
{
    *session = (struct session){.flags = SESSION_INTERNAL | SESSION_AUTHENTICATED, .protocol = 2, .output = output};
    list_node_init(&session->node);
    list_node_init(&session->list_node);
    buf_init(&session->pushed, BUF_NO_CEILING);
}

void session_release_internal(struct session *session)
{
    buf_release(&session->pushed);
}

uint64_t session_idle_us(const struct session *session, uint64_t now_us)
{
    uint64_t sent_us = session->connection == NULL ? 0 : connection_sent_us(session->connection);
    uint64_t last_us = sent_us > session->active_us ? sent_us : session->active_us;

    return now_us > last_us ? now_us - last_us : 0;
}

bool session_is_local(const struct session *session)
{
    return (session->flags & SESSION_UNIX_SOCKET) || strncmp(session->peer, "127.", 4) == 0 ||
           strncmp(session->peer, "[::1]", 5) == 0;
}

void session_close(struct session *session)
{
    session->flags |= SESSION_CLOSING;
    connection_close(session->connection);
}

void session_close_after_reply(struct session *session)
{
    session->flags |= SESSION_CLOSING;
    connection_close_after_output(session->connection);
}

void session_touch(struct session *session, uint64_t offset)
{
    if (session->connection != NULL) {
        connection_hold(session->connection, offset);
        connection_touch(session->connection);
    }
}

/* A copy, because what is pushed may stand within the reply that goes: SUBSCRIBE in EXEC's. */
void session_keep_push(struct session *session, size_t begin)
{
    if ((session->flags & SESSION_EXECUTES) && (session->flags & (SESSION_REPLY_OFF | SESSION_REPLY_SKIP))) {
        buf_put(&session->pushed, slice_after(buf_slice(session->output), begin));
    }
}

static void write_pushed(struct session *session)
{
    if (session->pushed.len != 0) {
        buf_put(session->output, buf_slice(&session->pushed));
        buf_clear(&session->pushed);
    }
}

void session_end_reply(struct session *session, size_t reply_begin)
{
    if (session->flags & SESSION_BLOCKED) {
        write_pushed(session);
        return;
    }
    if (session->flags & (SESSION_REPLY_OFF | SESSION_REPLY_SKIP)) {
        buf_truncate(session->output, reply_begin);
    }
    write_pushed(session);
    session->flags &= ~(uint32_t)SESSION_REPLY_SKIP;
    if (session->flags & SESSION_SKIP_NEXT) {
        session->flags = (session->flags | SESSION_REPLY_SKIP) & ~(uint32_t)SESSION_SKIP_NEXT;
    }
}

void session_unblock(struct session *session)
{
    ASSERT(session->blocked == NULL);
    session->flags &= ~(uint32_t)SESSION_BLOCKED;
    session->active_us = clock_monotonic_us(); /* It was not idle while it waited. */
    connection_process_again(session->connection);
}

void session_set_text(char **owned, struct slice text)
{
    memory_free(*owned);
    *owned = NULL;
    if (text.len != 0) {
        *owned = memory_allocate(text.len + 1);
        memcpy(*owned, text.data, text.len);
        (*owned)[text.len] = '\0';
    }
}
