#include "server/script/function_set.h"
#include "base/clock.h"
#include "base/memory.h"
#include "server/script/function_register.h"
#include "server/script/lua_protect.h"
#include "server/script/script_error.h"
#include "server/script/script_internal.h"
#include <ctype.h>
#include <lauxlib.h>

#define CHUNK_NAME        "@user_function"
#define HOOK_INSTRUCTIONS 100000
#define LOAD_US           500000 /* The most that a library's text may run. */

/* The same for names that differ by case alone: functions are found whatever the case, libraries are not. FNV-1a. */
static uint64_t hash_of(struct slice name)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ (uint8_t)tolower((unsigned char)name.data[i])) * 1099511628211u;
    }
    return hash;
}

void function_set_init(struct function_set *set, struct script_vm *vm)
{
    *set = (struct function_set){.vm = vm};
    list_init(&set->libraries);
    hash_table_init(&set->functions);
}

struct library *function_set_find_library(const struct function_set *set, struct slice name)
{
    LIST_FOR_EACH(&set->libraries, node)
    {
        struct library *library = LIST_ENTRY(node, struct library, node);

        if (slice_equal(slice_of(library->name), name)) {
            return library;
        }
    }
    return NULL;
}

struct function *function_set_find(const struct function_set *set, struct slice name)
{
    struct function *found = NULL;

    for (struct hash_node *node = hash_table_first(&set->functions, hash_of(name)); node != NULL;
         node = hash_table_next(node)) {
        struct function *function = LIST_ENTRY(node, struct function, hash_node);

        if (slice_equal(slice_of(function->name), name)) {
            return function; /* A library may have both "f" and "F". */
        }
        if (slice_is_word(name, function->name)) {
            found = function;
        }
    }
    return found;
}

/* --- Libraries in and out --- */

void function_set_remove(struct function_set *set, struct library *library)
{
    LIST_FOR_EACH(&library->functions, node)
    {
        hash_table_remove(&set->functions, &LIST_ENTRY(node, struct function, node)->hash_node);
    }
    list_remove(&library->node);
    set->library_count--;
}

static void add(struct function_set *set, struct library *library)
{
    struct list_node *place = &set->libraries.head;

    LIST_FOR_EACH(&set->libraries, node)
    {
        if (strcmp(LIST_ENTRY(node, struct library, node)->name, library->name) > 0) {
            place = node;
            break;
        }
    }
    library->node = (struct list_node){.next = place, .prev = place->prev};
    library->node.prev->next = &library->node;
    library->node.next->prev = &library->node;
    set->library_count++;
    LIST_FOR_EACH(&library->functions, node)
    {
        struct function *function = LIST_ENTRY(node, struct function, node);

        hash_table_insert(&set->functions, &function->hash_node, hash_of(slice_of(function->name)));
    }
}

void library_free(struct script_vm *vm, struct library *library)
{
    if (library == NULL) {
        return;
    }
    LIST_FOR_EACH(&library->functions, node)
    {
        struct function *function = LIST_ENTRY(node, struct function, node);

        luaL_unref(vm->lua, LUA_REGISTRYINDEX, function->callback);
        memory_free(function->name);
        memory_free(function->description);
        memory_free(function);
    }
    memory_free(library->name);
    memory_free(library->code);
    memory_free(library);
}

void function_set_release(struct function_set *set)
{
    while (!list_is_empty(&set->libraries)) {
        struct library *library = LIST_ENTRY(set->libraries.head.next, struct library, node);

        function_set_remove(set, library);
        library_free(set->vm, library);
    }
    hash_table_release(&set->functions);
}

static struct library *make_library(struct slice name, struct slice code)
{
    struct library *library = memory_allocate_zeroed(sizeof(*library));

    list_init(&library->functions);
    list_node_init(&library->node);
    library->name = memory_allocate(name.len + 1);
    memcpy(library->name, name.data, name.len);
    library->name[name.len] = '\0';
    library->code = memory_copy(code.data, code.len);
    library->code_len = code.len;
    return library;
}

/* --- Loading --- */

static bool fail(struct buf *error, const char *before, struct slice word, const char *after)
{
    buf_put_text(error, before);
    buf_put(error, word);
    buf_put_text(error, after);
    return false;
}

static void on_count(lua_State *lua, lua_Debug *place)
{
    const struct script *script = script_vm_of(lua)->script;

    (void)place;
    if (clock_monotonic_us() - script->load_begun_us > LOAD_US) {
        (void)lua_sethook(lua, on_count, LUA_MASKLINE, 0);
        (void)script_error_raise(lua, "FUNCTION LOAD timeout");
    }
}

struct job {
    struct slice text; /* Without its first line. */
    struct buf *error;
    bool is_good;
};

/* Protected: run the text where it sees how to register functions, and nothing else. */
static int run_text(lua_State *lua)
{
    enum { JOB = 1, ON_ERROR };
    struct script_vm *vm = script_vm_of(lua);
    struct job *job = lua_touserdata(lua, JOB);

    lua_rawgeti(lua, LUA_REGISTRYINDEX, vm->on_error);
    if (script_vm_load(lua, job->text, CHUNK_NAME) != 0) {
        (void)fail(job->error, "ERR Error compiling function: ", slice_of(lua_tostring(lua, -1)), "");
        return 0;
    }
    if (lua_pcall(lua, 0, 0, ON_ERROR) != 0) {
        buf_put_text(job->error, "ERR Error registering functions: ");
        if (lua_istable(lua, -1)) {
            (void)script_error_write(lua, job->error);
        } else {
            buf_put_text(job->error, lua_isstring(lua, -1) ? lua_tostring(lua, -1) : "execution failure");
        }
        return 0;
    }
    job->is_good = true;
    return 0;
}

static bool run(struct function_set *set, struct library *library, const struct function_set_load *load,
                struct job *job)
{
    struct script *script = set->vm->script;
    lua_State *lua = set->vm->lua;

    script->loading = library;
    script->load_begun_us = clock_monotonic_us();
    lua_protect_show(lua, script->library_globals);
    if (!load->is_trusted) {
        (void)lua_sethook(lua, on_count, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
    }
    if (lua_cpcall(lua, run_text, job) != 0) {
        buf_clear(job->error);
        (void)fail(job->error, "ERR Error registering functions: ",
                   slice_of(lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : "execution failure"), "");
        lua_pop(lua, 1);
        job->is_good = false;
    }
    (void)lua_sethook(lua, NULL, 0, 0);
    lua_protect_show(lua, set->vm->globals);
    script->loading = NULL;
    if (job->is_good && library->function_count == 0) {
        return fail(job->error, "ERR No functions registered", slice_empty(), "");
    }
    return job->is_good;
}

/* Whether none of the library's functions is in another one of `set` than `replaced`. */
static bool is_alone(const struct function_set *set, const struct library *library, const struct library *replaced,
                     struct buf *error)
{
    LIST_FOR_EACH(&library->functions, node)
    {
        struct slice name = slice_of(LIST_ENTRY(node, struct function, node)->name);
        const struct function *other = function_set_find(set, name);

        if (other != NULL && other->library != replaced) {
            return fail(error, "ERR Function ", name, " already exists");
        }
    }
    return true;
}

static bool read_line(const struct function_set *set, const struct function_set_load *load,
                      struct script_library_line *line, struct buf *error)
{
    if (!script_shebang_read_library(load->code, line, error)) {
        return false;
    }
    if (!function_register_is_name(line->name)) {
        return fail(error, "ERR ", slice_of(FUNCTION_REGISTER_BAD_NAME), "");
    }
    if (!slice_is_word(line->engine, "lua")) {
        return fail(error, "ERR Engine '", line->engine, "' not found");
    }
    if (!load->replaces && function_set_find_library(set, line->name) != NULL) {
        return fail(error, "ERR Library '", line->name, "' already exists");
    }
    return true;
}

struct library *function_set_load(struct function_set *set, const struct function_set_load *load,
                                  struct library **replaced, struct buf *error)
{
    struct script_library_line line;
    struct job job = {.error = error};
    struct library *library;

    *replaced = NULL;
    if (!read_line(set, load, &line, error)) {
        return NULL;
    }
    job.text = slice_after(load->code, line.line_len);
    library = make_library(line.name, load->code);
    if (!run(set, library, load, &job) || !is_alone(set, library, function_set_find_library(set, line.name), error)) {
        library_free(set->vm, library);
        return NULL;
    }
    *replaced = function_set_find_library(set, line.name);
    if (*replaced != NULL) {
        function_set_remove(set, *replaced);
    }
    add(set, library);
    return library;
}

/* --- Joining --- */

static bool may_join(const struct function_set *set, const struct function_set *from, bool replaces, struct buf *error)
{
    LIST_FOR_EACH(&from->libraries, node)
    {
        const struct library *library = LIST_ENTRY(node, struct library, node);

        if (!replaces && function_set_find_library(set, slice_of(library->name)) != NULL) {
            return fail(error, "ERR Library ", slice_of(library->name), " already exists");
        }
    }
    for (struct list_node *node = from->libraries.head.next; node != &from->libraries.head; node = node->next) {
        const struct library *library = LIST_ENTRY(node, struct library, node);

        LIST_FOR_EACH(&library->functions, function_node)
        {
            struct slice name = slice_of(LIST_ENTRY(function_node, struct function, node)->name);
            const struct function *other = function_set_find(set, name);

            /* One whose own library goes is no hindrance. */
            if (other != NULL && function_set_find_library(from, slice_of(other->library->name)) == NULL) {
                return fail(error, "ERR Function ", name, " already exists");
            }
        }
    }
    return true;
}

bool function_set_join(struct function_set *set, struct function_set *from, const struct function_set_join *join,
                       struct buf *error)
{
    if (!may_join(set, from, join->replaces, error)) {
        return false;
    }
    LIST_FOR_EACH(&from->libraries, node)
    {
        struct library *old = function_set_find_library(set, slice_of(LIST_ENTRY(node, struct library, node)->name));

        if (old != NULL) {
            join->removed(join->context, old);
            function_set_remove(set, old);
            library_free(set->vm, old);
        }
    }
    while (!list_is_empty(&from->libraries)) {
        struct library *library = LIST_ENTRY(from->libraries.head.next, struct library, node);

        function_set_remove(from, library);
        add(set, library);
    }
    return true;
}
