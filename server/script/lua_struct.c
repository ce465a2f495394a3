/* Formats: < > byte order, !n alignment; x a byte of padding; b B h H i I l L T integers, with a size behind i and I;
 * f d floats; cN bytes, c0 as many as there are or as the number before said; s up to a zero byte. */
#include "server/script/lua_struct.h"
#include <ctype.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define INTEGER_BYTES_MAX 32
#define ALIGNMENT_DEFAULT 8

struct format {
    lua_State *lua;
    const char *at;
    bool is_big;   /* Most significant byte first. */
    bool is_sized; /* For struct.size(), which passes over letters that it does not know. */
    size_t alignment;
};

/* One option, read. */
struct item {
    char option;
    size_t size;
    size_t padding; /* Before it. */
};

/* The number at the format's place; `otherwise` if there is none. */
static size_t take_number(struct format *format, size_t otherwise)
{
    size_t number = 0;

    if (!isdigit((unsigned char)*format->at)) {
        return otherwise;
    }
    while (isdigit((unsigned char)*format->at)) {
        size_t digit = (size_t)(*format->at++ - '0');

        if (number > (INT_MAX - digit) / 10) {
            (void)luaL_error(format->lua, "integral size overflow");
        }
        number = number * 10 + digit;
    }
    return number;
}

static size_t take_size(struct format *format, char option)
{
    size_t size;

    switch (option) {
    case 'B':
    case 'b':
        return 1;
    case 'H':
    case 'h':
        return sizeof(short);
    case 'L':
    case 'l':
        return sizeof(long);
    case 'T':
        return sizeof(size_t);
    case 'f':
        return sizeof(float);
    case 'd':
        return sizeof(double);
    case 'x':
        return 1;
    case 'c':
        return take_number(format, 1);
    case 'I':
    case 'i':
        size = take_number(format, sizeof(int));
        if (size > INTEGER_BYTES_MAX) {
            (void)luaL_error(format->lua, "integral size %d is larger than limit of %d", (int)size, INTEGER_BYTES_MAX);
        }
        return size;
    default:
        return 0;
    }
}

/* The next option of values, what stands before it obeyed; false at the end. `position` is where its bytes would be. */
static bool next(struct format *format, size_t position, struct item *item)
{
    size_t alignment;

    while (*format->at != '\0') {
        item->option = *format->at++;
        item->size = take_size(format, item->option);
        if (strchr("BbHhLlTfdxcIis", item->option) != NULL) {
            alignment = item->size < format->alignment ? item->size : format->alignment;
            item->padding =
                alignment > 1 && item->option != 'c' ? (alignment - (position & (alignment - 1))) & (alignment - 1) : 0;
            return true;
        }
        if (item->option == '<' || item->option == '>') {
            format->is_big = item->option == '>';
        } else if (item->option == '!') {
            format->alignment = take_number(format, ALIGNMENT_DEFAULT);
            if (format->alignment == 0 || (format->alignment & (format->alignment - 1)) != 0) {
                (void)luaL_error(format->lua, "alignment %d is not a power of 2", (int)format->alignment);
            }
        } else if (item->option != ' ' && !(format->is_sized && isalnum((unsigned char)item->option))) {
            (void)luaL_argerror(format->lua, 1,
                                lua_pushfstring(format->lua, "invalid format option '%c'", item->option));
        }
    }
    return false;
}

/* Bytes as they lie in this machine's memory, least significant first, into the format's order, and back. */
static void order(const struct format *format, char *bytes, size_t size)
{
    for (size_t i = 0; format->is_big && i < size / 2; i++) {
        char byte = bytes[i];

        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = byte;
    }
}

static void put_integer(struct format *format, luaL_Buffer *buffer, int argument, size_t size)
{
    lua_Number number = luaL_checknumber(format->lua, argument);
    uint64_t bits = number < 0 ? (uint64_t)(int64_t)number : (uint64_t)number;
    char bytes[INTEGER_BYTES_MAX] = {0}; /* Longer ones are not extended by their sign. */

    memcpy(bytes, &bits, sizeof(bits));
    order(format, bytes, size);
    luaL_addlstring(buffer, bytes, size);
}

static void put_float(struct format *format, luaL_Buffer *buffer, int argument, size_t size)
{
    double number = luaL_checknumber(format->lua, argument);
    float small = (float)number;
    char bytes[sizeof(double)];

    memcpy(bytes, size == sizeof(float) ? (const void *)&small : (const void *)&number, size);
    order(format, bytes, size);
    luaL_addlstring(buffer, bytes, size);
}

/* c and s; returns how many bytes were added. */
static size_t put_string(struct format *format, luaL_Buffer *buffer, int argument, const struct item *item)
{
    size_t len;
    const char *text = luaL_checklstring(format->lua, argument, &len);
    size_t size = item->size == 0 ? len : item->size;

    luaL_argcheck(format->lua, len >= size, argument + 1, "string too short"); /* Redis counts one too many. */
    luaL_addlstring(buffer, text, size);
    if (item->option == 's') {
        luaL_addchar(buffer, '\0');
        size++;
    }
    return size;
}

/* struct.pack(format, ...) */
static int run_pack(lua_State *lua)
{
    struct format format = {.lua = lua, .at = luaL_checkstring(lua, 1), .alignment = 1};
    size_t total = 0;
    int argument = 2;
    struct item item;
    luaL_Buffer buffer;

    lua_pushnil(lua); /* Between the arguments and the buffer's pieces. */
    luaL_buffinit(lua, &buffer);
    while (next(&format, total, &item)) {
        for (size_t i = 0; i < item.padding; i++) {
            luaL_addchar(&buffer, '\0');
        }
        total += item.padding;
        if (item.option == 'x') {
            luaL_addchar(&buffer, '\0');
        } else if (item.option == 'c' || item.option == 's') {
            item.size = put_string(&format, &buffer, argument++, &item);
        } else if (item.option == 'f' || item.option == 'd') {
            put_float(&format, &buffer, argument++, item.size);
        } else {
            put_integer(&format, &buffer, argument++, item.size);
        }
        total += item.size;
    }
    luaL_pushresult(&buffer);
    return 1;
}

static void push_integer(const struct format *format, const char *data, const struct item *item)
{
    char bytes[INTEGER_BYTES_MAX] = {0};
    uint64_t bits;

    memcpy(bytes, data, item->size);
    order(format, bytes, item->size);
    memcpy(&bits, bytes, sizeof(bits));
    if (islower((unsigned char)item->option)) {
        if (item->size < sizeof(bits) && item->size > 0) {
            unsigned shift = (unsigned)(64 - 8 * item->size);

            bits = (uint64_t)((int64_t)(bits << shift) >> shift);
        }
        lua_pushnumber(format->lua, (lua_Number)(int64_t)bits);
    } else {
        lua_pushnumber(format->lua, (lua_Number)bits);
    }
}

static void push_float(const struct format *format, const char *data, size_t size)
{
    char bytes[sizeof(double)];
    double number;
    float small;

    memcpy(bytes, data, size);
    order(format, bytes, size);
    if (size == sizeof(float)) {
        memcpy(&small, bytes, size);
        number = small;
    } else {
        memcpy(&number, bytes, size);
    }
    lua_pushnumber(format->lua, number);
}

/* What is being unpacked. */
struct data {
    const char *bytes;
    size_t len;
    size_t position;
    int count; /* Of values on the stack. */
};

static void check_left(lua_State *lua, const struct data *data, size_t size)
{
    luaL_argcheck(lua, data->position <= data->len && size <= data->len - data->position, 2, "data string too short");
}

/* c: if of no length of its own, that of the number before it, which it takes the place of. */
static void push_bytes(lua_State *lua, struct data *data, struct item *item)
{
    if (item->size == 0) {
        if (data->count == 0 || !lua_isnumber(lua, -1)) {
            (void)luaL_error(lua, "format 'c0' needs a previous size");
        }
        item->size = (size_t)lua_tonumber(lua, -1);
        lua_pop(lua, 1);
        data->count--;
        check_left(lua, data, item->size);
    }
    lua_pushlstring(lua, data->bytes + data->position, item->size);
}

/* s: up to a zero byte. */
static void push_text(lua_State *lua, struct data *data, struct item *item)
{
    const char *begin = data->bytes + data->position;
    const char *end = memchr(begin, '\0', data->len - data->position);

    if (end == NULL) {
        (void)luaL_error(lua, "unfinished string in data");
        return;
    }
    item->size = (size_t)(end - begin) + 1;
    lua_pushlstring(lua, begin, item->size - 1);
}

/* struct.unpack(format, data [, position]): the values, and where the next one begins. */
static int run_unpack(lua_State *lua)
{
    struct format format = {.lua = lua, .at = luaL_checkstring(lua, 1), .alignment = 1};
    struct data data = {.count = 0};
    struct item item;

    data.bytes = luaL_checklstring(lua, 2, &data.len);
    data.position = (size_t)luaL_optinteger(lua, 3, 1);
    luaL_argcheck(lua, data.position > 0, 3, "offset must be 1 or greater");
    data.position--;
    lua_settop(lua, 2);
    while (next(&format, data.position, &item)) {
        data.position += item.padding;
        check_left(lua, &data, item.size);
        luaL_checkstack(lua, 2, "too many results");
        if (item.option == 'c') {
            push_bytes(lua, &data, &item);
        } else if (item.option == 's') {
            push_text(lua, &data, &item);
        } else if (item.option == 'f' || item.option == 'd') {
            push_float(&format, data.bytes + data.position, item.size);
        } else if (item.option != 'x') {
            push_integer(&format, data.bytes + data.position, &item);
        }
        data.count += item.option != 'x';
        data.position += item.size;
    }
    lua_pushinteger(lua, (lua_Integer)data.position + 1);
    return data.count + 1;
}

/* struct.size(format) */
static int run_size(lua_State *lua)
{
    struct format format = {.lua = lua, .at = luaL_checkstring(lua, 1), .is_sized = true, .alignment = 1};
    size_t total = 0;
    struct item item;

    while (next(&format, total, &item)) {
        if (item.option == 's') {
            return luaL_argerror(lua, 1, "option 's' has no fixed size");
        }
        if (item.option == 'c' && item.size == 0) {
            return luaL_argerror(lua, 1, "option 'c0' has no fixed size");
        }
        total += item.padding + item.size;
    }
    lua_pushinteger(lua, (lua_Integer)total);
    return 1;
}

void lua_struct_open(lua_State *lua)
{
    static const luaL_Reg functions[] = {{"pack", run_pack}, {"unpack", run_unpack}, {"size", run_size}, {NULL, NULL}};

    luaL_register(lua, "struct", functions);
    lua_pop(lua, 1);
}
