/* What a commit costs on a real disk: batches of changes appended, flushed and made durable one after the other, beside
 * the bare calls that they stand on. Prints one line a way; the ways take turns, since disks drift.
 *
 *     bench-log [folder [batches [changes a batch [bytes a change]]]]
 *
 * Then the time to open a log of 256 MB whose end is wanted, and to find the hash at a random offset in it.
 *
 * Without a folder it makes one in the current folder and removes it. */
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "storage/log/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS 5

struct bench {
    struct file_system *files;
    const char *folder;
    uint64_t batches;
    uint64_t changes;
    size_t change_bytes;
    char *bytes; /* A batch. */
};

static void stop_if(bool is_bad, const char *what)
{
    if (is_bad) {
        fprintf(stderr, "bench-log: %s failed\n", what);
        exit(1);
    }
}

/* Make sure of room for `len` bytes, waiting for the spare segment where it is not long enough yet. */
static void reserve(struct log *log, uint64_t len)
{
    enum status status;

    while ((status = log_reserve(log, len)) == STATUS_BUSY) {
        usleep(50);
    }
    stop_if(status != STATUS_OK, "reserve");
}

/* Microseconds of a write and fdatasync a batch, into a file that grows or one that is full of zeros. */
static double run_bare(const struct bench *bench, bool is_filled)
{
    char *path = file_join(bench->folder, "bare");
    size_t len = bench->changes * bench->change_bytes;
    struct slice piece = slice_make(bench->bytes, len);
    struct file *file;
    uint64_t begin_us;
    double us;

    stop_if(file_open(bench->files, path, FILE_CREATE_OR_TRUNCATE, &file) != STATUS_OK, "open");
    if (is_filled) {
        char *zeros = memory_allocate_zeroed(len);
        struct slice zero_piece = slice_make(zeros, len);

        for (uint64_t i = 0; i < bench->batches; i++) {
            stop_if(file_write(file, i * len, &zero_piece, 1) != STATUS_OK, "write");
        }
        stop_if(file_sync(file) != STATUS_OK, "sync");
        memory_free(zeros);
    }
    begin_us = clock_monotonic_us();
    for (uint64_t i = 0; i < bench->batches; i++) {
        stop_if(file_write(file, i * len, &piece, 1) != STATUS_OK, "write");
        stop_if(file_sync(file) != STATUS_OK, "sync");
    }
    us = (double)(clock_monotonic_us() - begin_us);
    file_close(file);
    stop_if(file_remove(bench->files, path) != STATUS_OK, "remove");
    memory_free(path);
    return us / (double)bench->batches;
}

static double run_log(const struct bench *bench, enum log_sync_policy policy)
{
    char *folder = file_join(bench->folder, "log");
    struct log_options options = {
        .files = bench->files, .directory = folder, .policy = policy, .segment_bytes = LOG_SEGMENT_BYTES_DEFAULT};
    struct log_origin origin = {0};
    struct log *log;
    uint64_t begin_us;
    uint64_t end = 0;
    double us;

    history_init(&origin.history);
    stop_if(file_make_directory(bench->files, folder) != STATUS_OK, "make folder");
    stop_if(log_create(&options, &origin, &log) != STATUS_OK, "create");
    begin_us = clock_monotonic_us();
    for (uint64_t i = 0; i < bench->batches; i++) {
        for (uint64_t j = 0; j < bench->changes; j++) {
            reserve(log, bench->change_bytes);
            stop_if(log_append(log, slice_make(bench->bytes + j * bench->change_bytes, bench->change_bytes), &end) !=
                        STATUS_OK,
                    "append");
        }
        log_flush(log, i);
        if (policy == LOG_SYNC_ALWAYS) {
            stop_if(log_wait_durable(log, end) != STATUS_OK, "wait");
        }
    }
    stop_if(log_wait_durable(log, end) != STATUS_OK, "wait");
    us = (double)(clock_monotonic_us() - begin_us);
    log_close(log);
    stop_if(file_remove_tree(bench->files, folder) != STATUS_OK, "remove");
    memory_free(folder);
    return us / (double)bench->batches;
}

static void append_all(const struct bench *bench, struct log *log, uint64_t bytes)
{
    uint64_t end = 0;

    while (end < bytes) {
        for (uint64_t j = 0; j < bench->changes; j++) {
            struct slice change = slice_make(bench->bytes + j * bench->change_bytes, bench->change_bytes);

            reserve(log, change.len);
            stop_if(log_append(log, change, &end) != STATUS_OK, "append");
        }
        log_flush(log, end);
    }
}

static void measure_open(const struct bench *bench)
{
    char *folder = file_join(bench->folder, "log");
    struct log_options options = {
        .files = bench->files, .directory = folder, .segment_bytes = LOG_SEGMENT_BYTES_DEFAULT, .policy = LOG_SYNC_NO};
    struct log_origin origin = {0};
    struct random random;
    struct log *log;
    uint64_t begin_us;
    uint64_t end;

    history_init(&origin.history);
    stop_if(file_make_directory(bench->files, folder) != STATUS_OK, "make folder");
    stop_if(log_create(&options, &origin, &log) != STATUS_OK, "create");
    append_all(bench, log, 256u << 20);
    end = log_end_offset(log);
    log_close(log);
    begin_us = clock_monotonic_us();
    stop_if(log_open(&options, end - 1000, &log) != STATUS_OK, "open");
    printf("open, 256 MB, end wanted  %8.1f ms\n", (double)(clock_monotonic_us() - begin_us) / 1000);
    random_init(&random, 1);
    for (int round = 0; round < 2; round++) { /* The second time it knows places near. */
        begin_us = clock_monotonic_us();
        for (int i = 0; i < 20; i++) {
            uint64_t hash;

            stop_if(log_hash_at(log, random_below(&random, end), &hash) != STATUS_OK, "hash");
        }
        printf("hash at a random offset   %8.1f us\n", (double)(clock_monotonic_us() - begin_us) / 20);
    }
    log_close(log);
    stop_if(file_remove_tree(bench->files, folder) != STATUS_OK, "remove");
    memory_free(folder);
}

static void report(const char *way, const struct bench *bench, double us)
{
    printf("%-24s %8.1f us a batch  %10.0f changes/s\n", way, us, (double)bench->changes * 1e6 / us);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct bench bench = {.files = file_system_posix(), .batches = 2000, .changes = 50, .change_bytes = 130};
    char own_folder[] = "bench-log-XXXXXX";

    if (argc < 2 && mkdtemp(own_folder) == NULL) {
        perror("bench-log: a folder of its own");
        return 1;
    }
    bench.folder = argc > 1 ? argv[1] : own_folder;
    bench.batches = argc > 2 ? strtoull(argv[2], NULL, 10) : bench.batches;
    bench.changes = argc > 3 ? strtoull(argv[3], NULL, 10) : bench.changes;
    bench.change_bytes = argc > 4 ? strtoull(argv[4], NULL, 10) : bench.change_bytes;
    bench.bytes = memory_allocate(bench.changes * bench.change_bytes);
    memset(bench.bytes, 'x', bench.changes * bench.change_bytes);
    for (int round = 0; round < ROUNDS; round++) {
        report("bare, file grows", &bench, run_bare(&bench, false));
        report("bare, file of zeros", &bench, run_bare(&bench, true));
        report("log, always", &bench, run_log(&bench, LOG_SYNC_ALWAYS));
        report("log, everysec", &bench, run_log(&bench, LOG_SYNC_EVERYSEC));
    }
    measure_open(&bench);
    memory_free(bench.bytes);
    if (argc < 2 && file_remove_tree(bench.files, own_folder) != STATUS_OK) {
        fprintf(stderr, "bench-log: %s could not be removed\n", own_folder);
        return 1;
    }
    return 0;
}
