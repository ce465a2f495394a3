/* Looking ahead in a pipeline: the second words of the requests to come, which are the keys of most commands.
 *
 * It serves to fetch early what they will need, so it is a guess that may be wrong and must only be quick: it stops at
 * the first request that is not whole, not an array of bulk strings in plain form, or not short. Pure; fuzzed with the
 * reader. */
#ifndef BASE_RESP_PEEK_H
#define BASE_RESP_PEEK_H

#include "base/slice.h"

#define RESP_PEEK_ARGUMENTS_MAX 64 /* Of a request that is looked through. */

/* Store the second words of up to `limit` requests at the front of `input` in `words`, borrowed from it, and return how
 * many; requests of one word have none. `*len` is the length of the requests that were looked through. */
size_t resp_peek(struct slice input, struct slice *words, size_t limit, size_t *len);

#endif
