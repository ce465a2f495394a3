#include "server/scan_args.h"
#include "base/glob.h"
#include "server/args.h"
#include "server/command.h"
#include "server/reply.h"
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
