#include "server/catalogue/catalogue.h"
#include "server/catalogue/notation.h"
#include <stddef.h>

struct group {
    const char *name;
    const struct catalogue_page *pages;
};

static const struct group groups[] = {
    {"bitmap", bitmap_pages},
    {"cluster", cluster_pages},
    {"connection", connection_pages},
    {"generic", generic_pages},
    {"geo", geo_pages},
    {"hash", hash_pages},
    {"hyperloglog", hyperloglog_pages},
    {"list", list_pages},
    {"pubsub", pubsub_pages},
    {"scripting", scripting_pages},
    {"server", server_pages},
    {"set", set_pages},
    {"sorted-set", sorted_set_pages},
    {"stream", stream_pages},
    {"string", string_pages},
    {"transactions", transactions_pages},
};

/* Asked once for each command of a COMMAND DOCS, so that going through one group's pages is quick enough. */
const struct catalogue_page *catalogue_find(const char *group, const char *full_name)
{
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (strcmp(groups[i].name, group) != 0) {
            continue;
        }
        for (const struct catalogue_page *page = groups[i].pages; page->name != NULL; page++) {
            if (strcmp(page->name, full_name) == 0) {
                return page;
            }
        }
    }
    return NULL;
}

void catalogue_visit(void (*visit)(void *context, const char *group, const struct catalogue_page *page), void *context)
{
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        for (const struct catalogue_page *page = groups[i].pages; page->name != NULL; page++) {
            visit(context, groups[i].name, page);
        }
    }
}
