/* ACL categories by name, in Redis' order. */
#ifndef SERVER_REQUEST_CATEGORY_H
#define SERVER_REQUEST_CATEGORY_H

#include "base/slice.h"
#include <stdint.h>

struct bit_name {
    uint32_t bit;
    const char *name;
};

#define CATEGORY_COUNT 21

/* Of enum command_category in command.h. */
extern const struct bit_name category_names[CATEGORY_COUNT];

/* The category's bit, whatever the name's case; 0 if there is none. */
uint32_t category_find(struct slice name);

#endif
