/* RESP replies and requests, written to a buffer. What differs between RESP2 and RESP3 takes `protocol` (2 or 3).
 * The buffer's ceiling is the caller's matter: these use buf_put. */
#ifndef BASE_RESP_WRITE_H
#define BASE_RESP_WRITE_H

#include "base/buf.h"
#include <stdint.h>

void resp_write_simple(struct buf *buf, const char *text); /* +OK */
void resp_write_error(struct buf *buf, struct slice text); /* -ERR ...; CR and LF in it become spaces. */
void resp_write_integer(struct buf *buf, int64_t value);
void resp_write_bulk(struct buf *buf, struct slice bytes);
void resp_write_bulk_header(struct buf *buf, size_t len);  /* $len CRLF: the bytes and a CRLF follow by the caller. */
void resp_write_null(struct buf *buf, int protocol);       /* $-1 or _ */
void resp_write_null_array(struct buf *buf, int protocol); /* *-1 or _ */
void resp_write_array(struct buf *buf, size_t count);
void resp_write_map(struct buf *buf, size_t pair_count, int protocol); /* %n, or *2n. */
void resp_write_set(struct buf *buf, size_t count, int protocol);      /* ~n, or *n. */
void resp_write_push(struct buf *buf, size_t count, int protocol);     /* >n, or *n. */
void resp_write_boolean(struct buf *buf, bool value, int protocol);    /* #t, or :1. */
void resp_write_double(struct buf *buf, double value, int protocol);   /* ,1.5, or a bulk string. */
void resp_write_verbatim(struct buf *buf, const char *format, struct slice text, int protocol); /* =..., or bulk. */
void resp_write_big_number(struct buf *buf, struct slice digits, int protocol);
/* The same as number_format_long_double() has it: 17 digits after the point, no exponent. */
void resp_write_human_double(struct buf *buf, double value, int protocol);

/* A request: an array of bulk strings. This is the form of changes in the log. */
void resp_write_request(struct buf *buf, const struct slice *argv, size_t argc);

#endif
