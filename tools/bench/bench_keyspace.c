/* What the keyspace costs above the view: strings set and found at random, one by one and announced in batches, with
 * all keys in LMDB before and the rest in the memtable. Prints one line a way, as microseconds an operation; each is
 * the median of its rounds.
 *
 *     bench-keyspace [new folder [keys [bytes a value [operations a round]]]]
 *
 * Without a folder it makes one in the current folder and removes it. */
#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "storage/env/checkpoint_apply.h"
#include "storage/env/env.h"
#include "storage/value/string_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS       5
#define BATCH        16
#define SOONER_MS    100000000
#define KEY_TEXT     32
#define FILL_AT_ONCE 200000

struct bench {
    struct env *env;
    struct view *view;
    struct keyspace *keyspace;
    uint64_t key_count;
    uint64_t operations;
    struct slice value;
    struct random random;
    uint64_t due_ms;
    uint64_t found; /* So that no lookup is for nothing. */
};

static void stop_unless(bool is_good, const char *what)
{
    if (!is_good) {
        fprintf(stderr, "bench-keyspace: %s failed\n", what);
        exit(1);
    }
}

static struct slice key_of(uint64_t number, char text[KEY_TEXT])
{
    return slice_make(text, (size_t)snprintf(text, KEY_TEXT, "key:%012" PRIu64, number));
}

/* Move the memtable to LMDB. */
static void checkpoint(struct bench *bench)
{
    struct env_meta meta;
    struct checkpoint_apply apply = {.files = file_system_posix(),
                                     .env = bench->env,
                                     .meta = &meta,
                                     .whole_pages_max = CHECKPOINT_WHOLE_PAGES,
                                     .step_pages_max = CHECKPOINT_STEP_PAGES};

    stop_unless(env_read_meta(bench->env, &meta) == STATUS_OK, "reading the meta");
    env_meta_release(&meta);
    keyspace_describe(bench->keyspace, &meta);
    meta.position.offset++;
    apply.frozen = view_freeze(bench->view);
    stop_unless(checkpoint_apply(&apply) == STATUS_OK, "checkpoint");
    stop_unless(view_drop_frozen(bench->view) == STATUS_OK, "renewing the view");
    env_meta_release(&meta);
}

static void fill(struct bench *bench)
{
    char text[KEY_TEXT];

    for (uint64_t i = 0; i < bench->key_count; i++) {
        string_set(bench->keyspace, 0, key_of(i, text), bench->value, 0);
        if (i % FILL_AT_ONCE == FILL_AT_ONCE - 1) {
            checkpoint(bench);
        }
    }
    checkpoint(bench);
}

static void find(struct bench *bench, struct slice key)
{
    struct entry entry;

    bench->found += keyspace_find(bench->keyspace, 0, key, &entry);
}

static void set(struct bench *bench, struct slice key)
{
    string_set(bench->keyspace, 0, key, bench->value, 0);
}

static void set_sooner(struct bench *bench, struct slice key)
{
    string_set(bench->keyspace, 0, key, bench->value, bench->due_ms-- - SOONER_MS);
}

static void set_later(struct bench *bench, struct slice key)
{
    string_set(bench->keyspace, 0, key, bench->value, bench->due_ms++);
}

/* Random keys' texts alone: what the others cost beside the keyspace. */
static void nothing(struct bench *bench, struct slice key)
{
    bench->found += key.len;
}

/* Microseconds an operation of one round. */
static double run(struct bench *bench, void (*operate)(struct bench *bench, struct slice key), bool announce)
{
    uint64_t begin_us = clock_monotonic_us();

    for (uint64_t done = 0; done < bench->operations; done += BATCH) {
        char text[BATCH][KEY_TEXT];
        struct slice keys[BATCH];

        for (size_t i = 0; i < BATCH; i++) {
            keys[i] = key_of(random_below(&bench->random, bench->key_count), text[i]);
        }
        if (announce) {
            keyspace_announce(bench->keyspace, 0, keys, BATCH);
        }
        for (size_t i = 0; i < BATCH; i++) {
            operate(bench, keys[i]);
        }
    }
    return (double)(clock_monotonic_us() - begin_us) / (double)bench->operations;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *first = a;
    const double *second = b;

    return (*first > *second) - (*first < *second);
}

static void report(struct bench *bench, const char *name, void (*operate)(struct bench *bench, struct slice key),
                   bool announce)
{
    double us[ROUNDS];

    run(bench, operate, announce); /* What the first round of a kind alone costs, such as room in the memtable. */
    for (int i = 0; i < ROUNDS; i++) {
        us[i] = run(bench, operate, announce);
    }
    qsort(us, ROUNDS, sizeof(us[0]), compare_doubles);
    printf("%-44s %7.3f us (%.3f to %.3f)\n", name, us[ROUNDS / 2], us[0], us[ROUNDS - 1]);
}

static void run_all(struct bench *bench)
{
    report(bench, "texts of random keys alone", nothing, false);
    report(bench, "find, all in LMDB", find, false);
    report(bench, "find, all in LMDB, announced by 16", find, true);
    report(bench, "set, from LMDB to the memtable", set, false);
    report(bench, "set, in the memtable", set, false);
    report(bench, "set, in the memtable, announced by 16", set, true);
    report(bench, "find, in the memtable", find, false);
    report(bench, "find, in the memtable, announced by 16", find, true);
    report(bench, "set with expiry, later than before", set_later, false);
    report(bench, "set with expiry, sooner than before", set_sooner, false);
    printf("%" PRIu64 " found, %zu MB in the memtable\n", bench->found, view_active_bytes(bench->view) >> 20);
}

static uint64_t argument(int argc, char **argv, int index, uint64_t otherwise)
{
    uint64_t value = otherwise;

    stop_unless(argc <= index || number_parse_uint64(slice_of(argv[index]), &value), "reading the arguments");
    return value;
}

int main(int argc, char **argv)
{
    struct bench bench = {.key_count = argument(argc, argv, 2, 1000000), .due_ms = 1700000000000};
    struct env_meta meta = {.selected_db = -1, .next_generation = 1, .key_hash_seed = 1};
    size_t value_len = (size_t)argument(argc, argv, 3, 100);
    const char *folder = argc > 1 ? argv[1] : "bench-keyspace.data";

    bench.operations = argument(argc, argv, 4, 1000000) / BATCH * BATCH;
    bench.value = slice_make(memory_allocate_zeroed(value_len), value_len);
    stop_unless(bench.key_count > 0 && bench.operations > 0, "reading the arguments");
    history_init(&meta.history);
    random_init(&bench.random, 1);
    stop_unless(env_create(file_system_posix(), folder, &meta) == STATUS_OK, "making the folder");
    stop_unless(env_open(folder, false, &bench.env) == STATUS_OK, "opening the folder");
    stop_unless(view_open(bench.env, &bench.view) == STATUS_OK, "opening the view");
    bench.keyspace = keyspace_open(bench.view, &meta, 16);
    keyspace_warm_up(bench.keyspace);
    fill(&bench);
    run_all(&bench);
    keyspace_close(bench.keyspace);
    view_close(bench.view);
    env_close(bench.env);
    memory_free((void *)(uintptr_t)bench.value.data);
    stop_unless(argc > 1 || file_remove_tree(file_system_posix(), folder) == STATUS_OK, "removing the folder");
    return 0;
}
