/* Arguments and history of the hash commands: see catalogue.h. */
#include "server/catalogue/catalogue.h"
#include "server/catalogue/notation.h"

const struct catalogue_page hash_pages[] = {
    {.name = "hdel",
     .history = HISTORY({"2.4.0", "Accepts multiple `field` arguments."}),
     .arguments = ARGUMENTS({KEY("key", 0)}, {STRING("field"), .flags = MULTIPLE})},
    {.name = "hexists", .arguments = ARGUMENTS({KEY("key", 0)}, {STRING("field")})},
    {.name = "hget", .arguments = ARGUMENTS({KEY("key", 0)}, {STRING("field")})},
    {.name = "hgetall", .arguments = ARGUMENTS({KEY("key", 0)})},
    {.name = "hincrby", .arguments = ARGUMENTS({KEY("key", 0)}, {STRING("field")}, {INTEGER("increment")})},
    {.name = "hincrbyfloat", .arguments = ARGUMENTS({KEY("key", 0)}, {STRING("field")}, {DOUBLE("increment")})},
    {.name = "hkeys", .arguments = ARGUMENTS({KEY("key", 0)})},
    {.name = "hlen", .arguments = ARGUMENTS({KEY("key", 0)})},
    {.name = "hmget", .arguments = ARGUMENTS({KEY("key", 0)}, {STRING("field"), .flags = MULTIPLE})},
    {.name = "hmset",
     .deprecated_since = "4.0.0",
     .replaced_by = "`HSET` with multiple field-value pairs",
     .arguments =
         ARGUMENTS({KEY("key", 0)}, {BLOCK("field_value", {STRING("field")}, {STRING("value")}), .flags = MULTIPLE})},
    {.name = "hrandfield",
     .arguments = ARGUMENTS(
         {KEY("key", 0)}, {BLOCK("options", {INTEGER("count")}, {TOKEN("withvalues", "WITHVALUES"), .flags = OPTIONAL}),
                           .flags = OPTIONAL})},
    {.name = "hscan",
     .arguments =
         ARGUMENTS({KEY("key", 0)}, {INTEGER("cursor")}, {PATTERN("pattern"), .token = "MATCH", .flags = OPTIONAL},
                   {INTEGER("count"), .token = "COUNT", .flags = OPTIONAL})},
    {.name = "hset",
     .history = HISTORY({"4.0.0", "Accepts multiple `field` and `value` arguments."}),
     .arguments =
         ARGUMENTS({KEY("key", 0)}, {BLOCK("field_value", {STRING("field")}, {STRING("value")}), .flags = MULTIPLE})},
    {.name = "hsetnx", .arguments = ARGUMENTS({KEY("key", 0)}, {STRING("field")}, {STRING("value")})},
    {.name = "hstrlen", .arguments = ARGUMENTS({KEY("key", 0)}, {STRING("field")})},
    {.name = "hvals", .arguments = ARGUMENTS({KEY("key", 0)})},
    {.name = NULL},
};
