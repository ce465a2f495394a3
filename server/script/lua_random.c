#include "server/script/lua_random.h"
#include "server/script/script_vm.h"
#include <lauxlib.h>
#include <math.h>

#define MULTIPLIER 0x5DEECE66Du /* POSIX names these for drand48(3). */
#define INCREMENT  0xBu
#define SEED_LOW   0x330Eu
#define STATE_MASK ((1ull << 48) - 1)

void lua_random_init(struct lua_random *random)
{
    random->state = 0x1234ABCD330Eull; /* What drand48(3) begins with. */
}

void lua_random_seed(struct lua_random *random, int32_t seed)
{
    random->state = (uint64_t)(uint32_t)seed << 16 | SEED_LOW;
}

uint32_t lua_random_next(struct lua_random *random)
{
    random->state = (random->state * MULTIPLIER + INCREMENT) & STATE_MASK;
    return (uint32_t)(random->state >> 17);
}

/* math.random([low,] high]) */
static int run_random(lua_State *lua)
{
    double drawn = (double)(lua_random_next(script_vm_of(lua)->random) % INT32_MAX) / INT32_MAX;
    int low = 1;
    int high;

    switch (lua_gettop(lua)) {
    case 0:
        lua_pushnumber(lua, drawn);
        return 1;
    case 1:
        high = luaL_checkint(lua, 1);
        luaL_argcheck(lua, 1 <= high, 1, "interval is empty");
        break;
    case 2:
        low = luaL_checkint(lua, 1);
        high = luaL_checkint(lua, 2);
        luaL_argcheck(lua, low <= high, 2, "interval is empty");
        break;
    default:
        return luaL_error(lua, "wrong number of arguments");
    }
    lua_pushnumber(lua, floor(drawn * ((double)high - low + 1)) + low);
    return 1;
}

static int run_randomseed(lua_State *lua)
{
    lua_random_seed(script_vm_of(lua)->random, (int32_t)luaL_checkint(lua, 1));
    return 0;
}

void lua_random_open(lua_State *lua)
{
    lua_getglobal(lua, "math");
    lua_pushcfunction(lua, run_random);
    lua_setfield(lua, -2, "random");
    lua_pushcfunction(lua, run_randomseed);
    lua_setfield(lua, -2, "randomseed");
    lua_pop(lua, 1);
}
