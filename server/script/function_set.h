/* A set of libraries and their functions, loaded in an interpreter. The server has one; FUNCTION RESTORE makes another
 * and joins them, so that a payload is taken whole or not at all. */
#ifndef SERVER_SCRIPT_FUNCTION_SET_H
#define SERVER_SCRIPT_FUNCTION_SET_H

#include "base/hash_table.h"
#include "base/list.h"
#include "base/slice.h"
#include <stdint.h>

struct buf;
struct lua_State;
struct script_vm;

struct function {
    struct hash_node hash_node; /* In set->functions. */
    struct list_node node;      /* In its library. */
    struct library *library;
    char *name;        /* Owned. */
    char *description; /* Owned; NULL for none. */
    uint32_t flags;    /* enum script_flag. */
    int callback;      /* Reference in the interpreter's registry. */
};

struct library {
    struct list_node node; /* In set->libraries. */
    struct list functions; /* In the order of their registration. */
    size_t function_count;
    char *name; /* Owned, as the next. */
    char *code;
    size_t code_len;
};

struct function_set {
    struct script_vm *vm;        /* Borrowed. */
    struct list libraries;       /* By name. */
    struct hash_table functions; /* By name. */
    size_t library_count;
};

void function_set_init(struct function_set *set, struct script_vm *vm);
/* Empty it, and forget its functions in the interpreter. */
void function_set_release(struct function_set *set);

struct library *function_set_find_library(const struct function_set *set, struct slice name);
/* Whatever the name's case, as in Redis; where two differ by it alone, the one that is written the same. */
struct function *function_set_find(const struct function_set *set, struct slice name);

/* How a text is loaded. */
struct function_set_load {
    struct slice code;
    bool replaces;   /* A library of that name goes. */
    bool is_trusted; /* It was loaded before, so it may take its time. */
};
/* Load a library: run its text, which registers functions. NULL, the set as it was and "ERR ..." in `error` if it
 * cannot be. `*replaced` is what it takes the place of, the caller's to free with library_free(); NULL for none. */
struct library *function_set_load(struct function_set *set, const struct function_set_load *load,
                                  struct library **replaced, struct buf *error);

/* Take a library out; it is the caller's then. */
void function_set_remove(struct function_set *set, struct library *library);
void library_free(struct script_vm *vm, struct library *library);

/* Move all of `from` into `set`, telling `removed` of each that goes for it. False, both as they were and the reason in
 * `error`, if names meet that may not. */
struct function_set_join {
    bool replaces; /* Libraries of the same name; functions of the same name in others may never meet. */
    void (*removed)(void *context, const struct library *library);
    void *context;
};
bool function_set_join(struct function_set *set, struct function_set *from, const struct function_set_join *join,
                       struct buf *error);

#endif
