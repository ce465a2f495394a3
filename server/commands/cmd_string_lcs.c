/* LCS: the longest common subsequence of two strings, by dynamic programming.
 *
 * The table has (|a|+1)(|b|+1) cells of 4 bytes, as large as Redis allows it: bounded by proto-max-bulk-len. */
#include "base/memory.h"
#include "server/commands/cmd_string.h"
#include "server/request/args.h"
#include "server/request/reply.h"
#include "storage/value/string_store.h"

struct lcs_options {
    bool len;            /* LEN: reply with the length alone. */
    bool idx;            /* IDX: reply with the matching ranges. */
    bool with_match_len; /* WITHMATCHLEN */
    int64_t match_len_min;
};

struct lcs {
    struct slice a;
    struct slice b;
    uint32_t *cells; /* Owned: length of the LCS of a[0..i) and b[0..j) at [i * (b.len + 1) + j]. */
};

static uint32_t *cell(const struct lcs *lcs, size_t i, size_t j)
{
    return &lcs->cells[i * (lcs->b.len + 1) + j];
}

static enum status parse_options(struct call *call, struct reply *reply, struct lcs_options *options)
{
    *options = (struct lcs_options){0};
    for (size_t i = 3; i < call->argc; i++) {
        struct slice word = call->argv[i];

        if (args_is(word, "idx")) {
            options->idx = true;
        } else if (args_is(word, "len")) {
            options->len = true;
        } else if (args_is(word, "withmatchlen")) {
            options->with_match_len = true;
        } else if (args_is(word, "minmatchlen") && i + 1 < call->argc) {
            enum status status = args_int64(call->argv[++i], &options->match_len_min);

            if (status != STATUS_OK) {
                return status;
            }
            options->match_len_min = options->match_len_min < 0 ? 0 : options->match_len_min;
        } else {
            return STATUS_SYNTAX;
        }
    }
    if (options->idx && options->len) {
        return reply_error(reply, "ERR If you want both the length and indexes, please just use IDX.");
    }
    return STATUS_OK;
}

/* The string under `key`, empty if it is absent; a copy in `out`, since the other key's lookup may move it. */
static enum status read_operand(struct call *call, struct reply *reply, struct slice key, struct buf *out)
{
    struct entry entry;

    if (!keyspace_find(call->keyspace, call->db, key, &entry)) {
        return STATUS_OK;
    }
    if (entry.type != ENTRY_STRING) {
        return reply_error(reply, "ERR The specified keys must contain string values");
    }
    return string_read(call->keyspace, &entry, 0, string_len(&entry), out);
}

static enum status fill_cells(struct lcs *lcs, struct reply *reply)
{
    size_t cell_count;

    if (lcs->a.len >= UINT32_MAX - 1 || lcs->b.len >= UINT32_MAX - 1) {
        return reply_error(reply, "ERR String too long for LCS");
    }
    cell_count = (lcs->a.len + 1) * (lcs->b.len + 1);
    if (cell_count * sizeof(uint32_t) > STRING_BYTES_MAX) {
        return reply_error(reply, "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    }
    lcs->cells = memory_try_allocate(cell_count * sizeof(uint32_t));
    if (lcs->cells == NULL) {
        return reply_error(reply, "ERR Insufficient memory, failed allocating transient memory for LCS");
    }
    for (size_t i = 0; i <= lcs->a.len; i++) {
        for (size_t j = 0; j <= lcs->b.len; j++) {
            if (i == 0 || j == 0) {
                *cell(lcs, i, j) = 0;
            } else if (lcs->a.data[i - 1] == lcs->b.data[j - 1]) {
                *cell(lcs, i, j) = *cell(lcs, i - 1, j - 1) + 1;
            } else {
                uint32_t up = *cell(lcs, i - 1, j);
                uint32_t left = *cell(lcs, i, j - 1);

                *cell(lcs, i, j) = up > left ? up : left;
            }
        }
    }
    return STATUS_OK;
}

/* One step back from cell (i, j) towards the origin where the bytes differ. */
static void step_back(const struct lcs *lcs, size_t *i, size_t *j)
{
    if (*cell(lcs, *i - 1, *j) > *cell(lcs, *i, *j - 1)) {
        *i -= 1;
    } else {
        *j -= 1;
    }
}

static void reply_subsequence(const struct lcs *lcs, struct reply *reply)
{
    size_t left = *cell(lcs, lcs->a.len, lcs->b.len);
    char *text = memory_allocate(left + 1);
    size_t len = left;
    size_t i = lcs->a.len;
    size_t j = lcs->b.len;

    while (left > 0) {
        if (lcs->a.data[i - 1] == lcs->b.data[j - 1]) {
            text[--left] = lcs->a.data[i - 1];
            i--;
            j--;
        } else {
            step_back(lcs, &i, &j);
        }
    }
    reply_bulk(reply, slice_make(text, len));
    memory_free(text);
}

static void reply_range(struct reply *reply, size_t first, size_t len)
{
    reply_array(reply, 2);
    reply_integer(reply, (int64_t)first);
    reply_integer(reply, (int64_t)(first + len - 1));
}

/* The ranges of both strings that match, last first. */
static void reply_ranges(const struct lcs *lcs, const struct lcs_options *options, struct reply *reply)
{
    struct reply_deferred matches;
    size_t match_count = 0;
    size_t i = lcs->a.len;
    size_t j = lcs->b.len;

    reply_map(reply, 2);
    reply_bulk_text(reply, "matches");
    matches = reply_deferred_begin(reply);
    while (i > 0 && j > 0) {
        size_t len = 0;

        while (i > 0 && j > 0 && lcs->a.data[i - 1] == lcs->b.data[j - 1]) {
            len++;
            i--;
            j--;
        }
        if (len == 0) {
            step_back(lcs, &i, &j);
        } else if (options->match_len_min == 0 || len >= (size_t)options->match_len_min) {
            reply_array(reply, options->with_match_len ? 3 : 2);
            reply_range(reply, i, len);
            reply_range(reply, j, len);
            if (options->with_match_len) {
                reply_integer(reply, (int64_t)len);
            }
            match_count++;
        }
    }
    reply_deferred_array(reply, matches, match_count);
    reply_bulk_text(reply, "len");
    reply_integer(reply, *cell(lcs, lcs->a.len, lcs->b.len));
}

enum status string_run_lcs(struct call *call, struct reply *reply)
{
    struct lcs_options options;
    struct lcs lcs = {0};
    struct buf a;
    struct buf b;
    enum status status;

    buf_init(&a, BUF_NO_CEILING);
    buf_init(&b, BUF_NO_CEILING);
    status = read_operand(call, reply, call->argv[1], &a);
    if (status == STATUS_OK) {
        status = read_operand(call, reply, call->argv[2], &b);
    }
    if (status == STATUS_OK) {
        status = parse_options(call, reply, &options);
    }
    lcs.a = buf_slice(&a);
    lcs.b = buf_slice(&b);
    if (status == STATUS_OK) {
        status = fill_cells(&lcs, reply);
    }
    if (status == STATUS_OK) {
        if (options.idx) {
            reply_ranges(&lcs, &options, reply);
        } else if (options.len) {
            reply_integer(reply, *cell(&lcs, lcs.a.len, lcs.b.len));
        } else {
            reply_subsequence(&lcs, reply);
        }
        memory_free(lcs.cells);
    }
    buf_release(&b);
    buf_release(&a);
    return status;
}
