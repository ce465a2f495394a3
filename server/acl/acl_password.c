#include "server/acl/acl_password.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

_Static_assert(2 * SHA256_DIGEST_LENGTH == ACL_HASH_LEN, "SHA-256 has 32 bytes");

void acl_password_hash(struct slice password, char hex[ACL_HASH_LEN])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[SHA256_DIGEST_LENGTH];

    (void)SHA256((const unsigned char *)password.data, password.len, hash);
    for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
}

bool acl_password_is_hash(struct slice hash)
{
    for (size_t i = 0; i < hash.len; i++) {
        bool is_digit = hash.data[i] >= '0' && hash.data[i] <= '9';

        if (!is_digit && !(hash.data[i] >= 'a' && hash.data[i] <= 'f')) {
            return false;
        }
    }
    return hash.len == ACL_HASH_LEN;
}

bool acl_password_is_same(const char a[ACL_HASH_LEN], const char b[ACL_HASH_LEN])
{
    return CRYPTO_memcmp(a, b, ACL_HASH_LEN) == 0;
}
