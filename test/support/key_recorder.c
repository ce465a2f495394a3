#include "support/key_recorder.h"

#include "base/memory.h"
#include <inttypes.h>

enum event_kind {
    EVENT_KEY,
    EVENT_STRING,
    EVENT_PAIR,
    EVENT_SCORE,
    EVENT_ITEM,
    EVENT_FACTS,
    EVENT_GROUP,
    EVENT_CONSUMER,
    EVENT_PENDING,
    EVENT_END
};

struct event {
    enum event_kind kind;
    struct key_visit key;
    struct key_visit_stream stream;
    struct stream_id id;
    struct slice words[2]; /* Owned bytes. */
    struct slice *list;    /* Of an item; owned, with its bytes. */
    size_t list_len;
    double score;
    uint64_t numbers[2];
};

struct key_recorder {
    struct event *events;
    size_t count;
    size_t room;
    size_t key_at; /* Event of the key under way. */
};

struct key_recorder *key_recorder_create(void)
{
    return memory_allocate_zeroed(sizeof(struct key_recorder));
}

static struct slice copy(struct slice bytes)
{
    return slice_make(memory_copy(bytes.data, bytes.len), bytes.len);
}

static void drop(struct slice bytes)
{
    memory_free((char *)(uintptr_t)bytes.data);
}

void key_recorder_free(struct key_recorder *recorder)
{
    for (size_t i = 0; i < recorder->count; i++) {
        struct event *event = &recorder->events[i];

        drop(event->key.name);
        drop(event->words[0]);
        drop(event->words[1]);
        for (size_t j = 0; j < event->list_len; j++) {
            drop(event->list[j]);
        }
        memory_free(event->list);
    }
    memory_free(recorder->events);
    memory_free(recorder);
}

static struct event *add(struct key_recorder *recorder, enum event_kind kind)
{
    struct event *event;

    if (recorder->count == recorder->room) {
        recorder->room = recorder->room == 0 ? 64 : 2 * recorder->room;
        recorder->events = memory_resize(recorder->events, recorder->room * sizeof(*recorder->events));
    }
    event = &recorder->events[recorder->count++];
    *event = (struct event){.kind = kind};
    return event;
}

static void count_element(struct key_recorder *recorder)
{
    recorder->events[recorder->key_at].key.count++;
}

static enum status begin_key(void *context, const struct key_visit *key)
{
    struct key_recorder *recorder = context;
    struct event *event = add(recorder, EVENT_KEY);

    recorder->key_at = recorder->count - 1;
    event->key = *key;
    event->key.name = copy(key->name);
    event->key.count = 0;
    return STATUS_OK;
}

static enum status take_string(void *context, struct slice value)
{
    add(context, EVENT_STRING)->words[0] = copy(value);
    count_element(context);
    return STATUS_OK;
}

static enum status take_pair(void *context, struct slice field, struct slice value)
{
    struct event *event = add(context, EVENT_PAIR);

    event->words[0] = copy(field);
    event->words[1] = copy(value);
    count_element(context);
    return STATUS_OK;
}

static enum status take_score(void *context, struct slice member, double score)
{
    struct event *event = add(context, EVENT_SCORE);

    event->words[0] = copy(member);
    event->score = score;
    count_element(context);
    return STATUS_OK;
}

static enum status take_item(void *context, struct stream_id id, const struct slice *words, size_t count)
{
    struct event *event = add(context, EVENT_ITEM);

    event->id = id;
    event->list = memory_allocate((count + 1) * sizeof(*event->list));
    event->list_len = count;
    for (size_t i = 0; i < count; i++) {
        event->list[i] = copy(words[i]);
    }
    count_element(context);
    return STATUS_OK;
}

static enum status take_facts(void *context, const struct key_visit_stream *stream)
{
    add(context, EVENT_FACTS)->stream = *stream;
    return STATUS_OK;
}

static enum status take_group(void *context, struct slice name, struct stream_id last_id, int64_t read_count)
{
    struct event *event = add(context, EVENT_GROUP);

    event->words[0] = copy(name);
    event->id = last_id;
    event->numbers[0] = (uint64_t)read_count;
    return STATUS_OK;
}

static enum status take_consumer(void *context, struct slice name, uint64_t seen_ms, uint64_t active_ms)
{
    struct event *event = add(context, EVENT_CONSUMER);

    event->words[0] = copy(name);
    event->numbers[0] = seen_ms;
    event->numbers[1] = active_ms;
    return STATUS_OK;
}

static enum status take_pending(void *context, struct stream_id id, uint64_t delivered_ms, uint64_t delivery_count)
{
    struct event *event = add(context, EVENT_PENDING);

    event->id = id;
    event->numbers[0] = delivered_ms;
    event->numbers[1] = delivery_count;
    return STATUS_OK;
}

static enum status end_key(void *context)
{
    (void)add(context, EVENT_END);
    return STATUS_OK;
}

struct key_visitor key_recorder_visitor(struct key_recorder *recorder)
{
    return (struct key_visitor){
        .context = recorder,
        .key_begin = begin_key,
        .string = take_string,
        .list_item = take_string,
        .set_member = take_string,
        .hash_field = take_pair,
        .zset_member = take_score,
        .stream_item = take_item,
        .stream_facts = take_facts,
        .stream_group = take_group,
        .stream_consumer = take_consumer,
        .stream_pending = take_pending,
        .key_end = end_key,
    };
}

static enum status tell(const struct event *event, enum entry_type type, const struct key_visitor *visitor)
{
    void *context = visitor->context;

    switch (event->kind) {
    case EVENT_KEY:
        return visitor->key_begin(context, &event->key);
    case EVENT_STRING:
        return type == ENTRY_STRING ? visitor->string(context, event->words[0])
               : type == ENTRY_LIST ? visitor->list_item(context, event->words[0])
                                    : visitor->set_member(context, event->words[0]);
    case EVENT_PAIR:
        return visitor->hash_field(context, event->words[0], event->words[1]);
    case EVENT_SCORE:
        return visitor->zset_member(context, event->words[0], event->score);
    case EVENT_ITEM:
        return visitor->stream_item(context, event->id, event->list, event->list_len);
    case EVENT_FACTS:
        return visitor->stream_facts(context, &event->stream);
    case EVENT_GROUP:
        return visitor->stream_group(context, event->words[0], event->id, (int64_t)event->numbers[0]);
    case EVENT_CONSUMER:
        return visitor->stream_consumer(context, event->words[0], event->numbers[0], event->numbers[1]);
    case EVENT_PENDING:
        return visitor->stream_pending(context, event->id, event->numbers[0], event->numbers[1]);
    case EVENT_END:
        return visitor->key_end(context);
    }
    return STATUS_INVALID;
}

enum status key_recorder_replay(const struct key_recorder *recorder, const struct key_visitor *visitor)
{
    enum entry_type type = ENTRY_STRING;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < recorder->count && status == STATUS_OK; i++) {
        if (recorder->events[i].kind == EVENT_KEY) {
            type = recorder->events[i].key.type;
        }
        status = tell(&recorder->events[i], type, visitor);
    }
    return status;
}

static void put_word(struct buf *out, struct slice word)
{
    buf_put_text(out, " '");
    buf_put(out, word);
    buf_put_byte(out, '\'');
}

static enum status write_key(void *context, const struct key_visit *key)
{
    static const char *const names[ENTRY_TYPE_COUNT] = {"string", "list", "set", "zset", "hash", "stream"};

    buf_put_format(context, "key %u %s", key->db, names[key->type]);
    put_word(context, key->name);
    buf_put_format(context, " %" PRIu64 "\n", key->expire_at_ms);
    return STATUS_OK;
}

static enum status write_string(void *context, struct slice value)
{
    buf_put_text(context, "item");
    put_word(context, value);
    buf_put_text(context, "\n");
    return STATUS_OK;
}

static enum status write_pair(void *context, struct slice field, struct slice value)
{
    buf_put_text(context, "pair");
    put_word(context, field);
    put_word(context, value);
    buf_put_text(context, "\n");
    return STATUS_OK;
}

static enum status write_score(void *context, struct slice member, double score)
{
    buf_put_text(context, "score");
    put_word(context, member);
    buf_put_format(context, " %.17g\n", score);
    return STATUS_OK;
}

static void put_id(struct buf *out, struct stream_id id)
{
    buf_put_format(out, " %" PRIu64 "-%" PRIu64, id.ms, id.sequence);
}

static enum status write_item(void *context, struct stream_id id, const struct slice *words, size_t count)
{
    buf_put_text(context, "entry");
    put_id(context, id);
    for (size_t i = 0; i < count; i++) {
        put_word(context, words[i]);
    }
    buf_put_text(context, "\n");
    return STATUS_OK;
}

static enum status write_facts(void *context, const struct key_visit_stream *stream)
{
    buf_put_format(context, "stream %" PRIu64, stream->item_count);
    put_id(context, stream->last_id);
    if (stream->has_counters) {
        put_id(context, stream->first_id);
        put_id(context, stream->greatest_deleted_id);
        buf_put_format(context, " %" PRIu64, stream->added_count);
    }
    buf_put_text(context, "\n");
    return STATUS_OK;
}

static enum status write_group(void *context, struct slice name, struct stream_id last_id, int64_t read_count)
{
    buf_put_text(context, "group");
    put_word(context, name);
    put_id(context, last_id);
    buf_put_format(context, " %" PRId64 "\n", read_count);
    return STATUS_OK;
}

static enum status write_consumer(void *context, struct slice name, uint64_t seen_ms, uint64_t active_ms)
{
    buf_put_text(context, "consumer");
    put_word(context, name);
    buf_put_format(context, " %" PRIu64 " %" PRIu64 "\n", seen_ms, active_ms);
    return STATUS_OK;
}

static enum status write_pending(void *context, struct stream_id id, uint64_t delivered_ms, uint64_t delivery_count)
{
    buf_put_text(context, "pending");
    put_id(context, id);
    buf_put_format(context, " %" PRIu64 " %" PRIu64 "\n", delivered_ms, delivery_count);
    return STATUS_OK;
}

static enum status write_end(void *context)
{
    buf_put_text(context, "end\n");
    return STATUS_OK;
}

struct key_visitor key_transcript_visitor(struct buf *out)
{
    return (struct key_visitor){
        .context = out,
        .key_begin = write_key,
        .string = write_string,
        .list_item = write_string,
        .set_member = write_string,
        .hash_field = write_pair,
        .zset_member = write_score,
        .stream_item = write_item,
        .stream_facts = write_facts,
        .stream_group = write_group,
        .stream_consumer = write_consumer,
        .stream_pending = write_pending,
        .key_end = write_end,
    };
}
