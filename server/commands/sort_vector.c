#include "server/commands/sort_vector.h"

#include "base/memory.h"
#include "storage/value/list_store.h"
#include "storage/value/set_store.h"
#include "storage/value/zset_walk.h"
#include <stdlib.h>

#define ARENA_BLOCK_BYTES (64u * 1024)

void sort_vector_init(struct sort_vector *vector, size_t capacity)
{
    *vector = (struct sort_vector){.capacity = capacity};
    arena_init(&vector->arena, ARENA_BLOCK_BYTES);
    vector->items = memory_allocate(capacity * sizeof(*vector->items));
}

void sort_vector_release(struct sort_vector *vector)
{
    memory_free(vector->items);
    arena_release(&vector->arena);
}

struct slice sort_vector_copy(struct sort_vector *vector, struct slice bytes)
{
    char *copy = arena_allocate(&vector->arena, bytes.len + 1);

    if (bytes.len > 0) {
        memcpy(copy, bytes.data, bytes.len);
    }
    copy[bytes.len] = '\0';
    return slice_make(copy, bytes.len);
}

static void add(struct sort_vector *vector, struct slice element)
{
    vector->items[vector->count] =
        (struct sort_item){.element = sort_vector_copy(vector, element), .place = vector->count};
    vector->count++;
}

static void load_list(struct sort_vector *vector, const struct collection *list, uint64_t start, bool is_reverse)
{
    struct list_walk walk;
    struct slice item;

    list_walk_begin(&walk, list, is_reverse ? list_count(list) - 1 - start : start, !is_reverse);
    while (vector->count < vector->capacity && list_walk_next(&walk, &item)) {
        add(vector, item);
    }
    list_walk_end(&walk);
}

static void load_zset(struct sort_vector *vector, const struct collection *zset, uint64_t start, bool is_reverse)
{
    struct zset_walk walk;
    struct slice member;
    double score;

    zset_walk_begin_rank(&walk, zset, is_reverse ? zset_count(zset) - 1 - start : start, !is_reverse);
    while (vector->count < vector->capacity && zset_walk_next(&walk, &member, &score)) {
        add(vector, member);
    }
    zset_walk_end(&walk);
}

static void load_set(struct sort_vector *vector, const struct collection *set, uint64_t start)
{
    struct set_walk walk;
    struct slice member;

    set_walk_begin(&walk, set);
    while (vector->count < vector->capacity && set_walk_next(&walk, &member)) {
        if (start > 0) {
            start--;
        } else {
            add(vector, member);
        }
    }
    set_walk_end(&walk);
}

void sort_vector_load(struct sort_vector *vector, const struct collection *collection, uint64_t start, uint64_t count,
                      bool is_reverse)
{
    if (count < vector->capacity) {
        vector->capacity = count;
    }
    if (vector->capacity == 0) {
        return;
    }
    switch (collection->entry.type) {
    case ENTRY_LIST:
        load_list(vector, collection, start, is_reverse);
        break;
    case ENTRY_ZSET:
        load_zset(vector, collection, start, is_reverse);
        break;
    default:
        load_set(vector, collection, start);
        break;
    }
}

static int compare_texts(struct slice a, struct slice b, bool is_binary)
{
    return is_binary ? slice_compare(a, b) : strcmp(a.data, b.data);
}

static int compare_weights(const struct sort_item *a, const struct sort_item *b, bool is_binary)
{
    if (a->weight.data == NULL || b->weight.data == NULL) {
        return (a->weight.data != NULL) - (b->weight.data != NULL);
    }
    return compare_texts(a->weight, b->weight, is_binary);
}

static int compare_by_order(const struct sort_item *a, const struct sort_item *b, const struct sort_order *order)
{
    if (!order->is_alpha) {
        int by_score = (a->score > b->score) - (a->score < b->score);

        return by_score != 0 ? by_score : slice_compare(a->element, b->element);
    }
    return order->is_by_weight ? compare_weights(a, b, order->is_binary)
                               : compare_texts(a->element, b->element, order->is_binary);
}

static int compare_items(const void *one, const void *other, void *context)
{
    const struct sort_item *a = one;
    const struct sort_item *b = other;
    const struct sort_order *order = context;
    int result = compare_by_order(a, b, order);

    if (result != 0) {
        return order->is_descending ? -result : result;
    }
    return (a->place > b->place) - (a->place < b->place);
}

void sort_vector_sort(struct sort_vector *vector, const struct sort_order *order)
{
    qsort_r(vector->items, vector->count, sizeof(*vector->items), compare_items, (void *)(uintptr_t)order);
}
