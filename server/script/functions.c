#include "server/script/functions.h"
#include "base/diag.h"
#include "base/memory.h"
#include "server/request/reply.h"
#include "server/script/script_internal.h"
#include "server/services.h"
#include "storage/keyspace/library_rows.h"
#include "storage/rdb/rdb_input.h"
#include "storage/rdb/rdb_lzf.h"
#include "storage/rdb/rdb_output.h"
#include "storage/rdb/rdb_write.h"
#include "storage/store.h"

/* --- What the rows say --- */

static void read_row(void *context, struct slice code)
{
    struct script *script = context;
    const struct function_set_load load = {.code = code, .is_trusted = true};
    struct library *none;

    buf_clear(&script->text);
    if (function_set_load(&script->functions, &load, &none, &script->text) == NULL) {
        diag(DIAG_WARNING, "a library of functions is kept and cannot be used: %.*s", (int)script->text.len,
             buf_slice(&script->text).data);
    }
}

static struct function_set *all(struct script *script)
{
    if (!script->has_functions) {
        script->has_functions = true;
        library_rows_visit(store_keyspace(script->services->store), read_row, script);
    }
    return &script->functions;
}

const struct function_set *functions_all(struct script *script)
{
    return all(script);
}

void functions_note_replaced(struct script *script)
{
    function_set_release(&script->functions);
    function_set_init(&script->functions, script->function_vm);
    script->has_functions = false;
}

/* --- Changes: rows and set together --- */

static struct slice code_of(const struct library *library)
{
    return slice_make(library->code, library->code_len);
}

static enum status reply_text_of(const struct script *script, struct reply *reply)
{
    return reply_error(reply, "%.*s", (int)script->text.len, buf_slice(&script->text).data);
}

enum status functions_load(struct call *call, struct slice code, bool replaces, struct reply *reply)
{
    struct script *script = call->services->script;
    const struct function_set_load load = {.code = code, .replaces = replaces, .is_trusted = call->is_replay};
    struct function_set *set = all(script);
    struct library *replaced;
    struct library *library;

    buf_clear(&script->text);
    library = function_set_load(set, &load, &replaced, &script->text);
    if (library == NULL) {
        return reply_text_of(script, reply);
    }
    if (replaced != NULL) {
        (void)library_rows_delete(call->keyspace, code_of(replaced));
        library_free(set->vm, replaced);
    }
    library_rows_put(call->keyspace, code);
    call->changes++;
    reply_bulk_text(reply, library->name);
    return STATUS_OK;
}

/* Rows first: this frees the text. */
static void drop(struct call *call, struct function_set *set, struct library *library)
{
    (void)library_rows_delete(call->keyspace, code_of(library));
    function_set_remove(set, library);
    library_free(set->vm, library);
}

enum status functions_delete(struct call *call, struct slice library_name)
{
    struct function_set *set = all(call->services->script);
    struct library *library = function_set_find_library(set, library_name);

    if (library == NULL) {
        return STATUS_NOT_FOUND;
    }
    drop(call, set, library);
    call->changes++;
    return STATUS_OK;
}

/* Also those that could not be loaded. */
static void collect_code(void *context, struct slice code)
{
    struct slice *copy = slice_copy_all(&code, 1);

    buf_put(context, slice_make(&copy, sizeof(copy)));
}

static void delete_rows(struct keyspace *keyspace)
{
    struct buf copies; /* Pointers: rows may not change while they are visited. */

    buf_init(&copies, BUF_NO_CEILING);
    library_rows_visit(keyspace, collect_code, &copies);
    for (size_t at = 0; at < copies.len; at += sizeof(struct slice *)) {
        struct slice *copy;

        memcpy(&copy, buf_slice(&copies).data + at, sizeof(copy));
        (void)library_rows_delete(keyspace, *copy);
        memory_free(copy);
    }
    buf_release(&copies);
}

void functions_flush(struct call *call)
{
    struct script *script = call->services->script;

    delete_rows(call->keyspace);
    functions_note_replaced(script);
    call->changes++; /* Logged even if there were none, as in Redis. */
}

/* --- Payloads --- */

static enum status read_payload(void *context, char *to, size_t len, size_t *read_len)
{
    struct slice *rest = context;

    *read_len = len < rest->len ? len : rest->len;
    memcpy(to, rest->data, *read_len);
    *rest = slice_after(*rest, *read_len);
    return STATUS_OK;
}

/* One library of a payload into `set`. */
static bool take_library(struct rdb_input *input, struct function_set *set, bool is_trusted, struct buf *error)
{
    struct function_set_load load = {.is_trusted = is_trusted};
    struct library *none;
    struct buf code;
    unsigned opcode = 0;
    bool is_good = false;

    if (rdb_input_byte(input, &opcode) != STATUS_OK) {
        buf_put_text(error, "ERR can not read data type");
        return false;
    }
    if (opcode != RDB_OPCODE_FUNCTION2) {
        buf_put_text(error, "ERR given type is not a function");
        return false;
    }
    buf_init(&code, BUF_NO_CEILING);
    if (rdb_input_string(input, &code) == STATUS_OK) {
        load.code = buf_slice(&code);
        is_good = function_set_load(set, &load, &none, error) != NULL;
    } else {
        buf_put_text(error, "ERR Failed loading library code");
    }
    buf_release(&code);
    return is_good;
}

static bool take_payload(struct slice body, struct function_set *set, bool is_trusted, struct buf *error)
{
    const struct rdb_source source = {.read = read_payload, .context = &body};
    size_t len = body.len;
    struct rdb_problem problem;
    struct rdb_input input;
    bool is_good = true;

    rdb_input_init(&input, &source, RDB_STRING_BYTES_MAX, &problem);
    while (is_good && rdb_input_offset(&input) < len) {
        is_good = take_library(&input, set, is_trusted, error);
    }
    rdb_input_release(&input);
    return is_good;
}

static void delete_row(void *context, const struct library *library)
{
    struct call *call = context;

    (void)library_rows_delete(call->keyspace, code_of(library));
}

static bool join(struct call *call, struct function_set *from, enum functions_policy policy)
{
    struct script *script = call->services->script;
    const struct function_set_join options = {
        .replaces = policy == FUNCTIONS_REPLACE, .removed = delete_row, .context = call};

    if (policy == FUNCTIONS_FLUSH) {
        functions_flush(call);
        script->has_functions = true;
    }
    if (!function_set_join(all(script), from, &options, &script->text)) {
        return false;
    }
    LIST_FOR_EACH(&script->functions.libraries, node)
    {
        library_rows_put(call->keyspace, code_of(LIST_ENTRY(node, struct library, node)));
    }
    return true;
}

enum status functions_restore(struct call *call, struct slice payload, enum functions_policy policy,
                              struct reply *reply)
{
    struct script *script = call->services->script;
    struct function_set from;
    struct slice body;
    bool is_good;

    if (rdb_check_value_footer(payload, &body) != STATUS_OK) {
        return reply_error(reply, "ERR DUMP payload version or checksum are wrong");
    }
    buf_clear(&script->text);
    function_set_init(&from, script->function_vm);
    is_good = take_payload(body, &from, call->is_replay, &script->text) && join(call, &from, policy);
    function_set_release(&from);
    if (!is_good) {
        return reply_text_of(script, reply);
    }
    call->changes++;
    reply_ok(reply);
    return STATUS_OK;
}

void functions_dump(struct script *script, struct reply *reply)
{
    struct rdb_lzf lzf;
    struct buf payload;

    rdb_lzf_init(&lzf);
    buf_init(&payload, BUF_NO_CEILING);
    LIST_FOR_EACH(&all(script)->libraries, node)
    {
        buf_put_byte(&payload, (char)RDB_OPCODE_FUNCTION2);
        rdb_put_short_string(&payload, &lzf, code_of(LIST_ENTRY(node, struct library, node)));
    }
    rdb_put_value_footer(&payload, 0);
    reply_bulk(reply, buf_slice(&payload));
    buf_release(&payload);
    rdb_lzf_release(&lzf);
}

/* --- Running --- */

bool functions_has(struct script *script, struct slice name)
{
    return function_set_find(all(script), name) != NULL;
}

enum status functions_run(struct call *call, struct slice name, const struct script_arguments *arguments,
                          struct reply *reply)
{
    struct script *script = call->services->script;
    const struct function *function = function_set_find(all(script), name);
    struct script_run run = {
        .script = script, .vm = script->function_vm, .is_function = true, .is_read_only = arguments->is_read_only};

    if (function == NULL) {
        return reply_error(reply, "ERR Function not found");
    }
    run.name = function->name;
    run.function = function->callback;
    run.flags = function->flags;
    return script_run(&run, call, arguments, reply);
}

uint32_t functions_flags_of(struct script *script, struct slice name, uint32_t flags)
{
    const struct function *function = function_set_find(all(script), name);

    return function == NULL ? flags : script_apply_flags(function->flags, flags);
}
