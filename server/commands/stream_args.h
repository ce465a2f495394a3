/* The arguments that stream commands share: ids, intervals of ids, and the options of XADD and XTRIM. */
#ifndef SERVER_COMMANDS_STREAM_ARGS_H
#define SERVER_COMMANDS_STREAM_ARGS_H

#include "storage/value/stream_store.h"

struct call;
struct reply;

/* Parse "ms-sequence", or "ms" alone, whose sequence is `missing_sequence`. Without a reply. */
bool stream_args_parse_id(struct slice word, uint64_t missing_sequence, struct stream_id *id);
/* The same with sequence 0. STATUS_REPLIED if it is no id. */
MUST_CHECK enum status stream_args_id(struct reply *reply, struct slice word, struct stream_id *id);
/* The same, and "-" and "+" are the first and the last id. */
MUST_CHECK enum status stream_args_loose_id(struct reply *reply, struct slice word, struct stream_id *id);
/* The start and end of an interval: "-", "+", ids, and ids after "(", which are left out. STATUS_REPLIED. */
MUST_CHECK enum status stream_args_start(struct reply *reply, struct slice word, struct stream_id *id);
MUST_CHECK enum status stream_args_end(struct reply *reply, struct slice word, struct stream_id *id);

/* What stands between the key of XADD and the fields, or after the key of XTRIM. */
struct stream_add_args {
    bool has_trim;
    struct stream_trim trim;
    bool has_id;       /* XADD: not "*". */
    bool has_sequence; /* Of that id: not "ms-*". */
    struct stream_id id;
    bool only_if_there; /* NOMKSTREAM */
    size_t next;        /* Index of the word after. */
};
/* Parse from argv[2] on. STATUS_REPLIED, STATUS_NOT_INTEGER, STATUS_SYNTAX. */
MUST_CHECK enum status stream_args_parse_add(const struct call *call, struct reply *reply, bool is_add,
                                             struct stream_add_args *args);

#endif
