#include "server/commands/scan_args.h"
#include "base/glob.h"
#include "server/commands/call_collection.h"
#include "server/request/args.h"
#include "server/request/command.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#define CURSOR_TEXT_MAX 40 /* Longer ones overflow or are no numbers. */

/* As strtoul reads it, sign and leading zeros included, which is what Redis takes; but no spaces. */
static bool parse_cursor(struct slice text, uint64_t *cursor)
{
    char terminated[CURSOR_TEXT_MAX];
    char *end;

    if (text.len >= sizeof(terminated) || (text.len > 0 && isspace((unsigned char)text.data[0]))) {
        return false;
    }
    memcpy(terminated, text.data, text.len);
    terminated[text.len] = '\0';
    errno = 0;
    *cursor = strtoull(terminated, &end, 10);
    return *end == '\0' && end == terminated + text.len && errno != ERANGE;
}

enum status scan_args_parse_cursor(const struct call *call, struct reply *reply, size_t cursor_index,
                                   struct scan_args *args)
{
    *args = (struct scan_args){.count = 10};
    if (!parse_cursor(call->argv[cursor_index], &args->cursor)) {
        return reply_error(reply, "ERR invalid cursor");
    }
    return STATUS_OK;
}

enum status scan_args_parse_options(const struct call *call, size_t first, bool has_types, struct scan_args *args)
{
    for (size_t i = first; i < call->argc; i += 2) {
        struct slice word = call->argv[i];
        int64_t count;

        if (i + 1 >= call->argc) {
            return STATUS_SYNTAX;
        }
        if (args_is(word, "count")) {
            enum status status = args_int64(call->argv[i + 1], &count);

            if (status != STATUS_OK) {
                return status;
            }
            if (count < 1) {
                return STATUS_SYNTAX;
            }
            args->count = (size_t)count;
        } else if (args_is(word, "match")) {
            args->pattern = call->argv[i + 1];
            args->has_pattern = true;
        } else if (args_is(word, "type") && has_types) {
            args->type = call->argv[i + 1];
            args->has_type = true;
        } else {
            return STATUS_SYNTAX;
        }
    }
    return STATUS_OK;
}

bool scan_args_match(const struct scan_args *args, struct slice element)
{
    return !args->has_pattern || glob_match(args->pattern, element, false);
}

enum status scan_page_open(struct scan_page *page, struct call *call, struct reply *reply, enum entry_type type,
                           struct collection *collection)
{
    enum status status = scan_args_parse_cursor(call, reply, 2, &page->args);

    if (status != STATUS_OK) {
        return status;
    }
    status = call_open_collection(call, type, collection);
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    status = status == STATUS_OK ? scan_args_parse_options(call, 3, false, &page->args) : STATUS_OK;
    if (status != STATUS_OK) {
        collection_close(collection);
        return status;
    }
    scan_page_begin(page, reply);
    return STATUS_OK;
}

void scan_page_begin(struct scan_page *page, const struct reply *reply)
{
    page->count = 0;
    buf_init(&page->bytes, BUF_NO_CEILING);
    reply_init(&page->elements, &page->bytes, reply->protocol);
}

void scan_page_put(struct scan_page *page, struct slice element)
{
    reply_bulk(&page->elements, element);
    page->count++;
}

void scan_page_end(struct scan_page *page, struct reply *reply, uint64_t next)
{
    reply_array(reply, 2);
    reply_bulk_format(reply, "%llu", (unsigned long long)next);
    reply_array(reply, page->count);
    buf_put(reply->out, buf_slice(&page->bytes));
    buf_release(&page->bytes);
}
