/* math.random() and math.randomseed() as Redis' scripts know them: the same numbers after each start of the server, on
 * every machine, for all scripts from one row. */
#ifndef SERVER_SCRIPT_LUA_RANDOM_H
#define SERVER_SCRIPT_LUA_RANDOM_H

#include <stdint.h>

struct lua_State;

struct lua_random {
    uint64_t state; /* 48 bits: drand48(3)'s generator. */
};

void lua_random_init(struct lua_random *random);
void lua_random_seed(struct lua_random *random, int32_t seed);
/* A number of 31 bits. */
uint32_t lua_random_next(struct lua_random *random);

/* Replace the functions in the global `math`. */
void lua_random_open(struct lua_State *lua);

#endif
