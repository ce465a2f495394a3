#include "server/commands/sort_pattern.h"

#include "server/commands/call_reads.h"
#include "server/request/command.h"
#include "storage/value/hash_store.h"
#include "storage/value/string_store.h"

/* Where the arrow stands that a field's name follows; NULL if there is none. */
static const char *find_arrow(struct slice text)
{
    const char *arrow = memmem(text.data, strnlen(text.data, text.len), "->", 2);

    return arrow != NULL && arrow + 2 < text.data + text.len && arrow[2] != '\0' ? arrow : NULL;
}

void sort_pattern_parse(struct slice text, struct sort_pattern *pattern)
{
    size_t seen_len = strnlen(text.data, text.len);
    const char *star = memchr(text.data, '*', seen_len);
    const char *arrow;

    *pattern = (struct sort_pattern){.is_element = seen_len == 1 && text.data[0] == '#', .field = slice_empty()};
    pattern->is_constant = star == NULL;
    if (star == NULL) {
        return;
    }
    pattern->before = slice_first(text, (size_t)(star - text.data));
    pattern->after = slice_after(text, pattern->before.len + 1);
    arrow = find_arrow(pattern->after);
    if (arrow != NULL) {
        size_t at = (size_t)(arrow - pattern->after.data);

        pattern->field = slice_after(pattern->after, at + 2);
        pattern->after = slice_first(pattern->after, at);
    }
}

static bool find_in_hash(struct call *call, struct slice key, const struct entry *entry, struct slice field,
                         struct buf *value)
{
    struct collection hash;
    struct slice found;
    bool is_there;

    if (entry->type != ENTRY_HASH) {
        return false;
    }
    collection_look(call->keyspace, call->db, key, entry, &hash);
    is_there = hash_get(&hash, field, &found);
    if (is_there) {
        buf_put(value, found);
    }
    collection_close(&hash);
    return is_there;
}

bool sort_pattern_find(struct call *call, const struct sort_pattern *pattern, struct slice element, struct buf *value)
{
    struct entry entry;
    struct buf key;
    bool is_there = false;
    bool found;

    buf_clear(value);
    if (pattern->is_element) {
        buf_put(value, element);
        return true;
    }
    if (pattern->is_constant) {
        return false;
    }
    buf_init(&key, BUF_NO_CEILING);
    buf_put(&key, pattern->before);
    buf_put(&key, element);
    buf_put(&key, pattern->after);
    found = keyspace_find(call->keyspace, call->db, buf_slice(&key), &entry);
    call_count_read_of_writer(call, buf_slice(&key), found);
    if (!found) {
        is_there = false;
    } else if (pattern->field.len > 0) {
        is_there = find_in_hash(call, buf_slice(&key), &entry, pattern->field, value);
    } else if (entry.type == ENTRY_STRING) {
        is_there = string_read(call->keyspace, &entry, 0, string_len(&entry), value) == STATUS_OK;
    }
    buf_release(&key);
    return is_there;
}
