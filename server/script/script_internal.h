/* What the files of script_*.c share: the whole, and one run. */
#ifndef SERVER_SCRIPT_SCRIPT_INTERNAL_H
#define SERVER_SCRIPT_SCRIPT_INTERNAL_H

#include "base/buf.h"
#include "base/hash_table.h"
#include "server/net/session.h"
#include "server/request/command.h"
#include "server/script/function_set.h"
#include "server/script/script.h"
#include "server/script/script_shebang.h"
#include "server/script/script_vm.h"

/* A script that EVAL or SCRIPT LOAD brought. */
struct kept_script {
    struct hash_node hash_node; /* In script->kept. */
    char sha[SCRIPT_SHA_LEN + 1];
    int function; /* Reference in the interpreter's registry. */
    uint32_t flags;
    size_t body_bytes;
};

/* One execution. */
struct script_run {
    struct script *script;
    struct script_vm *vm;
    struct call *caller;     /* EVAL's call. */
    struct call call;        /* The same as its commands see it: with the session below. */
    const char *name;        /* SHA-1, or the function's name. */
    int function;            /* Reference. */
    uint32_t flags;          /* enum script_flag. */
    struct session *session; /* The script's own: database and protocol of its commands. */
    bool is_function;
    bool is_read_only;
    bool has_written; /* Or has begun to: it can be neither killed nor refused for the server's state. */
    bool is_slow;
    bool is_killed;
    uint64_t begun_us;  /* Monotonic, as the next: */
    uint64_t served_us; /* when other clients were served last. */
};

struct script {
    struct script_options options;
    struct services *services;
    struct lua_random random; /* What math.random() draws from. */
    struct script_vm *eval_vm;
    struct script_vm *function_vm;
    struct function_set functions; /* In function_vm: what the keyspace's rows say, if they were read. */
    bool has_functions;            /* They were. */
    int library_globals;           /* Reference in function_vm: what a library sees while it is loaded. */
    struct library *loading;       /* The one that is; NULL for none. */
    uint64_t load_begun_us;
    struct hash_table kept; /* struct kept_script. */
    size_t kept_bytes;
    struct session session; /* Of whichever script runs. */
    struct buf output;      /* The session's; what is pushed to a script is lost. */
    struct buf text;        /* For errors. */
    struct script_run *run; /* The one that runs; NULL for none. */
};

/* Fill the table `redis`, on top of the stack: for functions, for EVAL's scripts, and with what a library may use while
 * it is loaded. */
void script_api_fill(lua_State *lua);
void script_api_fill_eval(lua_State *lua);
void script_api_fill_basics(lua_State *lua);
/* redis.call, redis.pcall and redis.acl_check_cmd, into the same. */
void script_call_fill(lua_State *lua);

/* The flags of a command that runs what says `script_flags` of itself. */
uint32_t script_apply_flags(uint32_t script_flags, uint32_t flags);

/* Check whether it may run now, and run it; `run` has vm, name, function, flags, is_function and is_read_only. */
enum status script_run(struct script_run *run, struct call *call, const struct script_arguments *arguments,
                       struct reply *reply);

#endif
