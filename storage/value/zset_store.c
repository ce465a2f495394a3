#include "storage/value/zset_store.h"
#include "base/assert.h"
#include "storage/keyspace/field.h"
#include "storage/keyspace/keycode.h"
#include "storage/keyspace/packed.h"
#include "storage/value/zset_batch.h"
#include "storage/value/zset_memo.h"
#include <math.h>

#define SCORE_BYTES 8

bool zset_inline_next(struct slice body, struct slice *rest, struct zset_inline_item *item)
{
    struct slice coded;

    item->start = body.len - rest->len;
    if (!packed_next(rest, &item->member)) {
        return false;
    }
    ASSERT(packed_next(rest, &coded) && coded.len == SCORE_BYTES); /* K4 */
    item->score = keycode_unorder_double(bytes_get_be64(coded.data));
    item->len = body.len - rest->len - item->start;
    return true;
}

static bool find_inline(const struct collection *zset, struct slice member, struct zset_inline_item *item)
{
    struct slice body = collection_body(zset);
    struct slice rest = body;

    while (zset_inline_next(body, &rest, item)) {
        if (slice_equal(item->member, member)) {
            return true;
        }
    }
    return false;
}

bool zset_score(const struct collection *zset, struct slice member, double *score)
{
    struct zset_inline_item item;
    struct slice value;
    uint64_t bits;

    if (collection_is_inline(zset)) {
        if (!find_inline(zset, member, &item)) {
            return false;
        }
        *score = item.score;
        return true;
    }
    if (!field_get(zset->keyspace, zset->entry.generation, member, &value)) {
        return false;
    }
    ASSERT(value.len == SCORE_BYTES); /* K4 */
    bits = bytes_get_le64(value.data);
    memcpy(score, &bits, sizeof(*score));
    return true;
}

/* Inline. */

static void insert_inline(struct collection *zset, struct slice member, double score)
{
    char coded[SCORE_BYTES];
    struct slice items[2] = {member};
    struct slice body = collection_body(zset);
    struct slice rest = body;
    struct zset_inline_item item;
    size_t place = body.len;

    while (zset_inline_next(body, &rest, &item)) {
        if (zset_order(item.score, item.member, score, member) > 0) {
            place = item.start;
            break;
        }
    }
    bytes_put_be64(coded, keycode_order_double(score));
    items[1] = slice_make(coded, sizeof(coded));
    packed_splice(collection_edit(zset), place, 0, items, 2);
}

static void remove_inline(struct collection *zset, struct slice member)
{
    struct zset_inline_item item;
    bool found = find_inline(zset, member, &item);

    ASSERT(found);
    packed_splice(collection_edit(zset), item.start, item.len, NULL, 0);
}

/* Rows. */

/* Its value: a long member's full bytes; and one byte more if the score is -0.0, whose sign the key does not have. */
static void put_score_row(struct collection *zset, struct slice member, double score)
{
    size_t sign_len = score == 0 && signbit(score);
    char number[KEYCODE_NUMBER_BYTES_MAX];
    struct keycode code;
    size_t number_len = 0;
    size_t name_len = 0;
    char *to;

    if (member.len > KEYCODE_NAME_LITERAL_MAX) {
        number_len = keycode_put_number(number, member.len);
        name_len = member.len;
    }
    keycode_score(&code, zset->entry.generation, score, member, keyspace_name_seed(zset->keyspace));
    to = view_put_space(keyspace_view(zset->keyspace), TABLE_SCORES, keycode_slice(&code),
                        number_len + name_len + sign_len);
    memcpy(to, number, number_len);
    if (name_len > 0) {
        memcpy(to + number_len, member.data, name_len);
    }
    if (sign_len > 0) {
        to[number_len + name_len] = ZSET_ROW_NEGATIVE;
    }
    zset_memo_added(zset, keycode_slice(&code));
}

static void delete_score_row(struct collection *zset, struct slice member, double score)
{
    struct keycode code;

    keycode_score(&code, zset->entry.generation, score, member, keyspace_name_seed(zset->keyspace));
    view_delete(keyspace_view(zset->keyspace), TABLE_SCORES, keycode_slice(&code));
    zset_memo_removed(zset, keycode_slice(&code));
}

static void put_member_row(struct collection *zset, struct slice member, double score)
{
    char value[SCORE_BYTES];
    uint64_t bits;

    memcpy(&bits, &score, sizeof(bits));
    bytes_put_le64(value, bits);
    field_put(zset->keyspace, zset->entry.generation, member, slice_make(value, sizeof(value)));
}

static void put_rows(struct collection *zset, struct slice member, double score)
{
    put_member_row(zset, member, score);
    put_score_row(zset, member, score);
}

/* Give each member rows of its own. */
static void spread(struct collection *zset)
{
    struct zset_inline_item item;
    struct slice body;
    struct slice rest;
    struct buf old;

    buf_init(&old, BUF_NO_CEILING);
    buf_put(&old, collection_body(zset));
    collection_use_rows(zset);
    body = buf_slice(&old);
    rest = body;
    while (zset_inline_next(body, &rest, &item)) {
        put_rows(zset, item.member, item.score);
    }
    buf_release(&old);
}

/* Edits. */

void zset_add(struct collection *zset, struct slice member, double score)
{
    ASSERT(!isnan(score));
    if (collection_is_inline(zset) &&
        collection_outgrows(zset, 1, packed_bytes(member.len) + packed_bytes(SCORE_BYTES))) {
        spread(zset);
    }
    if (collection_is_inline(zset)) {
        insert_inline(zset, member, score);
    } else {
        put_rows(zset, member, score);
    }
    zset->entry.count++;
}

void zset_rescore(struct collection *zset, struct slice member, double old, double score)
{
    ASSERT(!isnan(score));
    if (old == score) {
        return;
    }
    if (collection_is_inline(zset)) {
        remove_inline(zset, member);
        insert_inline(zset, member, score);
    } else {
        delete_score_row(zset, member, old);
        put_rows(zset, member, score);
    }
}

void zset_take(struct collection *zset, struct slice member, double score)
{
    ASSERT(zset->entry.count > 0);
    if (collection_is_inline(zset)) {
        remove_inline(zset, member);
    } else {
        field_delete(zset->keyspace, zset->entry.generation, member);
        delete_score_row(zset, member, score);
    }
    zset->entry.count--;
}

bool zset_put(struct collection *zset, struct slice member, double score)
{
    double old;

    if (zset_score(zset, member, &old)) {
        zset_rescore(zset, member, old, score);
        return false;
    }
    zset_add(zset, member, score);
    return true;
}

bool zset_remove(struct collection *zset, struct slice member)
{
    double score;
    bool found = zset_score(zset, member, &score);

    if (found) {
        zset_take(zset, member, score);
    }
    return found;
}
