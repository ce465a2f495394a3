/* Rows lie in the order of their coded keys, which is that of the set but for members that share their first
 * KEYCODE_NAME_PREFIX_BYTES and score: if one of them is long, its hash stands for the rest. A walk that meets such a
 * run gathers it whole and sorts it by the full bytes. A run's members are neighbours in either order, so ranks outside
 * of it are right whichever is counted. */
#include "storage/value/zset_walk.h"
#include "base/assert.h"
#include "base/memory.h"
#include "storage/keyspace/field.h"
#include "storage/keyspace/keycode.h"
#include "storage/keyspace/row_scan.h"
#include "storage/memtable/view_cursor.h"
#include "storage/value/zset_memo.h"
#include "storage/value/zset_rank.h"
#include <math.h>

/* So many steps are walked rather than counts made for it: a small set, or a place near an end. */
#define NEAR_STEPS 256
/* The same for a range that may turn out to be short. */
#define PROBE_STEPS 64

bool zset_cut_is_at_end(const struct zset_cut *cut)
{
    return cut->kind == ZSET_CUT_END ||
           (cut->kind == ZSET_CUT_SCORE && isinf(cut->score) && (cut->score > 0) == cut->is_after);
}

bool zset_cut_precedes(const struct zset_cut *cut, double score, struct slice member)
{
    int order = 0;

    switch (cut->kind) {
    case ZSET_CUT_END:
        return !cut->is_after;
    case ZSET_CUT_SCORE:
        order = (cut->score > score) - (cut->score < score);
        break;
    case ZSET_CUT_MEMBER:
        order = slice_compare(cut->member, member);
        break;
    case ZSET_CUT_ITEM:
        order = zset_order(cut->score, cut->member, score, member);
        break;
    }
    return cut->is_after ? order < 0 : order <= 0;
}

/* Inline. */

static void parse_inline(struct zset_walk *walk)
{
    struct slice body = collection_body(walk->zset);
    struct slice rest = body;

    walk->items = memory_allocate(zset_count(walk->zset) * sizeof(*walk->items));
    while (walk->count < zset_count(walk->zset) && zset_inline_next(body, &rest, &walk->items[walk->count])) {
        walk->count++;
    }
}

static bool precedes_inline(const struct zset_walk *walk, const struct zset_cut *cut, size_t index)
{
    return zset_cut_precedes(cut, walk->items[index].score, walk->items[index].member);
}

static void begin_inline_at(struct zset_walk *walk, const struct zset_cut *cut)
{
    if (walk->is_forward) {
        while (walk->next < walk->count && !precedes_inline(walk, cut, walk->next)) {
            walk->next++;
        }
    } else {
        walk->next = walk->count;
        while (walk->next > 0 && precedes_inline(walk, cut, walk->next - 1)) {
            walk->next--;
        }
    }
}

/* Take one step in a row of `count` things; false at its end. */
static bool take_index(bool is_forward, size_t count, size_t *next, size_t *index)
{
    if (is_forward ? *next == count : *next == 0) {
        return false;
    }
    *index = is_forward ? (*next)++ : --*next;
    return true;
}

/* Rows. */

/* The row's coded key without generation: score and coded name. */
static void parse_row(const struct view_cursor *cursor, double *score, struct slice *coded_name, struct slice *member)
{
    struct slice value = view_cursor_value(cursor);
    uint64_t generation;

    ASSERT(keycode_parse_score(view_cursor_key(cursor), &generation, score, coded_name)); /* K4 */
    ASSERT(keycode_take_full_name(*coded_name, &value, member));
    if (value.len > 0) {
        *score = -0.0;
    }
}

static bool may_be_in_run(struct slice name)
{
    return name.len >= KEYCODE_NAME_PREFIX_BYTES;
}

/* The begin of the coded keys of a run: generation, score, the names' common bytes. */
static void code_run(const struct zset_walk *walk, double score, struct slice name, struct keycode *code)
{
    keycode_score(code, walk->zset->entry.generation, score, slice_first(name, KEYCODE_NAME_PREFIX_BYTES), 0);
}

/* Let the cursor stand on the first row beyond the run, in the walk's direction. */
static void pass_run(struct zset_walk *walk, struct slice prefix)
{
    if (!walk->is_forward) {
        walk->is_standing = zset_memo_seek_before(walk->zset, prefix, walk->cursor);
    }
    walk->is_over = !walk->is_standing;
}

/* Gather the run of rows that begin with `prefix`, which may be none. */
static void gather(struct zset_walk *walk, struct slice prefix)
{
    bool found = view_cursor_seek(walk->cursor, prefix);

    zset_batch_clear(&walk->run);
    while (found && slice_starts_with(view_cursor_key(walk->cursor), prefix)) {
        struct slice coded_name;
        struct slice member;
        double score;

        parse_row(walk->cursor, &score, &coded_name, &member);
        zset_batch_add(&walk->run, member, score);
        found = view_cursor_next(walk->cursor);
    }
    zset_batch_sort(&walk->run);
    walk->is_in_run = true;
    walk->run_next = walk->is_forward ? 0 : walk->run.count;
    walk->is_standing = found;
    pass_run(walk, prefix);
}

/* Stand where the cursor was put; false is nowhere. */
static void stand(struct zset_walk *walk, bool found)
{
    walk->is_standing = found;
    walk->is_over = !found;
}

static void begin_rows_end(struct zset_walk *walk)
{
    walk->left = zset_count(walk->zset);
    stand(walk, walk->is_forward ? zset_memo_seek_first(walk->zset, walk->cursor)
                                 : zset_memo_seek_last(walk->zset, walk->cursor));
}

/* The score that stands for all scores of a set where they should be equal: that of the end where the walk would
 * begin. The cursor moves. */
static double common_score(const struct zset_walk *walk)
{
    struct slice coded_name;
    struct slice member;
    double score = 0;

    if (walk->is_forward ? zset_memo_seek_first(walk->zset, walk->cursor)
                         : zset_memo_seek_last(walk->zset, walk->cursor)) {
        parse_row(walk->cursor, &score, &coded_name, &member);
    }
    return score;
}

/* The coded key such that rows from it on are behind the cut, those before it before. For a member that may be in a
 * run: the run's begin, and true. Not for an end. */
static bool code_cut(const struct zset_walk *walk, const struct zset_cut *cut, struct keycode *code)
{
    uint64_t generation = walk->zset->entry.generation;
    double score = cut->score;

    if (cut->kind == ZSET_CUT_SCORE) {
        keycode_prefix(code, generation);
        keycode_add_be64(code, keycode_order_double(score) + cut->is_after);
        return false;
    }
    if (cut->kind == ZSET_CUT_MEMBER) {
        score = common_score(walk);
    }
    if (may_be_in_run(cut->member)) {
        code_run(walk, score, cut->member, code);
        return true;
    }
    keycode_score(code, generation, score, cut->member, 0);
    if (cut->is_after) {
        keycode_add_byte(code, 0); /* The next of all keys. */
    }
    return false;
}

/* Names of the gathered run that are before the cut. */
static size_t count_in_run(const struct zset_walk *walk, const struct zset_cut *cut)
{
    size_t count = 0;

    while (count < walk->run.count &&
           !zset_cut_precedes(cut, zset_batch_score(&walk->run, count), zset_batch_member(&walk->run, count))) {
        count++;
    }
    return count;
}

static void begin_rows_at(struct zset_walk *walk, const struct zset_cut *cut)
{
    struct keycode code;

    if (zset_cut_is_at_end(cut)) {
        if (cut->is_after == walk->is_forward) {
            walk->is_over = true;
        } else {
            begin_rows_end(walk);
        }
    } else if (code_cut(walk, cut, &code)) {
        gather(walk, keycode_slice(&code));
        walk->run_next = count_in_run(walk, cut);
    } else {
        stand(walk, walk->is_forward ? zset_memo_seek(walk->zset, keycode_slice(&code), walk->cursor)
                                     : zset_memo_seek_before(walk->zset, keycode_slice(&code), walk->cursor));
    }
}

/* Put the cursor on the row with `rank` rows before it, in their own order. */
static bool seek_rank(struct zset_walk *walk, uint64_t rank)
{
    uint64_t count = zset_count(walk->zset);
    bool is_near_first = rank < NEAR_STEPS;
    uint64_t steps = is_near_first ? rank : count - 1 - rank;
    bool found;

    if (steps >= NEAR_STEPS) {
        return zset_rank_seek(zset_memo_rank(walk->zset), rank, walk->cursor);
    }
    found =
        is_near_first ? zset_memo_seek_first(walk->zset, walk->cursor) : zset_memo_seek_last(walk->zset, walk->cursor);
    for (; found && steps > 0; steps--) {
        found = is_near_first ? view_cursor_next(walk->cursor) : view_cursor_prev(walk->cursor);
    }
    return found;
}

static void begin_rows_rank(struct zset_walk *walk, uint64_t rank)
{
    struct slice coded_name;
    struct slice member;
    struct keycode code;
    size_t offset = 0;
    double score;

    ASSERT(seek_rank(walk, rank));
    walk->left = walk->is_forward ? zset_count(walk->zset) - rank : rank + 1;
    stand(walk, true);
    parse_row(walk->cursor, &score, &coded_name, &member);
    if (!may_be_in_run(coded_name)) {
        return;
    }
    /* As many members of the run are before the wanted one as rows before this row. */
    code_run(walk, score, member, &code);
    while (view_cursor_prev(walk->cursor) && slice_starts_with(view_cursor_key(walk->cursor), keycode_slice(&code))) {
        offset++;
    }
    gather(walk, keycode_slice(&code));
    walk->run_next = walk->is_forward ? offset : offset + 1;
}

static bool next_row(struct zset_walk *walk)
{
    if (!walk->is_standing && !walk->is_over) {
        stand(walk, walk->is_forward ? view_cursor_next(walk->cursor) : view_cursor_prev(walk->cursor));
    }
    walk->is_standing = false;
    return !walk->is_over;
}

static bool next_in_run(struct zset_walk *walk, struct slice *member, double *score)
{
    size_t index;

    if (!take_index(walk->is_forward, walk->run.count, &walk->run_next, &index)) {
        walk->is_in_run = false;
        return false;
    }
    *member = zset_batch_member(&walk->run, index);
    *score = zset_batch_score(&walk->run, index);
    return true;
}

/* Walks. */

static void init(struct zset_walk *walk, const struct collection *zset, bool is_forward)
{
    *walk = (struct zset_walk){.zset = zset, .is_forward = is_forward, .left = UINT64_MAX};
    zset_batch_init(&walk->run);
    if (collection_is_inline(zset)) {
        parse_inline(walk);
    } else {
        struct keycode prefix;

        keycode_prefix(&prefix, zset->entry.generation);
        walk->cursor = view_cursor_create(keyspace_view(zset->keyspace), TABLE_SCORES, keycode_slice(&prefix));
    }
}

void zset_walk_begin(struct zset_walk *walk, const struct collection *zset, bool is_forward)
{
    init(walk, zset, is_forward);
    if (walk->cursor == NULL) {
        walk->next = is_forward ? 0 : walk->count;
    } else {
        begin_rows_end(walk);
    }
}

void zset_walk_begin_at(struct zset_walk *walk, const struct collection *zset, const struct zset_cut *cut,
                        bool is_forward)
{
    init(walk, zset, is_forward);
    if (walk->cursor == NULL) {
        begin_inline_at(walk, cut);
    } else {
        begin_rows_at(walk, cut);
    }
}

void zset_walk_begin_rank(struct zset_walk *walk, const struct collection *zset, uint64_t rank, bool is_forward)
{
    init(walk, zset, is_forward);
    if (rank >= zset_count(zset)) {
        walk->is_over = true;
        walk->next = is_forward ? walk->count : 0;
    } else if (walk->cursor == NULL) {
        walk->next = (size_t)rank + !is_forward;
    } else {
        begin_rows_rank(walk, rank);
    }
}

bool zset_walk_next(struct zset_walk *walk, struct slice *member, double *score)
{
    struct slice coded_name;
    struct keycode code;
    size_t index;

    if (walk->cursor == NULL) {
        if (!take_index(walk->is_forward, walk->count, &walk->next, &index)) {
            return false;
        }
        *member = walk->items[index].member;
        *score = walk->items[index].score;
        return true;
    }
    if (walk->left == 0) {
        return false;
    }
    walk->left--;
    if (walk->is_in_run && next_in_run(walk, member, score)) {
        return true;
    }
    if (!next_row(walk)) {
        walk->left = 0;
        return false;
    }
    parse_row(walk->cursor, score, &coded_name, member);
    if (may_be_in_run(coded_name)) {
        code_run(walk, *score, coded_name, &code);
        gather(walk, keycode_slice(&code));
        return next_in_run(walk, member, score);
    }
    return true;
}

void zset_walk_end(struct zset_walk *walk)
{
    view_cursor_free(walk->cursor);
    zset_batch_release(&walk->run);
    memory_free(walk->items);
}

/* Counting. */

/* Walk on to the cut, at most `limit` steps. True if it was reached, or the end. */
static bool count_to(struct zset_walk *walk, const struct zset_cut *to, uint64_t limit, uint64_t *count)
{
    struct slice member;
    double score;

    for (*count = 0; *count < limit; ++*count) {
        if (!zset_walk_next(walk, &member, &score) || zset_cut_precedes(to, score, member)) {
            return true;
        }
    }
    return false;
}

/* In rows: those before the cut by their counts. */
static uint64_t count_rows_before(const struct collection *zset, const struct zset_cut *cut)
{
    const struct zset_rank *rank = zset_memo_rank(zset);
    struct zset_walk walk;
    struct keycode code;
    uint64_t count;

    init(&walk, zset, true);
    if (code_cut(&walk, cut, &code)) {
        gather(&walk, keycode_slice(&code));
        count = count_in_run(&walk, cut);
    } else {
        count = 0;
    }
    zset_walk_end(&walk);
    return count + zset_rank_before(rank, keycode_slice(&code));
}

uint64_t zset_count_before(const struct collection *zset, const struct zset_cut *cut)
{
    struct zset_walk walk;
    uint64_t count;

    if (zset_cut_is_at_end(cut)) {
        return cut->is_after ? zset_count(zset) : 0;
    }
    if (!collection_is_inline(zset) && zset_count(zset) > NEAR_STEPS) {
        return count_rows_before(zset, cut);
    }
    zset_walk_begin(&walk, zset, true);
    ASSERT(count_to(&walk, cut, UINT64_MAX, &count));
    zset_walk_end(&walk);
    return count;
}

uint64_t zset_count_between(const struct collection *zset, const struct zset_cut *from, const struct zset_cut *to)
{
    bool is_large = !collection_is_inline(zset) && zset_count(zset) > NEAR_STEPS;
    struct zset_walk walk;
    uint64_t count;
    uint64_t before;
    bool is_counted;

    zset_walk_begin_at(&walk, zset, from, true);
    is_counted = count_to(&walk, to, is_large ? PROBE_STEPS : UINT64_MAX, &count);
    zset_walk_end(&walk);
    if (is_counted) {
        return count;
    }
    before = zset_count_before(zset, from);
    count = zset_count_before(zset, to);
    return count > before ? count - before : 0;
}

uint64_t zset_rank_of(const struct collection *zset, struct slice member, double score)
{
    struct zset_cut cut = {.kind = ZSET_CUT_ITEM, .score = score, .member = member};

    return zset_count_before(zset, &cut);
}

/* Pages. */

static void visit_row(void *context, struct slice coded_key, struct slice row)
{
    const struct zset_visitor *visitor = context;
    struct slice member;
    struct slice value;
    uint64_t bits;
    double score;

    field_parse(coded_key, row, &member, &value);
    ASSERT(value.len == sizeof(bits)); /* K4 */
    bits = bytes_get_le64(value.data);
    memcpy(&score, &bits, sizeof(score));
    visitor->visit(visitor->context, member, score);
}

uint64_t zset_scan(const struct collection *zset, uint64_t cursor, size_t count, const struct zset_visitor *visitor)
{
    struct row_scan_visitor rows = {.visit = visit_row, .context = (void *)(uintptr_t)visitor};
    struct zset_walk walk;
    struct slice member;
    double score;

    if (!collection_is_inline(zset)) {
        return row_scan(zset->keyspace, zset->entry.generation, cursor, count, &rows);
    }
    zset_walk_begin(&walk, zset, true);
    while (zset_walk_next(&walk, &member, &score)) {
        visitor->visit(visitor->context, member, score);
    }
    zset_walk_end(&walk);
    return 0;
}
