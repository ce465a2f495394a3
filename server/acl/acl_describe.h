/* Rules told from what they have led to, in Redis' words: ACL LIST, ACL GETUSER, files of users. */
#ifndef SERVER_ACL_ACL_DESCRIBE_H
#define SERVER_ACL_ACL_DESCRIBE_H

struct acl_catalog;
struct acl_selector;
struct buf;

/* "+@all -@dangerous +info": the rules that give exactly these commands. */
void acl_describe_commands(const struct acl_selector *selector, const struct acl_catalog *catalog, struct buf *out);
/* "~a* %R~b*", with all keys "~*". */
void acl_describe_keys(const struct acl_selector *selector, struct buf *out);
/* "&a* &b", with all channels "&*". */
void acl_describe_channels(const struct acl_selector *selector, struct buf *out);
/* All three as one line: what they were before is reset first. */
void acl_describe_selector(const struct acl_selector *selector, const struct acl_catalog *catalog, struct buf *out);

#endif
