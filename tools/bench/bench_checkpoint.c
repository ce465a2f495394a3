/* bench-checkpoint: what a checkpoint of random changes costs, whole or in steps of so many pages.
 *
 *     bench-checkpoint [--dir DIRECTORY] [--keys N] [--rows N] [--rounds N] [--background 0|1] [--step PAGES]...
 *
 * Makes N keys of 16 bytes with values of 100, then for each number of pages (0: all in one commit), in a process of
 * its own, checkpoints of random overwrites. Prints medians: time, anonymous memory of the process after the last one
 * beside the memtable, and what a syncing log beside it feels: the time of 4 KiB appended and synced, again and again.
 */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/thread.h"
#include "storage/env/checkpoint_apply.h"
#include "storage/env/env_lmdb.h"
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS_MAX   16
#define ROUNDS_MAX  32
#define SYNCS_MAX   100000
#define KEY_LEN     16
#define VALUE_LEN   100
#define LOAD_ROWS   400000
#define SYNC_BYTES  4096
#define WHOLE_PAGES UINT32_MAX

struct bench {
    const char *directory;
    char *path;
    uint64_t key_count;
    uint64_t row_count;
    unsigned round_count;
    uint32_t steps[STEPS_MAX];
    unsigned step_count;
    bool stands_back; /* As the checkpoint thread does. */
    struct env *env;
    struct env_meta meta;
    struct random random;
};

static void check(bool is_well, const char *what)
{
    if (!is_well) {
        fprintf(stderr, "bench-checkpoint: %s failed\n", what);
        exit(1);
    }
}

static void put(struct memtable *memtable, uint64_t number, char fill)
{
    char key[32];
    char value[VALUE_LEN];

    snprintf(key, sizeof(key), "key:%012llu", (unsigned long long)number);
    memset(value, fill, sizeof(value));
    memtable_put(memtable, TABLE_KEYS, slice_make(key, KEY_LEN), slice_make(value, sizeof(value)));
}

static void apply(struct bench *bench, const struct memtable *memtable, uint32_t step_pages, uint32_t *commit_count)
{
    struct checkpoint_apply job = {
        .files = file_system_posix(),
        .env = bench->env,
        .frozen = memtable,
        .meta = &bench->meta,
        .whole_pages_max = step_pages == 0 ? WHOLE_PAGES : 0,
        .step_pages_max = step_pages,
    };

    bench->meta.position.offset++;
    check(checkpoint_apply(&job) == STATUS_OK, "the checkpoint");
    *commit_count = job.commit_count;
}

static void load(struct bench *bench)
{
    struct env_meta meta = {.selected_db = -1, .next_generation = 1};
    uint32_t commit_count;

    history_init(&meta.history);
    check(env_create(file_system_posix(), bench->path, &meta) == STATUS_OK, "making the environment");
    check(env_open(bench->path, false, &bench->env) == STATUS_OK, "opening");
    check(env_read_meta(bench->env, &bench->meta) == STATUS_OK, "reading");
    for (uint64_t i = 0; i < bench->key_count;) {
        struct memtable *memtable = memtable_create(1);

        for (uint64_t end = i + LOAD_ROWS; i < end && i < bench->key_count; i++) {
            put(memtable, i, 'a');
        }
        memtable_settle(memtable);
        apply(bench, memtable, 0, &commit_count);
        memtable_free(memtable);
    }
    env_close(bench->env);
    env_meta_release(&bench->meta);
}

/* The log's part: append and sync. */

struct syncer {
    int fd;
    atomic_bool is_stopped;
    uint32_t times_us[SYNCS_MAX];
    unsigned count;
};

static void *run_syncer(void *context)
{
    static char bytes[SYNC_BYTES];
    struct syncer *syncer = context;

    while (!atomic_load(&syncer->is_stopped) && syncer->count < SYNCS_MAX) {
        uint64_t start_us = clock_monotonic_us();

        check(pwrite(syncer->fd, bytes, sizeof(bytes), (off_t)syncer->count * SYNC_BYTES) == SYNC_BYTES, "writing");
        check(fdatasync(syncer->fd) == 0, "syncing");
        syncer->times_us[syncer->count++] = (uint32_t)(clock_monotonic_us() - start_us);
        usleep(200);
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint64_t anonymous_kib(void)
{
    char line[256];
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");

    check(file != NULL, "reading /proc");
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            kib = strtoull(line + 8, NULL, 10);
        }
    }
    fclose(file);
    return kib;
}

static void print(const struct bench *bench, uint32_t step_pages, uint32_t *times_ms, uint32_t commit_count,
                  struct syncer *syncer)
{
    struct env_usage usage;

    check(env_measure(bench->env, &usage) == STATUS_OK, "measuring");
    qsort(times_ms, bench->round_count, sizeof(*times_ms), compare);
    qsort(syncer->times_us, syncer->count, sizeof(*syncer->times_us), compare);
    printf("%8u pages a step: %3u commits, %5u ms, %4.0f k rows/s, anonymous %4llu MB, file %5llu MB (%u k leaves), "
           "sync p50 %.1f p99 %.1f max %.1f ms of %u\n",
           step_pages, commit_count, times_ms[bench->round_count / 2],
           (double)bench->row_count / times_ms[bench->round_count / 2], (unsigned long long)anonymous_kib() / 1024,
           (unsigned long long)usage.file_bytes >> 20, (unsigned)(usage.leaf_pages / 1000),
           syncer->times_us[syncer->count / 2] / 1e3, syncer->times_us[syncer->count * 99ull / 100] / 1e3,
           syncer->times_us[syncer->count - 1] / 1e3, syncer->count);
}

static void run(struct bench *bench, uint32_t step_pages)
{
    struct syncer *syncer = memory_allocate_zeroed(sizeof(*syncer));
    char *sync_path = file_join(bench->directory, "bench-checkpoint.log");
    uint32_t times_ms[ROUNDS_MAX];
    uint32_t commit_count = 0;
    pthread_t thread;

    check(env_open(bench->path, false, &bench->env) == STATUS_OK, "opening");
    check(env_read_meta(bench->env, &bench->meta) == STATUS_OK, "reading");
    syncer->fd = open(sync_path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    check(syncer->fd >= 0 && posix_fallocate(syncer->fd, 0, (off_t)SYNCS_MAX * SYNC_BYTES) == 0, "making a log");
    check(fsync(syncer->fd) == 0, "syncing");
    check(thread_start(&thread, "syncer", run_syncer, syncer) == STATUS_OK, "starting a thread");
    if (bench->stands_back) {
        thread_stand_back();
    }
    for (unsigned round = 0; round < bench->round_count; round++) {
        struct memtable *memtable = memtable_create(1);
        uint64_t start_us;

        for (uint64_t i = 0; i < bench->row_count; i++) {
            put(memtable, random_below(&bench->random, bench->key_count), (char)('b' + round));
        }
        memtable_settle(memtable);
        start_us = clock_monotonic_us();
        apply(bench, memtable, step_pages, &commit_count);
        times_ms[round] = (uint32_t)((clock_monotonic_us() - start_us) / 1000);
        memtable_free(memtable);
    }
    atomic_store(&syncer->is_stopped, true);
    pthread_join(thread, NULL);
    print(bench, step_pages, times_ms, commit_count, syncer);
    close(syncer->fd);
    unlink(sync_path);
    memory_free(sync_path);
    memory_free(syncer);
    env_meta_release(&bench->meta);
    env_close(bench->env);
}

static void parse(struct bench *bench, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t number = strtoull(argv[i + 1], NULL, 10);

        if (strcmp(argv[i], "--dir") == 0) {
            bench->directory = argv[i + 1];
        } else if (strcmp(argv[i], "--keys") == 0) {
            bench->key_count = number;
        } else if (strcmp(argv[i], "--rows") == 0) {
            bench->row_count = number;
        } else if (strcmp(argv[i], "--rounds") == 0) {
            bench->round_count = (unsigned)number;
            check(bench->round_count > 0 && bench->round_count <= ROUNDS_MAX, "--rounds");
        } else if (strcmp(argv[i], "--step") == 0) {
            check(bench->step_count < STEPS_MAX, "--step");
            bench->steps[bench->step_count++] = (uint32_t)number;
        } else if (strcmp(argv[i], "--background") == 0) {
            bench->stands_back = number != 0;
        } else {
            check(false, argv[i]);
        }
    }
}

int main(int argc, char **argv)
{
    struct bench bench = {
        .directory = "/tmp", .key_count = 1000000, .row_count = 400000, .round_count = 5, .stands_back = true};

    parse(&bench, argc, argv);
    if (bench.step_count == 0) {
        bench.steps[bench.step_count++] = CHECKPOINT_STEP_PAGES;
        bench.steps[bench.step_count++] = 0;
    }
    bench.path = file_join(bench.directory, "bench-checkpoint.data");
    random_init(&bench.random, 1);
    check(file_remove_tree(file_system_posix(), bench.path) == STATUS_OK, "removing a former environment");
    fflush(stdout);
    for (unsigned i = 0; i <= bench.step_count; i++) {
        int outcome;
        pid_t child = fork(); /* LMDB never gives memory back: a process for each. */

        check(child >= 0, "forking");
        if (child == 0) {
            if (i == 0) {
                load(&bench);
            } else {
                run(&bench, bench.steps[i - 1]);
            }
            exit(0);
        }
        check(waitpid(child, &outcome, 0) == child && outcome == 0, "a run");
    }
    check(file_remove_tree(file_system_posix(), bench.path) == STATUS_OK, "removing the environment");
    memory_free(bench.path);
    return 0;
}
