/* Certificates for tests of TLS, made by the openssl command in a folder of their own. */
#ifndef TEST_SUPPORT_CERTIFICATES_H
#define TEST_SUPPORT_CERTIFICATES_H

/* A folder with ca.crt, node.crt, node.key (signed by it), locked.key (the same key behind the pass phrase "sesame"),
 * and other.crt, other.key (signed by nobody that we know). Remove it with scratch_remove(). */
char *certificates_create(void);
/* "folder/name" in static storage, of which there are eight. */
const char *certificates_path(const char *folder, const char *name);

#endif
