/* bench-engine: the storage engine as the server drives it, without a network.
 *
 *     bench-engine [--dir DIRECTORY] [--keys N] [--value BYTES] [--seconds S] [--rounds N] [--memory-mb N] [--part
 * NAME]
 *
 * One SET is what it is in the server: announced with its pipeline's others, admitted, executed in the keyspace,
 * appended to the log; a turn of the loop is 50 of them. Replies wait for the log: up to 16 turns may be
 * unacknowledged, as with 50 clients that pipeline 16 each. A stall is the time of one turn without that wait; on a
 * machine that is shared it is also whatever else ran, so the processor time of the worst turn is told beside it, and
 * how many turns gave the processor away by themselves. A virtual machine may halt a thread for longer than any
 * checkpoint does while another writes: bench-machine tells for how long. Parts: load, always, no, recovery, lmdb, get;
 * all by default. Prints the median of the rounds and the worst stall of all. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/resp_read.h"
#include "base/resp_write.h"
#include "storage/env/env_lmdb.h"
#include "storage/store.h"
#include "storage/value/string_store.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define TURN_OPERATIONS 50
#define PIPELINE        16 /* Keys that a session announces before it executes their commands. */
#define UNSETTLED_MAX   16 /* Turns whose replies wait for the log. */
#define ROUNDS_MAX      15
#define WAKE_TIMEOUT_MS 100
#define KEY_LEN         16

struct bench {
    const char *directory; /* Of all data. */
    char *store_path;
    uint64_t key_count;
    size_t value_len;
    double seconds;
    int rounds;
    uint64_t memory_bytes;
    const char *part; /* NULL for all. */

    struct store *store;
    int wake_fd;
    struct random random;
    struct buf change;
    char *value;
    uint64_t turn_ends[UNSETTLED_MAX]; /* Ring: log offsets that turns wait for. */
    uint64_t turn_count;
    uint64_t stall_us;     /* Worst turn. */
    uint64_t stall_cpu_us; /* The same by the loop's processor time: what a busy machine adds is not in it. */
    uint64_t wait_turns;   /* Turns in which the loop gave the processor away, and how long the worst of them took. */
    uint64_t wait_us;
    uint64_t refused_us; /* Time in which no write was admitted. */
    uint64_t waited_us;  /* Time spent waiting for the log. */
};

static void check(bool is_well, const char *what)
{
    if (!is_well) {
        fprintf(stderr, "bench-engine: %s failed\n", what);
        exit(1);
    }
}

static void check_status(enum status status, const char *what)
{
    if (status != STATUS_OK) {
        fprintf(stderr, "bench-engine: %s: %s\n", what, status_name(status));
        exit(1);
    }
}

/* Processor time of this thread, which is the loop. */
static uint64_t cpu_us(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000;
}

/* How often this thread has waited for something: a lock, a page, the disk. */
static uint64_t wait_count(void)
{
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    return (uint64_t)usage.ru_nvcsw;
}

static void wake(void *context)
{
    struct bench *bench = context;
    uint64_t one = 1;

    (void)!write(bench->wake_fd, &one, sizeof(one));
}

static void wait_for_wake(struct bench *bench)
{
    struct pollfd waited = {.fd = bench->wake_fd, .events = POLLIN};
    uint64_t count;

    if (poll(&waited, 1, WAKE_TIMEOUT_MS) > 0) {
        (void)!read(bench->wake_fd, &count, sizeof(count));
    }
}

/* Recovery's side of a SET. */
static bool replay(void *context, struct store *store, uint32_t *selected_db, const struct slice *argv, size_t argc)
{
    (void)context;
    if (argc == 2 && slice_is_word(argv[0], "select")) {
        *selected_db = 0;
        return true;
    }
    if (argc != 3 || !slice_is_word(argv[0], "set")) {
        return false;
    }
    string_set(store_keyspace(store), 0, argv[1], argv[2], 0);
    return true;
}

static void open_store(struct bench *bench, enum log_sync_policy policy, uint64_t memory_bytes)
{
    struct store_options options = {
        .files = file_system_posix(),
        .directory = bench->store_path,
        .database_count = 16,
        .policy = policy,
        .segment_bytes = LOG_SEGMENT_BYTES_DEFAULT,
        .checkpoint_memory_bytes = memory_bytes,
        .replay = replay,
        .wake = wake,
        .context = bench,
    };
    long holder_pid;

    check_status(store_open(&options, &bench->store, &holder_pid), "opening the store");
    bench->turn_count = 0;
    bench->stall_us = 0;
    bench->stall_cpu_us = 0;
    bench->wait_turns = 0;
    bench->wait_us = 0;
    bench->refused_us = 0;
    bench->waited_us = 0;
}

static struct slice format_key(char key[KEY_LEN], uint64_t number)
{
    memcpy(key, "key:", 4);
    for (int i = KEY_LEN - 1; i >= 4; i--) {
        key[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return slice_make(key, KEY_LEN);
}

static void wait_until_admitted(struct bench *bench)
{
    uint64_t start = clock_monotonic_us();
    enum status status;

    for (;;) {
        status = store_admit_write(bench->store, bench->value_len);
        if (status != STATUS_BUSY) {
            break;
        }
        store_turn(bench->store, clock_wall_ms(), clock_monotonic_us() / 1000);
        wait_for_wake(bench);
        store_poll(bench->store);
    }
    check_status(status, "admission");
    bench->refused_us += clock_monotonic_us() - start;
}

static void set(struct bench *bench, struct slice key)
{
    struct slice argv[3] = {slice_of("SET"), key, slice_make(bench->value, bench->value_len)};
    uint64_t end;

    if (store_admit_write(bench->store, bench->value_len) != STATUS_OK) {
        wait_until_admitted(bench);
    }
    buf_clear(&bench->change);
    if (store_selected_db(bench->store) != 0) {
        struct slice select[2] = {slice_of("SELECT"), slice_of("0")};

        resp_write_request(&bench->change, select, 2);
        store_set_selected_db(bench->store, 0);
    }
    memcpy(bench->value, key.data, bench->value_len < KEY_LEN ? bench->value_len : KEY_LEN);
    string_set(store_keyspace(bench->store), 0, argv[1], argv[2], 0);
    resp_write_request(&bench->change, argv, 3);
    check_status(store_append(bench->store, buf_slice(&bench->change), &end), "appending");
    bench->turn_ends[bench->turn_count % UNSETTLED_MAX] = end;
}

/* Up to a pipeline of SETs, as a session executes it. */
static void set_pipeline(struct bench *bench, uint64_t (*next)(struct bench *bench, uint64_t index), uint64_t first,
                         size_t count)
{
    char bytes[PIPELINE][KEY_LEN];
    struct slice keys[PIPELINE];

    for (size_t i = 0; i < count; i++) {
        keys[i] = format_key(bytes[i], next(bench, first + i));
    }
    keyspace_announce(store_keyspace(bench->store), 0, keys, count);
    for (size_t i = 0; i < count; i++) {
        set(bench, keys[i]);
    }
}

/* One turn of the loop: `count` SETs of the keys that `next` gives. */
static void turn(struct bench *bench, uint64_t (*next)(struct bench *bench, uint64_t index), uint64_t first,
                 size_t count)
{
    uint64_t refused_before = bench->refused_us;
    uint64_t start = clock_monotonic_us();
    uint64_t start_cpu = cpu_us();
    uint64_t waits_before = wait_count();
    uint64_t stall;

    store_poll(bench->store);
    keyspace_set_clock(store_keyspace(bench->store), clock_wall_ms(), true);
    for (size_t i = 0; i < count; i += PIPELINE) {
        set_pipeline(bench, next, first + i, count - i < PIPELINE ? count - i : PIPELINE);
    }
    store_turn(bench->store, clock_wall_ms(), clock_monotonic_us() / 1000);
    stall = clock_monotonic_us() - start - (bench->refused_us - refused_before);
    bench->stall_us = stall > bench->stall_us ? stall : bench->stall_us;
    if (refused_before == bench->refused_us && wait_count() != waits_before) {
        bench->wait_turns++;
        bench->wait_us = stall > bench->wait_us ? stall : bench->wait_us;
    }
    stall = cpu_us() - start_cpu;
    bench->stall_cpu_us = stall > bench->stall_cpu_us ? stall : bench->stall_cpu_us;
    bench->turn_count++;
    /* The oldest turn's replies must have left before its clients send again. */
    start = clock_monotonic_us();
    while (bench->turn_count >= UNSETTLED_MAX &&
           log_released_offset(store_log(bench->store)) < bench->turn_ends[bench->turn_count % UNSETTLED_MAX]) {
        wait_for_wake(bench);
        store_poll(bench->store);
    }
    bench->waited_us += clock_monotonic_us() - start;
}

static uint64_t next_random(struct bench *bench, uint64_t index)
{
    (void)index;
    return random_below(&bench->random, bench->key_count);
}

/* All keys once in scattered order: the multiplier is prime and larger than any key count. */
static uint64_t next_scattered(struct bench *bench, uint64_t index)
{
    return index * 2654435761u % bench->key_count;
}

/* `operations` since the loop's processor time was `start_cpu`. */
static void report_writes(const struct bench *bench, const char *name, double rate, uint64_t start_cpu,
                          uint64_t operations)
{
    const struct store_statistics *statistics = store_get_statistics(bench->store);

    printf("%-34s %9.0f op/s, loop busy %5.2f us/op, worst stall %6.1f ms (%.1f ms of processor)\n", name, rate,
           (double)(cpu_us() - start_cpu) / (double)operations, (double)bench->stall_us / 1000,
           (double)bench->stall_cpu_us / 1000);
    printf("%-34s %llu of %llu turns waited for a lock or a page, the longest %.1f ms\n", "",
           (unsigned long long)bench->wait_turns, (unsigned long long)bench->turn_count, (double)bench->wait_us / 1000);
    printf("%-34s %llu checkpoints, the last in %.2f s; writers held %.1f s; waited for the log %.1f s\n", "",
           (unsigned long long)statistics->checkpoint_count, (double)statistics->checkpoint_last_us / 1e6,
           (double)bench->refused_us / 1e6, (double)bench->waited_us / 1e6);
}

static void load(struct bench *bench)
{
    uint64_t start;
    uint64_t start_cpu;
    double seconds;

    check_status(file_remove_tree(file_system_posix(), bench->store_path), "removing old data");
    open_store(bench, LOG_SYNC_NO, bench->memory_bytes);
    start = clock_monotonic_us();
    start_cpu = cpu_us();
    for (uint64_t i = 0; i < bench->key_count; i += TURN_OPERATIONS) {
        turn(bench, next_scattered, i, TURN_OPERATIONS);
    }
    seconds = (double)(clock_monotonic_us() - start) / 1e6;
    report_writes(bench, "load, no fsync", (double)bench->key_count / seconds, start_cpu, bench->key_count);
    check_status(store_checkpoint_now(bench->store, clock_wall_ms()), "checkpoint");
    store_close(bench->store, true);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(values[0]), compare_doubles);
    return values[count / 2];
}

static void overwrite(struct bench *bench, enum log_sync_policy policy, const char *name)
{
    double rates[ROUNDS_MAX];
    uint64_t all_operations = 0;
    uint64_t start_cpu;

    open_store(bench, policy, bench->memory_bytes);
    start_cpu = cpu_us();
    for (int round = 0; round < bench->rounds; round++) {
        uint64_t start = clock_monotonic_us();
        uint64_t operations = 0;

        while ((double)(clock_monotonic_us() - start) < bench->seconds * 1e6) {
            turn(bench, next_random, 0, TURN_OPERATIONS);
            operations += TURN_OPERATIONS;
        }
        rates[round] = (double)operations * 1e6 / (double)(clock_monotonic_us() - start);
        all_operations += operations;
    }
    report_writes(bench, name, median(rates, bench->rounds), start_cpu, all_operations);
    store_close(bench->store, true);
}

/* Fill a memtable to just below the checkpoint, stop without one, and open again. */
static void recover(struct bench *bench)
{
    double milliseconds[ROUNDS_MAX];
    uint64_t replayed = 0;

    for (int round = 0; round < bench->rounds; round++) {
        uint64_t start;

        open_store(bench, LOG_SYNC_NO, 2 * bench->memory_bytes);
        while (view_active_bytes(keyspace_view(store_keyspace(bench->store))) < bench->memory_bytes) {
            turn(bench, next_random, 0, TURN_OPERATIONS);
        }
        store_close(bench->store, false);
        start = clock_monotonic_us();
        open_store(bench, LOG_SYNC_NO, 2 * bench->memory_bytes);
        milliseconds[round] = (double)(clock_monotonic_us() - start) / 1000;
        replayed = store_get_statistics(bench->store)->recovered_bytes;
        store_close(bench->store, true);
    }
    printf("%-34s %9.0f ms     %llu bytes of log replayed\n", "recovery of a full memtable",
           median(milliseconds, bench->rounds), (unsigned long long)replayed);
}

/* The same SETs put straight into LMDB, committed with its full sync after each 50. */
static void lmdb(struct bench *bench)
{
    struct env_meta meta = {.selected_db = -1, .next_generation = 1};
    char *path = file_join(bench->directory, "bench-engine.lmdb");
    double rates[ROUNDS_MAX];
    struct env *env;
    MDB_txn *txn;

    history_init(&meta.history);
    check_status(file_remove_tree(file_system_posix(), path), "removing old data");
    check_status(env_create(file_system_posix(), path, &meta), "making an environment");
    check_status(env_open(path, false, &env), "opening an environment");
    for (int round = -1; round < bench->rounds; round++) { /* The first fills it. */
        uint64_t start = clock_monotonic_us();
        uint64_t operations = 0;

        while (round < 0 ? operations < bench->key_count
                         : (double)(clock_monotonic_us() - start) < bench->seconds * 1e6) {
            check(mdb_txn_begin(env_handle(env), NULL, 0, &txn) == 0, "LMDB's transaction");
            for (int i = 0; i < (round < 0 ? 50000 : TURN_OPERATIONS); i++) {
                char key[KEY_LEN];
                uint64_t number = round < 0 ? operations % bench->key_count : next_random(bench, 0);
                MDB_val k = {.mv_size = KEY_LEN, .mv_data = (void *)(uintptr_t)format_key(key, number).data};
                MDB_val v = {.mv_size = bench->value_len, .mv_data = bench->value};

                check(mdb_put(txn, env_table_handle(env, TABLE_KEYS), &k, &v, 0) == 0, "LMDB's put");
                operations++;
            }
            check(mdb_txn_commit(txn) == 0, "LMDB's commit");
        }
        if (round >= 0) {
            rates[round] = (double)operations * 1e6 / (double)(clock_monotonic_us() - start);
        }
    }
    printf("%-34s %9.0f op/s\n", "LMDB alone, a commit for each 50", median(rates, bench->rounds));
    env_close(env);
    check_status(file_remove_tree(file_system_posix(), path), "removing the data");
    memory_free(path);
}

static void get(struct bench *bench)
{
    double rates[ROUNDS_MAX];

    open_store(bench, LOG_SYNC_NO, bench->memory_bytes);
    for (int round = 0; round < bench->rounds; round++) {
        uint64_t start = clock_monotonic_us();
        uint64_t operations = 0;

        while ((double)(clock_monotonic_us() - start) < bench->seconds * 1e6) {
            keyspace_set_clock(store_keyspace(bench->store), clock_wall_ms(), true);
            for (int i = 0; i < TURN_OPERATIONS; i++) {
                struct entry entry;
                char key[KEY_LEN];

                check(keyspace_find(store_keyspace(bench->store), 0, format_key(key, next_random(bench, 0)), &entry) &&
                          string_len(&entry) == bench->value_len,
                      "get");
            }
            operations += TURN_OPERATIONS;
        }
        rates[round] = (double)operations * 1e6 / (double)(clock_monotonic_us() - start);
    }
    printf("%-34s %9.0f op/s\n", "get at random", median(rates, bench->rounds));
    store_close(bench->store, false);
}

static bool wants(const struct bench *bench, const char *part)
{
    return bench->part == NULL || strcmp(bench->part, part) == 0;
}

static void run(struct bench *bench)
{
    printf("engine, %llu keys of %d bytes, values of %zu, memtables of %llu MB; median of %d rounds\n",
           (unsigned long long)bench->key_count, KEY_LEN, bench->value_len,
           (unsigned long long)(bench->memory_bytes >> 20), bench->rounds);
    if (wants(bench, "load")) {
        load(bench);
    }
    if (wants(bench, "always")) {
        overwrite(bench, LOG_SYNC_ALWAYS, "overwrite, fsync for each 50");
    }
    if (wants(bench, "no")) {
        overwrite(bench, LOG_SYNC_NO, "overwrite, no fsync");
    }
    if (wants(bench, "recovery")) {
        recover(bench);
    }
    if (wants(bench, "get")) {
        get(bench);
    }
    if (wants(bench, "lmdb")) {
        lmdb(bench);
    }
}

static void parse(struct bench *bench, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;

        check(value != NULL, "reading the options (see the top of tools/bench/bench_engine.c)");
        if (strcmp(argv[i], "--dir") == 0) {
            bench->directory = value;
        } else if (strcmp(argv[i], "--keys") == 0) {
            bench->key_count = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--value") == 0) {
            bench->value_len = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--seconds") == 0) {
            bench->seconds = atof(value);
        } else if (strcmp(argv[i], "--rounds") == 0) {
            bench->rounds = atoi(value);
        } else if (strcmp(argv[i], "--memory-mb") == 0) {
            bench->memory_bytes = strtoull(value, NULL, 10) << 20;
        } else if (strcmp(argv[i], "--part") == 0) {
            bench->part = value;
        } else {
            check(false, "reading the options (see the top of tools/bench/bench_engine.c)");
        }
    }
    check(bench->rounds > 0 && bench->rounds <= ROUNDS_MAX && bench->key_count > 0, "reading the options");
}

int main(int argc, char **argv)
{
    struct bench bench = {
        .directory = "/tmp",
        .key_count = 1000000,
        .value_len = 100,
        .seconds = 3,
        .rounds = 5,
        .memory_bytes = (uint64_t)64 << 20,
    };

    parse(&bench, argc, argv);
    bench.store_path = file_join(bench.directory, "bench-engine.data");
    bench.wake_fd = eventfd(0, EFD_NONBLOCK);
    bench.value = memory_allocate_zeroed(bench.value_len + 1);
    random_init(&bench.random, 1);
    buf_init(&bench.change, BUF_NO_CEILING);
    setvbuf(stdout, NULL, _IOLBF, 0);
    run(&bench);
    buf_release(&bench.change);
    memory_free(bench.value);
    memory_free(bench.store_path);
    close(bench.wake_fd);
    return 0;
}
