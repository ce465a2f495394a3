#include "storage/keyspace/digest.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "storage/keyspace/key_tell.h"
#include "storage/keyspace/keyspace_scan.h"
#include <inttypes.h>
#include <stdio.h>

#define STREAM_NUMBER 6u /* In Redis, where 5 is a module's type; the others have our numbers. */

static void xor_bytes(struct digest *digest, struct slice bytes)
{
    unsigned char hash[SHA1_BYTES];

    sha1(bytes, hash);
    for (size_t i = 0; i < SHA1_BYTES; i++) {
        digest->bytes[i] ^= hash[i];
    }
}

static void mix(struct digest *digest, struct slice bytes)
{
    xor_bytes(digest, bytes);
    sha1(slice_make(digest->bytes, SHA1_BYTES), digest->bytes);
}

static void mix_number(struct digest *digest, uint32_t number)
{
    char bytes[4];

    bytes_put_be32(bytes, number);
    mix(digest, slice_make(bytes, sizeof(bytes)));
}

static void xor_digest(struct digest *digest, const struct digest *other)
{
    xor_bytes(digest, slice_make(other->bytes, SHA1_BYTES));
}

static enum status begin_key(void *context, const struct key_visit *key)
{
    mix_number(context, key->type == ENTRY_STREAM ? STREAM_NUMBER : key->type);
    return STATUS_OK;
}

static enum status add_ordered(void *context, struct slice element)
{
    mix(context, element);
    return STATUS_OK;
}

static enum status add_member(void *context, struct slice member)
{
    xor_bytes(context, member);
    return STATUS_OK;
}

static enum status add_pair(void *context, struct slice first, struct slice second)
{
    struct digest pair = {{0}};

    mix(&pair, first);
    mix(&pair, second);
    xor_digest(context, &pair);
    return STATUS_OK;
}

static enum status add_scored(void *context, struct slice member, double score)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "%.17g", score);

    ASSERT(len > 0 && (size_t)len < sizeof(text));
    return add_pair(context, member, slice_make(text, (size_t)len));
}

static enum status add_item(void *context, struct stream_id id, const struct slice *words, size_t count)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64, id.ms, id.sequence);

    ASSERT(len > 0 && (size_t)len < sizeof(text));
    mix(context, slice_make(text, (size_t)len));
    for (size_t i = 0; i < count; i++) {
        mix(context, words[i]);
    }
    return STATUS_OK;
}

enum status digest_add_key(struct digest *digest, struct keyspace *keyspace, uint32_t db, struct slice key,
                           const struct entry *entry)
{
    struct key_visitor visitor = key_visitor_passing;
    bool has_expiry = entry->expire_at_ms != 0;
    enum status status;

    visitor.context = digest;
    visitor.key_begin = begin_key;
    visitor.string = add_ordered;
    visitor.list_item = add_ordered;
    visitor.set_member = add_member;
    visitor.hash_field = add_pair;
    visitor.zset_member = add_scored;
    visitor.stream_item = add_item; /* A stream's counters and groups do not count, as they do not in Redis. */
    status = key_tell(keyspace, db, key, entry, &visitor);
    if (status == STATUS_OK && has_expiry) {
        xor_bytes(digest, slice_of("!!expire!!"));
    }
    return status;
}

static enum status add_database(struct digest *digest, struct keyspace *keyspace, uint32_t db)
{
    struct keyspace_walk *walk = keyspace_walk_begin(keyspace, db, slice_empty());
    struct slice key;
    struct entry entry;
    enum status status = STATUS_OK;
    bool is_empty = true;

    while (status == STATUS_OK && keyspace_walk_next(walk, &key, &entry)) {
        struct digest of_key = {{0}};

        if (is_empty) {
            mix_number(digest, db);
            is_empty = false;
        }
        mix(&of_key, key);
        status = digest_add_key(&of_key, keyspace, db, key, &entry);
        xor_digest(digest, &of_key);
    }
    keyspace_walk_end(walk);
    return status;
}

enum status digest_keyspace(struct digest *digest, struct keyspace *keyspace)
{
    enum status status = STATUS_OK;

    *digest = (struct digest){{0}};
    for (uint32_t db = 0; status == STATUS_OK && db < keyspace_database_count(keyspace); db++) {
        status = add_database(digest, keyspace, db);
    }
    return status;
}
