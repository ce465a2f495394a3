/* Arguments and history of the set commands: see catalogue.h. */
#include "server/catalogue/catalogue.h"
#include "server/catalogue/notation.h"

const struct catalogue_page set_pages[] = {
    {.name = "sadd",
     .history = HISTORY({"2.4.0", "Accepts multiple `member` arguments."}),
     .arguments = ARGUMENTS({KEY("key", 0)}, {STRING("member"), .flags = MULTIPLE})},
    {.name = "scard", .arguments = ARGUMENTS({KEY("key", 0)})},
    {.name = "sdiff", .arguments = ARGUMENTS({KEY("key", 0), .flags = MULTIPLE})},
    {.name = "sdiffstore", .arguments = ARGUMENTS({KEY("destination", 0)}, {KEY("key", 1), .flags = MULTIPLE})},
    {.name = "sinter", .arguments = ARGUMENTS({KEY("key", 0), .flags = MULTIPLE})},
    {.name = "sintercard",
     .arguments = ARGUMENTS({INTEGER("numkeys")}, {KEY("key", 0), .flags = MULTIPLE},
                            {INTEGER("limit"), .token = "LIMIT", .flags = OPTIONAL})},
    {.name = "sinterstore", .arguments = ARGUMENTS({KEY("destination", 0)}, {KEY("key", 1), .flags = MULTIPLE})},
    {.name = "sismember", .arguments = ARGUMENTS({KEY("key", 0)}, {STRING("member")})},
    {.name = "smembers", .arguments = ARGUMENTS({KEY("key", 0)})},
    {.name = "smismember", .arguments = ARGUMENTS({KEY("key", 0)}, {STRING("member"), .flags = MULTIPLE})},
    {.name = "smove", .arguments = ARGUMENTS({KEY("source", 0)}, {KEY("destination", 1)}, {STRING("member")})},
    {.name = "spop",
     .history = HISTORY({"3.2.0", "Added the `count` argument."}),
     .arguments = ARGUMENTS({KEY("key", 0)}, {INTEGER("count"), .since = "3.2.0", .flags = OPTIONAL})},
    {.name = "srandmember",
     .history = HISTORY({"2.6.0", "Added the optional `count` argument."}),
     .arguments = ARGUMENTS({KEY("key", 0)}, {INTEGER("count"), .since = "2.6.0", .flags = OPTIONAL})},
    {.name = "srem",
     .history = HISTORY({"2.4.0", "Accepts multiple `member` arguments."}),
     .arguments = ARGUMENTS({KEY("key", 0)}, {STRING("member"), .flags = MULTIPLE})},
    {.name = "sscan",
     .arguments =
         ARGUMENTS({KEY("key", 0)}, {INTEGER("cursor")}, {PATTERN("pattern"), .token = "MATCH", .flags = OPTIONAL},
                   {INTEGER("count"), .token = "COUNT", .flags = OPTIONAL})},
    {.name = "sunion", .arguments = ARGUMENTS({KEY("key", 0), .flags = MULTIPLE})},
    {.name = "sunionstore", .arguments = ARGUMENTS({KEY("destination", 0)}, {KEY("key", 1), .flags = MULTIPLE})},
    {.name = NULL},
};
