#include "tools/owner.h"
#include "base/assert.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void owner_begin(struct owner *owner, const char *directory)
{
    struct stat folder;

    *owner = (struct owner){.own_group = getegid()};
    if (geteuid() != 0 || stat(directory, &folder) != 0 || folder.st_uid == 0) {
        return;
    }
    if (setegid(folder.st_gid) != 0) {
        return;
    }
    if (seteuid(folder.st_uid) != 0) {
        (void)!setegid(owner->own_group); /* In a container without that right: the files will be root's. */
        return;
    }
    owner->is_acting = true;
    if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) != 0) {
        owner_end(owner);
    }
}

void owner_end(struct owner *owner)
{
    bool is_back;

    if (owner->is_acting) {
        is_back = seteuid(0) == 0 && setegid(owner->own_group) == 0;
        ASSERT(is_back); /* The real and the saved user are root's. */
        owner->is_acting = false;
    }
}
