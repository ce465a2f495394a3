/* Arguments and history of transactions: see catalogue.h. */
#include "server/catalogue/catalogue.h"
#include "server/catalogue/notation.h"

const struct catalogue_page transactions_pages[] = {
    {.name = "watch", .arguments = ARGUMENTS({KEY("key", 0), .flags = MULTIPLE})},
    {.name = NULL},
};
