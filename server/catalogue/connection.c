/* Arguments and history of the connection commands: see catalogue.h. */
#include "server/catalogue/catalogue.h"
#include "server/catalogue/notation.h"

const struct catalogue_page connection_pages[] = {
    {.name = "auth",
     .history = HISTORY({"6.0.0", "Added ACL style (username and password)."}),
     .arguments = ARGUMENTS({STRING("username"), .since = "6.0.0", .flags = OPTIONAL}, {STRING("password")})},
    {.name = "client|caching", .arguments = ARGUMENTS({ONEOF("mode", {TOKEN("yes", "YES")}, {TOKEN("no", "NO")})})},
    {.name = "client|kill",
     .history = HISTORY(
         {"2.8.12", "Added new filter format."}, {"2.8.12", "`ID` option."},
         {"3.2.0", "Added `master` type in for `TYPE` option."},
         {"5.0.0", "Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility."},
         {"6.2.0", "`LADDR` option."}),
     .arguments = ARGUMENTS(
         {ONEOF("filter", {STRING("ip:port"), .deprecated_since = "2.8.12"},
                {ONEOF("new-format", {INTEGER("client-id"), .token = "ID", .since = "2.8.12", .flags = OPTIONAL},
                       {ONEOF("normal_master_slave_pubsub", {TOKEN("normal", "NORMAL")},
                              {TOKEN("master", "MASTER"), .since = "3.2.0"}, {TOKEN("slave", "SLAVE")},
                              {TOKEN("replica", "REPLICA"), .since = "5.0.0"}, {TOKEN("pubsub", "PUBSUB")}),
                        .token = "TYPE", .since = "2.8.12", .flags = OPTIONAL},
                       {STRING("username"), .token = "USER", .flags = OPTIONAL},
                       {STRING("ip:port"), .token = "ADDR", .flags = OPTIONAL},
                       {STRING("ip:port"), .token = "LADDR", .since = "6.2.0", .flags = OPTIONAL},
                       {STRING("yes/no"), .token = "SKIPME", .flags = OPTIONAL}),
                 .flags = MULTIPLE})})},
    {.name = "client|list",
     .history =
         HISTORY({"2.8.12", "Added unique client `id` field."}, {"5.0.0", "Added optional `TYPE` filter."},
                 {"6.0.0", "Added `user` field."},
                 {"6.2.0", "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter."},
                 {"7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."}, {"7.0.3", "Added `ssub` field."}),
     .arguments = ARGUMENTS(
         {ONEOF("normal_master_replica_pubsub", {TOKEN("normal", "NORMAL")}, {TOKEN("master", "MASTER")},
                {TOKEN("replica", "REPLICA")}, {TOKEN("pubsub", "PUBSUB")}),
          .token = "TYPE", .since = "5.0.0", .flags = OPTIONAL},
         {BLOCK("id", {INTEGER("client-id"), .flags = MULTIPLE}), .token = "ID", .since = "6.2.0", .flags = OPTIONAL})},
    {.name = "client|no-evict", .arguments = ARGUMENTS({ONEOF("enabled", {TOKEN("on", "ON")}, {TOKEN("off", "OFF")})})},
    {.name = "client|pause",
     .history = HISTORY({"6.2.0", "`CLIENT PAUSE WRITE` mode added along with the `mode` option."}),
     .arguments = ARGUMENTS({INTEGER("timeout")}, {ONEOF("mode", {TOKEN("write", "WRITE")}, {TOKEN("all", "ALL")}),
                                                   .since = "6.2.0", .flags = OPTIONAL})},
    {.name = "client|reply",
     .arguments =
         ARGUMENTS({ONEOF("on_off_skip", {TOKEN("on", "ON")}, {TOKEN("off", "OFF")}, {TOKEN("skip", "SKIP")})})},
    {.name = "client|setname", .arguments = ARGUMENTS({STRING("connection-name")})},
    {.name = "client|tracking",
     .arguments =
         ARGUMENTS({ONEOF("status", {TOKEN("on", "ON")}, {TOKEN("off", "OFF")})},
                   {INTEGER("client-id"), .token = "REDIRECT", .flags = OPTIONAL},
                   {STRING("prefix"), .token = "PREFIX", .flags = OPTIONAL | MULTIPLE | MULTIPLE_TOKEN},
                   {TOKEN("bcast", "BCAST"), .flags = OPTIONAL}, {TOKEN("optin", "OPTIN"), .flags = OPTIONAL},
                   {TOKEN("optout", "OPTOUT"), .flags = OPTIONAL}, {TOKEN("noloop", "NOLOOP"), .flags = OPTIONAL})},
    {.name = "client|unblock",
     .arguments = ARGUMENTS(
         {INTEGER("client-id")},
         {ONEOF("timeout_error", {TOKEN("timeout", "TIMEOUT")}, {TOKEN("error", "ERROR")}), .flags = OPTIONAL})},
    {.name = "echo", .arguments = ARGUMENTS({STRING("message")})},
    {.name = "hello",
     .history = HISTORY({"6.2.0", "`protover` made optional; when called without arguments the command reports the "
                                  "current connection's context."}),
     .arguments = ARGUMENTS({BLOCK("arguments", {INTEGER("protover")},
                                   {BLOCK("username_password", {STRING("username")}, {STRING("password")}),
                                    .token = "AUTH", .flags = OPTIONAL},
                                   {STRING("clientname"), .token = "SETNAME", .flags = OPTIONAL}),
                             .flags = OPTIONAL})},
    {.name = "ping", .arguments = ARGUMENTS({STRING("message"), .flags = OPTIONAL})},
    {.name = "select", .arguments = ARGUMENTS({INTEGER("index")})},
    {.name = NULL},
};
