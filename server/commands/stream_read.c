#include "server/commands/stream_read.h"
#include "base/memory.h"
#include "base/number.h"
#include "server/commands/stream_reply.h"
#include "server/net/session.h"
#include "server/request/args.h"
#include "server/request/blocking.h"

static enum status parse_count(struct slice word, struct stream_read *read)
{
    int64_t count;
    enum status status = args_int64(word, &count);

    if (status == STATUS_OK) {
        read->count = count < 0 ? 0 : (uint64_t)count;
    }
    return status;
}

static size_t find_woken(const struct call *call, const struct stream_read *read)
{
    size_t index = 0;

    if (call->woken_by.data == NULL) {
        return SIZE_MAX;
    }
    while (index < read->key_count && !slice_equal(read->keys[index], call->woken_by)) {
        index++;
    }
    return index;
}

/* STREAMS: keys, and as many ids, to the end of the words. */
static enum status parse_streams(const struct call *call, struct reply *reply, size_t first, struct stream_read *read)
{
    size_t count = call->argc - first;

    if (count % 2 != 0) {
        return reply_error(reply,
                           "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.");
    }
    read->keys = call->argv + first;
    read->key_count = count / 2;
    read->woken_index = find_woken(call, read);
    return STATUS_OK;
}

static enum status refuse_option(struct reply *reply, const char *option)
{
    return reply_error(reply, "ERR The %s option is only supported by XREADGROUP. You called XREAD instead.", option);
}

/* One option from argv[*at] on, which moves to its last word. */
static enum status parse_option(const struct call *call, struct reply *reply, size_t *at, struct stream_read *read)
{
    struct slice word = call->argv[*at];
    size_t more = call->argc - *at - 1;

    if (args_is(word, "block") && more > 0) {
        if (call->session->flags & SESSION_SCRIPT) {
            return reply_error(reply, "ERR %.*s command is not allowed with BLOCK option from scripts",
                               (int)call->argv[0].len, call->argv[0].data);
        }
        read->may_block = true;
        return blocking_parse_timeout_ms(reply, call->argv[++*at], INT64_MAX, &read->timeout_ms);
    }
    if (args_is(word, "count") && more > 0) {
        return parse_count(call->argv[++*at], read);
    }
    if (args_is(word, "group") && more >= 2) {
        read->has_group = true;
        read->group = call->argv[*at + 1];
        read->consumer = call->argv[*at + 2];
        *at += 2;
        return read->is_group ? STATUS_OK : refuse_option(reply, "GROUP");
    }
    if (args_is(word, "noack")) {
        read->without_ack = true;
        return read->is_group ? STATUS_OK : refuse_option(reply, "NOACK");
    }
    return STATUS_SYNTAX;
}

enum status stream_read_parse(const struct call *call, struct reply *reply, bool is_group, struct stream_read *read)
{
    enum status status = STATUS_OK;

    *read = (struct stream_read){.is_group = is_group};
    for (size_t at = 1; status == STATUS_OK && read->keys == NULL && at < call->argc; at++) {
        if (args_is(call->argv[at], "streams") && at + 1 < call->argc) {
            status = parse_streams(call, reply, at + 1, read);
        } else {
            status = parse_option(call, reply, &at, read);
        }
    }
    if (status == STATUS_OK && read->keys == NULL) {
        return STATUS_SYNTAX;
    }
    if (status == STATUS_OK && is_group && !read->has_group) {
        return reply_error(reply, "ERR Missing GROUP option for XREADGROUP");
    }
    return status;
}

bool stream_read_concerns(const struct stream_read *read, size_t index)
{
    return read->woken_index == SIZE_MAX || read->woken_index == index;
}

void stream_read_begin_one(struct reply *reply, struct slice key)
{
    if (reply->protocol == 2) {
        reply_array(reply, 2);
    }
    reply_bulk(reply, key);
}

void stream_read_end(struct reply *reply, struct reply_deferred deferred, size_t count)
{
    if (reply->protocol == 2) {
        reply_deferred_array(reply, deferred, count);
    } else {
        reply_deferred_map(reply, deferred, count);
    }
}

/* Wait with words in which each id is one, and that ask for a bounded count. */
static void wait_with_ids(struct call *call, struct reply *reply, const struct stream_read *read,
                          const struct stream_id *ids, struct blocking_wait *wait)
{
    struct slice *words = memory_allocate((2 * read->key_count + 6) * sizeof(*words));
    char(*texts)[STREAM_ID_TEXT_MAX] = memory_allocate(read->key_count * sizeof(*texts));
    char count_text[NUMBER_INTEGER_TEXT_MAX];
    size_t count = 0;

    words[count++] = slice_of("XREAD");
    words[count++] = slice_of("COUNT");
    words[count] = slice_make(count_text, number_format_uint64(count_text, read->count));
    if (read->count == 0) {
        words[count] = slice_of("1000");
    }
    count++;
    words[count++] = slice_of("BLOCK");
    words[count++] = slice_of("0"); /* Its time goes on to count from the first call. */
    words[count++] = slice_of("STREAMS");
    for (size_t i = 0; i < read->key_count; i++) {
        words[count + i] = read->keys[i];
        words[count + read->key_count + i] = stream_id_text(ids[i], texts[i]);
    }
    wait->argv = words;
    wait->argc = count + 2 * read->key_count;
    blocking_wait(call, reply, wait);
    memory_free(texts);
    memory_free(words);
}

enum status stream_read_wait(struct call *call, struct reply *reply, const struct stream_read *read,
                             const struct stream_id *ids)
{
    struct blocking_wait wait = {.keys = read->keys,
                                 .key_count = read->key_count,
                                 .type = ENTRY_STREAM,
                                 .wakes_when_gone = read->is_group,
                                 .timeout_ms = read->timeout_ms};

    if (!read->may_block) {
        reply_null_array(reply);
    } else if (ids == NULL) {
        blocking_wait(call, reply, &wait);
    } else {
        wait_with_ids(call, reply, read, ids, &wait);
    }
    return STATUS_OK;
}
