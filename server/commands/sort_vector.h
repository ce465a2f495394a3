/* What SORT sorts: copies of the elements, each with what it is weighed by, and the order between them. */
#ifndef SERVER_COMMANDS_SORT_VECTOR_H
#define SERVER_COMMANDS_SORT_VECTOR_H

#include "base/arena.h"
#include "base/slice.h"
#include <stdint.h>

struct collection;

struct sort_item {
    struct slice element; /* In the vector's arena, with a NUL behind it. */
    struct slice weight;  /* Of what BY names; data NULL: it names nothing. Likewise. */
    double score;         /* The weight as a number. */
    size_t place;         /* Where it stood: what is equal keeps its order. */
};

struct sort_vector {
    struct arena arena;
    struct sort_item *items; /* Owned. */
    size_t count;
    size_t capacity;
};

/* How two items compare. */
struct sort_order {
    bool is_descending;
    bool is_alpha;
    bool is_by_weight; /* BY: alpha compares weights, else the elements. */
    bool is_binary;    /* STORE: by bytes; else as strings that end at a NUL. */
};

void sort_vector_init(struct sort_vector *vector, size_t capacity);
void sort_vector_release(struct sort_vector *vector);

/* From `start` on, at most `count` elements of a list, set or sorted set, in its own order or, with `is_reverse`, from
 * its end; `start` counts from there. */
void sort_vector_load(struct sort_vector *vector, const struct collection *collection, uint64_t start, uint64_t count,
                      bool is_reverse);
/* A copy that lives as long as the vector, with a NUL behind it. */
struct slice sort_vector_copy(struct sort_vector *vector, struct slice bytes);
void sort_vector_sort(struct sort_vector *vector, const struct sort_order *order);

#endif
