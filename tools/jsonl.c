#include "tools/jsonl.h"

#include "base/number.h"
#include <inttypes.h>
#include <math.h>

#define FLUSH_BYTES (256u * 1024)

void jsonl_init(struct jsonl *jsonl, enum status (*write)(void *context, struct slice text), void *context)
{
    *jsonl = (struct jsonl){.write = write, .context = context};
    buf_init(&jsonl->line, BUF_NO_CEILING);
}

void jsonl_release(struct jsonl *jsonl)
{
    buf_release(&jsonl->line);
}

enum status jsonl_finish(struct jsonl *jsonl)
{
    enum status status = jsonl->line.len == 0 ? STATUS_OK : jsonl->write(jsonl->context, buf_slice(&jsonl->line));

    buf_clear(&jsonl->line);
    return status;
}

/* A long key is written in parts, so that it costs the memory of its longest element. */
static enum status flush_if_long(struct jsonl *jsonl)
{
    return jsonl->line.len < FLUSH_BYTES ? STATUS_OK : jsonl_finish(jsonl);
}

/* Bytes of the UTF-8 character at the start of `text`; 0 if there is none. */
static size_t utf8_len(struct slice text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned first = (unsigned char)text.data[0];
    size_t len = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
    uint32_t character = len < 2 ? first : first & (0x7fu >> len);

    if (len == 0 || len > text.len) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        unsigned next = (unsigned char)text.data[i];

        if (next >> 6 != 2) {
            return 0;
        }
        character = character << 6 | (next & 0x3f);
    }
    if (character < least[len] || character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff)) {
        return 0;
    }
    return len;
}

static bool is_utf8(struct slice text)
{
    while (text.len > 0) {
        size_t len = utf8_len(text);

        if (len == 0) {
            return false;
        }
        text = slice_after(text, len);
    }
    return true;
}

static void put_text(struct buf *out, struct slice text)
{
    size_t plain = 0; /* Bytes before i that go as they are. */

    buf_put_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if (byte >= ' ' && byte != '"' && byte != '\\' && byte != 0x7f) {
            continue;
        }
        buf_put(out, slice_make(text.data + plain, i - plain));
        if (byte == '"' || byte == '\\') {
            buf_put_format(out, "\\%c", byte);
        } else {
            buf_put_format(out, "\\u%04x", byte);
        }
        plain = i + 1;
    }
    buf_put(out, slice_make(text.data + plain, text.len - plain));
    buf_put_byte(out, '"');
}

static void put_base64(struct buf *out, struct slice bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t rest = bytes.len - i;
        uint32_t group = (uint32_t)(unsigned char)bytes.data[i] << 16;

        group |= rest > 1 ? (uint32_t)(unsigned char)bytes.data[i + 1] << 8 : 0;
        group |= rest > 2 ? (unsigned char)bytes.data[i + 2] : 0;
        buf_put_byte(out, digits[group >> 18]);
        buf_put_byte(out, digits[group >> 12 & 63]);
        buf_put_byte(out, rest > 1 ? digits[group >> 6 & 63] : '=');
        buf_put_byte(out, rest > 2 ? digits[group & 63] : '=');
    }
}

/* JSON has text only: what is no UTF-8 becomes {"base64":"..."}. */
static void put_string(struct buf *out, struct slice bytes)
{
    if (is_utf8(bytes)) {
        put_text(out, bytes);
        return;
    }
    buf_put_text(out, "{\"base64\":\"");
    put_base64(out, bytes);
    buf_put_text(out, "\"}");
}

static void put_score(struct buf *out, double score)
{
    char text[NUMBER_DOUBLE_TEXT_MAX];

    number_format_double(text, score);
    /* JSON knows no infinity. */
    buf_put_format(out, isinf(score) ? "\"%s\"" : "%s", text);
}

static void put_id(struct buf *out, struct stream_id id)
{
    buf_put_format(out, "\"%" PRIu64 "-%" PRIu64 "\"", id.ms, id.sequence);
}

static void begin_element(struct jsonl *jsonl)
{
    if (jsonl->has_elements) {
        buf_put_byte(&jsonl->line, ',');
    }
    jsonl->has_elements = true;
}

static enum status begin_key(void *context, const struct key_visit *key)
{
    static const char *const names[ENTRY_TYPE_COUNT] = {
        [ENTRY_STRING] = "string", [ENTRY_LIST] = "list", [ENTRY_SET] = "set",
        [ENTRY_ZSET] = "zset",     [ENTRY_HASH] = "hash", [ENTRY_STREAM] = "stream",
    };
    struct jsonl *jsonl = context;

    jsonl->type = key->type;
    jsonl->has_elements = false;
    jsonl->is_in_facts = false;
    jsonl->key_count++;
    buf_put_format(&jsonl->line, "{\"db\":%u,\"key\":", key->db);
    put_string(&jsonl->line, key->name);
    buf_put_format(&jsonl->line, ",\"type\":\"%s\"", names[key->type]);
    if (key->expire_at_ms != 0) {
        buf_put_format(&jsonl->line, ",\"expire_at_ms\":%" PRIu64, key->expire_at_ms);
    }
    buf_put_text(&jsonl->line, key->type == ENTRY_STRING ? ",\"value\":" : ",\"value\":[");
    return STATUS_OK;
}

static enum status add_string(void *context, struct slice value)
{
    struct jsonl *jsonl = context;

    put_string(&jsonl->line, value);
    return STATUS_OK;
}

static enum status add_element(void *context, struct slice value)
{
    struct jsonl *jsonl = context;

    begin_element(jsonl);
    put_string(&jsonl->line, value);
    return flush_if_long(jsonl);
}

static enum status add_field(void *context, struct slice field, struct slice value)
{
    struct jsonl *jsonl = context;

    begin_element(jsonl);
    buf_put_byte(&jsonl->line, '[');
    put_string(&jsonl->line, field);
    buf_put_byte(&jsonl->line, ',');
    put_string(&jsonl->line, value);
    buf_put_byte(&jsonl->line, ']');
    return flush_if_long(jsonl);
}

static enum status add_score(void *context, struct slice member, double score)
{
    struct jsonl *jsonl = context;

    begin_element(jsonl);
    buf_put_byte(&jsonl->line, '[');
    put_string(&jsonl->line, member);
    buf_put_byte(&jsonl->line, ',');
    put_score(&jsonl->line, score);
    buf_put_byte(&jsonl->line, ']');
    return flush_if_long(jsonl);
}

static enum status add_stream_item(void *context, struct stream_id id, const struct slice *words, size_t count)
{
    struct jsonl *jsonl = context;

    begin_element(jsonl);
    buf_put_byte(&jsonl->line, '[');
    put_id(&jsonl->line, id);
    buf_put_text(&jsonl->line, ",[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            buf_put_byte(&jsonl->line, ',');
        }
        put_string(&jsonl->line, words[i]);
    }
    buf_put_text(&jsonl->line, "]]");
    return flush_if_long(jsonl);
}

static enum status add_stream_facts(void *context, const struct key_visit_stream *stream)
{
    struct jsonl *jsonl = context;
    struct buf *line = &jsonl->line;

    buf_put_text(line, "],\"last_id\":");
    put_id(line, stream->last_id);
    if (stream->has_counters) {
        buf_put_text(line, ",\"first_id\":");
        put_id(line, stream->first_id);
        buf_put_text(line, ",\"max_deleted_id\":");
        put_id(line, stream->greatest_deleted_id);
        buf_put_format(line, ",\"entries_added\":%" PRIu64, stream->added_count);
    }
    buf_put_text(line, ",\"groups\":[");
    jsonl->is_in_facts = true;
    jsonl->has_groups = false;
    return STATUS_OK;
}

/* Close the consumer and the group that are open. */
static void end_consumer(struct jsonl *jsonl)
{
    if (jsonl->has_consumers) {
        buf_put_text(&jsonl->line, "]}");
    }
}

static void end_group(struct jsonl *jsonl)
{
    if (jsonl->has_groups) {
        end_consumer(jsonl);
        buf_put_text(&jsonl->line, "]}");
    }
}

static enum status add_stream_group(void *context, struct slice name, struct stream_id last_id, int64_t read_count)
{
    struct jsonl *jsonl = context;

    end_group(jsonl);
    if (jsonl->has_groups) {
        buf_put_byte(&jsonl->line, ',');
    }
    jsonl->has_groups = true;
    jsonl->has_consumers = false;
    buf_put_text(&jsonl->line, "{\"name\":");
    put_string(&jsonl->line, name);
    buf_put_text(&jsonl->line, ",\"last_id\":");
    put_id(&jsonl->line, last_id);
    if (read_count >= 0) {
        buf_put_format(&jsonl->line, ",\"entries_read\":%" PRId64, read_count);
    }
    buf_put_text(&jsonl->line, ",\"consumers\":[");
    return flush_if_long(jsonl);
}

static enum status add_stream_consumer(void *context, struct slice name, uint64_t seen_ms, uint64_t active_ms)
{
    struct jsonl *jsonl = context;

    end_consumer(jsonl);
    if (jsonl->has_consumers) {
        buf_put_byte(&jsonl->line, ',');
    }
    jsonl->has_consumers = true;
    jsonl->has_pending = false;
    buf_put_text(&jsonl->line, "{\"name\":");
    put_string(&jsonl->line, name);
    buf_put_format(&jsonl->line, ",\"seen_ms\":%" PRIu64 ",\"active_ms\":%" PRIu64 ",\"pending\":[", seen_ms,
                   active_ms);
    return flush_if_long(jsonl);
}

static enum status add_stream_pending(void *context, struct stream_id id, uint64_t delivered_ms,
                                      uint64_t delivery_count)
{
    struct jsonl *jsonl = context;

    if (jsonl->has_pending) {
        buf_put_byte(&jsonl->line, ',');
    }
    jsonl->has_pending = true;
    buf_put_byte(&jsonl->line, '[');
    put_id(&jsonl->line, id);
    buf_put_format(&jsonl->line, ",%" PRIu64 ",%" PRIu64 "]", delivered_ms, delivery_count);
    return flush_if_long(jsonl);
}

static enum status end_key(void *context)
{
    struct jsonl *jsonl = context;

    if (jsonl->is_in_facts) {
        end_group(jsonl);
    }
    buf_put_text(&jsonl->line, jsonl->type == ENTRY_STRING ? "}\n" : "]}\n");
    return flush_if_long(jsonl);
}

/* {"library":"#!lua name=..."} */
static enum status add_library(void *context, struct slice code)
{
    struct jsonl *jsonl = context;

    buf_put_text(&jsonl->line, "{\"library\":");
    put_string(&jsonl->line, code);
    buf_put_text(&jsonl->line, "}\n");
    return flush_if_long(jsonl);
}

struct key_visitor jsonl_visitor(struct jsonl *jsonl)
{
    return (struct key_visitor){
        .context = jsonl,
        .function = add_library,
        .key_begin = begin_key,
        .string = add_string,
        .list_item = add_element,
        .set_member = add_element,
        .hash_field = add_field,
        .zset_member = add_score,
        .stream_item = add_stream_item,
        .stream_facts = add_stream_facts,
        .stream_group = add_stream_group,
        .stream_consumer = add_stream_consumer,
        .stream_pending = add_stream_pending,
        .key_end = end_key,
    };
}
