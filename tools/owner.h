/* Acting as the owner of a data directory. What root's tool makes there (LMDB's lock file, a restored tree) must be
 * the server's, which would not start on files that it cannot open. */
#ifndef TOOLS_OWNER_H
#define TOOLS_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

struct owner {
    bool is_acting;
    gid_t own_group; /* To go back to. */
};

/* Take the effective user and group of the folder's owner, for files opened and made from now on, if we are root and it
 * is not. If it is absent, or its owner cannot get to it, we stay who we are. */
void owner_begin(struct owner *owner, const char *directory);
/* Be root again. */
void owner_end(struct owner *owner);

#endif
