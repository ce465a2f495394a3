/* The commands as ACL rules name and count them. All of Redis 7.0's are here (test/parity/catalogue.py), so files of
 * users can be brought from Redis and shared with it, and both servers tell the same of the same rules. Each command
 * has a number, and each subcommand one of the next after its container's. */
#ifndef SERVER_ACL_ACL_CATALOG_H
#define SERVER_ACL_ACL_CATALOG_H

#include "base/slice.h"
#include <stdint.h>

struct acl_catalog; /* Opaque; owned by acl. */
struct commands;    /* registry.h */

struct acl_command {
    const char *full_name;     /* "config|get" */
    uint32_t categories;       /* enum command_category */
    uint32_t subcommand_count; /* They follow on their container. */
    bool is_subcommand;
    bool is_later; /* Redis 7.0 does not have it: it has no say in how users are described. */
};

/* Numbers the registry's entries (acl_number). `commands` must live longer. */
struct acl_catalog *acl_catalog_create(struct commands *commands);
void acl_catalog_free(struct acl_catalog *catalog);

uint32_t acl_catalog_count(const struct acl_catalog *catalog);
/* number < acl_catalog_count(). */
const struct acl_command *acl_catalog_at(const struct acl_catalog *catalog, uint32_t number);
/* The command of that full name, whatever its case and whatever rename-command said; false if there is none. */
bool acl_catalog_find(const struct acl_catalog *catalog, struct slice full_name, uint32_t *number);

#endif
