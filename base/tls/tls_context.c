/* Made whole or not at all, so that CONFIG SET can try new files and keep the old context where they are no good. */
#include "base/tls/tls_context.h"
#include "base/assert.h"
#include "base/memory.h"
#include "base/slice.h"
#include "base/tls/tls_private.h"
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

static const unsigned char session_context[] = "hearth"; /* Without one, peers with certificates could not resume. */

/* What one of the two sides uses of the settings. */
struct identity {
    const char *cert_file;
    const char *key_file;
    const char *pass;
};

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

const char *tls_reason(const char *otherwise)
{
    unsigned long code = ERR_peek_error(); /* The first: what came of it follows. */
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

    if (code != 0 && ERR_SYSTEM_ERROR(code)) {
        reason = strerror(ERR_GET_REASON(code));
    }
    ERR_clear_error();
    return reason == NULL ? otherwise : reason;
}

__attribute__((format(printf, 2, 3))) static bool refuse(char error[TLS_ERROR_BYTES], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(error, TLS_ERROR_BYTES, format, arguments);
    va_end(arguments);
    ERR_clear_error();
    return false;
}

/* --- Parts of the settings --- */

static bool set_protocols(SSL_CTX *side, const char *words, char error[TLS_ERROR_BYTES])
{
    static const struct {
        const char *name;
        uint64_t option; /* That turns it off. */
    } protocols[] = {{"TLSv1", SSL_OP_NO_TLSv1},
                     {"TLSv1.1", SSL_OP_NO_TLSv1_1},
                     {"TLSv1.2", SSL_OP_NO_TLSv1_2},
                     {"TLSv1.3", SSL_OP_NO_TLSv1_3}};
    uint64_t off = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2 | SSL_OP_NO_TLSv1_3;

    words = is_given(words) ? words : "TLSv1.2 TLSv1.3";
    while (*words != '\0') {
        struct slice word = slice_make(words, strcspn(words, " "));
        bool is_known = word.len == 0;

        for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
            if (slice_is_word(word, protocols[i].name)) {
                off &= ~protocols[i].option;
                is_known = true;
            }
        }
        if (!is_known) {
            return refuse(error, "tls-protocols: '%.*s' is none of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3", (int)word.len,
                          word.data);
        }
        words += word.len + (words[word.len] == ' ');
    }
    (void)SSL_CTX_set_options(side, off);
    return true;
}

static bool set_ciphers(SSL_CTX *side, const struct tls_settings *settings, char error[TLS_ERROR_BYTES])
{
    if (is_given(settings->ciphers) && SSL_CTX_set_cipher_list(side, settings->ciphers) != 1) {
        return refuse(error, "tls-ciphers: %s: %s", settings->ciphers, tls_reason("no such cipher"));
    }
    if (is_given(settings->ciphersuites) && SSL_CTX_set_ciphersuites(side, settings->ciphersuites) != 1) {
        return refuse(error, "tls-ciphersuites: %s: %s", settings->ciphersuites, tls_reason("no such suite"));
    }
    if (settings->prefers_server_ciphers) {
        (void)SSL_CTX_set_options(side, SSL_OP_CIPHER_SERVER_PREFERENCE);
    }
    return true;
}

/* pem_password_cb: the pass phrase of the key, never one from a terminal. */
static int give_pass(char *to, int room, int is_writing, void *context)
{
    const char *pass = context;
    size_t len = pass == NULL ? 0 : strlen(pass);

    (void)is_writing;
    if (len == 0 || len > (size_t)room) {
        return -1;
    }
    memcpy(to, pass, len);
    return (int)len;
}

static bool set_identity(SSL_CTX *side, const struct identity *identity, char error[TLS_ERROR_BYTES])
{
    bool is_set = true;

    if (!is_given(identity->cert_file)) {
        return true;
    }
    SSL_CTX_set_default_passwd_cb(side, give_pass);
    SSL_CTX_set_default_passwd_cb_userdata(side, (void *)(uintptr_t)identity->pass);
    if (SSL_CTX_use_certificate_chain_file(side, identity->cert_file) != 1) {
        is_set = refuse(error, "cannot load the certificate %s: %s", identity->cert_file, tls_reason("it is none"));
    } else if (SSL_CTX_use_PrivateKey_file(side, identity->key_file, SSL_FILETYPE_PEM) != 1) {
        is_set = refuse(error, "cannot load the private key %s: %s", identity->key_file, tls_reason("it is none"));
    } else if (SSL_CTX_check_private_key(side) != 1) {
        is_set = refuse(error, "%s is not the key of %s", identity->key_file, identity->cert_file);
    }
    SSL_CTX_set_default_passwd_cb_userdata(side, NULL); /* The text is borrowed. */
    return is_set;
}

static bool set_trust(SSL_CTX *side, const struct tls_settings *settings, char error[TLS_ERROR_BYTES])
{
    const char *file = is_given(settings->ca_cert_file) ? settings->ca_cert_file : NULL;
    const char *folder = is_given(settings->ca_cert_dir) ? settings->ca_cert_dir : NULL;

    if (file == NULL && folder == NULL) {
        return !settings->trusts_system || SSL_CTX_set_default_verify_paths(side) == 1 ||
               refuse(error, "the system's certificates cannot be loaded");
    }
    return SSL_CTX_load_verify_locations(side, file, folder) == 1 ||
           refuse(error, "cannot load the CA certificates of %s: %s", file != NULL ? file : folder,
                  tls_reason("there are none"));
}

static bool set_dh_params(SSL_CTX *side, const char *path, char error[TLS_ERROR_BYTES])
{
    BIO *file;
    EVP_PKEY *params;

    if (!is_given(path)) {
        return SSL_CTX_set_dh_auto(side, 1) == 1;
    }
    file = BIO_new_file(path, "r");
    params = file == NULL ? NULL : PEM_read_bio_Parameters(file, NULL);
    BIO_free(file);
    if (params == NULL || SSL_CTX_set0_tmp_dh_pkey(side, params) != 1) {
        EVP_PKEY_free(params);
        return refuse(error, "cannot load the DH parameters %s: %s", path, tls_reason("there are none"));
    }
    return true;
}

static void set_sessions(SSL_CTX *side, const struct tls_settings *settings)
{
    if (!settings->caches_sessions) {
        (void)SSL_CTX_set_session_cache_mode(side, SSL_SESS_CACHE_OFF);
        (void)SSL_CTX_set_options(side, SSL_OP_NO_TICKET);
        (void)SSL_CTX_set_num_tickets(side, 0);
        return;
    }
    (void)SSL_CTX_set_session_cache_mode(side, SSL_SESS_CACHE_SERVER);
    (void)SSL_CTX_sess_set_cache_size(side, settings->session_cache_size);
    (void)SSL_CTX_set_timeout(side, settings->session_cache_timeout_s);
    (void)SSL_CTX_set_session_id_context(side, session_context, sizeof(session_context) - 1);
}

/* --- The two sides --- */

/* NULL, with an error, if the settings are no good. */
static SSL_CTX *make_side(const struct tls_settings *settings, const struct identity *identity,
                          char error[TLS_ERROR_BYTES])
{
    SSL_CTX *side = SSL_CTX_new(TLS_method());

    ASSERT(side != NULL);
    /* Renegotiation would let a peer have us compute at will. */
    (void)SSL_CTX_set_options(side, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_clear_options(side, SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* A buffer's bytes may move between two tries of a write; and ten thousand idle clients cost no buffers. */
    (void)SSL_CTX_set_mode(side, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                     SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(side, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    if (set_protocols(side, settings->protocols, error) && set_ciphers(side, settings, error) &&
        set_identity(side, identity, error) && set_trust(side, settings, error)) {
        return side;
    }
    SSL_CTX_free(side);
    return NULL;
}

static bool make_server(struct tls_context *context, const struct tls_settings *settings, char error[TLS_ERROR_BYTES])
{
    struct identity identity = {
        .cert_file = settings->cert_file, .key_file = settings->key_file, .pass = settings->key_file_pass};

    if (!is_given(settings->cert_file)) {
        return true;
    }
    context->server = make_side(settings, &identity, error);
    if (context->server == NULL) {
        return false;
    }
    set_sessions(context->server, settings);
    return set_dh_params(context->server, settings->dh_params_file, error);
}

static bool make_client(struct tls_context *context, const struct tls_settings *settings, char error[TLS_ERROR_BYTES])
{
    bool has_own = is_given(settings->client_cert_file) && is_given(settings->client_key_file);
    struct identity identity = {
        .cert_file = has_own ? settings->client_cert_file : settings->cert_file,
        .key_file = has_own ? settings->client_key_file : settings->key_file,
        .pass = has_own ? settings->client_key_file_pass : settings->key_file_pass,
    };

    context->client = make_side(settings, &identity, error);
    return context->client != NULL;
}

/* What can be said without reading a file. */
static bool is_complete(const struct tls_settings *settings, char error[TLS_ERROR_BYTES])
{
    if (settings->needs_certificate && !is_given(settings->cert_file)) {
        return refuse(error, "no tls-cert-file is configured");
    }
    if (is_given(settings->cert_file) && !is_given(settings->key_file)) {
        return refuse(error, "no tls-key-file is configured");
    }
    if (settings->needs_ca && !is_given(settings->ca_cert_file) && !is_given(settings->ca_cert_dir)) {
        return refuse(error, "tls-ca-cert-file or tls-ca-cert-dir must be given, as peers are verified "
                             "(tls-auth-clients, tls-replication)");
    }
    return true;
}

enum status tls_context_create(const struct tls_settings *settings, struct tls_context **context,
                               char error[TLS_ERROR_BYTES])
{
    struct tls_context *made = memory_allocate_zeroed(sizeof(*made));

    if (!is_complete(settings, error) || !make_server(made, settings, error) || !make_client(made, settings, error)) {
        tls_context_free(made);
        return STATUS_INVALID;
    }
    *context = made;
    return STATUS_OK;
}

void tls_context_free(struct tls_context *context)
{
    if (context != NULL) {
        SSL_CTX_free(context->server);
        SSL_CTX_free(context->client);
        memory_free(context);
    }
}
