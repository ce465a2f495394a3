#include "base/hash_table.h"
#include "base/list.h"
#include "base/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ITEMS = 1000 };

struct item {
    struct hash_node node;
    uint64_t key;
    bool is_in;
};

static struct item items[ITEMS];

/* Few hashes, so that many items share one. */
static uint64_t hash_of(uint64_t key)
{
    return key % 97;
}

static struct item *find(const struct hash_table *table, uint64_t key)
{
    for (struct hash_node *node = hash_table_first(table, hash_of(key)); node != NULL; node = hash_table_next(node)) {
        struct item *item = LIST_ENTRY(node, struct item, node);

        if (item->key == key) {
            return item;
        }
    }
    return NULL;
}

/* Random insertions and removals against a flag in each item. */
static void test_finds_exactly_what_is_in(void **state)
{
    struct hash_table table;
    struct random random;
    size_t count = 0;

    (void)state;
    hash_table_init(&table);
    random_init(&random, 7);
    for (size_t i = 0; i < ITEMS; i++) {
        items[i] = (struct item){.key = i};
    }
    for (int step = 0; step < 20000; step++) {
        struct item *item = &items[random_below(&random, ITEMS)];

        assert_ptr_equal(find(&table, item->key), item->is_in ? item : NULL);
        if (item->is_in) {
            hash_table_remove(&table, &item->node);
            count--;
        } else {
            hash_table_insert(&table, &item->node, hash_of(item->key));
            count++;
        }
        item->is_in = !item->is_in;
        assert_int_equal(table.count, count);
    }
    hash_table_release(&table);
}

static void test_walk_visits_each_once_and_may_remove(void **state)
{
    struct hash_table table;
    struct hash_table_walk walk;
    uint64_t sum = 0;

    (void)state;
    hash_table_init(&table);
    assert_null(hash_table_walk_begin(&walk, &table));
    for (size_t i = 0; i < ITEMS; i++) {
        items[i] = (struct item){.key = i};
        hash_table_insert(&table, &items[i].node, hash_of(i));
    }
    for (struct hash_node *node = hash_table_walk_begin(&walk, &table); node != NULL;
         node = hash_table_walk_next(&walk, &table)) {
        sum += LIST_ENTRY(node, struct item, node)->key;
        hash_table_remove(&table, node);
    }
    assert_int_equal(sum, (uint64_t)ITEMS * (ITEMS - 1) / 2);
    assert_int_equal(table.count, 0);
    hash_table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_exactly_what_is_in),
        cmocka_unit_test(test_walk_visits_each_once_and_may_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
