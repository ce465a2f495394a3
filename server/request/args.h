/* Reading arguments, with Redis' strictness and the statuses that become its error texts. Out-pointers are untouched on
 * failure. */
#ifndef SERVER_REQUEST_ARGS_H
#define SERVER_REQUEST_ARGS_H

#include "base/slice.h"
#include "base/status.h"
#include <stdint.h>

/* STATUS_NOT_INTEGER. */
MUST_CHECK enum status args_int64(struct slice argument, int64_t *value);
/* STATUS_NOT_FLOAT. */
MUST_CHECK enum status args_double(struct slice argument, double *value);
/* An integer of `lowest` to `highest`; STATUS_NOT_INTEGER for what is none, and for what is outside. */
MUST_CHECK enum status args_int64_within(struct slice argument, int64_t lowest, int64_t highest, int64_t *value);
/* Whether the argument is `word`, case folded. */
bool args_is(struct slice argument, const char *word);

#endif
