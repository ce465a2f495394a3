/* The first line of a script or library: "#!lua name=mylib flags=no-writes,allow-stale". Pure. */
#ifndef SERVER_SCRIPT_SCRIPT_SHEBANG_H
#define SERVER_SCRIPT_SCRIPT_SHEBANG_H

#include "base/slice.h"
#include <stdint.h>

struct buf;

enum script_flag {
    SCRIPT_NO_WRITES = 1u << 0,
    SCRIPT_ALLOW_OOM = 1u << 1,
    SCRIPT_ALLOW_STALE = 1u << 2,
    SCRIPT_NO_CLUSTER = 1u << 3,
    SCRIPT_ALLOW_CROSS_SLOT_KEYS = 1u << 4,
    /* Has no first line of this kind: what it does is seen as it does it. */
    SCRIPT_TELLS_NOTHING = 1u << 5,
};

/* The flag of that name; 0 if there is none. */
uint32_t script_flag_find(struct slice name);
/* The name of flag number `index`, its bit in `*flag`; NULL after the last. */
const char *script_flag_at(size_t index, uint32_t *flag);

/* Read a script's flags, and how long its first line is (0 if that is no shebang). False, with Redis' text in `error`,
 * if it is a bad one. */
bool script_shebang_read(struct slice body, uint32_t *flags, size_t *line_len, struct buf *error);

/* Read a library's first line: engine and name, borrowed from `code`. False with the text as above. */
struct script_library_line {
    struct slice engine;
    struct slice name;
    size_t line_len;
};
bool script_shebang_read_library(struct slice code, struct script_library_line *line, struct buf *error);

#endif
