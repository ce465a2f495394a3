#include "server/object_encoding.h"
#include "base/number.h"
#include "server/command.h"
#include "server/config.h"
#include "server/services.h"
#include "storage/hash_store.h"
#include "storage/set_store.h"
#include "storage/string_store.h"
#include "storage/zset_walk.h"

#define EMBEDDED_STRING_BYTES_MAX 44 /* Redis: longer strings are "raw". */

bool object_is_integer(const struct entry *entry, int64_t *value)
{
    return entry->type == ENTRY_STRING && entry->encoding == ENTRY_INLINE &&
           entry->body.len < NUMBER_INTEGER_TEXT_MAX && number_parse_int64(entry->body, value);
}

static const char *string_encoding(const struct entry *entry)
{
    int64_t value;

    if (object_is_integer(entry, &value)) {
        return "int";
    }
    return string_len(entry) <= EMBEDDED_STRING_BYTES_MAX ? "embstr" : "raw";
}

static const char *hash_encoding(struct call *call, struct slice key, const struct entry *entry)
{
    const struct config *config = call->services->config;
    struct collection hash;
    struct hash_walk walk;
    struct slice field;
    struct slice value;
    bool is_compact = entry->count <= (uint64_t)config->hash_max_listpack_entries;

    if (!is_compact) {
        return "hashtable";
    }
    collection_look(call->keyspace, call->db, key, entry, &hash);
    hash_walk_begin(&walk, &hash);
    while (is_compact && hash_walk_next(&walk, &field, &value)) {
        is_compact = field.len <= (uint64_t)config->hash_max_listpack_value &&
                     value.len <= (uint64_t)config->hash_max_listpack_value;
    }
    hash_walk_end(&walk);
    collection_close(&hash);
    return is_compact ? "listpack" : "hashtable";
}

static const char *set_encoding(struct call *call, struct slice key, const struct entry *entry)
{
    struct collection set;
    struct set_walk walk;
    struct slice member;
    int64_t number;
    bool is_compact = entry->count <= (uint64_t)call->services->config->set_max_intset_entries;

    if (!is_compact) {
        return "hashtable";
    }
    collection_look(call->keyspace, call->db, key, entry, &set);
    set_walk_begin(&walk, &set);
    while (is_compact && set_walk_next(&walk, &member)) {
        is_compact = number_parse_int64(member, &number);
    }
    set_walk_end(&walk);
    collection_close(&set);
    return is_compact ? "intset" : "hashtable";
}

static const char *zset_encoding(struct call *call, struct slice key, const struct entry *entry)
{
    const struct config *config = call->services->config;
    struct collection zset;
    struct zset_walk walk;
    struct slice member;
    double score;
    bool is_compact = entry->count <= (uint64_t)config->zset_max_listpack_entries;

    if (!is_compact) {
        return "skiplist";
    }
    collection_look(call->keyspace, call->db, key, entry, &zset);
    zset_walk_begin(&walk, &zset, true);
    while (is_compact && zset_walk_next(&walk, &member, &score)) {
        is_compact = member.len <= (uint64_t)config->zset_max_listpack_value;
    }
    zset_walk_end(&walk);
    collection_close(&zset);
    return is_compact ? "listpack" : "skiplist";
}

const char *object_encoding(struct call *call, struct slice key, const struct entry *entry)
{
    switch (entry->type) {
    case ENTRY_STRING:
        return string_encoding(entry);
    case ENTRY_HASH:
        return hash_encoding(call, key, entry);
    case ENTRY_SET:
        return set_encoding(call, key, entry);
    case ENTRY_LIST:
        return "quicklist";
    case ENTRY_ZSET:
        return zset_encoding(call, key, entry);
    default:
        return "stream";
    }
}
