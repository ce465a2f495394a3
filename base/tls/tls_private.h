/* What base/tls/ shares. */
#ifndef BASE_TLS_TLS_PRIVATE_H
#define BASE_TLS_TLS_PRIVATE_H

#include <openssl/ssl.h>

struct tls_context {
    SSL_CTX *server; /* For those who come; NULL if there is no certificate. */
    SSL_CTX *client; /* For those we go to. */
};

/* Why the thread's last call failed in OpenSSL, or `otherwise`; empties its queue. Static storage, or the
 * thread's. */
const char *tls_reason(const char *otherwise);

#endif
