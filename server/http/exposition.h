/* Prometheus' text format, version 0.0.4: families of samples. Pure.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/ */
#ifndef SERVER_HTTP_EXPOSITION_H
#define SERVER_HTTP_EXPOSITION_H

#include "base/buf.h"

#define EXPOSITION_LABELS_MAX 4

enum exposition_type { EXPOSITION_GAUGE, EXPOSITION_COUNTER, EXPOSITION_HISTOGRAM };

/* Labels of a sample: those before the first without a name. Values may hold anything. */
struct exposition_labels {
    struct {
        const char *name;
        const char *value;
    } at[EXPOSITION_LABELS_MAX];
};

/* Begin a family: its samples must follow at once. */
void exposition_begin(struct buf *out, const char *name, enum exposition_type type, const char *help);
/* `labels` NULL: none. */
void exposition_count(struct buf *out, const char *name, const struct exposition_labels *labels, uint64_t value);
void exposition_number(struct buf *out, const char *name, const struct exposition_labels *labels, double value);
/* Microseconds, told in seconds, exactly. */
void exposition_seconds(struct buf *out, const char *name, const struct exposition_labels *labels,
                        uint64_t microseconds);

#endif
