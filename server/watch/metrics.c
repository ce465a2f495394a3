#include "server/watch/metrics.h"
#include "base/memory.h"

struct metrics *metrics_create(uint64_t now_us)
{
    struct metrics *metrics = memory_allocate_zeroed(sizeof(*metrics));

    metrics->started_us = now_us;
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    memory_free(metrics);
}

void metrics_reset(struct metrics *metrics)
{
    struct metrics fresh = {.started_us = metrics->started_us, .peak_memory_bytes = metrics->peak_memory_bytes};

    *metrics = fresh;
}

void metrics_count_error(struct metrics *metrics, struct slice line)
{
    size_t len = 0;

    metrics->error_replies++;
    while (len < line.len && len < METRICS_ERROR_NAME_MAX && line.data[len] != ' ' && line.data[len] != '\r') {
        len++;
    }
    for (uint32_t i = 0; i < metrics->error_count; i++) {
        struct metrics_error *error = &metrics->errors[i];

        if (strlen(error->name) == len && memcmp(error->name, line.data, len) == 0) {
            error->count++;
            return;
        }
    }
    /* Names come from this server's own texts and from scripts; what a script invents may find the table full. */
    if (metrics->error_count < METRICS_ERROR_NAMES_MAX) {
        struct metrics_error *error = &metrics->errors[metrics->error_count++];

        memcpy(error->name, line.data, len);
        error->name[len] = '\0';
        error->count = 1;
    }
}

void metrics_sample(struct metrics_rate *rate, uint64_t value, uint64_t now_us)
{
    /* A counter that was reset has gone backwards. */
    if (rate->last_us != 0 && now_us > rate->last_us && value >= rate->last_value) {
        rate->samples[rate->next] = (value - rate->last_value) * 1000000 / (now_us - rate->last_us);
        rate->next = (rate->next + 1) % METRICS_SAMPLES;
    }
    rate->last_us = now_us;
    rate->last_value = value;
}

uint64_t metrics_rate_per_second(const struct metrics_rate *rate)
{
    uint64_t sum = 0;

    for (int i = 0; i < METRICS_SAMPLES; i++) {
        sum += rate->samples[i];
    }
    return sum / METRICS_SAMPLES;
}
