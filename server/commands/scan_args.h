/* What SCAN, HSCAN, SSCAN and ZSCAN share: their arguments, and the page that they reply with. */
#ifndef SERVER_COMMANDS_SCAN_ARGS_H
#define SERVER_COMMANDS_SCAN_ARGS_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"
#include "server/request/reply.h"
#include "storage/keyspace/entry.h"

struct call;
struct collection;

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

/* The elements of one reply, collected apart, since the next cursor comes first. Not to be moved: `elements` points
 * to `bytes`. */
struct scan_page {
    struct scan_args args;
    struct reply elements;
    struct buf bytes;
    size_t count; /* Elements; a field and its value are two. */
};

/* Parse `key cursor [MATCH pattern] [COUNT n]` from argv[1] on and open the collection; with an absent key it is empty,
 * and the options are not read, as in Redis. With STATUS_OK the caller closes the collection and ends the page.
 *   STATUS_WRONG_TYPE, STATUS_REPLIED, STATUS_NOT_INTEGER, STATUS_SYNTAX: nothing is open. */
MUST_CHECK enum status scan_page_open(struct scan_page *page, struct call *call, struct reply *reply,
                                      enum entry_type type, struct collection *collection);
/* Begin a page whose `args` the caller has parsed. */
void scan_page_begin(struct scan_page *page, const struct reply *reply);
/* Add an element that the caller has found to match, or what belongs to it: its value, its score. */
void scan_page_put(struct scan_page *page, struct slice element);
/* Reply with the page and the cursor of the `next` one, 0 for none, and release it. */
void scan_page_end(struct scan_page *page, struct reply *reply, uint64_t next);

#endif
