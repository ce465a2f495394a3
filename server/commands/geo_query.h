/* The words of GEOSEARCH, GEORADIUS and their kin. */
#ifndef SERVER_COMMANDS_GEO_QUERY_H
#define SERVER_COMMANDS_GEO_QUERY_H

#include "base/geo_shape.h"
#include "base/slice.h"
#include "base/status.h"

struct call;
struct collection;
struct reply;

enum geo_query_form {
    GEO_QUERY_POINT,  /* GEORADIUS key longitude latitude radius unit [option ...]. */
    GEO_QUERY_MEMBER, /* GEORADIUSBYMEMBER key member radius unit [option ...]. */
    GEO_QUERY_SEARCH, /* GEOSEARCH key word ..., where all is said by words. */
    GEO_QUERY_STORE,  /* GEOSEARCHSTORE destination key word .... */
};

enum geo_query_order { GEO_QUERY_UNORDERED, GEO_QUERY_NEAREST_FIRST, GEO_QUERY_FARTHEST_FIRST };

struct geo_query {
    struct geo_shape shape;
    bool tells_distance;
    bool tells_hash;
    bool tells_point;
    enum geo_query_order order;
    uint64_t count; /* The most that are wanted; 0 is all. */
    bool takes_any; /* The first that are found will do. */

    bool is_stored;
    bool stores_distances;
    struct slice destination; /* Borrowed from the arguments. */
};

/* Which argument is the key. */
size_t geo_query_key(enum geo_query_form form);
struct geo_query_source {
    enum geo_query_form form;
    bool may_store;                /* Otherwise STORE is no option. */
    const struct collection *zset; /* What the key holds; NULL if nothing: then the shape may be left unsaid. */
};
/* Read all words. Errors are STATUS_REPLIED and those of numbers and syntax. */
MUST_CHECK enum status geo_query_parse(struct call *call, struct reply *reply, const struct geo_query_source *source,
                                       struct geo_query *query);

#endif
