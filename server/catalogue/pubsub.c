/* Arguments and history of the pubsub commands: see catalogue.h. */
#include "server/catalogue/catalogue.h"
#include "server/catalogue/notation.h"

const struct catalogue_page pubsub_pages[] = {
    {.name = "psubscribe", .arguments = ARGUMENTS({BLOCK("pattern", {PATTERN("pattern")}), .flags = MULTIPLE})},
    {.name = "publish", .arguments = ARGUMENTS({STRING("channel")}, {STRING("message")})},
    {.name = "pubsub|channels", .arguments = ARGUMENTS({PATTERN("pattern"), .flags = OPTIONAL})},
    {.name = "pubsub|numsub", .arguments = ARGUMENTS({STRING("channel"), .flags = OPTIONAL | MULTIPLE})},
    {.name = "pubsub|shardchannels", .arguments = ARGUMENTS({PATTERN("pattern"), .flags = OPTIONAL})},
    {.name = "pubsub|shardnumsub", .arguments = ARGUMENTS({STRING("shardchannel"), .flags = OPTIONAL | MULTIPLE})},
    {.name = "punsubscribe", .arguments = ARGUMENTS({PATTERN("pattern"), .flags = OPTIONAL | MULTIPLE})},
    {.name = "spublish", .arguments = ARGUMENTS({STRING("shardchannel")}, {STRING("message")})},
    {.name = "ssubscribe", .arguments = ARGUMENTS({STRING("shardchannel"), .flags = MULTIPLE})},
    {.name = "subscribe", .arguments = ARGUMENTS({STRING("channel"), .flags = MULTIPLE})},
    {.name = "sunsubscribe", .arguments = ARGUMENTS({STRING("shardchannel"), .flags = OPTIONAL | MULTIPLE})},
    {.name = "unsubscribe", .arguments = ARGUMENTS({STRING("channel"), .flags = OPTIONAL | MULTIPLE})},
    {.name = NULL},
};
