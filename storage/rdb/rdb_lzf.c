/* The format: a run of pieces, each led by a control byte c.
 *
 *     c < 32          c + 1 bytes follow as they are
 *     c >= 32         copy n + 2 bytes from d + 1 bytes back, with n = c / 32 (if that is 7: plus a further byte) and
 *                     d = (c % 32) * 256 + the next byte; source and target may overlap, forwards */
#include "storage/rdb/rdb_lzf.h"

#include <stdint.h>

struct expansion {
    const unsigned char *in;
    const unsigned char *in_end;
    unsigned char *out;
    unsigned char *out_begin;
    unsigned char *out_end;
};

static bool copy_literal(struct expansion *expansion, size_t len)
{
    if (len > (size_t)(expansion->in_end - expansion->in) || len > (size_t)(expansion->out_end - expansion->out)) {
        return false;
    }
    memcpy(expansion->out, expansion->in, len);
    expansion->in += len;
    expansion->out += len;
    return true;
}

static bool copy_back(struct expansion *expansion, unsigned control)
{
    size_t len = control >> 5;
    size_t distance;

    if (len == 7) {
        if (expansion->in == expansion->in_end) {
            return false;
        }
        len += *expansion->in++;
    }
    if (expansion->in == expansion->in_end) {
        return false;
    }
    len += 2;
    distance = (((size_t)control & 31) << 8) + *expansion->in++ + 1;
    if (distance > (size_t)(expansion->out - expansion->out_begin) ||
        len > (size_t)(expansion->out_end - expansion->out)) {
        return false;
    }
    for (const unsigned char *from = expansion->out - distance; len > 0; len--) {
        *expansion->out++ = *from++; /* Byte by byte: what is copied may be what was just written. */
    }
    return true;
}

bool rdb_lzf_expand(struct slice packed, char *to, size_t len)
{
    struct expansion expansion = {
        .in = (const unsigned char *)packed.data,
        .in_end = (const unsigned char *)packed.data + packed.len,
        .out = (unsigned char *)to,
        .out_begin = (unsigned char *)to,
        .out_end = (unsigned char *)to + len,
    };

    while (expansion.in < expansion.in_end) {
        unsigned control = *expansion.in++;
        bool is_fine = control < 32 ? copy_literal(&expansion, control + 1) : copy_back(&expansion, control);

        if (!is_fine) {
            return false;
        }
    }
    return expansion.out == expansion.out_end;
}
