/* Texts and figures in HTML and SVG. Pure. */
#ifndef SERVER_HTTP_HTML_H
#define SERVER_HTTP_HTML_H

#include "base/buf.h"

/* Any text, so that it is shown as it is, in content and in attributes. */
void html_put_text(struct buf *out, const char *text);
/* "17 B", "4.5 MB" (of 1024 each). */
void html_put_bytes(struct buf *out, uint64_t bytes);
/* "12 s", "3 min", "5 h", "9 d": one unit, rounded down. */
void html_put_seconds(struct buf *out, uint64_t seconds);
/* "850 us", "2.3 ms", "1.20 s" */
void html_put_microseconds(struct buf *out, uint64_t microseconds);
/* "1 234 567", by thin spaces. */
void html_put_count(struct buf *out, uint64_t count);

#endif
