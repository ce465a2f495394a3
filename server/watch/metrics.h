/* What the server counts, for INFO. Counters are plain fields: whoever does the thing counts it. Event loop only. */
#ifndef SERVER_WATCH_METRICS_H
#define SERVER_WATCH_METRICS_H

#include "base/slice.h"
#include <stdint.h>

#define METRICS_SAMPLES         16 /* Of each rate: the last 1.6 seconds. */
#define METRICS_ERROR_NAMES_MAX 128
#define METRICS_ERROR_NAME_MAX  31
#define METRICS_ACL_VERDICTS    5

/* A rate as INFO's instantaneous_* fields have it: the mean of the last samples. */
struct metrics_rate {
    uint64_t samples[METRICS_SAMPLES]; /* Per second. */
    uint64_t last_value;
    uint64_t last_us;
    uint32_t next;
};

struct metrics_error {
    char name[METRICS_ERROR_NAME_MAX + 1]; /* "ERR", "WRONGTYPE", ... */
    uint64_t count;
};

struct metrics {
    uint64_t started_us;  /* Monotonic. */
    uint64_t commands;    /* Processed. */
    uint64_t connections; /* Accepted. */
    uint64_t rejected_connections;
    uint64_t expired_keys;
    uint64_t evicted_clients; /* Closed for maxmemory-clients. */
    uint64_t expire_us;       /* Spent in active expiry. */
    uint64_t keyspace_hits;
    uint64_t keyspace_misses;
    uint64_t error_replies;
    uint64_t unexpected_errors; /* Errors of replayed commands. */
    uint64_t peak_memory_bytes;
    uint64_t acl_denials[METRICS_ACL_VERDICTS]; /* By enum acl_verdict. */
    struct metrics_rate commands_rate;
    struct metrics_rate input_rate;
    struct metrics_rate output_rate;
    struct metrics_rate replication_input_rate;
    struct metrics_rate replication_output_rate;
    struct metrics_error errors[METRICS_ERROR_NAMES_MAX];
    uint32_t error_count; /* Of errors[]. */
};

struct metrics *metrics_create(uint64_t now_us);
void metrics_free(struct metrics *metrics);
/* CONFIG RESETSTAT. */
void metrics_reset(struct metrics *metrics);

/* An error reply was written; `line` is its text from the code on ("WRONGTYPE Operation ..."). */
void metrics_count_error(struct metrics *metrics, struct slice line);
/* Take a sample of a counter, ten times a second or so. */
void metrics_sample(struct metrics_rate *rate, uint64_t value, uint64_t now_us);
uint64_t metrics_rate_per_second(const struct metrics_rate *rate);

#endif
