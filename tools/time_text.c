#include "tools/time_text.h"

#include "base/number.h"
#include <stdio.h>
#include <time.h>

void time_text_format(uint64_t wall_ms, char *text, size_t room)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;

    if (gmtime_r(&seconds, &parts) == NULL || strftime(text, room, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0) {
        snprintf(text, room, "?");
    }
}

/* The ms of ".25"; 999 if there is no fraction. Moves `*text` behind it. */
static uint64_t take_fraction(const char **text)
{
    uint64_t ms = 0;
    uint64_t unit = 100;

    if (**text != '.') {
        return 999;
    }
    for ((*text)++; **text >= '0' && **text <= '9'; (*text)++) {
        ms += (uint64_t)(**text - '0') * unit;
        unit /= 10;
    }
    return ms;
}

bool time_text_parse(const char *text, uint64_t *wall_ms)
{
    struct tm parts = {.tm_mday = 0};
    uint64_t ms;
    const char *rest;
    time_t seconds;

    if (number_parse_uint64(slice_of(text), wall_ms)) {
        return true;
    }
    rest = strptime(text, "%Y-%m-%d", &parts);
    if (rest == NULL || (*rest != ' ' && *rest != 'T')) {
        return false;
    }
    rest = strptime(rest + 1, "%H:%M:%S", &parts);
    if (rest == NULL) {
        return false;
    }
    ms = take_fraction(&rest);
    seconds = timegm(&parts);
    if (seconds < 0 || (*rest != '\0' && strcmp(rest, "Z") != 0 && strcmp(rest, " UTC") != 0)) {
        return false;
    }
    *wall_ms = (uint64_t)seconds * 1000 + ms;
    return true;
}
