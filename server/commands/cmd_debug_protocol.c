#include "server/commands/cmd_debug.h"

#include "base/resp_write.h"
#include "server/request/args.h"
#include "server/request/reply.h"

static void write_string(struct reply *reply)
{
    reply_bulk_text(reply, "Hello World");
}

static void write_integer(struct reply *reply)
{
    reply_integer(reply, 12345);
}

static void write_double(struct reply *reply)
{
    reply_double(reply, 3.141);
}

static void write_big_number(struct reply *reply)
{
    resp_write_big_number(reply->out, slice_of("1234567999999999999999999999999999999"), reply->protocol);
}

static void write_three(struct reply *reply)
{
    for (int i = 0; i < 3; i++) {
        reply_integer(reply, i);
    }
}

static void write_array(struct reply *reply)
{
    reply_array(reply, 3);
    write_three(reply);
}

static void write_set(struct reply *reply)
{
    reply_set(reply, 3);
    write_three(reply);
}

static void write_map(struct reply *reply)
{
    reply_map(reply, 3);
    for (int i = 0; i < 3; i++) {
        reply_integer(reply, i);
        resp_write_boolean(reply->out, i == 1, reply->protocol);
    }
}

/* No replies by themselves: one follows. */
static void write_attribute(struct reply *reply)
{
    if (reply->protocol >= 3) {
        buf_put_text(reply->out, "|1\r\n");
        reply_bulk_text(reply, "key-popularity");
        reply_array(reply, 2);
        reply_bulk_text(reply, "key:123");
        reply_integer(reply, 90);
    }
    reply_bulk_text(reply, "Some real reply following the attribute");
}

static void write_push(struct reply *reply)
{
    if (reply->protocol < 3) {
        (void)reply_error(reply, "ERR RESP2 is not supported by this command");
        return;
    }
    reply_push(reply, 2);
    reply_bulk_text(reply, "server-cpu-usage");
    reply_integer(reply, 42);
    reply_bulk_text(reply, "Some real reply following the push reply");
}

static void write_verbatim(struct reply *reply)
{
    reply_verbatim(reply, "txt", slice_of("This is a verbatim\nstring"));
}

static void write_true(struct reply *reply)
{
    resp_write_boolean(reply->out, true, reply->protocol);
}

static void write_false(struct reply *reply)
{
    resp_write_boolean(reply->out, false, reply->protocol);
}

static const struct {
    const char *name;
    void (*write)(struct reply *reply);
} types[] = {
    {"string", write_string},    {"integer", write_integer}, {"double", write_double},     {"bignum", write_big_number},
    {"null", reply_null},        {"array", write_array},     {"set", write_set},           {"map", write_map},
    {"attrib", write_attribute}, {"push", write_push},       {"verbatim", write_verbatim}, {"true", write_true},
    {"false", write_false},
};

enum status debug_protocol(struct call *call, struct reply *reply)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (args_is(call->argv[2], types[i].name)) {
            types[i].write(reply);
            return STATUS_OK;
        }
    }
    return reply_error(reply, "ERR Wrong protocol type name. Please use one of the following: "
                              "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}
