/* A store by itself, under the recorder: what a server reaches with gigabytes alone, checkpoints in steps with a redo
 * file.
 *
 *   power-store run DIRECTORY SEED COUNT         run random lines, marking in the trace what was begun and what
 * released power-store look DIRECTORY SEED LEAST MOST   is it the data after LEAST to MOST lines? Again after a second
 * opening, and after a checkpoint? Prints the number, or what is wrong.
 */
#include "trace.h"

#include "base/assert.h"
#include "base/diag.h"
#include "base/memory.h"
#include "support/small_model.h"
#include "support/small_store.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES_MAX 32768
#define MARK_BYTES_MAX 64

static void make_line(uint64_t seed, uint64_t number, char line[LINE_BYTES_MAX])
{
    struct random random;

    random_init(&random, seed * 1000003 + number);
    small_line_random(&random, line, LINE_BYTES_MAX);
}

/* A store over `path`, whose checkpoints go in steps of a few pages. */
static struct small_store *make_store(const char *path)
{
    struct small_store *small = small_store_create();

    small->options.directory = path;
    small->options.checkpoint_memory_bytes = 60 * 1024;
    small->options.segment_bytes = LOG_SEGMENT_BYTES_MIN * 4;
    small->options.checkpoint_whole_pages = 1;
    small->options.checkpoint_step_pages = 4;
    return small;
}

static void mark(int fd, const char *name, uint64_t count)
{
    struct {
        struct trace_head head;
        char text[MARK_BYTES_MAX];
    } record = {.head = {.kind = TRACE_MARK}};
    int len = snprintf(record.text, sizeof(record.text), "{\"%s\": %" PRIu64 "}", name, count);
    ssize_t record_len = (ssize_t)sizeof(record.head) + len;
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    record.head.time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    record.head.text_len = (uint32_t)len;
    ASSERT(write(fd, &record, (size_t)record_len) == record_len);
}

static int run(struct small_store *small, uint64_t seed, uint64_t count)
{
    static char line[LINE_BYTES_MAX];
    uint64_t *ends = memory_allocate((size_t)count * sizeof(*ends));
    uint64_t released_count = 0;
    int fd = open(getenv("HEARTH_TRACE"), O_WRONLY | O_APPEND | O_CLOEXEC);

    ASSERT(fd >= 0 && small_store_open(small) == STATUS_OK);
    for (uint64_t i = 0; i < count; i++) {
        make_line(seed, i, line);
        small_store_await_room(small, LINE_BYTES_MAX);
        mark(fd, "sent", i + 1);
        ends[i] = small_store_run(small, line);
        if (i % 3 == 0) {
            small_store_turn(small);
            store_discard_log_before(small->store, UINT64_MAX);
        }
        while (released_count <= i && ends[released_count] <= log_released_offset(store_log(small->store))) {
            mark(fd, "acknowledged", ++released_count);
        }
    }
    small_store_settle(small);
    small_store_close(small, true);
    memory_free(ends);
    close(fd);
    return 0;
}

/* The least count from `least` to `most` whose data the store has, or -1. */
static int64_t find_count(struct small_store *small, uint64_t seed, uint64_t least, uint64_t most)
{
    static char line[LINE_BYTES_MAX];
    struct small_model model;
    char *found = small_store_text(small);
    int64_t result = -1;

    small_model_init(&model);
    for (uint64_t i = 0; i <= most && result < 0; i++) {
        if (i >= least) {
            char *expected = small_model_text(&model);

            result = strcmp(found, expected) == 0 ? (int64_t)i : -1;
            memory_free(expected);
        }
        make_line(seed, i, line);
        small_model_run(&model, line);
    }
    small_model_release(&model);
    memory_free(found);
    return result;
}

static int look(struct small_store *small, uint64_t seed, uint64_t least, uint64_t most)
{
    static const char *const whens[] = {"at first", "after a second start", "after a checkpoint"};

    for (int i = 0; i < 3; i++) {
        enum status status = small_store_open(small);
        int64_t count;

        if (status != STATUS_OK) {
            printf("%s it cannot be opened: %s\n", whens[i], status_name(status));
            return 1;
        }
        count = find_count(small, seed, least, most);
        if (count < 0) {
            printf("%s it is the data after no number of lines from %" PRIu64 " to %" PRIu64 "\n", whens[i], least,
                   most);
            return 1;
        }
        if (i == 1) {
            small_store_settle(small);
        }
        small_store_close(small, i == 1);
        least = (uint64_t)count;
        most = least;
    }
    printf("%" PRIu64 "\n", least);
    return 0;
}

int main(int argc, char **argv)
{
    struct small_store *small;
    uint64_t numbers[3] = {0};
    int exit_code = 2;

    if (argc < 5 || argc > 6) {
        fprintf(stderr, "power-store run DIRECTORY SEED COUNT | power-store look DIRECTORY SEED LEAST MOST\n");
        return exit_code;
    }
    for (int i = 3; i < argc; i++) {
        numbers[i - 3] = strtoull(argv[i], NULL, 10);
    }
    diag_set_level(DIAG_WARNING);
    small = make_store(argv[2]);
    if (strcmp(argv[1], "run") == 0) {
        exit_code = run(small, numbers[0], numbers[1]);
    } else if (strcmp(argv[1], "look") == 0) {
        exit_code = look(small, numbers[0], numbers[1], numbers[2]);
    }
    small_store_free(small);
    return exit_code;
}
