/* Arguments and history of the hyperloglog commands: see catalogue.h. */
#include "server/catalogue/catalogue.h"
#include "server/catalogue/notation.h"

const struct catalogue_page hyperloglog_pages[] = {
    {.name = "pfadd", .arguments = ARGUMENTS({KEY("key", 0)}, {STRING("element"), .flags = OPTIONAL | MULTIPLE})},
    {.name = "pfcount",
     .key_notes = {[0] = "RW because it may change the internal representation of the key, and propagate to replicas"},
     .arguments = ARGUMENTS({KEY("key", 0), .flags = MULTIPLE})},
    {.name = "pfdebug", .is_internal = true, .arguments = ARGUMENTS({STRING("subcommand")}, {KEY("key", 0)})},
    {.name = "pfmerge", .arguments = ARGUMENTS({KEY("destkey", 0)}, {KEY("sourcekey", 1), .flags = MULTIPLE})},
    {.name = "pfselftest", .is_internal = true},
    {.name = NULL},
};
