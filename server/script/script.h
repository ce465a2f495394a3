/* Scripts: EVAL's and functions', what of them is kept, and the one that runs.
 *
 * A script is one command: it sees one time (D4), nothing else runs meanwhile, and its effects are one change in the
 * log, whole or not at all. It is not logged itself. One that runs longer than busy-reply-threshold is interrupted now
 * and then so that other clients can be told BUSY, and can kill it as long as it has written nothing.
 *
 * Event loop only. */
#ifndef SERVER_SCRIPT_SCRIPT_H
#define SERVER_SCRIPT_SCRIPT_H

#include "base/slice.h"
#include "base/status.h"
#include <stddef.h>
#include <stdint.h>

struct call;
struct reply;
struct script; /* Opaque; owned by server. */
struct services;
struct session;

struct script_options {
    struct services *services;
    /* A script keeps the loop for long: serve other clients than `caller`, without waiting for any. NULL: nobody. */
    void (*serve)(void *context, struct session *caller);
    void *context;
};

struct script *script_create(const struct script_options *options);
void script_free(struct script *script);

/* --- Running --- */

/* What EVAL and its like were given. */
struct script_arguments {
    const struct slice *keys;
    size_t key_count;
    const struct slice *args;
    size_t arg_count;
    bool is_read_only; /* EVAL_RO: may not write, whatever its flags say. */
};

/* Run the script `body`, keeping it for script_run_sha(). Its reply, or the error, is written. */
enum status script_run_body(struct call *call, struct slice body, const struct script_arguments *arguments,
                            struct reply *reply);
/* Run the script with this SHA-1, in hex; -NOSCRIPT if it is not kept. */
enum status script_run_sha(struct call *call, struct slice sha, const struct script_arguments *arguments,
                           struct reply *reply);

/* The flags of a command that runs this body, or this SHA-1, as its shebang changes `flags` (enum command_flag). */
uint32_t script_flags_of_body(struct slice body, uint32_t flags);
uint32_t script_flags_of_sha(const struct script *script, struct slice sha, uint32_t flags);

/* --- Kept scripts --- */

#define SCRIPT_SHA_LEN 40

/* Compile and keep `body`; `sha` gets its name and a NUL. False, with the error replied, if it does not compile. */
bool script_load(struct script *script, struct slice body, char sha[SCRIPT_SHA_LEN + 1], struct reply *reply);
bool script_exists(const struct script *script, struct slice sha);
/* Forget all. */
void script_flush(struct script *script);

/* --- The one that runs --- */

enum script_kill_outcome {
    SCRIPT_KILLED,
    SCRIPT_KILL_NONE_RUNS,
    SCRIPT_KILL_OTHER_KIND, /* A function, for SCRIPT KILL; a script, for FUNCTION KILL. */
    SCRIPT_KILL_HAS_WRITTEN,
    SCRIPT_KILL_FROM_MASTER,
};
enum script_kill_outcome script_kill(struct script *script, bool is_function);

/* End the one that runs, whatever its kind, as script_kill() does. False if that cannot be: it has written, or comes
 * from our master. */
bool script_interrupt(struct script *script);

/* Whether any runs for longer than it may. */
bool script_is_slow(const struct script *script);

struct script_running {
    const char *name;
    const struct call *call; /* What was called to run it. */
    uint64_t duration_ms;
    bool is_function;
};
/* The one that runs; false for none. */
bool script_get_running(const struct script *script, struct script_running *running);

struct script_statistics {
    size_t eval_vm_bytes;     /* Lua's memory of EVAL's scripts, */
    size_t script_count;      /* how many are kept, */
    size_t script_bytes;      /* and our own memory for them. */
    size_t function_vm_bytes; /* The same of functions. */
    size_t function_count;
    size_t library_count;
    size_t function_bytes;
};
void script_get_statistics(struct script *script, struct script_statistics *statistics);

#endif
