#include "server/http/exposition.h"
#include <inttypes.h>
#include <math.h>

void exposition_begin(struct buf *out, const char *name, enum exposition_type type, const char *help)
{
    static const char *const types[] = {
        [EXPOSITION_GAUGE] = "gauge", [EXPOSITION_COUNTER] = "counter", [EXPOSITION_HISTOGRAM] = "histogram"};

    buf_put_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

static void put_label_value(struct buf *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            buf_put_text(out, "\\n");
            continue;
        }
        if (*value == '\\' || *value == '"') {
            buf_put_byte(out, '\\');
        }
        buf_put_byte(out, *value);
    }
}

/* A sample up to its value. */
static void begin_sample(struct buf *out, const char *name, const struct exposition_labels *labels)
{
    const char *separator = "{";

    buf_put_text(out, name);
    for (size_t i = 0; labels != NULL && i < EXPOSITION_LABELS_MAX && labels->at[i].name != NULL; i++) {
        buf_put_format(out, "%s%s=\"", separator, labels->at[i].name);
        put_label_value(out, labels->at[i].value);
        buf_put_byte(out, '"');
        separator = ",";
    }
    buf_put_text(out, *separator == ',' ? "} " : " ");
}

void exposition_count(struct buf *out, const char *name, const struct exposition_labels *labels, uint64_t value)
{
    begin_sample(out, name, labels);
    buf_put_format(out, "%" PRIu64 "\n", value);
}

void exposition_number(struct buf *out, const char *name, const struct exposition_labels *labels, double value)
{
    begin_sample(out, name, labels);
    if (isfinite(value)) {
        buf_put_format(out, "%.12g\n", value);
    } else {
        buf_put_text(out, isnan(value) ? "NaN\n" : value > 0 ? "+Inf\n" : "-Inf\n");
    }
}

void exposition_seconds(struct buf *out, const char *name, const struct exposition_labels *labels,
                        uint64_t microseconds)
{
    begin_sample(out, name, labels);
    buf_put_format(out, "%" PRIu64 ".%06" PRIu64 "\n", microseconds / 1000000, microseconds % 1000000);
}
