/* What TLS connections are made with: certificates, keys, trust and protocols, read from files once.
 *
 * A context is used by the event loop that made it. Streams (tls_stream.h) that were made with it outlive it. */
#ifndef BASE_TLS_TLS_CONTEXT_H
#define BASE_TLS_TLS_CONTEXT_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_ERROR_BYTES 384

struct tls_context; /* Opaque. */

/* Redis' tls-* directives. Texts may be "" or NULL: not given. Borrowed until tls_context_create() returns. */
struct tls_settings {
    const char *cert_file; /* PEM, with its chain. */
    const char *key_file;
    const char *key_file_pass;
    const char *client_cert_file; /* For connections that we begin; not given: the same as above. */
    const char *client_key_file;
    const char *client_key_file_pass;
    const char *ca_cert_file; /* Whom to trust; neither: what the system trusts, if `trusts_system`. */
    const char *ca_cert_dir;
    const char *dh_params_file;
    const char *protocols;    /* "TLSv1.2 TLSv1.3"; not given: these two. */
    const char *ciphers;      /* Up to TLS 1.2, and */
    const char *ciphersuites; /* of TLS 1.3. */
    bool prefers_server_ciphers;
    bool caches_sessions;
    int64_t session_cache_size;
    int64_t session_cache_timeout_s;
    bool needs_certificate; /* A server must have one; a client of others may have none. */
    bool needs_ca;          /* Peers are verified: there must be somebody to trust. */
    bool trusts_system;
};

/* STATUS_INVALID  The settings cannot be used: `error` says which and why. */
MUST_CHECK enum status tls_context_create(const struct tls_settings *settings, struct tls_context **context,
                                          char error[TLS_ERROR_BYTES]);
/* NULL is fine. */
void tls_context_free(struct tls_context *context);

#endif
