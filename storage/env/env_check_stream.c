/* What of a stream env_visit_value() does not come by: nodes, spans, names of consumers, and rows that nobody has. */
#include "storage/env/env_check_state.h"
#include "storage/value/stream_tell.h"

/* Rows under a prefix that end in an id. */
struct id_rows {
    struct stream_span span; /* Of those that are there. */
    uint64_t alive_count;    /* Of nodes: items that they say they hold. */
    bool is_damaged;
};

static bool spans_equal(const struct stream_span *a, const struct stream_span *b)
{
    return a->count == b->count && stream_id_equal(a->first, b->first) && stream_id_equal(a->last, b->last);
}

static struct id_rows count_rows(struct env_check *check, const struct keycode *prefix, bool are_nodes)
{
    struct id_rows found = {.is_damaged = false};
    struct stream_node node;
    struct env_rows rows;
    struct slice key;
    struct slice value;

    if (env_rows_open(&rows, check->visit.env, check->visit.txn, TABLE_FIELDS, keycode_slice(prefix)) != STATUS_OK) {
        found.is_damaged = true;
        return found;
    }
    while (env_rows_next(&rows, &key, &value) == STATUS_OK) {
        if (key.len != prefix->len + STREAM_ID_BYTES || (are_nodes && !stream_node_decode(value, &node))) {
            found.is_damaged = true;
            break;
        }
        found.alive_count += are_nodes ? node.alive_count : 0;
        stream_span_add(&found.span, stream_id_get(key.data + prefix->len));
    }
    env_rows_close(&rows);
    return found;
}

static bool span_fits(struct env_check *check, const struct keycode *prefix, const struct stream_span *said)
{
    struct id_rows found = count_rows(check, prefix, false);

    return !found.is_damaged && spans_equal(&found.span, said);
}

static struct keycode group_prefix(const struct entry *entry, enum keycode_stream_part part, uint64_t group)
{
    struct keycode prefix;

    keycode_stream(&prefix, entry->generation, part);
    keycode_add_number(&prefix, group);
    return prefix;
}

/* The consumers' names by number, and their spans. */
static bool consumers_fit(struct env_check *check, const struct entry *entry, const struct stream_group *group)
{
    struct keycode prefix = group_prefix(entry, KEYCODE_STREAM_CONSUMER, group->number);
    struct stream_consumer consumer;
    struct env_rows rows;
    struct slice key;
    struct slice value;
    struct slice name;
    bool fits = true;

    if (env_rows_open(&rows, check->visit.env, check->visit.txn, TABLE_FIELDS, keycode_slice(&prefix)) != STATUS_OK) {
        return false;
    }
    while (fits && env_rows_next(&rows, &key, &value) == STATUS_OK) {
        struct keycode names = group_prefix(entry, KEYCODE_STREAM_NAME, group->number);
        struct keycode owned = group_prefix(entry, KEYCODE_STREAM_OWNED, group->number);

        fits = keycode_take_full_name(slice_after(key, prefix.len), &value, &consumer.name) &&
               stream_consumer_decode(value, &consumer) && consumer.number <= group->last_consumer;
        if (fits) {
            keycode_add_number(&names, consumer.number);
            keycode_add_number(&owned, consumer.number);
            fits = env_check_find(check, TABLE_FIELDS, keycode_slice(&names), &name) &&
                   slice_equal(name, consumer.name) && span_fits(check, &owned, &consumer.pending);
        }
    }
    env_rows_close(&rows);
    return fits;
}

static bool groups_fit(struct env_check *check, const struct entry *entry, const struct stream_head *head)
{
    struct stream_group group;
    struct keycode prefix;
    struct env_rows rows;
    struct slice key;
    struct slice value;
    bool fits = true;

    keycode_stream(&prefix, entry->generation, KEYCODE_STREAM_GROUP);
    if (env_rows_open(&rows, check->visit.env, check->visit.txn, TABLE_FIELDS, keycode_slice(&prefix)) != STATUS_OK) {
        return false;
    }
    while (fits && env_rows_next(&rows, &key, &value) == STATUS_OK) {
        fits = keycode_take_full_name(slice_after(key, prefix.len), &value, &group.name) &&
               stream_group_decode(value, &group) && group.number <= head->last_group;
        if (fits) {
            struct keycode pending = group_prefix(entry, KEYCODE_STREAM_PENDING, group.number);

            fits = span_fits(check, &pending, &group.pending) && consumers_fit(check, entry, &group);
        }
    }
    env_rows_close(&rows);
    return fits;
}

void env_check_stream(struct env_check *check, const struct entry *entry, const char *key_text)
{
    struct stream_head head;
    struct keycode prefix;
    struct id_rows nodes;

    if (!stream_head_decode(entry->body, &head)) {
        return; /* Told already. */
    }
    keycode_stream(&prefix, entry->generation, KEYCODE_STREAM_ITEM);
    if (!span_fits(check, &prefix, &head.items)) {
        env_check_tell(check, "key '%s': its first and last id are not those of its items", key_text);
    }
    keycode_stream(&prefix, entry->generation, KEYCODE_STREAM_NODE);
    nodes = count_rows(check, &prefix, true);
    if (nodes.is_damaged || !spans_equal(&nodes.span, &head.nodes) ||
        nodes.alive_count + head.tail.alive_count != head.items.count) {
        env_check_tell(check, "key '%s': its nodes do not hold its items", key_text);
    }
    if (!groups_fit(check, entry, &head)) {
        env_check_tell(check, "key '%s': its groups and their rows do not agree", key_text);
    }
}
