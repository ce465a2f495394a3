/* Arguments and history of the commands of Redis Cluster: see catalogue.h. */
#include "server/catalogue/catalogue.h"
#include "server/catalogue/notation.h"

const struct catalogue_page cluster_pages[] = {
    {.name = "cluster|addslots", .arguments = ARGUMENTS({INTEGER("slot"), .flags = MULTIPLE})},
    {.name = "cluster|addslotsrange",
     .arguments =
         ARGUMENTS({BLOCK("start-slot_end-slot", {INTEGER("start-slot")}, {INTEGER("end-slot")}), .flags = MULTIPLE})},
    {.name = "cluster|count-failure-reports", .arguments = ARGUMENTS({STRING("node-id")})},
    {.name = "cluster|countkeysinslot", .arguments = ARGUMENTS({INTEGER("slot")})},
    {.name = "cluster|delslots", .arguments = ARGUMENTS({INTEGER("slot"), .flags = MULTIPLE})},
    {.name = "cluster|delslotsrange",
     .arguments =
         ARGUMENTS({BLOCK("start-slot_end-slot", {INTEGER("start-slot")}, {INTEGER("end-slot")}), .flags = MULTIPLE})},
    {.name = "cluster|failover",
     .arguments =
         ARGUMENTS({ONEOF("options", {TOKEN("force", "FORCE")}, {TOKEN("takeover", "TAKEOVER")}), .flags = OPTIONAL})},
    {.name = "cluster|forget", .arguments = ARGUMENTS({STRING("node-id")})},
    {.name = "cluster|getkeysinslot", .arguments = ARGUMENTS({INTEGER("slot")}, {INTEGER("count")})},
    {.name = "cluster|keyslot", .arguments = ARGUMENTS({STRING("key")})},
    {.name = "cluster|meet",
     .history = HISTORY({"4.0.0", "Added the optional `cluster_bus_port` argument."}),
     .arguments = ARGUMENTS({STRING("ip")}, {INTEGER("port")},
                            {INTEGER("cluster_bus_port"), .since = "4.0.0", .flags = OPTIONAL})},
    {.name = "cluster|replicas", .arguments = ARGUMENTS({STRING("node-id")})},
    {.name = "cluster|replicate", .arguments = ARGUMENTS({STRING("node-id")})},
    {.name = "cluster|reset",
     .arguments = ARGUMENTS({ONEOF("hard_soft", {TOKEN("hard", "HARD")}, {TOKEN("soft", "SOFT")}), .flags = OPTIONAL})},
    {.name = "cluster|set-config-epoch", .arguments = ARGUMENTS({INTEGER("config-epoch")})},
    {.name = "cluster|setslot",
     .arguments =
         ARGUMENTS({INTEGER("slot")}, {ONEOF("subcommand", {STRING("node-id"), .token = "IMPORTING"},
                                             {STRING("node-id"), .token = "MIGRATING"},
                                             {STRING("node-id"), .token = "NODE"}, {TOKEN("stable", "STABLE")})})},
    {.name = "cluster|slaves",
     .deprecated_since = "5.0.0",
     .replaced_by = "`CLUSTER REPLICAS`",
     .arguments = ARGUMENTS({STRING("node-id")})},
    {.name = "cluster|slots",
     .deprecated_since = "7.0.0",
     .replaced_by = "`CLUSTER SHARDS`",
     .history = HISTORY({"4.0.0", "Added node IDs."}, {"7.0.0", "Added additional networking metadata field."})},
    {.name = NULL},
};
