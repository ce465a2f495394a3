/* Keys and libraries of functions as JSON, one object a line: a key_visitor for people and scripts. Its form:
 * docs/formats/jsonl.md.
 *
 *     {"db":0,"key":"h","type":"hash","expire_at_ms":1790000000000,"value":[["field","value"]]} */
#ifndef TOOLS_JSONL_H
#define TOOLS_JSONL_H

#include "base/buf.h"
#include "storage/keyspace/key_visitor.h"

struct jsonl {
    /* Takes what has gathered; a status other than STATUS_OK ends the walk. */
    enum status (*write)(void *context, struct slice text);
    void *context;
    struct buf line; /* What has not been written yet. */
    enum entry_type type;
    bool has_elements; /* A comma is due before the next one. */
    bool is_in_facts;  /* Of a stream: "value" has been closed. */
    bool has_groups;
    bool has_consumers;
    bool has_pending;
    uint64_t key_count;
};

void jsonl_init(struct jsonl *jsonl, enum status (*write)(void *context, struct slice text), void *context);
void jsonl_release(struct jsonl *jsonl);
/* The visitor that writes to `jsonl`. */
struct key_visitor jsonl_visitor(struct jsonl *jsonl);
/* Write what is left. */
MUST_CHECK enum status jsonl_finish(struct jsonl *jsonl);

#endif
