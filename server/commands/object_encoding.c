#include "server/commands/object_encoding.h"
#include "base/number.h"
#include "server/config/config.h"
#include "server/request/command.h"
#include "server/services.h"
#include "storage/value/hash_store.h"
#include "storage/value/set_store.h"
#include "storage/value/string_store.h"
#include "storage/value/zset_walk.h"

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

static bool is_compact_hash(const struct config *config, const struct collection *hash)
{
    struct hash_walk walk;
    struct slice field;
    struct slice value;
    bool is_compact = hash_count(hash) <= (uint64_t)config->hash_max_listpack_entries;

    if (!is_compact) {
        return false;
    }
    hash_walk_begin(&walk, hash);
    while (is_compact && hash_walk_next(&walk, &field, &value)) {
        is_compact = field.len <= (uint64_t)config->hash_max_listpack_value &&
                     value.len <= (uint64_t)config->hash_max_listpack_value;
    }
    hash_walk_end(&walk);
    return is_compact;
}

static bool is_compact_set(const struct config *config, const struct collection *set)
{
    struct set_walk walk;
    struct slice member;
    int64_t number;
    bool is_compact = set_count(set) <= (uint64_t)config->set_max_intset_entries;

    if (!is_compact) {
        return false;
    }
    set_walk_begin(&walk, set);
    while (is_compact && set_walk_next(&walk, &member)) {
        is_compact = number_parse_int64(member, &number);
    }
    set_walk_end(&walk);
    return is_compact;
}

static bool is_compact_zset(const struct config *config, const struct collection *zset)
{
    struct zset_walk walk;
    struct slice member;
    double score;
    bool is_compact = zset_count(zset) <= (uint64_t)config->zset_max_listpack_entries;

    if (!is_compact) {
        return false;
    }
    zset_walk_begin(&walk, zset, true);
    while (is_compact && zset_walk_next(&walk, &member, &score)) {
        is_compact = member.len <= (uint64_t)config->zset_max_listpack_value;
    }
    zset_walk_end(&walk);
    return is_compact;
}

bool object_is_compact(struct call *call, struct slice key, const struct entry *entry)
{
    const struct config *config = call->services->config;
    struct collection collection;
    bool is_compact = false;

    if (entry->type != ENTRY_HASH && entry->type != ENTRY_SET && entry->type != ENTRY_ZSET) {
        return false;
    }
    collection_look(call->keyspace, call->db, key, entry, &collection);
    if (entry->type == ENTRY_HASH) {
        is_compact = is_compact_hash(config, &collection);
    } else if (entry->type == ENTRY_SET) {
        is_compact = is_compact_set(config, &collection);
    } else {
        is_compact = is_compact_zset(config, &collection);
    }
    collection_close(&collection);
    return is_compact;
}

const char *object_encoding(struct call *call, struct slice key, const struct entry *entry)
{
    switch (entry->type) {
    case ENTRY_STRING:
        return string_encoding(entry);
    case ENTRY_HASH:
        return object_is_compact(call, key, entry) ? "listpack" : "hashtable";
    case ENTRY_SET:
        return object_is_compact(call, key, entry) ? "intset" : "hashtable";
    case ENTRY_LIST:
        return "quicklist";
    case ENTRY_ZSET:
        return object_is_compact(call, key, entry) ? "listpack" : "skiplist";
    default:
        return "stream";
    }
}
