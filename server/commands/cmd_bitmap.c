/* Strings as bitmaps: single bits, counting, searching, combining. Numbers of several bits: cmd_bitfield.c. */
#include "server/commands/cmd_bitmap.h"
#include "base/memory.h"
#include "server/commands/call_reads.h"
#include "server/commands/cmd_string.h"
#include "server/request/args.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "storage/value/string_bits.h"
#include "storage/value/string_store.h"

enum status bitmap_parse_offset(struct reply *reply, struct slice argument, unsigned width, uint64_t *offset)
{
    bool is_multiple = width != 0 && argument.len > 0 && argument.data[0] == '#';
    int64_t parsed = -1;

    if (args_int64(is_multiple ? slice_after(argument, 1) : argument, &parsed) == STATUS_OK && is_multiple) {
        parsed = (int64_t)((uint64_t)parsed * width); /* Redis wraps around, too. */
    }
    if (parsed < 0 || parsed / 8 >= STRING_BYTES_MAX) {
        return reply_error(reply, "ERR bit offset is not an integer or out of range");
    }
    *offset = (uint64_t)parsed;
    return STATUS_OK;
}

static struct string_bits_place bit_place(uint64_t offset)
{
    return (struct string_bits_place){.first = offset, .width = 1};
}

/* SETBIT key offset 0|1: the bit that was there. */
static enum status run_setbit(struct call *call, struct reply *reply)
{
    struct slice key = call->argv[1];
    struct entry entry;
    uint64_t offset;
    int64_t bit;
    bool grew;
    bool old;
    enum status status = bitmap_parse_offset(reply, call->argv[2], 0, &offset);

    if (status != STATUS_OK) {
        return status;
    }
    if (args_int64_within(call->argv[3], 0, 1, &bit) != STATUS_OK) {
        return reply_error(reply, "ERR bit is not an integer or out of range");
    }
    status = string_find(call, key, &entry);
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    old = status == STATUS_OK && string_bits_get(call->keyspace, &entry, bit_place(offset)) != 0;
    grew = string_bits_reach(call->keyspace, call->db, key, status == STATUS_OK ? &entry : NULL, offset + 1);
    if (old != (bit == 1)) {
        string_bits_put(call->keyspace, call->db, key, bit_place(offset), (uint64_t)bit);
    }
    if (grew || old != (bit == 1)) {
        call->changes++;
        notify_key(call, NOTIFY_STRING, "setbit", call->db, key);
    }
    reply_integer(reply, old);
    return STATUS_OK;
}

/* GETBIT key offset: 0 beyond the end. */
static enum status run_getbit(struct call *call, struct reply *reply)
{
    struct entry entry;
    uint64_t offset;
    enum status status = bitmap_parse_offset(reply, call->argv[2], 0, &offset);

    if (status != STATUS_OK) {
        return status;
    }
    status = string_find(call, call->argv[1], &entry);
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    reply_integer(reply, status == STATUS_OK ? (int64_t)string_bits_get(call->keyspace, &entry, bit_place(offset)) : 0);
    return STATUS_OK;
}

/* The range of BITCOUNT and BITPOS. */
struct bit_range {
    int64_t first; /* As given, then clamped. */
    int64_t last;
    bool is_empty; /* Said so by its words alone. */
    bool is_bits;  /* Positions are those of bits. */
    bool has_last;
};

static enum status parse_unit(struct slice word, struct bit_range *range)
{
    range->is_bits = args_is(word, "bit");
    return range->is_bits || args_is(word, "byte") ? STATUS_OK : STATUS_SYNTAX;
}

/* BITCOUNT's `[start end [BYTE|BIT]]`. Redis reads no unit where the end is before the start. */
static enum status parse_count_range(const struct call *call, struct bit_range *range)
{
    *range = (struct bit_range){.first = 0, .last = -1};
    if (call->argc == 2) {
        return STATUS_OK;
    }
    if (call->argc == 3 || call->argc > 5) {
        return STATUS_SYNTAX;
    }
    if (args_int64(call->argv[2], &range->first) != STATUS_OK || args_int64(call->argv[3], &range->last) != STATUS_OK) {
        return STATUS_NOT_INTEGER;
    }
    range->is_empty = range->first < 0 && range->last < 0 && range->first > range->last;
    return call->argc == 5 && !range->is_empty ? parse_unit(call->argv[4], range) : STATUS_OK;
}

/* BITPOS' `[start [end [BYTE|BIT]]]`, the unit before the end. */
static enum status parse_search_range(const struct call *call, struct bit_range *range)
{
    *range = (struct bit_range){.first = 0, .last = -1, .has_last = call->argc >= 5};
    if (call->argc > 6) {
        return STATUS_SYNTAX;
    }
    if (call->argc >= 4 && args_int64(call->argv[3], &range->first) != STATUS_OK) {
        return STATUS_NOT_INTEGER;
    }
    if (call->argc == 6 && parse_unit(call->argv[5], range) != STATUS_OK) {
        return STATUS_SYNTAX;
    }
    return range->has_last ? args_int64(call->argv[4], &range->last) : STATUS_OK;
}

static int64_t clamp(int64_t position, int64_t len)
{
    position = position < 0 ? position + len : position;
    return position < 0 ? 0 : position;
}

/* The range in a string of `len` bytes as bits from `*first` to `*end` - 1; false if it is empty. */
static bool place_range(const struct bit_range *range, size_t len, uint64_t *first, uint64_t *end)
{
    int64_t unit = range->is_bits ? 1 : 8;
    int64_t total = (int64_t)len * 8 / unit;
    int64_t from = clamp(range->first, total);
    int64_t to = clamp(range->last, total);

    to = to >= total ? total - 1 : to;
    if (range->is_empty || from > to) {
        return false;
    }
    *first = (uint64_t)(from * unit);
    *end = (uint64_t)((to + 1) * unit);
    return true;
}

/* BITCOUNT key [start end [BYTE|BIT]]. */
static enum status run_bitcount(struct call *call, struct reply *reply)
{
    struct bit_range range;
    struct entry entry;
    uint64_t first;
    uint64_t end;
    uint64_t count = 0;
    enum status status = string_find(call, call->argv[1], &entry);

    if (status == STATUS_NOT_FOUND) { /* Before anything else is looked at. */
        reply_integer(reply, 0);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = parse_count_range(call, &range);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (place_range(&range, string_len(&entry), &first, &end)) {
        count = string_bits_count(call->keyspace, &entry, first, end);
    }
    reply_integer(reply, (int64_t)count);
    return STATUS_OK;
}

/* Where the bit is; -1 if it is nowhere. */
static int64_t find_bit(const struct call *call, const struct entry *entry, bool bit, const struct bit_range *range)
{
    uint64_t first;
    uint64_t end;
    uint64_t found;

    if (!place_range(range, string_len(entry), &first, &end)) {
        return -1;
    }
    found = string_bits_find(call->keyspace, entry, bit, first, end);
    /* Without an end the string goes on in zeros. */
    return found < end || (!bit && !range->has_last) ? (int64_t)found : -1;
}

/* BITPOS key 0|1 [start [end [BYTE|BIT]]]. */
static enum status run_bitpos(struct call *call, struct reply *reply)
{
    struct bit_range range;
    struct entry entry;
    int64_t bit;
    enum status status;

    if (args_int64(call->argv[2], &bit) != STATUS_OK) {
        return STATUS_NOT_INTEGER;
    }
    if (bit != 0 && bit != 1) {
        return reply_error(reply, "ERR The bit argument must be 1 or 0.");
    }
    status = string_find(call, call->argv[1], &entry);
    if (status == STATUS_NOT_FOUND) { /* Zeros without end. */
        reply_integer(reply, bit == 1 ? -1 : 0);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = parse_search_range(call, &range);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply_integer(reply, find_bit(call, &entry, bit == 1, &range));
    return STATUS_OK;
}

enum bitop { BITOP_AND, BITOP_OR, BITOP_XOR, BITOP_NOT };

static bool parse_bitop(struct slice word, enum bitop *operation)
{
    static const char *const words[] = {"and", "or", "xor", "not"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (args_is(word, words[i])) {
            *operation = (enum bitop)i;
            return true;
        }
    }
    return false;
}

struct operands {
    struct entry *entries;       /* Owned. */
    const struct entry **places; /* Owned; NULL for an absent key. */
    size_t count;
    size_t longest; /* In bytes. */
};

static void release_operands(struct operands *operands)
{
    memory_free(operands->entries);
    memory_free(operands->places);
}

static enum status find_operands(struct call *call, struct operands *operands)
{
    *operands = (struct operands){.count = call->argc - 3};
    operands->entries = memory_allocate(operands->count * sizeof(*operands->entries));
    operands->places = memory_allocate_zeroed(operands->count * sizeof(*operands->places));
    for (size_t i = 0; i < operands->count; i++) {
        struct entry *entry = &operands->entries[i];
        enum status status = string_find(call, call->argv[3 + i], entry);

        call_count_read(call, call->argv[3 + i], status != STATUS_NOT_FOUND);
        if (status == STATUS_WRONG_TYPE) {
            release_operands(operands);
            return status;
        }
        if (status == STATUS_OK) {
            operands->places[i] = entry;
            operands->longest = string_len(entry) > operands->longest ? string_len(entry) : operands->longest;
        }
    }
    return STATUS_OK;
}

static void store_result(struct call *call, enum bitop operation, const struct operands *operands)
{
    static const enum bits_operation operations[] = {
        [BITOP_AND] = BITS_AND, [BITOP_OR] = BITS_OR, [BITOP_XOR] = BITS_XOR};
    struct string_bits_sources sources = {.entries = operands->places, .count = operands->count};
    struct slice to = call->argv[2];

    if (operation == BITOP_NOT) {
        string_bits_invert(call->keyspace, call->db, to, operands->places[0]);
    } else {
        string_bits_combine(call->keyspace, call->db, to, operations[operation], &sources);
    }
    call->changes++;
    notify_key(call, NOTIFY_STRING, "set", call->db, to);
}

/* BITOP AND|OR|XOR|NOT destination key [key ...]: the length of the result, which is deleted if it is empty. */
static enum status run_bitop(struct call *call, struct reply *reply)
{
    struct operands operands;
    enum bitop operation;
    enum status status;

    if (!parse_bitop(call->argv[1], &operation)) {
        return STATUS_SYNTAX;
    }
    if (operation == BITOP_NOT && call->argc != 4) {
        return reply_error(reply, "ERR BITOP NOT must be called with a single source key.");
    }
    status = find_operands(call, &operands);
    if (status != STATUS_OK) {
        return status;
    }
    if (operands.longest > 0) {
        store_result(call, operation, &operands);
    } else if (keyspace_delete(call->keyspace, call->db, call->argv[2])) {
        call->changes++;
        notify_key(call, NOTIFY_GENERIC, "del", call->db, call->argv[2]);
    }
    reply_integer(reply, (int64_t)operands.longest);
    release_operands(&operands);
    return STATUS_OK;
}

const struct command bitmap_commands[] = {
    {.name = "setbit",
     .summary = "Sets or clears the bit at offset in the string value stored at key",
     .since = "2.2.0",
     .complexity = "O(1)",
     .group = "bitmap",
     .arity = 4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_BITMAP,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
     .run = run_setbit},
    {.name = "getbit",
     .summary = "Returns the bit value at offset in the string value stored at key",
     .since = "2.2.0",
     .complexity = "O(1)",
     .group = "bitmap",
     .arity = 3,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_BITMAP,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_getbit},
    {.name = "bitcount",
     .summary = "Count set bits in a string",
     .since = "2.6.0",
     .complexity = "O(N)",
     .group = "bitmap",
     .arity = -2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_BITMAP,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_bitcount},
    {.name = "bitpos",
     .summary = "Find first bit set or clear in a string",
     .since = "2.8.7",
     .complexity = "O(N)",
     .group = "bitmap",
     .arity = -3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_BITMAP,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_bitpos},
    {.name = "bitop",
     .summary = "Perform bitwise operations between strings",
     .since = "2.6.0",
     .complexity = "O(N)",
     .group = "bitmap",
     .arity = -4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_BITMAP,
     .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 2, 0, 1), KEY_RANGE(KEY_RO | KEY_ACCESS, 3, -1, 1)},
     .run = run_bitop},
    {.name = NULL},
};
