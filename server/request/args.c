#include "server/request/args.h"
#include "base/number.h"

enum status args_int64(struct slice argument, int64_t *value)
{
    return number_parse_int64(argument, value) ? STATUS_OK : STATUS_NOT_INTEGER;
}

enum status args_double(struct slice argument, double *value)
{
    return number_parse_double(argument, value) ? STATUS_OK : STATUS_NOT_FLOAT;
}

enum status args_int64_within(struct slice argument, int64_t lowest, int64_t highest, int64_t *value)
{
    int64_t parsed;

    if (!number_parse_int64(argument, &parsed) || parsed < lowest || parsed > highest) {
        return STATUS_NOT_INTEGER;
    }
    *value = parsed;
    return STATUS_OK;
}

bool args_is(struct slice argument, const char *word)
{
    return slice_is_word(argument, word);
}
