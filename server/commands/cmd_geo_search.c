/* Searches of places: GEOSEARCH, GEOSEARCHSTORE, GEORADIUS and GEORADIUSBYMEMBER. */
#include "base/arena.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/partial_sort.h"
#include "server/commands/call_collection.h"
#include "server/commands/call_effects.h"
#include "server/commands/call_reads.h"
#include "server/commands/cmd_geo.h"
#include "server/commands/geo_args.h"
#include "server/commands/geo_query.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/reply.h"
#include "storage/value/zset_walk.h"
#include <stdlib.h>

#define ARENA_BLOCK_BYTES (16u * 1024)

struct place {
    struct slice member; /* In the places' arena. */
    double distance_m;
    double score;
};

struct places {
    struct place *list; /* Owned. */
    size_t count;
    size_t capacity;
    struct arena members;
};

static void keep(struct places *places, struct place place)
{
    char *copy = arena_allocate(&places->members, place.member.len);

    if (places->count == places->capacity) {
        places->capacity = places->capacity == 0 ? 16 : 2 * places->capacity;
        places->list = memory_resize(places->list, places->capacity * sizeof(*places->list));
    }
    memcpy(copy, place.member.data, place.member.len);
    place.member.data = copy;
    places->list[places->count++] = place;
}

static void release(struct places *places)
{
    memory_free(places->list);
    arena_release(&places->members);
}

/* Keep what is in the shape of one cell's members, until there are `limit`. */
static void search_cell(const struct collection *zset, const struct geo_shape *shape, struct geohash_cell cell,
                        size_t limit, struct places *places)
{
    struct zset_cut cut = {.kind = ZSET_CUT_SCORE};
    struct zset_walk walk;
    struct place place;
    uint64_t first;
    uint64_t end;

    geohash_cell_range(cell, &first, &end);
    cut.score = (double)first;
    zset_walk_begin_at(&walk, zset, &cut, true);
    while (places->count < limit && zset_walk_next(&walk, &place.member, &place.score) && place.score < (double)end) {
        if (geo_shape_holds(shape, geohash_decode(geo_hash_of(place.score)), &place.distance_m)) {
            keep(places, place);
        }
    }
    zset_walk_end(&walk);
}

static int compare_nearest(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;

    return (x->distance_m > y->distance_m) - (x->distance_m < y->distance_m);
}

static int compare_farthest(const void *a, const void *b)
{
    return compare_nearest(b, a);
}

/* Put the wanted ones in front, in their order, and drop the others. */
static void order(const struct geo_query *query, struct places *places)
{
    int (*compare)(const void *, const void *) =
        query->order == GEO_QUERY_NEAREST_FIRST ? compare_nearest : compare_farthest;
    size_t wanted = query->count != 0 && query->count < places->count ? (size_t)query->count : places->count;

    if (query->order != GEO_QUERY_UNORDERED && wanted < places->count) {
        partial_sort(places->list, places->count, sizeof(*places->list), compare, wanted);
    } else if (query->order != GEO_QUERY_UNORDERED && wanted > 1) {
        /* glibc's sort leaves equal ones in their order, on which Redis counts, too. */
        qsort(places->list, places->count, sizeof(*places->list), compare);
    }
    places->count = wanted;
}

static void search(const struct collection *zset, const struct geo_query *query, struct places *places)
{
    struct geohash_cell cells[GEO_SHAPE_CELLS_MAX];
    size_t cell_count = geo_shape_cells(&query->shape, cells);
    size_t limit = query->takes_any && query->count < SIZE_MAX ? (size_t)query->count : SIZE_MAX;

    for (size_t i = 0; i < cell_count && places->count < limit; i++) {
        search_cell(zset, &query->shape, cells[i], limit, places);
    }
    order(query, places);
}

static void tell(struct reply *reply, const struct geo_query *query, const struct places *places)
{
    size_t told = (size_t)query->tells_distance + query->tells_hash + query->tells_point;

    reply_array(reply, places->count);
    for (size_t i = 0; i < places->count; i++) {
        const struct place *place = &places->list[i];

        if (told > 0) {
            reply_array(reply, told + 1);
        }
        reply_bulk(reply, place->member);
        if (query->tells_distance) {
            geo_reply_distance(reply, place->distance_m / query->shape.unit_m);
        }
        if (query->tells_hash) {
            reply_integer(reply, (int64_t)geo_hash_of(place->score));
        }
        if (query->tells_point) {
            geo_reply_point(reply, geohash_decode(geo_hash_of(place->score)));
        }
    }
}

/* What logging the members takes, at most. */
static uint64_t logged_bytes(const struct places *places)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < places->count; i++) {
        bytes += places->list[i].member.len + NUMBER_DOUBLE_TEXT_MAX + 2 * CALL_EFFECTS_ITEM_BYTES;
    }
    return bytes;
}

/* Log the members themselves: another machine's sines may differ in the last bit, and so what is just inside. */
static enum status store(struct call *call, struct reply *reply, const struct geo_query *query,
                         const struct places *places, const char *event)
{
    struct slice deletion[] = {slice_of("DEL"), query->destination};
    struct call_effects effects;
    struct collection zset;

    if (!call_effects_fit(call, logged_bytes(places))) {
        return call_effects_refuse(call, reply);
    }
    collection_begin(call->keyspace, call->db, query->destination, ENTRY_ZSET, &zset);
    if (zset.was_there) {
        change_add(call->change, deletion, 2);
    }
    call_effects_begin(&effects, call, "ZADD", query->destination, 2 * places->count);
    for (size_t i = 0; i < places->count; i++) {
        const struct place *place = &places->list[i];
        double score = query->stores_distances ? place->distance_m / query->shape.unit_m : place->score;
        char text[NUMBER_DOUBLE_TEXT_MAX];

        (void)zset_put(&zset, place->member, score);
        call_effects_add(&effects, slice_make(text, number_format_double(text, score)));
        call_effects_add(&effects, place->member);
    }
    call_replace_collection(call, &zset, event);
    collection_close(&zset);
    reply_integer(reply, (int64_t)places->count);
    return STATUS_OK;
}

/* Search what there is, and tell or store it. */
static enum status answer(struct call *call, struct reply *reply, const struct geo_query_source *source,
                          const struct geo_query *query)
{
    struct places places = {.count = 0};
    enum status status = STATUS_OK;

    arena_init(&places.members, ARENA_BLOCK_BYTES);
    if (source->zset != NULL) {
        search(source->zset, query, &places);
    }
    if (query->is_stored) {
        status =
            store(call, reply, query, &places, source->form == GEO_QUERY_STORE ? "geosearchstore" : "georadiusstore");
    } else {
        tell(reply, query, &places);
    }
    release(&places);
    return status;
}

static enum status run(struct call *call, struct reply *reply, enum geo_query_form form, bool may_store)
{
    struct geo_query_source source = {.form = form, .may_store = may_store};
    struct geo_query query;
    struct collection zset;
    enum status status = collection_open(call->keyspace, call->db, call->argv[geo_query_key(form)], ENTRY_ZSET, &zset);

    call_count_read_of_writer(call, call->argv[geo_query_key(form)], status != STATUS_NOT_FOUND);
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    source.zset = status == STATUS_OK ? &zset : NULL;
    status = geo_query_parse(call, reply, &source, &query);
    if (status == STATUS_OK) {
        status = answer(call, reply, &source, &query);
    }
    collection_close(&zset);
    return status;
}

static enum status run_geosearch(struct call *call, struct reply *reply)
{
    return run(call, reply, GEO_QUERY_SEARCH, false);
}

static enum status run_geosearchstore(struct call *call, struct reply *reply)
{
    return run(call, reply, GEO_QUERY_STORE, true);
}

static enum status run_georadius(struct call *call, struct reply *reply)
{
    return run(call, reply, GEO_QUERY_POINT, true);
}

static enum status run_georadius_ro(struct call *call, struct reply *reply)
{
    return run(call, reply, GEO_QUERY_POINT, false);
}

static enum status run_georadiusbymember(struct call *call, struct reply *reply)
{
    return run(call, reply, GEO_QUERY_MEMBER, true);
}

static enum status run_georadiusbymember_ro(struct call *call, struct reply *reply)
{
    return run(call, reply, GEO_QUERY_MEMBER, false);
}

/* A request whose keys are visited. */
struct visited {
    const struct slice *argv;
    size_t argc;
    size_t options_at;
    command_key_visit *visit;
    void *context;
};

/* Visit the word behind each `option`. */
static size_t visit_destinations(const struct visited *request, const char *option)
{
    size_t count = 0;

    for (size_t i = request->options_at; i + 1 < request->argc; i++) {
        if (args_is(request->argv[i], option)) {
            request->visit(request->context, i + 1, KEY_OW | KEY_UPDATE);
            count++;
        }
    }
    return count;
}

/* The key, and wherever the result may go: the last STORE or STOREDIST decides, while Redis' specifications tell of the
 * first of each alone. */
static size_t visit_keys(const struct visited *request)
{
    request->visit(request->context, 1, KEY_RO | KEY_ACCESS);
    return 1 + visit_destinations(request, "store") + visit_destinations(request, "storedist");
}

static size_t visit_radius_keys(const struct slice *argv, size_t argc, command_key_visit *visit, void *context)
{
    return visit_keys(&(struct visited){argv, argc, 6, visit, context});
}

static size_t visit_member_keys(const struct slice *argv, size_t argc, command_key_visit *visit, void *context)
{
    return visit_keys(&(struct visited){argv, argc, 5, visit, context});
}

const struct command geo_search_commands[] = {
    {.name = "geosearch",
     .summary =
         "Query a sorted set representing a geospatial index to fetch members inside an area of a box or a circle.",
     .since = "6.2.0",
     .complexity = "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the "
                   "shape provided as the filter and M is the number of items inside the shape",
     .group = "geo",
     .arity = -7,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_GEO,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_geosearch},
    {.name = "geosearchstore",
     .summary = "Query a sorted set representing a geospatial index to fetch members inside an area of a box or a "
                "circle, and store the result in another key.",
     .since = "6.2.0",
     .complexity = "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the "
                   "shape provided as the filter and M is the number of items inside the shape",
     .group = "geo",
     .arity = -8,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_GEO,
     .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1), KEY_RANGE(KEY_RO | KEY_ACCESS, 2, 0, 1)},
     .run = run_geosearchstore},
    {.name = "georadius",
     .summary = "Query a sorted set representing a geospatial index to fetch members matching a given maximum distance "
                "from a point",
     .since = "3.2.0",
     .complexity = "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area "
                   "delimited by center and radius and M is the number of items inside the index.",
     .group = "geo",
     .arity = -6,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_GEO,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1),
              {.flags = KEY_OW | KEY_UPDATE,
               .begin = KEY_BEGIN_KEYWORD,
               .keyword = "STORE",
               .index = 6,
               .find = KEY_FIND_RANGE,
               .last = 0,
               .step = 1,
               .limit = 0},
              {.flags = KEY_OW | KEY_UPDATE,
               .begin = KEY_BEGIN_KEYWORD,
               .keyword = "STOREDIST",
               .index = 6,
               .find = KEY_FIND_RANGE,
               .last = 0,
               .step = 1,
               .limit = 0}},
     .visit_keys = visit_radius_keys,
     .run = run_georadius},
    {.name = "georadius_ro",
     .summary = "A read-only variant for GEORADIUS",
     .since = "3.2.10",
     .complexity = "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area "
                   "delimited by center and radius and M is the number of items inside the index.",
     .group = "geo",
     .arity = -6,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_GEO,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_georadius_ro},
    {.name = "georadiusbymember",
     .summary = "Query a sorted set representing a geospatial index to fetch members matching a given maximum distance "
                "from a member",
     .since = "3.2.0",
     .complexity = "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area "
                   "delimited by center and radius and M is the number of items inside the index.",
     .group = "geo",
     .arity = -5,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_GEO,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1),
              {.flags = KEY_OW | KEY_UPDATE,
               .begin = KEY_BEGIN_KEYWORD,
               .keyword = "STORE",
               .index = 5,
               .find = KEY_FIND_RANGE,
               .last = 0,
               .step = 1,
               .limit = 0},
              {.flags = KEY_OW | KEY_UPDATE,
               .begin = KEY_BEGIN_KEYWORD,
               .keyword = "STOREDIST",
               .index = 5,
               .find = KEY_FIND_RANGE,
               .last = 0,
               .step = 1,
               .limit = 0}},
     .visit_keys = visit_member_keys,
     .run = run_georadiusbymember},
    {.name = "georadiusbymember_ro",
     .summary = "A read-only variant for GEORADIUSBYMEMBER",
     .since = "3.2.10",
     .complexity = "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area "
                   "delimited by center and radius and M is the number of items inside the index.",
     .group = "geo",
     .arity = -5,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_GEO,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_georadiusbymember_ro},
    {.name = NULL},
};
