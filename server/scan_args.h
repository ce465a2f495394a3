/* The arguments that SCAN, HSCAN, SSCAN and ZSCAN share. */
#ifndef SERVER_SCAN_ARGS_H
#define SERVER_SCAN_ARGS_H

#include "base/slice.h"
#include "base/status.h"
#include <stdint.h>

struct call;
struct reply;

struct scan_args {
    uint64_t cursor;
    size_t count; /* COUNT, 10 by default. */
    bool has_pattern;
    struct slice pattern; /* MATCH */
    bool has_type;
    struct slice type; /* TYPE: its word; an unknown one matches nothing. SCAN only. */
};

/* Parse the cursor at argv[`cursor_index`]; the options are at their defaults.
 *   STATUS_REPLIED  It is no number. */
MUST_CHECK enum status scan_args_parse_cursor(const struct call *call, struct reply *reply, size_t cursor_index,
                                              struct scan_args *args);
/* Parse the options from argv[`first`] on; TYPE only if `has_types`. Redis looks for the key between the two.
 *   STATUS_NOT_INTEGER, STATUS_SYNTAX. */
MUST_CHECK enum status scan_args_parse_options(const struct call *call, size_t first, bool has_types,
                                               struct scan_args *args);

/* Whether the element passes MATCH. */
bool scan_args_match(const struct scan_args *args, struct slice element);

#endif
