/* Scripts are kept until SCRIPT FLUSH or the server's end, compiled, by the SHA-1 of their text. */
#include "base/checksum.h"
#include "base/memory.h"
#include "base/sha1.h"
#include "server/request/reply.h"
#include "server/script/script_internal.h"
#include "server/services.h"
#include <ctype.h>
#include <lauxlib.h>

#define CHUNK_NAME "@user_script"

static struct kept_script *find_lower(const struct script *script, const char *sha)
{
    uint64_t hash = checksum_hash64(slice_make(sha, SCRIPT_SHA_LEN), 0);

    for (struct hash_node *node = hash_table_first(&script->kept, hash); node != NULL; node = hash_table_next(node)) {
        struct kept_script *kept = LIST_ENTRY(node, struct kept_script, hash_node);

        if (memcmp(kept->sha, sha, SCRIPT_SHA_LEN) == 0) {
            return kept;
        }
    }
    return NULL;
}

/* Clients may write the digits in capitals. */
static struct kept_script *find(const struct script *script, struct slice sha)
{
    char lower[SCRIPT_SHA_LEN];

    if (sha.len != SCRIPT_SHA_LEN) {
        return NULL;
    }
    for (size_t i = 0; i < SCRIPT_SHA_LEN; i++) {
        lower[i] = (char)tolower((unsigned char)sha.data[i]);
    }
    return find_lower(script, lower);
}

static void name_of(struct slice body, char sha[SCRIPT_SHA_LEN + 1])
{
    unsigned char hash[SHA1_BYTES];

    sha1(body, hash);
    sha1_format(hash, sha);
}

struct compile {
    struct slice text; /* Without the shebang. */
    int function;
};

/* Protected: raises the message of what does not compile. */
static int compile(lua_State *lua)
{
    struct compile *job = lua_touserdata(lua, 1);

    if (script_vm_load(lua, job->text, CHUNK_NAME) != 0) {
        return lua_error(lua);
    }
    job->function = luaL_ref(lua, LUA_REGISTRYINDEX);
    return 0;
}

/* Compile and keep a script that is not kept yet; NULL, with the error replied, if that fails. */
static struct kept_script *keep(struct script *script, const char *sha, struct slice body, struct reply *reply)
{
    lua_State *lua = script->eval_vm->lua;
    struct kept_script *kept;
    struct compile job;
    size_t line_len;
    uint32_t flags;

    buf_clear(&script->text);
    if (!script_shebang_read(body, &flags, &line_len, &script->text)) {
        (void)reply_error(reply, "%.*s", (int)script->text.len, buf_slice(&script->text).data);
        return NULL;
    }
    job.text = slice_after(body, line_len);
    if (lua_cpcall(lua, compile, &job) != 0) {
        (void)reply_error(reply, "ERR Error compiling script (new function): %s", lua_tostring(lua, -1));
        lua_pop(lua, 1);
        return NULL;
    }
    kept = memory_allocate_zeroed(sizeof(*kept));
    *kept = (struct kept_script){.function = job.function, .flags = flags, .body_bytes = body.len};
    memcpy(kept->sha, sha, SCRIPT_SHA_LEN);
    hash_table_insert(&script->kept, &kept->hash_node, checksum_hash64(slice_make(sha, SCRIPT_SHA_LEN), 0));
    script->kept_bytes += sizeof(*kept) + body.len;
    return kept;
}

bool script_load(struct script *script, struct slice body, char sha[SCRIPT_SHA_LEN + 1], struct reply *reply)
{
    name_of(body, sha);
    return find_lower(script, sha) != NULL || keep(script, sha, body, reply) != NULL;
}

bool script_exists(const struct script *script, struct slice sha)
{
    return find(script, sha) != NULL;
}

void script_flush(struct script *script)
{
    struct hash_table_walk walk;

    for (struct hash_node *node = hash_table_walk_begin(&walk, &script->kept); node != NULL;
         node = hash_table_walk_next(&walk, &script->kept)) {
        hash_table_remove(&script->kept, node);
        memory_free(LIST_ENTRY(node, struct kept_script, hash_node));
    }
    script->kept_bytes = 0;
    script_vm_free(script->eval_vm);
    script->eval_vm = script_vm_create(script, &script->random, script_api_fill_eval);
}

/* --- Running --- */

static enum status run_kept(struct call *call, const struct kept_script *kept, const struct script_arguments *arguments,
                            struct reply *reply)
{
    struct script *script = call->services->script;
    struct script_run run = {.script = script,
                             .vm = script->eval_vm,
                             .name = kept->sha,
                             .function = kept->function,
                             .flags = kept->flags,
                             .is_read_only = arguments->is_read_only};

    return script_run(&run, call, arguments, reply);
}

enum status script_run_body(struct call *call, struct slice body, const struct script_arguments *arguments,
                            struct reply *reply)
{
    struct script *script = call->services->script;
    struct kept_script *kept;
    char sha[SCRIPT_SHA_LEN + 1];

    name_of(body, sha);
    kept = find_lower(script, sha);
    if (kept == NULL) {
        kept = keep(script, sha, body, reply);
    }
    return kept == NULL ? STATUS_REPLIED : run_kept(call, kept, arguments, reply);
}

enum status script_run_sha(struct call *call, struct slice sha, const struct script_arguments *arguments,
                           struct reply *reply)
{
    struct kept_script *kept = find(call->services->script, sha);

    if (kept == NULL) {
        return reply_error(reply, "NOSCRIPT No matching script. Please use EVAL.");
    }
    return run_kept(call, kept, arguments, reply);
}

/* --- Flags --- */

uint32_t script_flags_of_body(struct slice body, uint32_t flags)
{
    struct buf error;
    uint32_t script_flags;
    size_t line_len;
    bool is_good;

    if (!slice_starts_with(body, slice_of("#!"))) {
        return flags;
    }
    buf_init(&error, BUF_NO_CEILING);
    is_good = script_shebang_read(body, &script_flags, &line_len, &error);
    buf_release(&error);
    return is_good ? script_apply_flags(script_flags, flags) : flags; /* A bad one is told when it is run. */
}

uint32_t script_flags_of_sha(const struct script *script, struct slice sha, uint32_t flags)
{
    const struct kept_script *kept = find(script, sha);

    return kept == NULL ? flags : script_apply_flags(kept->flags, flags);
}
