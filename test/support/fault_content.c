#include "support/fault_content.h"
#include "base/assert.h"
#include "base/memory.h"

/* Both images keep the bytes past their length zero, so that growing shows zeros, as files do. */
static void resize(char **image, uint64_t *len, uint64_t *capacity, uint64_t new_len)
{
    if (new_len > *capacity) {
        uint64_t new_capacity = new_len < 4096 ? 4096 : new_len * 2;

        *image = memory_resize(*image, new_capacity);
        memset(*image + *capacity, 0, new_capacity - *capacity);
        *capacity = new_capacity;
    }
    if (new_len < *len) {
        memset(*image + new_len, 0, *len - new_len);
    }
    *len = new_len;
}

static void apply(const struct fault_change *change, char **image, uint64_t *len, uint64_t *capacity)
{
    if (change->bytes == NULL) {
        resize(image, len, capacity, change->offset);
        return;
    }
    if (change->offset + change->len > *len) {
        resize(image, len, capacity, change->offset + change->len);
    }
    memcpy(*image + change->offset, change->bytes, change->len);
}

static void remember(struct fault_content *content, struct fault_change change)
{
    if (content->change_count == content->change_capacity) {
        content->change_capacity = content->change_capacity == 0 ? 16 : content->change_capacity * 2;
        content->changes = memory_resize(content->changes, content->change_capacity * sizeof(change));
    }
    content->changes[content->change_count++] = change;
    apply(&change, &content->cached, &content->cached_len, &content->cached_capacity);
}

static void forget_changes(struct fault_content *content)
{
    for (size_t i = 0; i < content->change_count; i++) {
        memory_free(content->changes[i].bytes);
    }
    content->change_count = 0;
}

void fault_content_release(struct fault_content *content)
{
    forget_changes(content);
    memory_free(content->changes);
    memory_free(content->cached);
    memory_free(content->durable);
    *content = (struct fault_content){0};
}

void fault_content_write(struct fault_content *content, uint64_t offset, struct slice bytes)
{
    if (bytes.len > 0) {
        remember(content, (struct fault_change){
                              .offset = offset, .len = bytes.len, .bytes = memory_copy(bytes.data, bytes.len)});
    }
}

void fault_content_truncate(struct fault_content *content, uint64_t len)
{
    remember(content, (struct fault_change){.offset = len});
}

/* Lost changes stay in the list, so that a crash still leaves the disk without them. */
void fault_content_sync(struct fault_content *content)
{
    size_t kept = 0;

    for (size_t i = 0; i < content->change_count; i++) {
        struct fault_change *change = &content->changes[i];

        if (change->is_lost) {
            content->changes[kept++] = *change;
            continue;
        }
        apply(change, &content->durable, &content->durable_len, &content->durable_capacity);
        memory_free(change->bytes);
    }
    content->change_count = kept;
}

void fault_content_fail_sync(struct fault_content *content)
{
    for (size_t i = 0; i < content->change_count; i++) {
        content->changes[i].is_lost = true;
    }
}

/* --- Crash --- */

/* Does the change show in the bytes from `start` to `end`? */
static bool touches(const struct fault_change *change, uint64_t start, uint64_t end)
{
    if (change->bytes == NULL) {
        return change->offset < end;
    }
    return change->offset < end && change->offset + change->len > start;
}

static void apply_within(const struct fault_change *change, char *image, uint64_t start, uint64_t end)
{
    uint64_t from = change->offset > start ? change->offset : start;
    uint64_t to = end;

    if (change->bytes == NULL) {
        memset(image + from, 0, to - from);
        return;
    }
    if (change->offset + change->len < to) {
        to = change->offset + change->len;
    }
    memcpy(image + from, change->bytes + (from - change->offset), to - from);
}

/* Bring the block to the state after a random number of the changes that touch it. */
static void settle_block(struct fault_content *content, uint64_t start, uint64_t end, struct random *random)
{
    uint64_t touching = 0;
    uint64_t kept;

    for (size_t i = 0; i < content->change_count; i++) {
        touching += !content->changes[i].is_lost && touches(&content->changes[i], start, end);
    }
    kept = random_below(random, touching + 1);
    for (size_t i = 0; i < content->change_count && kept > 0; i++) {
        if (!content->changes[i].is_lost && touches(&content->changes[i], start, end)) {
            apply_within(&content->changes[i], content->durable, start, end);
            kept--;
        }
    }
}

/* The size after a random number of changes. File systems log sizes apart from data, so it goes its own way. */
static uint64_t settle_len(struct fault_content *content, struct random *random)
{
    uint64_t kept = random_below(random, content->change_count + 1);
    uint64_t len = content->durable_len;

    for (size_t i = 0; i < kept; i++) {
        const struct fault_change *change = &content->changes[i];
        uint64_t end = change->offset + change->len;

        if (!change->is_lost && (change->bytes == NULL || end > len)) {
            len = end;
        }
    }
    return len;
}

static void settle(struct fault_content *content, uint64_t block_bytes, struct random *random)
{
    uint64_t len = settle_len(content, random);
    uint64_t reach = content->durable_len;

    for (size_t i = 0; i < content->change_count; i++) {
        uint64_t end = content->changes[i].offset + content->changes[i].len;

        reach = end > reach ? end : reach;
    }
    resize(&content->durable, &content->durable_len, &content->durable_capacity, reach);
    for (uint64_t start = 0; start < reach; start += block_bytes) {
        settle_block(content, start, start + block_bytes < reach ? start + block_bytes : reach, random);
    }
    resize(&content->durable, &content->durable_len, &content->durable_capacity, len);
}

static void copy_image(char **to, uint64_t *to_len, uint64_t *to_capacity, struct slice from)
{
    resize(to, to_len, to_capacity, 0);
    resize(to, to_len, to_capacity, from.len);
    if (from.len > 0) {
        memcpy(*to, from.data, from.len);
    }
}

void fault_content_crash(struct fault_content *content, enum fault_survival survival, struct random *random)
{
    switch (survival) {
    case FAULT_KEEP_NONE:
        break;
    case FAULT_KEEP_ALL:
        copy_image(&content->durable, &content->durable_len, &content->durable_capacity,
                   slice_make(content->cached, content->cached_len));
        break;
    case FAULT_KEEP_BLOCKS:
        settle(content, 4096, random);
        break;
    case FAULT_KEEP_SECTORS:
        settle(content, 512, random);
        break;
    }
    forget_changes(content);
    copy_image(&content->cached, &content->cached_len, &content->cached_capacity,
               slice_make(content->durable, content->durable_len));
}
