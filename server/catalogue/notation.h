/* How the catalogue's files write their pages. For these files alone: the names are short, and mean nothing elsewhere.
 *
 *     ARGUMENTS({KEY("key", 0)}, {INTEGER("count"), .token = "COUNT", .flags = OPTIONAL})
 *
 * is `key [COUNT count]`. An argument's braces hold what it is, then what else there is to tell of it. */
#ifndef SERVER_CATALOGUE_NOTATION_H
#define SERVER_CATALOGUE_NOTATION_H

#include "server/catalogue/catalogue.h"

#define STRING(name_)         .name = (name_), .type = CATALOGUE_STRING
#define INTEGER(name_)        .name = (name_), .type = CATALOGUE_INTEGER
#define DOUBLE(name_)         .name = (name_), .type = CATALOGUE_DOUBLE
#define PATTERN(name_)        .name = (name_), .type = CATALOGUE_PATTERN
#define UNIX_TIME(name_)      .name = (name_), .type = CATALOGUE_UNIX_TIME
#define TOKEN(name_, token_)  .name = (name_), .type = CATALOGUE_PURE_TOKEN, .token = (token_)
#define KEY(name_, key_spec_) .name = (name_), .type = CATALOGUE_KEY, .is_of_key = true, .key_spec = (key_spec_)
#define KEY_PATTERN(name_, key_spec_)                                                                                  \
    .name = (name_), .type = CATALOGUE_PATTERN, .is_of_key = true, .key_spec = (key_spec_)
#define ONEOF(name_, ...) .name = (name_), .type = CATALOGUE_ONEOF, .parts = ARGUMENTS(__VA_ARGS__)
#define BLOCK(name_, ...) .name = (name_), .type = CATALOGUE_BLOCK, .parts = ARGUMENTS(__VA_ARGS__)

/* Literals at file scope live as long as the program. */
#define ARGUMENTS(...)                                                                                                 \
    (const struct catalogue_argument[])                                                                                \
    {                                                                                                                  \
        __VA_ARGS__,                                                                                                   \
        {                                                                                                              \
            .name = NULL                                                                                               \
        }                                                                                                              \
    }
#define HISTORY(...)                                                                                                   \
    (const struct catalogue_event[])                                                                                   \
    {                                                                                                                  \
        __VA_ARGS__,                                                                                                   \
        {                                                                                                              \
            .since = NULL                                                                                              \
        }                                                                                                              \
    }

#define OPTIONAL       CATALOGUE_OPTIONAL
#define MULTIPLE       CATALOGUE_MULTIPLE
#define MULTIPLE_TOKEN CATALOGUE_MULTIPLE_TOKEN

/* A group's pages; catalogue.c lists the groups. Each ends with a NULL name. */
extern const struct catalogue_page bitmap_pages[];
extern const struct catalogue_page cluster_pages[];
extern const struct catalogue_page connection_pages[];
extern const struct catalogue_page generic_pages[];
extern const struct catalogue_page geo_pages[];
extern const struct catalogue_page hash_pages[];
extern const struct catalogue_page hyperloglog_pages[];
extern const struct catalogue_page list_pages[];
extern const struct catalogue_page pubsub_pages[];
extern const struct catalogue_page scripting_pages[];
extern const struct catalogue_page server_pages[];
extern const struct catalogue_page set_pages[];
extern const struct catalogue_page sorted_set_pages[];
extern const struct catalogue_page stream_pages[];
extern const struct catalogue_page string_pages[];
extern const struct catalogue_page transactions_pages[];

#endif
