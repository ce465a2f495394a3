/* Patterns of SORT's BY and GET: which key, or field of a hash, belongs to an element. */
#ifndef SERVER_COMMANDS_SORT_PATTERN_H
#define SERVER_COMMANDS_SORT_PATTERN_H

#include "base/buf.h"
#include "base/slice.h"

struct call;

struct sort_pattern {
    bool is_element;     /* "#": the element itself. */
    bool is_constant;    /* No star: it names no key. */
    struct slice before; /* Of the key, before the element and after it. */
    struct slice after;
    struct slice field; /* Of the hash at that key; empty: the key is a string. */
};

/* Parts are borrowed from `text`. As in Redis, a NUL ends what is looked through. */
void sort_pattern_parse(struct slice text, struct sort_pattern *pattern);

/* Append what belongs to `element` to `value`, which is emptied first; false if there is nothing. Counts as a read. */
bool sort_pattern_find(struct call *call, const struct sort_pattern *pattern, struct slice element, struct buf *value);

#endif
