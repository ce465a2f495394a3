/* Users and the configuration: what requirepass, `user` lines, aclfile and the like say of them, and CONFIG REWRITE. */
#ifndef SERVER_ACL_ACL_CONFIG_H
#define SERVER_ACL_ACL_CONFIG_H

#include <stdbool.h>

struct acl_file;
struct config;
struct services;

/* Make the configured users, of an acl as it was created. False if the configuration is wrong: diag has said why. */
bool acl_config_load(struct services *services);
/* Whether acl_config_load() would be content; diag says why not. */
bool acl_config_check(struct config *config);
/* Take over acl-pubsub-default and acllog-max-len, which CONFIG SET may have changed. */
void acl_config_apply(struct services *services);
/* The configured ACL file; false if there is none. */
bool acl_config_file(const struct services *services, struct acl_file *file);

#endif
