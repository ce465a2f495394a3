/* A log on a disk that crashes, fails and fills up when told to, for the tests that use one. */
#ifndef TEST_SUPPORT_LOG_FIXTURE_H
#define TEST_SUPPORT_LOG_FIXTURE_H

#include "storage/log/log.h"
#include "support/fault_file.h"
#include "support/gate_file.h"

#define LOG_FIXTURE_DIRECTORY "/log"

struct log_fixture {
    struct fault_file *disk;
    struct gate_file *gate;     /* Before the disk; open. */
    struct log_options options; /* Changes count from the next open. */
    struct log *log;            /* NULL while closed. */
    uint64_t now_ms;            /* Stamped on the next flush; counts up. */
};

/* A new disk with a new, empty log under `policy`, small segments. */
struct log_fixture *log_fixture_create(enum log_sync_policy policy);
void log_fixture_free(struct log_fixture *fixture);

/* Wait until the spare segment is whole, so that only the log itself comes to the disk. */
void log_fixture_await_spare(struct log_fixture *fixture);

/* Append the text and flush it as a batch of its own. */
void log_fixture_append(struct log_fixture *fixture, const char *text);
/* The same with `len` bytes that `seed` chooses. */
void log_fixture_append_bytes(struct log_fixture *fixture, size_t len, uint64_t seed);
/* log_reserve(), waiting while the log makes room. */
enum status log_fixture_reserve(struct log_fixture *fixture, size_t len);
/* Wait until all that was flushed is written, or durable. */
void log_fixture_wait_written(struct log_fixture *fixture);
void log_fixture_wait_durable(struct log_fixture *fixture);

/* The power fails or the process dies, now; the log is gone, and the disk is as after the restart. */
void log_fixture_crash(struct log_fixture *fixture, enum fault_survival survival, uint64_t seed);
void log_fixture_close(struct log_fixture *fixture);
/* Open it again. */
enum status log_fixture_open(struct log_fixture *fixture, uint64_t check_from);

/* What a replay from `from` gives: "one@3 two@6 ", each record's payload and the offset past it. In static memory. */
const char *log_fixture_replay(struct log_fixture *fixture, uint64_t from);

/* The path of the segment that begins at `start`; the caller frees it with memory_free(). */
char *log_fixture_path(uint64_t start);
/* Read, and replace at once and durably, the bytes of a file. */
char *log_fixture_read_file(struct log_fixture *fixture, const char *path, size_t *len);
void log_fixture_write_file(struct log_fixture *fixture, const char *path, const char *bytes, size_t len);

#endif
