/* SHA-1, where Redis' own formats ask for it: the digests of DEBUG, the names of scripts. It guards nothing. */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include "base/slice.h"

#define SHA1_BYTES    20
#define SHA1_HEX_TEXT 41 /* Its hex digits and a NUL. */

/* Write the hash of `bytes` to `hash`. `hash` may be what `bytes` points to. */
void sha1(struct slice bytes, unsigned char hash[SHA1_BYTES]);

/* Write a hash as 40 lower-case hex digits and a NUL. */
void sha1_format(const unsigned char hash[SHA1_BYTES], char hex[SHA1_HEX_TEXT]);

#endif
