/* What this machine does to a thread that only reads memory: the yardstick for bench-engine's stalls.
 *
 *     bench-machine [folder [seconds [megabytes [pages a commit]]]]
 *
 * Nothing of Hearth's storage is in it. One thread reads random bytes of a file that is mapped and in memory, and notes
 * how long it got nowhere. First it is alone; then another does to the file what a checkpoint does to LMDB's: copies
 * scattered pages, writes them back, syncs, and again. What the reader loses beside it, virtual machines above all, no
 * program can give back: a checkpoint's stalls are to be read beside these. */
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/thread.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES   4096u
#define READS        100    /* Between two looks at the clock. */
#define GAP_US       5000u  /* Shorter ones are not counted. */
#define STALL_US     20000u /* What the loop may at most lose to a checkpoint. */
#define COPY_WORK    2000   /* Steps of a search, which a checkpoint makes for each page it copies. */
#define FILE_NAME    "bench-machine.data"
#define MEGABYTE     (1u << 20)
#define PAGES_A_STEP 8192u

struct bench {
    int fd;
    const char *map;
    uint64_t page_count;
    uint64_t step_pages;
    uint64_t seconds;
    atomic_bool is_over;
    uint64_t written_pages; /* The writer's. */
};

static void stop_if(bool is_bad, const char *what)
{
    if (is_bad) {
        fprintf(stderr, "bench-machine: %s failed\n", what);
        exit(1);
    }
}

static void make_file(struct bench *bench, const char *path)
{
    struct file_system *files = file_system_posix();
    struct file *file;
    volatile char byte;

    stop_if(file_open(files, path, FILE_CREATE_OR_TRUNCATE, &file) != STATUS_OK ||
                file_write_zeros(file, 0, bench->page_count * PAGE_BYTES) != STATUS_OK || file_sync(file) != STATUS_OK,
            "making the file");
    file_close(file);
    bench->fd = open(path, O_RDWR | O_CLOEXEC);
    stop_if(bench->fd < 0 || unlink(path) != 0, "opening the file");
    bench->map = mmap(NULL, bench->page_count * PAGE_BYTES, PROT_READ, MAP_SHARED, bench->fd, 0);
    stop_if(bench->map == MAP_FAILED, "mapping the file");
    for (uint64_t i = 0; i < bench->page_count; i++) {
        byte = bench->map[i * PAGE_BYTES];
    }
    (void)byte;
}

/* Copy pages that are spread over the whole file, in its order, as a tree's pages are for sorted keys. */
static void copy_pages(const struct bench *bench, struct random *random, char *copies, uint64_t *numbers)
{
    uint64_t stride = bench->page_count / bench->step_pages;

    for (uint64_t i = 0; i < bench->step_pages; i++) {
        numbers[i] = i * stride + random_below(random, stride);
        memcpy(copies + i * PAGE_BYTES, bench->map + numbers[i] * PAGE_BYTES, PAGE_BYTES);
        for (volatile int step = 0; step < COPY_WORK; step++) {
        }
    }
}

static void *write_pages(void *context)
{
    struct bench *bench = context;
    char *copies = memory_allocate_zeroed(bench->step_pages * PAGE_BYTES);
    uint64_t *numbers = memory_allocate_zeroed(bench->step_pages * sizeof(*numbers));
    struct random random;

    random_init(&random, 2);
    thread_stand_back();
    while (!atomic_load(&bench->is_over)) {
        copy_pages(bench, &random, copies, numbers);
        for (uint64_t i = 0; i < bench->step_pages; i++) {
            stop_if(pwrite(bench->fd, copies + i * PAGE_BYTES, PAGE_BYTES, (off_t)(numbers[i] * PAGE_BYTES)) !=
                        (ssize_t)PAGE_BYTES,
                    "writing");
        }
        stop_if(fdatasync(bench->fd) != 0, "syncing");
        bench->written_pages += bench->step_pages;
    }
    memory_free(numbers);
    memory_free(copies);
    return NULL;
}

/* Read for the time that was asked for, and tell where it went. */
static void read_memory(const struct bench *bench, const char *name)
{
    uint64_t size_bytes = bench->page_count * PAGE_BYTES;
    uint64_t gap_count = 0;
    uint64_t stall_count = 0;
    uint64_t longest_us = 0;
    struct random random;
    volatile char byte;
    uint64_t start_us = clock_monotonic_us();
    uint64_t last_us = start_us;

    random_init(&random, 1);
    while (last_us - start_us < bench->seconds * 1000000u) {
        uint64_t now_us;

        for (int i = 0; i < READS; i++) {
            byte = bench->map[random_below(&random, size_bytes)];
        }
        now_us = clock_monotonic_us();
        gap_count += now_us - last_us > GAP_US;
        stall_count += now_us - last_us > STALL_US;
        longest_us = now_us - last_us > longest_us ? now_us - last_us : longest_us;
        last_us = now_us;
    }
    (void)byte;
    printf("%-34s longest gap %6.1f ms; %" PRIu64 " of more than %u ms, %" PRIu64 " of more than %u ms\n", name,
           (double)longest_us / 1000, gap_count, GAP_US / 1000, stall_count, STALL_US / 1000);
}

static uint64_t number(int argc, char **argv, int index, uint64_t otherwise)
{
    return argc > index ? strtoull(argv[index], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    char *path = file_join(argc > 1 ? argv[1] : ".", FILE_NAME);
    struct bench bench = {
        .seconds = number(argc, argv, 2, 20),
        .page_count = number(argc, argv, 3, 2048) * MEGABYTE / PAGE_BYTES,
        .step_pages = number(argc, argv, 4, PAGES_A_STEP),
    };
    pthread_t writer;

    stop_if(bench.step_pages == 0 || bench.page_count < bench.step_pages, "reading the arguments");
    make_file(&bench, path);
    read_memory(&bench, "a reader alone");
    stop_if(thread_start(&writer, "writer", write_pages, &bench) != STATUS_OK, "starting a thread");
    read_memory(&bench, "beside a writer of pages");
    atomic_store(&bench.is_over, true);
    stop_if(pthread_join(writer, NULL) != 0, "joining a thread");
    printf("%-34s %" PRIu64 " MB written, %" PRIu64 " syncs\n", "", bench.written_pages * PAGE_BYTES / MEGABYTE,
           bench.written_pages / bench.step_pages);
    memory_free(path);
    return 0;
}
