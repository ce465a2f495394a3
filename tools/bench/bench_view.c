/* bench-view: what a get of a key in LMDB costs, with and without what stands in front of LMDB.
 *
 *     bench-view [--dir DIRECTORY] [--keys N] [--active N] [--gets N]
 *
 * Makes an environment of N keys (8 bytes that all share, 14 that differ, values of 100 bytes) below DIRECTORY, fills
 * the active memtable with other keys, and reads at random. */
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "storage/env/env_lmdb.h"
#include "storage/memtable/view.h"
#include <stdio.h>
#include <stdlib.h>

#define KEY_LEN   22
#define SPACE_LEN 8
#define PIPELINE  16
#define ROUNDS    5

struct bench {
    struct env *env;
    struct view *view;
    uint32_t key_count;
    uint32_t get_count;
    uint32_t *order; /* get_count keys in random order; the same in each pass. */
};

static void check(bool is_well, const char *what)
{
    if (!is_well) {
        fprintf(stderr, "bench-view: %s failed\n", what);
        exit(1);
    }
}

static struct slice format_key(char key[KEY_LEN], char kind, uint32_t number)
{
    memset(key, 0, SPACE_LEN);
    key[SPACE_LEN] = kind;
    key[SPACE_LEN + 1] = ':';
    for (int i = 11; i >= 0; i--) {
        key[SPACE_LEN + 2 + i] = (char)('0' + number % 10);
        number /= 10;
    }
    return slice_make(key, KEY_LEN);
}

static void load(struct bench *bench)
{
    char value[100] = {0};
    MDB_txn *txn;

    check(mdb_txn_begin(env_handle(bench->env), NULL, 0, &txn) == 0, "write transaction");
    for (uint32_t i = 0; i < bench->key_count; i++) {
        char key[KEY_LEN];
        MDB_val k = {.mv_size = KEY_LEN, .mv_data = (void *)(uintptr_t)format_key(key, 'k', i).data};
        MDB_val v = {.mv_size = sizeof(value), .mv_data = value};

        check(mdb_put(txn, env_table_handle(bench->env, TABLE_KEYS), &k, &v, MDB_APPEND) == 0, "put");
    }
    check(mdb_txn_commit(txn) == 0, "commit");
}

static void fill_active(struct bench *bench, uint32_t count)
{
    char value[100] = {0};

    for (uint32_t i = 0; i < count; i++) {
        char key[KEY_LEN];

        view_put(bench->view, TABLE_KEYS, format_key(key, 'a', i * 7919u), slice_make(value, sizeof(value)));
    }
}

static double measure_lmdb(struct bench *bench)
{
    uint64_t start = clock_monotonic_us();
    MDB_txn *txn;

    check(env_begin_read(bench->env, &txn) == STATUS_OK, "read transaction");
    for (uint32_t i = 0; i < bench->get_count; i++) {
        char key[KEY_LEN];
        MDB_val k = {.mv_size = KEY_LEN, .mv_data = (void *)(uintptr_t)format_key(key, 'k', bench->order[i]).data};
        MDB_val v;

        check(mdb_get(txn, env_table_handle(bench->env, TABLE_KEYS), &k, &v) == 0 && *(char *)v.mv_data == 0, "get");
    }
    mdb_txn_abort(txn);
    return (double)(clock_monotonic_us() - start) * 1000 / bench->get_count;
}

static double measure_view(struct bench *bench, char kind)
{
    uint64_t start = clock_monotonic_us();

    for (uint32_t i = 0; i < bench->get_count; i++) {
        struct slice value;
        char key[KEY_LEN];
        bool found = view_get(bench->view, TABLE_KEYS, format_key(key, kind, bench->order[i]), &value);

        check(found == (kind == 'k') && (!found || *value.data == 0), "get");
    }
    return (double)(clock_monotonic_us() - start) * 1000 / bench->get_count;
}

static double measure_announced(struct bench *bench)
{
    uint64_t start = clock_monotonic_us();

    for (uint32_t i = 0; i + PIPELINE <= bench->get_count; i += PIPELINE) {
        struct view_announced announced[PIPELINE];
        char keys[PIPELINE][KEY_LEN];

        for (uint32_t j = 0; j < PIPELINE; j++) {
            announced[j].table = TABLE_KEYS;
            announced[j].key = format_key(keys[j], 'k', bench->order[i + j]);
        }
        view_announce(bench->view, announced, PIPELINE);
        for (uint32_t j = 0; j < PIPELINE; j++) {
            struct slice value;

            check(view_get(bench->view, TABLE_KEYS, announced[j].key, &value) && *value.data == 0, "get");
        }
    }
    return (double)(clock_monotonic_us() - start) * 1000 / bench->get_count;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void report(const char *name, double *results)
{
    qsort(results, ROUNDS, sizeof(results[0]), compare_doubles);
    printf("  %-44s %8.0f ns\n", name, results[ROUNDS / 2]);
}

static void run(struct bench *bench)
{
    double lmdb[ROUNDS];
    double cold[ROUNDS];
    double warm[ROUNDS];
    double announced[ROUNDS];
    double absent[ROUNDS];

    for (int round = 0; round < ROUNDS; round++) {
        lmdb[round] = measure_lmdb(bench);
        check(view_renew(bench->view) == STATUS_OK, "renewal"); /* Forgets all places. */
        cold[round] = measure_view(bench, 'k');
        warm[round] = measure_view(bench, 'k');
        announced[round] = measure_announced(bench);
        absent[round] = measure_view(bench, 'm');
    }
    report("LMDB alone", lmdb);
    report("view, first time after a checkpoint", cold);
    report("view, again", warm);
    report("view, again, announced 16 at a time", announced);
    report("view, absent", absent);
}

static void open_bench(struct bench *bench, const char *path)
{
    struct env_meta meta = {.selected_db = -1, .next_generation = 1};

    history_init(&meta.history);
    check(env_create(file_system_posix(), path, &meta) == STATUS_OK, "making the environment");
    check(env_open(path, false, &bench->env) == STATUS_OK, "opening the environment");
    load(bench);
    check(view_open(bench->env, &bench->view) == STATUS_OK, "opening the view");
    view_warm_up(bench->view);
}

int main(int argc, char **argv)
{
    struct bench bench = {.key_count = 1000000, .get_count = 1000000};
    const char *directory = "/tmp";
    uint32_t active_count = 300000;
    struct random random;
    char *path;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--dir") == 0) {
            directory = argv[i + 1];
        } else if (strcmp(argv[i], "--keys") == 0) {
            bench.key_count = (uint32_t)atol(argv[i + 1]);
        } else if (strcmp(argv[i], "--active") == 0) {
            active_count = (uint32_t)atol(argv[i + 1]);
        } else if (strcmp(argv[i], "--gets") == 0) {
            bench.get_count = (uint32_t)atol(argv[i + 1]);
        }
    }
    path = file_join(directory, "bench-view.data");
    check(file_remove_tree(file_system_posix(), path) == STATUS_OK, "removing old data");
    open_bench(&bench, path);
    fill_active(&bench, active_count);
    random_init(&random, 1);
    bench.order = memory_allocate(bench.get_count * sizeof(bench.order[0]));
    for (uint32_t i = 0; i < bench.get_count; i++) {
        bench.order[i] = (uint32_t)random_below(&random, bench.key_count);
    }
    printf("gets at random, %u keys of %d bytes with values of 100, %u others in the active memtable, median of %d\n",
           bench.key_count, KEY_LEN, active_count, ROUNDS);
    run(&bench);
    memory_free(bench.order);
    view_close(bench.view);
    env_close(bench.env);
    check(file_remove_tree(file_system_posix(), path) == STATUS_OK, "removing the data");
    memory_free(path);
    return 0;
}
