#include "server/http/html.h"
#include <inttypes.h>
#include <stdio.h>

void html_put_text(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            buf_put_text(out, "&amp;");
            break;
        case '<':
            buf_put_text(out, "&lt;");
            break;
        case '>':
            buf_put_text(out, "&gt;");
            break;
        case '"':
            buf_put_text(out, "&quot;");
            break;
        case '\'':
            buf_put_text(out, "&#39;");
            break;
        default:
            buf_put_byte(out, *text);
            break;
        }
    }
}

void html_put_bytes(struct buf *out, uint64_t bytes)
{
    static const char units[] = "KMGTPE";
    double value = (double)bytes;
    int unit = -1;

    while (value >= 1023.95) { /* What would be rounded to 1024.0. */
        value /= 1024;
        unit++;
    }
    if (unit < 0) {
        buf_put_format(out, "%" PRIu64 " B", bytes);
    } else {
        buf_put_format(out, "%.1f %cB", value, units[unit]);
    }
}

void html_put_seconds(struct buf *out, uint64_t seconds)
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    size_t unit = 0;

    while (units[unit].seconds > 1 && seconds < 2 * units[unit].seconds) {
        unit++; /* "90 s" and "36 h" say more than "1 min" and "1 d". */
    }
    buf_put_format(out, "%" PRIu64 " %s", seconds / units[unit].seconds, units[unit].name);
}

void html_put_microseconds(struct buf *out, uint64_t microseconds)
{
    if (microseconds < 1000) {
        buf_put_format(out, "%" PRIu64 " us", microseconds);
    } else if (microseconds < 1000000) {
        buf_put_format(out, "%.1f ms", (double)microseconds / 1e3);
    } else {
        buf_put_format(out, "%.2f s", (double)microseconds / 1e6);
    }
}

void html_put_count(struct buf *out, uint64_t count)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRIu64, count);

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            buf_put_text(out, "&#8239;");
        }
        buf_put_byte(out, digits[i]);
    }
}
