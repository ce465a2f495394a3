/* OpenSSL's functions of one algorithm, though it calls them deprecated: the general ones (EVP) allocate a context and
 * look the algorithm up, which costs several times the hash of a short text. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/sha1.h"

#include <openssl/sha.h>

_Static_assert(SHA1_BYTES == SHA_DIGEST_LENGTH, "SHA-1 has 20 bytes");

void sha1(struct slice bytes, unsigned char hash[SHA1_BYTES])
{
    SHA_CTX context;

    /* They answer 1 always: nothing in them can fail. */
    (void)SHA1_Init(&context);
    (void)SHA1_Update(&context, bytes.data, bytes.len);
    (void)SHA1_Final(hash, &context);
}

void sha1_format(const unsigned char hash[SHA1_BYTES], char hex[SHA1_HEX_TEXT])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < SHA1_BYTES; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    hex[2 * SHA1_BYTES] = '\0';
}
