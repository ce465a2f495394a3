/* BITFIELD: a string as numbers of any width at any bit. */
#include "base/bits.h"
#include "base/memory.h"
#include "server/commands/call_reads.h"
#include "server/commands/cmd_bitmap.h"
#include "server/commands/cmd_string.h"
#include "server/request/args.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "storage/value/string_bits.h"
#include "storage/value/string_store.h"

enum operation_kind { OPERATION_GET, OPERATION_SET, OPERATION_INCRBY };

struct operation {
    enum operation_kind kind;
    struct bits_form form;
    uint64_t first; /* Bit. */
    int64_t value;  /* Of SET and INCRBY. */
    enum bits_overflow overflow;
};

struct operations {
    struct operation *list; /* Owned. */
    size_t count;
    uint64_t written_end; /* Past the last bit that one may write; 0 if all are reads. */
};

/* "i1" to "i64", "u1" to "u63". */
static bool parse_form(struct slice word, struct bits_form *form)
{
    int64_t width;

    word.len = strnlen(word.data, word.len); /* Redis reads up to the first NUL. */
    if (word.len < 2 || (word.data[0] != 'i' && word.data[0] != 'u')) {
        return false;
    }
    form->is_signed = word.data[0] == 'i';
    if (args_int64_within(slice_after(word, 1), 1, form->is_signed ? 64 : 63, &width) != STATUS_OK) {
        return false;
    }
    form->width = (unsigned)width;
    return true;
}

static bool parse_overflow(struct slice word, enum bits_overflow *overflow)
{
    static const char *const words[] = {"wrap", "sat", "fail"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (args_is(word, words[i])) {
            *overflow = (enum bits_overflow)i;
            return true;
        }
    }
    return false;
}

/* The word of an operation that at least so many words follow as it wants; their number in `*wanted`. */
static bool parse_kind(struct slice word, size_t following, enum operation_kind *kind, size_t *wanted)
{
    static const struct {
        const char *word;
        size_t wanted;
    } kinds[] = {[OPERATION_GET] = {"get", 2}, [OPERATION_SET] = {"set", 3}, [OPERATION_INCRBY] = {"incrby", 3}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (args_is(word, kinds[i].word) && following >= kinds[i].wanted) {
            *kind = (enum operation_kind)i;
            *wanted = kinds[i].wanted;
            return true;
        }
    }
    return false;
}

/* The words after an operation's name. */
static enum status parse_operation(struct reply *reply, const struct slice *words, struct operation *operation,
                                   uint64_t *written_end)
{
    enum status status;

    if (!parse_form(words[0], &operation->form)) {
        return reply_error(reply, "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not "
                                  "supported but i64 is.");
    }
    status = bitmap_parse_offset(reply, words[1], operation->form.width, &operation->first);
    if (status != STATUS_OK || operation->kind == OPERATION_GET) {
        return status;
    }
    if (operation->first + operation->form.width > *written_end) {
        *written_end = operation->first + operation->form.width;
    }
    return args_int64(words[2], &operation->value);
}

static enum status parse(struct call *call, struct reply *reply, struct operations *operations)
{
    enum bits_overflow overflow = BITS_OVERFLOW_WRAP;
    size_t wanted;

    for (size_t i = 2; i < call->argc; i += 1 + wanted) {
        struct operation *operation = &operations->list[operations->count];
        enum operation_kind kind;
        size_t following = call->argc - i - 1;
        enum status status;

        if (args_is(call->argv[i], "overflow") && following >= 1) {
            if (!parse_overflow(call->argv[i + 1], &overflow)) {
                return reply_error(reply, "ERR Invalid OVERFLOW type specified");
            }
            wanted = 1;
            continue;
        }
        if (!parse_kind(call->argv[i], following, &kind, &wanted)) {
            return STATUS_SYNTAX;
        }
        *operation = (struct operation){.kind = kind, .overflow = overflow};
        status = parse_operation(reply, call->argv + i + 1, operation, &operations->written_end);
        if (status != STATUS_OK) {
            return status;
        }
        operations->count++;
    }
    return STATUS_OK;
}

static void reply_number(struct reply *reply, struct bits_form form, uint64_t value)
{
    reply_integer(reply, form.is_signed ? bits_extend_sign(value, form.width) : (int64_t)value);
}

static struct string_bits_place place_of(const struct operation *operation)
{
    return (struct string_bits_place){.first = operation->first, .width = operation->form.width};
}

/* SET and INCRBY on a string that reaches far enough. Returns whether the number is another one now. */
static bool change_number(struct call *call, struct reply *reply, const struct entry *entry,
                          const struct operation *operation)
{
    struct bits_form form = operation->form;
    uint64_t old = string_bits_get(call->keyspace, entry, place_of(operation));
    uint64_t base = form.is_signed ? (uint64_t)bits_extend_sign(old, form.width) : old;
    bool is_set = operation->kind == OPERATION_SET;
    uint64_t next;

    if (!bits_add(form, is_set ? (uint64_t)operation->value : base, is_set ? 0 : operation->value, operation->overflow,
                  &next)) {
        reply_null(reply);
        return false;
    }
    if (next != old) {
        string_bits_put(call->keyspace, call->db, call->argv[1], place_of(operation), next);
    }
    reply_number(reply, form, is_set ? old : next);
    return next != old;
}

/* All operations, in order, each on what the ones before it have left. */
static void execute(struct call *call, struct reply *reply, const struct operations *operations,
                    const struct entry *first_entry, bool grew)
{
    struct slice key = call->argv[1];
    bool changed = grew;
    bool reads_alone = operations->written_end == 0;

    reply_array(reply, operations->count);
    for (size_t i = 0; i < operations->count; i++) {
        const struct operation *operation = &operations->list[i];
        struct entry entry;
        const struct entry *place = first_entry;

        if (!reads_alone) {
            place = string_find(call, key, &entry) == STATUS_OK ? &entry : NULL;
        }
        if (operation->kind == OPERATION_GET) {
            reply_number(reply, operation->form, string_bits_get(call->keyspace, place, place_of(operation)));
        } else {
            changed = change_number(call, reply, &entry, operation) || changed;
        }
    }
    if (changed) { /* Growing alone counts, too: Redis forgets to replicate it. */
        call->changes++;
        notify_key(call, NOTIFY_STRING, "setbit", call->db, key);
    }
}

static enum status run(struct call *call, struct reply *reply, struct operations *operations, bool is_read_only)
{
    struct entry entry;
    bool grew = false;
    enum status status = parse(call, reply, operations);

    if (status != STATUS_OK) {
        return status;
    }
    if (operations->written_end != 0 && is_read_only) {
        return reply_error(reply, "ERR BITFIELD_RO only supports the GET subcommand");
    }
    if (operations->written_end > (uint64_t)STRING_BYTES_MAX * 8) {
        return reply_error(reply, "ERR bit offset is not an integer or out of range");
    }
    status = string_find(call, call->argv[1], &entry);
    if (operations->written_end == 0) {
        call_count_read_of_writer(call, call->argv[1], status != STATUS_NOT_FOUND);
    }
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    if (operations->written_end != 0) {
        grew = string_bits_reach(call->keyspace, call->db, call->argv[1], status == STATUS_OK ? &entry : NULL,
                                 operations->written_end);
    }
    execute(call, reply, operations, status == STATUS_OK ? &entry : NULL, grew);
    return STATUS_OK;
}

static enum status run_operations(struct call *call, struct reply *reply, bool is_read_only)
{
    struct operations operations = {.list = memory_allocate(call->argc * sizeof(struct operation))};
    enum status status = run(call, reply, &operations, is_read_only);

    memory_free(operations.list);
    return status;
}

/* BITFIELD key [GET type offset | [OVERFLOW WRAP|SAT|FAIL] SET type offset value | INCRBY type offset n ...]. */
static enum status run_bitfield(struct call *call, struct reply *reply)
{
    return run_operations(call, reply, false);
}

static enum status run_bitfield_ro(struct call *call, struct reply *reply)
{
    return run_operations(call, reply, true);
}

/* BITFIELD reads alone if all its operations do. */
static uint32_t bitfield_key_flags(const struct slice *argv, size_t argc)
{
    size_t wanted;

    for (size_t i = 2; i < argc; i += 1 + wanted) {
        enum operation_kind kind;

        wanted = 1;
        if (args_is(argv[i], "overflow") && argc - i > 1) {
            continue;
        }
        if (!parse_kind(argv[i], argc - i - 1, &kind, &wanted) || kind != OPERATION_GET) {
            return KEY_RW | KEY_ACCESS | KEY_UPDATE;
        }
    }
    return KEY_RO | KEY_ACCESS;
}

const struct command bitfield_commands[] = {
    {.name = "bitfield",
     .summary = "Perform arbitrary bitfield integer operations on strings",
     .since = "3.2.0",
     .complexity = "O(1) for each subcommand specified",
     .group = "bitmap",
     .arity = -2,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_BITMAP,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS, 1, 0, 1)},
     .key_flags = bitfield_key_flags,
     .run = run_bitfield},
    {.name = "bitfield_ro",
     .summary = "Perform arbitrary bitfield integer operations on strings. Read-only variant of BITFIELD",
     .since = "6.0.0",
     .complexity = "O(1) for each subcommand specified",
     .group = "bitmap",
     .arity = -2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_BITMAP,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_bitfield_ro},
    {.name = NULL},
};
