/* Settings that can be used, and what is said of those that cannot. */
#include "base/tls/tls_context.h"
#include "support/certificates.h"
#include "support/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char *folder; /* Of the certificates. */

static int setup_all(void **state)
{
    (void)state;
    folder = certificates_create();
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

static const char *path_of(const char *name)
{
    return certificates_path(folder, name);
}

static struct tls_settings good_settings(void)
{
    return (struct tls_settings){.cert_file = path_of("node.crt"),
                                 .key_file = path_of("node.key"),
                                 .ca_cert_file = path_of("ca.crt"),
                                 .needs_certificate = true,
                                 .needs_ca = true};
}

static void assert_good(const struct tls_settings *settings)
{
    char error[TLS_ERROR_BYTES] = "";
    struct tls_context *context;

    if (tls_context_create(settings, &context, error) != STATUS_OK) {
        fail_msg("refused: %s", error);
    }
    tls_context_free(context);
}

/* Refused, and the reason holds `part`. */
static void assert_refused(const struct tls_settings *settings, const char *part)
{
    char error[TLS_ERROR_BYTES] = "";
    struct tls_context *context = NULL;

    assert_int_equal(tls_context_create(settings, &context, error), STATUS_INVALID);
    assert_null(context);
    if (strstr(error, part) == NULL) {
        fail_msg("'%s' is not in '%s'", part, error);
    }
}

static void test_what_is_complete_is_taken(void **state)
{
    struct tls_settings settings = good_settings();

    (void)state;
    assert_good(&settings);
    settings.protocols = "tlsv1.2 TLSv1.3";
    settings.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
    settings.ciphersuites = "TLS_AES_128_GCM_SHA256";
    settings.prefers_server_ciphers = true;
    settings.caches_sessions = true;
    settings.session_cache_size = 10;
    settings.session_cache_timeout_s = 10;
    assert_good(&settings);
}

static void test_a_locked_key_wants_its_pass_phrase(void **state)
{
    struct tls_settings settings = good_settings();

    (void)state;
    settings.key_file = path_of("locked.key");
    settings.key_file_pass = "sesame";
    assert_good(&settings);
    settings.key_file_pass = "wrong";
    assert_refused(&settings, "locked.key");
    settings.key_file_pass = NULL; /* And it must not be asked for on a terminal. */
    assert_refused(&settings, "locked.key");
}

static void test_what_is_missing_is_named(void **state)
{
    struct tls_settings settings = good_settings();

    (void)state;
    settings.cert_file = "";
    assert_refused(&settings, "no tls-cert-file");
    settings = good_settings();
    settings.key_file = NULL;
    assert_refused(&settings, "no tls-key-file");
    settings = good_settings();
    settings.ca_cert_file = NULL;
    assert_refused(&settings, "tls-ca-cert-file or tls-ca-cert-dir");
    settings.needs_ca = false;
    assert_good(&settings);
}

static void test_what_is_no_good_is_named(void **state)
{
    struct tls_settings settings = good_settings();

    (void)state;
    settings.cert_file = "/nowhere.crt";
    assert_refused(&settings, "/nowhere.crt: No such file or directory");
    settings = good_settings();
    settings.cert_file = path_of("node.key");
    assert_refused(&settings, "cannot load the certificate");
    settings = good_settings();
    settings.key_file = path_of("other.key");
    assert_refused(&settings, "other.key");
    settings = good_settings();
    settings.ca_cert_file = path_of("node.key");
    assert_refused(&settings, "cannot load the CA certificates");
    settings = good_settings();
    settings.protocols = "TLSv1.2 SSLv3";
    assert_refused(&settings, "'SSLv3'");
    settings = good_settings();
    settings.ciphers = "NO-SUCH-CIPHER";
    assert_refused(&settings, "tls-ciphers: NO-SUCH-CIPHER");
    settings = good_settings();
    settings.ciphersuites = "NO_SUCH_SUITE";
    assert_refused(&settings, "tls-ciphersuites: NO_SUCH_SUITE");
    settings = good_settings();
    settings.dh_params_file = path_of("ca.crt");
    assert_refused(&settings, "cannot load the DH parameters");
}

/* What a client certificate is for is our own connections; a bad one is a bad setting all the same. */
static void test_the_client_certificate_is_read_too(void **state)
{
    struct tls_settings settings = good_settings();

    (void)state;
    settings.client_cert_file = path_of("other.crt");
    settings.client_key_file = path_of("other.key");
    assert_good(&settings);
    settings.client_key_file = path_of("node.key");
    assert_refused(&settings, "node.key");
}

static void test_a_tool_needs_no_certificate(void **state)
{
    struct tls_settings settings = {.trusts_system = true};

    (void)state;
    assert_good(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_complete_is_taken),
        cmocka_unit_test(test_a_locked_key_wants_its_pass_phrase),
        cmocka_unit_test(test_what_is_missing_is_named),
        cmocka_unit_test(test_what_is_no_good_is_named),
        cmocka_unit_test(test_the_client_certificate_is_read_too),
        cmocka_unit_test(test_a_tool_needs_no_certificate),
    };

    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
