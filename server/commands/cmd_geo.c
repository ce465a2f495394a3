/* Places as members of sorted sets: GEOADD and what tells of single members. */
#include "server/commands/cmd_geo.h"
#include "base/assert.h"
#include "base/memory.h"
#include "base/number.h"
#include "server/commands/call_collection.h"
#include "server/commands/geo_args.h"
#include "server/commands/zset_add.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/reply.h"
#include "storage/value/zset_store.h"

#define PLACE_WORDS 3 /* Longitude, latitude, member. */

struct request {
    struct zset_add_options options;
    size_t first; /* Argument of the first place. */
    size_t count; /* Places. */
};

static enum status parse_request(const struct call *call, struct request *request)
{
    *request = (struct request){.first = 2};
    for (; request->first < call->argc; request->first++) {
        struct slice word = call->argv[request->first];

        if (args_is(word, "nx")) {
            request->options.is_nx = true;
        } else if (args_is(word, "xx")) {
            request->options.is_xx = true;
        } else if (args_is(word, "ch")) {
            request->options.is_ch = true;
        } else {
            break;
        }
    }
    request->count = (call->argc - request->first) / PLACE_WORDS;
    if (request->count == 0 || (call->argc - request->first) % PLACE_WORDS != 0 ||
        (request->options.is_nx && request->options.is_xx)) {
        return STATUS_SYNTAX;
    }
    return STATUS_OK;
}

/* Log ZADD with the hashes as scores, as Redis does. */
static void log_as_zadd(struct call *call, const struct request *request, const uint64_t *hashes)
{
    struct slice *words = memory_allocate((request->first + 2 * request->count) * sizeof(*words));
    char(*texts)[NUMBER_INTEGER_TEXT_MAX] = memory_allocate((request->count + 1) * sizeof(*texts));
    size_t count = request->first;

    memcpy(words, call->argv, request->first * sizeof(*words));
    words[0] = slice_of("ZADD");
    for (size_t i = 0; i < request->count; i++) {
        words[count++] = slice_make(texts[i], number_format_uint64(texts[i], hashes[i]));
        words[count++] = call->argv[request->first + PLACE_WORDS * i + 2];
    }
    change_replace(call->change, words, count);
    memory_free(texts);
    memory_free(words);
}

static enum status add_all(struct call *call, struct reply *reply, const struct request *request,
                           const uint64_t *hashes)
{
    struct collection zset;
    struct zset_add_outcome outcome;
    uint64_t added_count = 0;
    enum status status;

    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    for (size_t i = 0; i < request->count; i++) {
        struct slice member = call->argv[request->first + PLACE_WORDS * i + 2];

        status = zset_add_by(&zset, &request->options, member, (double)hashes[i], &outcome);
        ASSERT(status == STATUS_OK); /* No increment. */
        added_count += outcome.is_added;
        call->changes += outcome.is_added || outcome.is_updated;
    }
    if (call->changes > 0) {
        call_commit_collection(call, &zset, "zadd");
        log_as_zadd(call, request, hashes);
    }
    collection_close(&zset);
    reply_integer(reply, (int64_t)(request->options.is_ch ? call->changes : added_count));
    return STATUS_OK;
}

/* GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]. */
static enum status run_geoadd(struct call *call, struct reply *reply)
{
    struct request request;
    uint64_t *hashes;
    enum status status = parse_request(call, &request);

    if (status != STATUS_OK) {
        return status;
    }
    hashes = memory_allocate((request.count + 1) * sizeof(*hashes));
    for (size_t i = 0; i < request.count && status == STATUS_OK; i++) {
        struct geohash_point point;

        status = geo_args_point(reply, call->argv + request.first + PLACE_WORDS * i, &point);
        if (status == STATUS_OK) {
            hashes[i] = geohash_encode(point);
        }
    }
    if (status == STATUS_OK) {
        status = add_all(call, reply, &request, hashes);
    }
    memory_free(hashes);
    return status;
}

static bool find_point(const struct collection *zset, struct slice member, struct geohash_point *point)
{
    double score;

    if (!zset_score(zset, member, &score)) {
        return false;
    }
    *point = geohash_decode(geo_hash_of(score));
    return true;
}

/* GEODIST key member1 member2 [M | KM | FT | MI]. */
static enum status run_geodist(struct call *call, struct reply *reply)
{
    struct collection zset;
    struct geohash_point points[2];
    double unit_m = 1;
    enum status status = STATUS_OK;

    if (call->argc == 5) {
        status = geo_args_unit(reply, call->argv[4], &unit_m);
    } else if (call->argc > 5) {
        status = STATUS_SYNTAX;
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    if (find_point(&zset, call->argv[2], &points[0]) && find_point(&zset, call->argv[3], &points[1])) {
        geo_reply_distance(reply, geohash_distance_m(points[0], points[1]) / unit_m);
    } else {
        reply_null(reply);
    }
    collection_close(&zset);
    return STATUS_OK;
}

/* GEOHASH key [member ...]. */
static enum status run_geohash(struct call *call, struct reply *reply)
{
    struct collection zset;

    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_array(reply, call->argc - 2);
    for (size_t i = 2; i < call->argc; i++) {
        char text[GEOHASH_TEXT_BYTES];
        double score;

        if (zset_score(&zset, call->argv[i], &score)) {
            geohash_text(geo_hash_of(score), text);
            reply_bulk_text(reply, text);
        } else {
            reply_null(reply);
        }
    }
    collection_close(&zset);
    return STATUS_OK;
}

/* GEOPOS key [member ...]. */
static enum status run_geopos(struct call *call, struct reply *reply)
{
    struct collection zset;

    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_array(reply, call->argc - 2);
    for (size_t i = 2; i < call->argc; i++) {
        struct geohash_point point;

        if (find_point(&zset, call->argv[i], &point)) {
            geo_reply_point(reply, point);
        } else {
            reply_null_array(reply);
        }
    }
    collection_close(&zset);
    return STATUS_OK;
}

const struct command geo_commands[] = {
    {.name = "geoadd",
     .summary = "Add one or more geospatial items in the geospatial index represented using a sorted set",
     .since = "3.2.0",
     .complexity = "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
     .group = "geo",
     .arity = -5,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_GEO,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .run = run_geoadd},
    {.name = "geodist",
     .summary = "Returns the distance between two members of a geospatial index",
     .since = "3.2.0",
     .complexity = "O(log(N))",
     .group = "geo",
     .arity = -4,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_GEO,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_geodist},
    {.name = "geohash",
     .summary = "Returns members of a geospatial index as standard geohash strings",
     .since = "3.2.0",
     .complexity = "O(log(N)) for each member requested, where N is the number of elements in the sorted set.",
     .group = "geo",
     .arity = -2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_GEO,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_geohash},
    {.name = "geopos",
     .summary = "Returns longitude and latitude of members of a geospatial index",
     .since = "3.2.0",
     .complexity = "O(N) where N is the number of members requested.",
     .group = "geo",
     .arity = -2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_GEO,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_geopos},
    {.name = NULL},
};
