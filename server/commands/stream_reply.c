#include "server/commands/stream_reply.h"
#include "base/assert.h"
#include "base/number.h"
#include "storage/keyspace/packed.h"

struct slice stream_id_text(struct stream_id id, char text[STREAM_ID_TEXT_MAX])
{
    size_t len = number_format_uint64(text, id.ms);

    text[len++] = '-';
    len += number_format_uint64(text + len, id.sequence);
    return slice_make(text, len);
}

void reply_stream_id(struct reply *reply, struct stream_id id)
{
    char text[STREAM_ID_TEXT_MAX];

    reply_bulk(reply, stream_id_text(id, text));
}

void reply_stream_item(struct reply *reply, struct stream_id id, struct slice value)
{
    struct slice words;
    struct slice word;
    uint64_t field_count;
    bool is_whole = stream_item_decode(value, &field_count, &words);

    ASSERT(is_whole); /* K4 */
    reply_array(reply, 2);
    reply_stream_id(reply, id);
    reply_array(reply, 2 * field_count);
    while (packed_next(&words, &word)) {
        reply_bulk(reply, word);
    }
}

void reply_stream_range(struct reply *reply, const struct stream *stream, const struct stream_range *range,
                        uint64_t count)
{
    struct reply_deferred deferred = reply_deferred_begin(reply);
    struct stream_walk walk;
    struct stream_id id;
    struct slice value;
    uint64_t written = 0;

    stream_items_begin(stream, range, &walk);
    while ((count == 0 || written < count) && stream_walk_next(&walk, &id, &value)) {
        reply_stream_item(reply, id, value);
        written++;
    }
    stream_walk_end(&walk);
    reply_deferred_array(reply, deferred, written);
}
