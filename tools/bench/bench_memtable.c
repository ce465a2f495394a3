/* bench-memtable: what the memtable's operations cost, and what it holds a key.
 *
 *     bench-memtable [--keys N] [--value BYTES] [--rounds N] [--order random|up]
 *
 * Prints the median of the rounds, and the worst single operation, which is what stalls the event loop. */
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "storage/memtable/memtable.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS_MAX 15
#define SPACE_LEN  8 /* Keys begin with eight equal bytes, as those of one database do. */

enum measure {
    INSERT,
    INSERT_FRESH,
    INSERT_WORST,
    OVERWRITE,
    GET_HIT,
    GET_MISS,
    SEEK,
    SCAN,
    CLEAR,
    FREE_ALL,
    MEASURE_COUNT
};

static const struct {
    const char *name;
    const char *unit;
} measures[MEASURE_COUNT] = {
    [INSERT] = {"insert a new key", "ns"},
    [INSERT_FRESH] = {"insert, memory fresh", "ns"},
    [INSERT_WORST] = {"insert, worst single one", "us"},
    [OVERWRITE] = {"overwrite, same size", "ns"},
    [GET_HIT] = {"get, hit", "ns"},
    [GET_MISS] = {"get, miss", "ns"},
    [SEEK] = {"seek by order", "ns"},
    [SCAN] = {"scan by order, each key", "ns"},
    [CLEAR] = {"clear the table", "ms"},
    [FREE_ALL] = {"free the table", "ms"},
};

struct bench {
    uint32_t key_count;
    size_t value_len;
    bool is_ordered;
    uint32_t *order; /* A random order of the keys. */
    char *value;
    double results[MEASURE_COUNT][ROUNDS_MAX];
    size_t bytes_a_key;
};

static uint64_t now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static struct slice format_key(char key[32], char kind, uint32_t number)
{
    memset(key, 0, SPACE_LEN);
    key[SPACE_LEN] = kind;
    key[SPACE_LEN + 1] = ':';
    for (int i = 11; i >= 0; i--) {
        key[SPACE_LEN + 2 + i] = (char)('0' + number % 10);
        number /= 10;
    }
    return slice_make(key, SPACE_LEN + 14);
}

static void shuffle(uint32_t *order, uint32_t count, struct random *random)
{
    for (uint32_t i = count - 1; i > 0; i--) {
        uint32_t other = (uint32_t)random_below(random, i + 1);
        uint32_t swapped = order[i];

        order[i] = order[other];
        order[other] = swapped;
    }
}

static void measure_inserts(struct bench *bench, struct memtable *memtable, int round)
{
    uint64_t worst = 0;
    uint64_t start = now_ns();
    uint64_t before = start;

    for (uint32_t i = 0; i < bench->key_count; i++) {
        char key[32];
        uint64_t after;

        memtable_put(memtable, TABLE_KEYS, format_key(key, 'k', bench->is_ordered ? i : bench->order[i]),
                     slice_make(bench->value, bench->value_len));
        after = now_ns();
        worst = after - before > worst ? after - before : worst;
        before = after;
    }
    bench->results[INSERT][round] = (double)(before - start) / bench->key_count;
    bench->results[INSERT_WORST][round] = (double)worst / 1000;
}

static double measure_overwrites(struct bench *bench, struct memtable *memtable)
{
    uint64_t start = now_ns();

    for (uint32_t i = 0; i < bench->key_count; i++) {
        char key[32];

        memtable_put(memtable, TABLE_KEYS, format_key(key, 'k', bench->order[i]),
                     slice_make(bench->value, bench->value_len));
    }
    return (double)(now_ns() - start) / bench->key_count;
}

static double measure_gets(struct bench *bench, struct memtable *memtable, char kind)
{
    uint64_t start = now_ns();
    uint32_t found = 0;

    for (uint32_t i = 0; i < bench->key_count; i++) {
        struct slice value;
        char key[32];

        found += memtable_get(memtable, TABLE_KEYS, format_key(key, kind, bench->order[i]), &value) == MEMTABLE_PRESENT;
    }
    if (found != (kind == 'k' ? bench->key_count : 0)) {
        fprintf(stderr, "bench-memtable: found %u keys\n", found);
        exit(1);
    }
    return (double)(now_ns() - start) / bench->key_count;
}

static double measure_seeks(struct bench *bench, struct memtable *memtable)
{
    uint32_t count = bench->key_count / 4;
    uint64_t start = now_ns();

    for (uint32_t i = 0; i < count; i++) {
        struct memtable_cursor cursor;
        char key[32];

        if (!memtable_seek(&cursor, memtable, TABLE_KEYS, format_key(key, 'k', bench->order[i]))) {
            exit(1);
        }
    }
    return (double)(now_ns() - start) / count;
}

static double measure_scan(struct bench *bench, struct memtable *memtable)
{
    uint64_t start = now_ns();
    struct memtable_cursor cursor;
    size_t bytes = 0;
    bool is_there = memtable_seek(&cursor, memtable, TABLE_KEYS, slice_empty());

    for (; is_there; is_there = memtable_next(&cursor)) {
        enum table table;
        struct slice key;
        struct slice value;

        memtable_at(&cursor, &table, &key, &value);
        bytes += key.len;
    }
    if (bytes != bench->key_count * (SPACE_LEN + 14ul)) {
        exit(1);
    }
    return (double)(now_ns() - start) / bench->key_count;
}

/* Each round fills the table twice, as the view does: what is measured is filling memory that is there. */
static void run_round(struct bench *bench, int round)
{
    struct memtable *memtable = memtable_create((uint64_t)round);
    uint64_t start;

    measure_inserts(bench, memtable, round);
    bench->results[INSERT_FRESH][round] = bench->results[INSERT][round];
    start = now_ns();
    memtable_clear(memtable);
    bench->results[CLEAR][round] = (double)(now_ns() - start) / 1e6;

    measure_inserts(bench, memtable, round);
    bench->results[OVERWRITE][round] = measure_overwrites(bench, memtable);
    bench->results[GET_HIT][round] = measure_gets(bench, memtable, 'k');
    bench->results[GET_MISS][round] = measure_gets(bench, memtable, 'm');
    bench->results[SEEK][round] = measure_seeks(bench, memtable);
    bench->results[SCAN][round] = measure_scan(bench, memtable);
    bench->bytes_a_key = memtable_bytes(memtable) / bench->key_count;
    start = now_ns();
    memtable_free(memtable);
    bench->results[FREE_ALL][round] = (double)(now_ns() - start) / 1e6;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_results(struct bench *bench, int rounds)
{
    printf("memtable, %u keys of %d bytes, values of %zu bytes, median of %d rounds\n", bench->key_count,
           SPACE_LEN + 14, bench->value_len, rounds);
    for (int i = 0; i < MEASURE_COUNT; i++) {
        qsort(bench->results[i], (size_t)rounds, sizeof(double), compare_doubles);
        printf("  %-26s %10.1f %s\n", measures[i].name, bench->results[i][rounds / 2], measures[i].unit);
    }
    printf("  %-26s %10zu (of them key and value %zu)\n", "bytes a key", bench->bytes_a_key,
           SPACE_LEN + 14 + bench->value_len);
}

int main(int argc, char **argv)
{
    struct bench bench = {.key_count = 500000, .value_len = 100};
    struct random random;
    int rounds = 5;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--keys") == 0) {
            bench.key_count = (uint32_t)atol(argv[i + 1]);
        } else if (strcmp(argv[i], "--value") == 0) {
            bench.value_len = (size_t)atol(argv[i + 1]);
        } else if (strcmp(argv[i], "--rounds") == 0) {
            rounds = atoi(argv[i + 1]);
        } else if (strcmp(argv[i], "--order") == 0) {
            bench.is_ordered = strcmp(argv[i + 1], "up") == 0;
        }
    }
    if (rounds < 1 || rounds > ROUNDS_MAX || bench.key_count < 4) {
        fprintf(stderr, "usage: bench-memtable [--keys N] [--value BYTES] [--rounds 1-%d] [--order random|up]\n",
                ROUNDS_MAX);
        return 2;
    }
    random_init(&random, 1);
    bench.value = memory_allocate_zeroed(bench.value_len + 1);
    bench.order = memory_allocate(bench.key_count * sizeof(bench.order[0]));
    for (uint32_t i = 0; i < bench.key_count; i++) {
        bench.order[i] = i;
    }
    shuffle(bench.order, bench.key_count, &random);
    for (int round = 0; round < rounds; round++) {
        run_round(&bench, round);
    }
    print_results(&bench, rounds);
    memory_free(bench.order);
    memory_free(bench.value);
    return 0;
}
