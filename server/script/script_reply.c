#include "server/script/script_reply.h"
#include "base/assert.h"
#include "base/number.h"
#include "base/resp_write.h"
#include "server/request/reply.h"
#include "server/script/script_error.h"
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define STACK_SLOTS     6          /* On Lua's stack, for one level of a value. */
#define REPLY_BYTES_MAX (1u << 30) /* A table that is many times in others makes more of itself than memory holds. */

/* --- Into Lua --- */

struct source {
    const char *at; /* Our own commands wrote it, so it is whole and well formed. */
    const char *end;
};

/* The rest of the line at `at`, which goes past it. */
static struct slice take_line(struct source *source)
{
    const char *begin = source->at;
    const char *line_end = memchr(begin, '\r', (size_t)(source->end - begin));

    ASSERT(line_end != NULL);
    source->at = line_end + 2;
    return slice_make(begin, (size_t)(line_end - begin));
}

static int64_t take_number(struct source *source)
{
    struct slice line = take_line(source);
    int64_t number = 0;

    ASSERT(number_parse_int64(line, &number));
    return number;
}

static struct slice take_bytes(struct source *source, int64_t len)
{
    struct slice bytes = slice_make(source->at, (size_t)len);

    source->at += len + 2;
    return bytes;
}

static void set_string(lua_State *lua, const char *field, struct slice bytes)
{
    lua_pushlstring(lua, bytes.data, bytes.len);
    lua_setfield(lua, -2, field);
}

/* {field = text} */
static void push_single(lua_State *lua, const char *field, struct slice text)
{
    lua_createtable(lua, 0, 1);
    set_string(lua, field, text);
}

static void push_double(lua_State *lua, struct slice text)
{
    double number = 0;

    if (!number_parse_double(text, &number)) {
        number = strtod(text.data, NULL); /* "nan"; the line's end follows. */
    }
    lua_createtable(lua, 0, 1);
    lua_pushnumber(lua, number);
    lua_setfield(lua, -2, "double");
}

static void push_verbatim(lua_State *lua, struct slice bytes)
{
    lua_createtable(lua, 0, 1);
    lua_createtable(lua, 0, 2);
    set_string(lua, "format", slice_first(bytes, 3));
    set_string(lua, "string", slice_after(bytes, 4));
    lua_setfield(lua, -2, "verbatim_string");
}

static void push_value(lua_State *lua, struct source *source);

static void push_array(lua_State *lua, struct source *source, int64_t count)
{
    if (count < 0) {
        lua_pushboolean(lua, 0);
        return;
    }
    lua_createtable(lua, (int)count, 0);
    for (int64_t i = 1; i <= count; i++) {
        push_value(lua, source);
        lua_rawseti(lua, -2, (int)i);
    }
}

/* {map = {key = value}}, or {set = {member = true}}. */
static void push_table(lua_State *lua, struct source *source, int64_t count, bool is_map)
{
    lua_createtable(lua, 0, 1);
    lua_createtable(lua, 0, (int)count);
    for (int64_t i = 0; i < count; i++) {
        push_value(lua, source);
        if (is_map) {
            push_value(lua, source);
        } else {
            lua_pushboolean(lua, 1);
        }
        lua_rawset(lua, -3);
    }
    lua_setfield(lua, -2, is_map ? "map" : "set");
}

static void push_bulk(lua_State *lua, struct source *source, bool is_verbatim)
{
    int64_t len = take_number(source);
    struct slice bytes;

    if (len < 0) {
        lua_pushboolean(lua, 0);
        return;
    }
    bytes = take_bytes(source, len);
    if (is_verbatim) {
        push_verbatim(lua, bytes);
    } else {
        lua_pushlstring(lua, bytes.data, bytes.len);
    }
}

static void push_value(lua_State *lua, struct source *source)
{
    char type = *source->at++;

    luaL_checkstack(lua, STACK_SLOTS, "lua stack limit reach when parsing redis.call reply");
    switch (type) {
    case '+':
        push_single(lua, "ok", take_line(source));
        break;
    case '-':
        script_error_push_reply(lua, take_line(source));
        break;
    case ':':
        lua_pushnumber(lua, (lua_Number)take_number(source));
        break;
    case '$':
    case '=':
        push_bulk(lua, source, type == '=');
        break;
    case '*':
    case '>':
        push_array(lua, source, take_number(source));
        break;
    case '%':
    case '~':
        push_table(lua, source, take_number(source), type == '%');
        break;
    case '_':
        (void)take_line(source);
        lua_pushnil(lua);
        break;
    case '#':
        lua_pushboolean(lua, take_line(source).data[0] == 't');
        break;
    case ',':
        push_double(lua, take_line(source));
        break;
    case '(':
        push_single(lua, "big_number", take_line(source));
        break;
    default:
        ASSERT_NEVER("a command replied what is no RESP");
    }
}

void script_reply_push(lua_State *lua, struct slice resp)
{
    struct source source = {.at = resp.data, .end = resp.data + resp.len};

    push_value(lua, &source);
    ASSERT(source.at == source.end);
}

/* --- Out of Lua --- */

/* End a line of RESP that begins at `begin` of the output: what looks like its end before becomes blanks. */
static void end_line(struct reply *reply, size_t begin)
{
    char *content = reply->out->memory + reply->out->start;

    for (size_t i = begin; i < reply->out->len; i++) {
        if (content[i] == '\r' || content[i] == '\n') {
            content[i] = ' ';
        }
    }
    buf_put_text(reply->out, "\r\n");
}

static void put_line(struct reply *reply, char mark, struct slice text)
{
    size_t begin = reply->out->len;

    buf_put_byte(reply->out, mark);
    buf_put(reply->out, text);
    end_line(reply, begin);
}

/* Push table[field]; false, and nothing pushed, if it is not of that type. */
static bool push_field(lua_State *lua, const char *field, int type)
{
    lua_pushstring(lua, field);
    lua_rawget(lua, -2);
    if (lua_type(lua, -1) == type) {
        return true;
    }
    lua_pop(lua, 1);
    return false;
}

static bool write_error(lua_State *lua, struct reply *reply)
{
    size_t begin = reply->out->len;

    if (!push_field(lua, "err", LUA_TSTRING)) {
        return false;
    }
    lua_pop(lua, 1);
    reply->is_error = true;
    buf_put_byte(reply->out, '-');
    reply->is_counted = script_error_write(lua, reply->out);
    end_line(reply, begin);
    return true;
}

static bool write_map(lua_State *lua, struct reply *reply, int protocol)
{
    struct reply_deferred deferred = reply_deferred_begin(reply);
    size_t count = 0;

    if (!push_field(lua, "map", LUA_TTABLE)) {
        return false;
    }
    lua_pushnil(lua);
    while (lua_next(lua, -2)) { /* table, map, key, value */
        lua_pushvalue(lua, -2);
        script_reply_write(lua, reply, protocol);
        script_reply_write(lua, reply, protocol);
        count++;
    }
    reply_deferred_map(reply, deferred, count);
    lua_pop(lua, 1);
    return true;
}

static bool write_set(lua_State *lua, struct reply *reply, int protocol)
{
    struct reply_deferred deferred = reply_deferred_begin(reply);
    size_t count = 0;

    if (!push_field(lua, "set", LUA_TTABLE)) {
        return false;
    }
    lua_pushnil(lua);
    while (lua_next(lua, -2)) { /* table, set, member, anything */
        lua_pop(lua, 1);
        lua_pushvalue(lua, -1);
        script_reply_write(lua, reply, protocol);
        count++;
    }
    reply_deferred_set(reply, deferred, count);
    lua_pop(lua, 1);
    return true;
}

static bool write_verbatim(lua_State *lua, struct reply *reply)
{
    bool is_written = false;

    if (!push_field(lua, "verbatim_string", LUA_TTABLE)) {
        return false;
    }
    if (push_field(lua, "format", LUA_TSTRING)) {
        lua_insert(lua, -2); /* table, format, verbatim */
        if (push_field(lua, "string", LUA_TSTRING)) {
            char format[4];
            size_t len;
            const char *text = lua_tolstring(lua, -1, &len);

            (void)snprintf(format, sizeof(format), "%-3s", lua_tostring(lua, -3));
            reply_verbatim(reply, format, slice_make(text, len));
            lua_pop(lua, 1);
            is_written = true;
        }
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return is_written;
}

static void write_big_number(struct reply *reply, struct slice digits)
{
    if (reply->protocol == 3) {
        put_line(reply, '(', digits);
    } else {
        size_t begin;

        resp_write_bulk_header(reply->out, digits.len);
        begin = reply->out->len;
        buf_put(reply->out, digits);
        end_line(reply, begin);
    }
}

/* Redis tells the sign of what is no number. */
static void write_double(struct reply *reply, double number)
{
    if (isnan(number) && signbit(number)) {
        if (reply->protocol == 3) {
            put_line(reply, ',', slice_of("-nan"));
        } else {
            reply_bulk_text(reply, "-nan");
        }
    } else {
        reply_double(reply, number);
    }
}

/* Tables that say with one field what they are. */
static bool write_special(lua_State *lua, struct reply *reply, int protocol)
{
    if (write_error(lua, reply)) {
        return true;
    }
    if (push_field(lua, "ok", LUA_TSTRING)) {
        put_line(reply, '+', slice_of(lua_tostring(lua, -1)));
    } else if (push_field(lua, "double", LUA_TNUMBER)) {
        write_double(reply, lua_tonumber(lua, -1));
    } else if (push_field(lua, "big_number", LUA_TSTRING)) {
        size_t len;
        const char *digits = lua_tolstring(lua, -1, &len);

        write_big_number(reply, slice_make(digits, len));
    } else {
        return write_map(lua, reply, protocol) || write_set(lua, reply, protocol) || write_verbatim(lua, reply);
    }
    lua_pop(lua, 1);
    return true;
}

/* Elements 1, 2, ... up to the first that is nil. */
static void write_array(lua_State *lua, struct reply *reply, int protocol)
{
    struct reply_deferred deferred = reply_deferred_begin(reply);
    size_t count = 0;

    for (;;) {
        lua_rawgeti(lua, -1, (int)count + 1);
        if (lua_isnil(lua, -1)) {
            break;
        }
        script_reply_write(lua, reply, protocol);
        count++;
    }
    lua_pop(lua, 1);
    reply_deferred_array(reply, deferred, count);
}

static void write_boolean(struct reply *reply, bool value, int protocol)
{
    if (protocol == 3) {
        resp_write_boolean(reply->out, value, reply->protocol);
    } else if (value) {
        reply_integer(reply, 1);
    } else {
        reply_null(reply);
    }
}

/* As a conversion to a 64-bit integer does it on x86-64, where what does not fit, and NaN, becomes the lowest. */
static int64_t truncate_number(double number)
{
    return number > -9223372036854775808.0 && number < 9223372036854775808.0 ? (int64_t)number : INT64_MIN;
}

void script_reply_write(lua_State *lua, struct reply *reply, int protocol)
{
    size_t len;
    const char *text;

    if (!lua_checkstack(lua, STACK_SLOTS)) {
        (void)reply_error(reply, "ERR reached lua stack limit");
        lua_pop(lua, 1);
        return;
    }
    if (reply->out->len > REPLY_BYTES_MAX) {
        (void)luaL_error(lua, "the reply is too large");
    }
    switch (lua_type(lua, -1)) {
    case LUA_TSTRING:
        text = lua_tolstring(lua, -1, &len);
        reply_bulk(reply, slice_make(text, len));
        break;
    case LUA_TBOOLEAN:
        write_boolean(reply, lua_toboolean(lua, -1), protocol);
        break;
    case LUA_TNUMBER:
        reply_integer(reply, truncate_number(lua_tonumber(lua, -1)));
        break;
    case LUA_TTABLE:
        if (!write_special(lua, reply, protocol)) {
            write_array(lua, reply, protocol);
        }
        break;
    default:
        reply_null(reply);
        break;
    }
    lua_pop(lua, 1);
}
