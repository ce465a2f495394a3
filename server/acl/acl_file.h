/* Users in files: lines of "user name rule ...", all taken or none. */
#ifndef SERVER_ACL_ACL_FILE_H
#define SERVER_ACL_ACL_FILE_H

#include "base/status.h"
#include "server/acl/acl_rule.h"

struct acl;
struct acl_words;
struct buf;
struct config_line; /* config.h */

/* Where a file of users is, and the name that messages give it. */
struct acl_file {
    const char *directory; /* Where a relative path begins. */
    const char *path;
};

/* Make all users anew as the file has them; the default one has every right if the file does not name it. On success
 * the users from before, but the default one, are those of `*old`, which the caller frees with acl_free() once no
 * session points to one of them. On an error nothing has changed, and all that is wrong was appended to `errors`, with
 * lines, in Redis' words. */
bool acl_file_load(struct acl *acl, const struct acl_file *file, struct acl **old, struct buf *errors);

/* Write all users to the file, so that a crash leaves the old one or the new one.
 *   STATUS_IO, STATUS_NO_SPACE  The old one is there as it was. */
MUST_CHECK enum status acl_file_save(const struct acl *acl, const struct acl_file *file);

/* Add the user that a line of the configuration makes: its words are name and rules. The default user begins anew by
 * it. `seen` has the names that lines have defined before. On an error the users are as before and what is wrong was
 * appended to `errors`. */
bool acl_add_configured(struct acl *acl, const struct config_line *line, struct acl_words *seen, struct buf *errors);

#endif
