#include "server/commands/stream_group_args.h"
#include "base/memory.h"
#include "base/number.h"
#include "server/commands/call_effects.h"
#include "server/commands/call_reads.h"
#include "server/commands/cmd_stream.h"
#include "server/commands/stream_reply.h"
#include "server/request/change.h"
#include "server/request/notify.h"
#include "server/request/reply.h"

#define RUN_IDS_MAX  1000                     /* Of one XCLAIM. */
#define RUN_BYTES    512                      /* What it takes beside names and ids, at most, */
#define RUN_ID_BYTES (STREAM_ID_TEXT_MAX + 8) /* and an id. */

enum status stream_open_group(struct call *call, struct stream *stream, struct stream_group *group)
{
    enum status status = stream_open_first(call, stream);

    call_count_read_of_writer(call, call->argv[1], status != STATUS_NOT_FOUND);
    if (status == STATUS_OK && !stream_group_find(stream, call->argv[2], group)) {
        return STATUS_NOT_FOUND;
    }
    return status;
}

enum status stream_refuse_group(struct call *call, struct reply *reply)
{
    return reply_error(reply, "NOGROUP No such key '%.*s' or consumer group '%.*s'", (int)call->argv[1].len,
                       call->argv[1].data, (int)call->argv[2].len, call->argv[2].data);
}

void stream_member_begin(struct stream_member *member)
{
    buf_init(&member->run_ids, BUF_NO_CEILING);
}

void stream_member_join(struct call *call, struct stream_member *member, struct slice name)
{
    if (member->has_joined) {
        return;
    }
    member->has_joined = true;
    if (stream_consumer_find(member->stream, &member->group, name, &member->consumer)) {
        member->consumer.seen_ms = call->now_ms;
        return;
    }
    stream_consumer_create(member->stream, &member->group, name, call->now_ms, &member->consumer);
    member->is_new = true;
    call->changes++;
    notify_key(call, NOTIFY_STREAM, "xgroup-createconsumer", call->db, member->key);
}

/* XCLAIM key group consumer 0 id ... TIME ms RETRYCOUNT count FORCE JUSTID LASTID id. */
static void log_run(struct call *call, struct stream_member *member)
{
    struct slice *words = memory_allocate((member->run_count + 13) * sizeof(*words));
    const char *text = buf_slice(&member->run_ids).data;
    char time_text[NUMBER_INTEGER_TEXT_MAX];
    char count_text[NUMBER_INTEGER_TEXT_MAX];
    char last_text[STREAM_ID_TEXT_MAX];
    size_t count = 0;

    words[count++] = slice_of("XCLAIM");
    words[count++] = member->key;
    words[count++] = member->group.name;
    words[count++] = stream_consumer_name(member->stream, &member->group, member->run.consumer);
    words[count++] = slice_of("0");
    for (size_t i = 0; i < member->run_count; i++) {
        words[count] = slice_of(text);
        text += words[count++].len + 1;
    }
    words[count++] = slice_of("TIME");
    words[count++] = slice_make(time_text, number_format_uint64(time_text, member->run.delivered_ms));
    words[count++] = slice_of("RETRYCOUNT");
    words[count++] = slice_make(count_text, number_format_uint64(count_text, member->run.delivery_count));
    words[count++] = slice_of("FORCE");
    words[count++] = slice_of("JUSTID");
    words[count++] = slice_of("LASTID");
    words[count++] = stream_id_text(member->group.last_id, last_text);
    change_add(call->change, words, count);
    member->is_logged = member->is_logged || (member->has_joined && member->run.consumer == member->consumer.number);
    member->run_count = 0;
    buf_clear(&member->run_ids);
    memory_free(words);
}

static bool is_alike(const struct stream_pending *a, const struct stream_pending *b)
{
    return a->consumer == b->consumer && a->delivered_ms == b->delivered_ms && a->delivery_count == b->delivery_count;
}

bool stream_member_has_room(const struct call *call, const struct stream_member *member, size_t name_len)
{
    uint64_t command_bytes = member->key.len + member->group.name.len + RUN_BYTES;
    uint64_t bytes = 3 * command_bytes + name_len + RUN_ID_BYTES; /* The item's; and two at the end: see _leave(). */

    if (member->has_joined) {
        bytes += member->consumer.name.len;
    }
    if (member->run_count > 0) {
        bytes += command_bytes + member->run_count * RUN_ID_BYTES;
        bytes += member->has_joined && member->run.consumer == member->consumer.number
                     ? member->consumer.name.len
                     : stream_consumer_name(member->stream, &member->group, member->run.consumer).len;
    }
    return call_effects_fit(call, bytes);
}

void stream_member_log(struct call *call, struct stream_member *member, struct stream_id id,
                       const struct stream_pending *pending)
{
    char text[STREAM_ID_TEXT_MAX];

    call->changes++;
    if (member->run_count > 0 && (!is_alike(&member->run, pending) || member->run_count == RUN_IDS_MAX)) {
        log_run(call, member);
    }
    member->run = *pending;
    member->run_count++;
    buf_put(&member->run_ids, stream_id_text(id, text));
    buf_put_byte(&member->run_ids, '\0');
}

void stream_member_log_position(struct call *call, struct stream_member *member)
{
    char id_text[STREAM_ID_TEXT_MAX];
    char count_text[NUMBER_INTEGER_TEXT_MAX];
    struct slice words[] = {slice_of("XGROUP"),
                            slice_of("SETID"),
                            member->key,
                            member->group.name,
                            stream_id_text(member->group.last_id, id_text),
                            slice_of("ENTRIESREAD"),
                            slice_make(count_text, number_format_int64(count_text, member->group.read_count))};

    call->changes++;
    if (member->run_count > 0) {
        log_run(call, member);
    }
    change_add(call->change, words, sizeof(words) / sizeof(words[0]));
}

void stream_member_leave(struct call *call, struct stream_member *member)
{
    if (member->run_count > 0) {
        log_run(call, member);
    }
    if (member->is_new && !member->is_logged) {
        struct slice words[] = {slice_of("XGROUP"), slice_of("CREATECONSUMER"), member->key, member->group.name,
                                member->consumer.name};

        change_add(call->change, words, sizeof(words) / sizeof(words[0]));
    }
    if (member->has_joined) {
        stream_consumer_put(member->stream, &member->group, &member->consumer);
    }
    stream_group_put(member->stream, &member->group);
    buf_release(&member->run_ids);
}
