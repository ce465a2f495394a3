#include "server/net/credentials.h"
#include "base/memory.h"
#include "base/tls/tls_stream.h"
#include "server/config/config.h"

struct credentials {
    const struct config *config; /* Borrowed. */
    struct tls_context *context; /* NULL: nothing was loaded. */
};

struct credentials *credentials_create(const struct config *config)
{
    struct credentials *credentials = memory_allocate_zeroed(sizeof(*credentials));

    credentials->config = config;
    return credentials;
}

void credentials_free(struct credentials *credentials)
{
    if (credentials != NULL) {
        tls_context_free(credentials->context);
        memory_free(credentials);
    }
}

bool credentials_are_wanted(const struct config *config)
{
    return config->tls_port != 0 || config->tls_replication;
}

bool credentials_load(struct credentials *credentials, char error[TLS_ERROR_BYTES])
{
    const struct config *config = credentials->config;
    struct tls_settings settings = {
        .cert_file = config->tls_cert_file,
        .key_file = config->tls_key_file,
        .key_file_pass = config->tls_key_file_pass,
        .client_cert_file = config->tls_client_cert_file,
        .client_key_file = config->tls_client_key_file,
        .client_key_file_pass = config->tls_client_key_file_pass,
        .ca_cert_file = config->tls_ca_cert_file,
        .ca_cert_dir = config->tls_ca_cert_dir,
        .dh_params_file = config->tls_dh_params_file,
        .protocols = config->tls_protocols,
        .ciphers = config->tls_ciphers,
        .ciphersuites = config->tls_ciphersuites,
        .prefers_server_ciphers = config->tls_prefer_server_ciphers != 0,
        .caches_sessions = config->tls_session_caching != 0,
        .session_cache_size = config->tls_session_cache_size,
        .session_cache_timeout_s = config->tls_session_cache_timeout_s,
        .needs_certificate = true,
        .needs_ca = config->tls_auth_clients != TLS_CLIENT_AUTH_NO || config->tls_replication,
    };
    struct tls_context *loaded;

    if (tls_context_create(&settings, &loaded, error) != STATUS_OK) {
        return false;
    }
    tls_context_free(credentials->context);
    credentials->context = loaded;
    return true;
}

const struct tls_context *credentials_context(const struct credentials *credentials)
{
    return credentials->context;
}
