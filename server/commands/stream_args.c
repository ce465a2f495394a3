#include "server/commands/stream_args.h"
#include "base/number.h"
#include "server/config/config.h"
#include "server/request/args.h"
#include "server/request/command.h"
#include "server/request/reply.h"
#include "server/services.h"
#include <errno.h>
#include <stdlib.h>

#define ID_TEXT_MAX          127     /* Longer words are no ids. */
#define TRIM_NODES_MAX       100     /* What "~" deletes at most without LIMIT, in full nodes, */
#define TRIM_DELETIONS_MAX   1000000 /* and in items, */
#define TRIM_DELETIONS_PLAIN 10000   /* and if nodes have no limit. */

/* A number as Redis' string2ull reads it: beside the canonical form, what strtoull takes. */
static bool parse_number(const char *text, uint64_t *number)
{
    int64_t whole;
    char *end;

    if (number_parse_int64(slice_of(text), &whole)) {
        *number = (uint64_t)whole;
        return whole >= 0;
    }
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

/* Parse an id; `has_sequence` may be NULL, else "ms-*" is taken too. */
static bool parse_id(struct slice word, uint64_t missing_sequence, struct stream_id *id, bool *has_sequence)
{
    char text[ID_TEXT_MAX + 1];
    char *dash;

    if (word.len > ID_TEXT_MAX) {
        return false;
    }
    memcpy(text, word.data, word.len);
    text[word.len] = '\0';
    dash = strchr(text, '-');
    if (dash != NULL) {
        *dash = '\0';
    }
    if (has_sequence != NULL) {
        *has_sequence = true;
    }
    if (!parse_number(text, &id->ms)) {
        return false;
    }
    id->sequence = missing_sequence;
    if (dash != NULL && has_sequence != NULL && strcmp(dash + 1, "*") == 0) {
        id->sequence = 0;
        *has_sequence = false;
        return true;
    }
    return dash == NULL || parse_number(dash + 1, &id->sequence);
}

bool stream_args_parse_id(struct slice word, uint64_t missing_sequence, struct stream_id *id)
{
    return parse_id(word, missing_sequence, id, NULL);
}

static enum status refuse_id(struct reply *reply)
{
    return reply_error(reply, "ERR Invalid stream ID specified as stream command argument");
}

enum status stream_args_id(struct reply *reply, struct slice word, struct stream_id *id)
{
    return parse_id(word, 0, id, NULL) ? STATUS_OK : refuse_id(reply);
}

static bool parse_loose_id(struct slice word, uint64_t missing_sequence, struct stream_id *id)
{
    if (slice_equal(word, slice_of("-"))) {
        *id = STREAM_ID_MIN;
        return true;
    }
    if (slice_equal(word, slice_of("+"))) {
        *id = STREAM_ID_MAX;
        return true;
    }
    return parse_id(word, missing_sequence, id, NULL);
}

enum status stream_args_loose_id(struct reply *reply, struct slice word, struct stream_id *id)
{
    return parse_loose_id(word, 0, id) ? STATUS_OK : refuse_id(reply);
}

static bool is_exclusive(struct slice word)
{
    return word.len > 1 && word.data[0] == '(';
}

/* One end of an interval. */
static bool parse_edge(struct slice word, uint64_t missing_sequence, struct stream_id *id)
{
    return is_exclusive(word) ? parse_id(slice_after(word, 1), missing_sequence, id, NULL)
                              : parse_loose_id(word, missing_sequence, id);
}

enum status stream_args_start(struct reply *reply, struct slice word, struct stream_id *id)
{
    if (!parse_edge(word, 0, id)) {
        return refuse_id(reply);
    }
    if (is_exclusive(word) && !stream_id_increment(id)) {
        return reply_error(reply, "ERR invalid start ID for the interval");
    }
    return STATUS_OK;
}

enum status stream_args_end(struct reply *reply, struct slice word, struct stream_id *id)
{
    if (!parse_edge(word, UINT64_MAX, id)) {
        return refuse_id(reply);
    }
    if (is_exclusive(word) && !stream_id_decrement(id)) {
        return reply_error(reply, "ERR invalid end ID for the interval");
    }
    return STATUS_OK;
}

/* --- XADD and XTRIM --- */

/* The options while they are read. */
struct options {
    const struct call *call;
    struct reply *reply;
    bool is_add;
    struct stream_add_args *args;
    bool has_limit;
};

/* MAXLEN [=|~] count or MINID [=|~] id: `*at` moves to its last word. */
static enum status parse_trim(struct options *options, bool by_id, size_t *at)
{
    const struct call *call = options->call;
    struct stream_trim *trim = &options->args->trim;
    int64_t count;

    if (options->args->has_trim) {
        return reply_error(options->reply,
                           "ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    }
    (*at)++;
    if (call->argc - *at >= 2 && (args_is(call->argv[*at], "~") || args_is(call->argv[*at], "="))) {
        trim->is_approximate = args_is(call->argv[*at], "~");
        (*at)++;
    }
    options->args->has_trim = true;
    trim->by_id = by_id;
    if (by_id) {
        return stream_args_id(options->reply, call->argv[*at], &trim->id);
    }
    if (args_int64(call->argv[*at], &count) != STATUS_OK) {
        return STATUS_NOT_INTEGER;
    }
    trim->count = (uint64_t)count;
    return count < 0 ? reply_error(options->reply, "ERR The MAXLEN argument must be >= 0.") : STATUS_OK;
}

static enum status parse_limit(struct options *options, struct slice word)
{
    int64_t limit;

    if (args_int64(word, &limit) != STATUS_OK) {
        return STATUS_NOT_INTEGER;
    }
    if (limit < 0) {
        return reply_error(options->reply, "ERR The LIMIT argument must be >= 0.");
    }
    options->has_limit = true;
    options->args->trim.deletions_max = (uint64_t)limit;
    return STATUS_OK;
}

/* One option from argv[*at] on, which moves to its last word; `*is_last` when it was XADD's id. */
static enum status parse_option(struct options *options, size_t *at, bool *is_last)
{
    const struct call *call = options->call;
    struct stream_add_args *args = options->args;
    struct slice word = call->argv[*at];
    bool has_more = *at + 1 < call->argc;

    if (options->is_add && slice_equal(word, slice_of("*"))) {
        *is_last = true;
        return STATUS_OK;
    }
    if (has_more && (args_is(word, "maxlen") || args_is(word, "minid"))) {
        return parse_trim(options, args_is(word, "minid"), at);
    }
    if (has_more && args_is(word, "limit")) {
        return parse_limit(options, call->argv[++*at]);
    }
    if (!options->is_add) {
        return STATUS_SYNTAX;
    }
    if (args_is(word, "nomkstream")) {
        args->only_if_there = true;
        return STATUS_OK;
    }
    args->has_id = true;
    *is_last = true;
    return parse_id(word, 0, &args->id, &args->has_sequence) ? STATUS_OK : refuse_id(options->reply);
}

/* What "~" deletes at most if the caller does not say it. */
static uint64_t default_limit(const struct call *call)
{
    int64_t entries = call->services->config->stream_node_max_entries;

    if (entries <= 0) {
        return TRIM_DELETIONS_PLAIN;
    }
    return entries > TRIM_DELETIONS_MAX / TRIM_NODES_MAX ? TRIM_DELETIONS_MAX : (uint64_t)entries * TRIM_NODES_MAX;
}

static enum status check_limit(const struct options *options)
{
    const struct stream_add_args *args = options->args;

    if (args->trim.deletions_max != 0 && !args->has_trim) {
        return reply_error(options->reply,
                           "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    }
    if (!options->is_add && !args->has_trim) {
        return reply_error(options->reply, "ERR syntax error, XTRIM must be called with a trimming strategy");
    }
    if (options->has_limit && !args->trim.is_approximate && !options->call->is_replay) {
        return reply_error(options->reply, "ERR syntax error, LIMIT cannot be used without the special ~ option");
    }
    return STATUS_OK;
}

enum status stream_args_parse_add(const struct call *call, struct reply *reply, bool is_add,
                                  struct stream_add_args *args)
{
    struct options options = {.call = call, .reply = reply, .is_add = is_add, .args = args};
    enum status status = STATUS_OK;
    bool is_last = false;
    size_t at = 2;

    *args = (struct stream_add_args){.has_sequence = true};
    while (status == STATUS_OK && !is_last && at < call->argc) {
        status = parse_option(&options, &at, &is_last);
        at++;
    }
    if (status == STATUS_OK) {
        status = check_limit(&options);
    }
    if (call->is_replay) {
        args->trim.deletions_max = 0; /* What a master logged has been counted out. */
    } else if (args->trim.is_approximate && !options.has_limit) {
        args->trim.deletions_max = default_limit(call);
    }
    args->next = is_last ? at : at + 1; /* Without an id, Redis takes the word after the end for it. */
    return status;
}
