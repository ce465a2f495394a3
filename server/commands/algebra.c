#include "server/commands/algebra.h"
#include "base/memory.h"
#include "server/commands/call_reads.h"
#include "server/request/command.h"
#include <math.h>
#include <stdlib.h>

static enum status open_one(struct call *call, struct slice key, enum entry_type type, struct algebra_operand *operand)
{
    struct entry entry = {.type = type, .body = slice_empty()};
    bool is_there = keyspace_find(call->keyspace, call->db, key, &entry);

    call_count_read_of_writer(call, key, is_there);
    operand->is_set = entry.type == ENTRY_SET;
    operand->weight = 1;
    if (!operand->is_set && (entry.type != ENTRY_ZSET || type != ENTRY_ZSET)) {
        return STATUS_WRONG_TYPE;
    }
    collection_look(call->keyspace, call->db, key, &entry, &operand->collection);
    return STATUS_OK;
}

enum status algebra_open(struct call *call, const struct slice *keys, size_t count, enum entry_type type,
                         struct algebra_operands *operands)
{
    *operands = (struct algebra_operands){.list = memory_allocate_zeroed(count * sizeof(*operands->list))};
    for (; operands->count < count; operands->count++) {
        struct algebra_operand *operand = &operands->list[operands->count];

        operand->index = operands->count;
        if (open_one(call, keys[operands->count], type, operand) != STATUS_OK) {
            algebra_close(operands);
            return STATUS_WRONG_TYPE;
        }
    }
    return STATUS_OK;
}

void algebra_close(struct algebra_operands *operands)
{
    for (size_t i = 0; i < operands->count; i++) {
        collection_close(&operands->list[i].collection);
    }
    memory_free(operands->list);
}

static int compare_sizes(const void *a, const void *b)
{
    const struct algebra_operand *x = a;
    const struct algebra_operand *y = b;

    if (algebra_count(x) != algebra_count(y)) {
        return algebra_count(x) < algebra_count(y) ? -1 : 1;
    }
    return (x->index > y->index) - (x->index < y->index);
}

void algebra_sort_by_size(struct algebra_operands *operands)
{
    qsort(operands->list, operands->count, sizeof(*operands->list), compare_sizes);
}

bool algebra_find(const struct algebra_operand *operand, struct slice member, double *score)
{
    double found = 1;
    bool is_there =
        operand->is_set ? set_contains(&operand->collection, member) : zset_score(&operand->collection, member, &found);

    *score = operand->weight * found;
    return is_there;
}

void algebra_walk_begin(struct algebra_walk *walk, const struct algebra_operand *operand)
{
    walk->operand = operand;
    if (operand->is_set) {
        set_walk_begin(&walk->set, &operand->collection);
    } else {
        zset_walk_begin(&walk->zset, &operand->collection, true);
    }
}

bool algebra_walk_next(struct algebra_walk *walk, struct slice *member, double *score)
{
    double found = 1;
    bool is_there =
        walk->operand->is_set ? set_walk_next(&walk->set, member) : zset_walk_next(&walk->zset, member, &found);

    *score = walk->operand->weight * found;
    return is_there;
}

void algebra_walk_end(struct algebra_walk *walk)
{
    if (walk->operand->is_set) {
        set_walk_end(&walk->set);
    } else {
        zset_walk_end(&walk->zset);
    }
}

bool algebra_difference_walks(const struct algebra_operands *operands)
{
    uint64_t lookups = algebra_count(&operands->list[0]) * operands->count;
    uint64_t steps = 0;

    for (size_t i = 0; i < operands->count; i++) {
        steps += algebra_count(&operands->list[i]);
    }
    return lookups / 2 > steps; /* Redis' weights: the first lookup that finds the member is the last. */
}

static void add_all(const struct algebra_operand *operand, struct member_table *table)
{
    struct algebra_walk walk;
    struct slice member;
    double score;
    size_t index;

    algebra_walk_begin(&walk, operand);
    while (algebra_walk_next(&walk, &member, &score)) {
        (void)member_table_add(table, member, score, &index);
    }
    algebra_walk_end(&walk);
}

/* No member's score is NaN: it marks those that are subtracted. */
static void mark_all(const struct algebra_operand *operand, struct member_table *table)
{
    struct algebra_walk walk;
    struct slice member;
    double score;
    size_t index;

    algebra_walk_begin(&walk, operand);
    while (algebra_walk_next(&walk, &member, &score)) {
        if (member_table_find(table, member, &index)) {
            table->members.items[index].score = NAN;
        }
    }
    algebra_walk_end(&walk);
}

void algebra_subtract(const struct algebra_operands *operands, struct member_table *table)
{
    struct zset_batch *members = &table->members;
    size_t kept = 0;

    add_all(&operands->list[0], table);
    for (size_t i = 1; i < operands->count; i++) {
        mark_all(&operands->list[i], table);
    }
    for (size_t i = 0; i < members->count; i++) {
        if (!isnan(members->items[i].score)) {
            members->items[kept++] = members->items[i];
        }
    }
    members->count = kept;
}
