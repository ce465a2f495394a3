#include "server/commands/geo_query.h"
#include "server/commands/geo_args.h"
#include "server/request/args.h"
#include "server/request/command.h"
#include "server/request/reply.h"
#include "storage/value/zset_store.h"

/* How far the words are read. */
struct parser {
    struct call *call;
    struct reply *reply;
    const struct geo_query_source *source;
    struct geo_query *query;
    size_t next; /* Argument. */
    bool has_member;
    bool has_point;
    bool has_radius;
    bool has_box;
};

size_t geo_query_key(enum geo_query_form form)
{
    return form == GEO_QUERY_STORE ? 2 : 1;
}

static bool is_search(const struct parser *parser)
{
    return parser->source->form == GEO_QUERY_SEARCH || parser->source->form == GEO_QUERY_STORE;
}

static enum status parse_length(const struct parser *parser, size_t at, const char *name, double *length)
{
    if (args_double(parser->call->argv[at], length) != STATUS_OK) {
        return reply_error(parser->reply, "ERR need numeric %s", name);
    }
    return STATUS_OK;
}

/* A radius and its unit, at argument `at`. */
static enum status parse_radius(struct parser *parser, size_t at)
{
    struct geo_shape *shape = &parser->query->shape;
    enum status status = parse_length(parser, at, "radius", &shape->radius);

    if (status != STATUS_OK) {
        return status;
    }
    if (shape->radius < 0) {
        return reply_error(parser->reply, "ERR radius cannot be negative");
    }
    shape->is_box = false;
    return geo_args_unit(parser->reply, parser->call->argv[at + 1], &shape->unit_m);
}

static enum status parse_box(struct parser *parser, size_t at)
{
    struct geo_shape *shape = &parser->query->shape;
    enum status status = parse_length(parser, at, "width", &shape->width);

    if (status == STATUS_OK) {
        status = parse_length(parser, at + 1, "height", &shape->height);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (shape->width < 0 || shape->height < 0) {
        return reply_error(parser->reply, "ERR height or width cannot be negative");
    }
    shape->is_box = true;
    return geo_args_unit(parser->reply, parser->call->argv[at + 2], &shape->unit_m);
}

static enum status parse_member(struct parser *parser, size_t at)
{
    double score;

    if (parser->source->zset == NULL) {
        return STATUS_OK;
    }
    if (!zset_score(parser->source->zset, parser->call->argv[at], &score)) {
        return reply_error(parser->reply, "ERR could not decode requested zset member");
    }
    parser->query->shape.center = geohash_decode(geo_hash_of(score));
    return STATUS_OK;
}

/* What stands before the options. */
static enum status parse_head(struct parser *parser)
{
    enum status status;

    switch (parser->source->form) {
    case GEO_QUERY_POINT:
        parser->next = 6;
        status = geo_args_point(parser->reply, parser->call->argv + 2, &parser->query->shape.center);
        return status == STATUS_OK ? parse_radius(parser, 4) : status;
    case GEO_QUERY_MEMBER:
        parser->next = 5;
        status = parse_member(parser, 2);
        /* Redis looks no further where there is no key. */
        return status == STATUS_OK && parser->source->zset != NULL ? parse_radius(parser, 3) : status;
    case GEO_QUERY_SEARCH:
        parser->next = 2;
        return STATUS_OK;
    case GEO_QUERY_STORE:
        parser->next = 3;
        parser->query->is_stored = true;
        parser->query->destination = parser->call->argv[1];
        return STATUS_OK;
    }
    return STATUS_OK;
}

static bool take_flag(struct parser *parser, struct slice word)
{
    struct geo_query *query = parser->query;

    if (args_is(word, "withdist")) {
        query->tells_distance = true;
    } else if (args_is(word, "withhash")) {
        query->tells_hash = true;
    } else if (args_is(word, "withcoord")) {
        query->tells_point = true;
    } else if (args_is(word, "any")) {
        query->takes_any = true;
    } else if (args_is(word, "asc")) {
        query->order = GEO_QUERY_NEAREST_FIRST;
    } else if (args_is(word, "desc")) {
        query->order = GEO_QUERY_FARTHEST_FIRST;
    } else if (args_is(word, "storedist") && parser->source->form == GEO_QUERY_STORE) {
        query->stores_distances = true;
    } else {
        return false;
    }
    parser->next++;
    return true;
}

/* Whether the next word is this one, with at least `wanted` words after it. */
static bool is_next(const struct parser *parser, const char *word, size_t wanted)
{
    return args_is(parser->call->argv[parser->next], word) && parser->call->argc - parser->next > wanted;
}

static enum status take_count(struct parser *parser)
{
    int64_t count;

    if (args_int64(parser->call->argv[parser->next + 1], &count) != STATUS_OK) {
        return STATUS_NOT_INTEGER;
    }
    if (count <= 0) {
        return reply_error(parser->reply, "ERR COUNT must be > 0");
    }
    parser->query->count = (uint64_t)count;
    parser->next += 2;
    return STATUS_OK;
}

static enum status take_destination(struct parser *parser)
{
    parser->query->stores_distances = is_next(parser, "storedist", 1);
    parser->query->is_stored = true;
    parser->query->destination = parser->call->argv[parser->next + 1];
    parser->next += 2;
    return STATUS_OK;
}

/* The words of GEOSEARCH that say where and how far. */
static enum status take_shape(struct parser *parser)
{
    size_t at = parser->next + 1;

    if (is_next(parser, "frommember", 1) && !parser->has_point) {
        parser->has_member = true;
        parser->next += 2;
        return parse_member(parser, at);
    }
    if (is_next(parser, "fromlonlat", 2) && !parser->has_member) {
        parser->has_point = true;
        parser->next += 3;
        return geo_args_point(parser->reply, parser->call->argv + at, &parser->query->shape.center);
    }
    if (is_next(parser, "byradius", 2) && !parser->has_box) {
        parser->has_radius = true;
        parser->next += 3;
        return parse_radius(parser, at);
    }
    if (is_next(parser, "bybox", 3) && !parser->has_radius) {
        parser->has_box = true;
        parser->next += 4;
        return parse_box(parser, at);
    }
    return STATUS_SYNTAX;
}

static enum status take_option(struct parser *parser)
{
    if (take_flag(parser, parser->call->argv[parser->next])) {
        return STATUS_OK;
    }
    if (is_next(parser, "count", 1)) {
        return take_count(parser);
    }
    if (is_search(parser)) {
        return take_shape(parser);
    }
    if (parser->source->may_store && (is_next(parser, "store", 1) || is_next(parser, "storedist", 1))) {
        return take_destination(parser);
    }
    return STATUS_SYNTAX;
}

/* Whether the words go together. */
static enum status check(const struct parser *parser)
{
    const struct geo_query *query = parser->query;
    struct slice name = parser->call->argv[0];

    if (query->is_stored && (query->tells_distance || query->tells_hash || query->tells_point)) {
        return reply_error(parser->reply, "ERR %s is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
                           parser->source->form == GEO_QUERY_STORE ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS");
    }
    if (is_search(parser) && !parser->has_member && !parser->has_point) {
        return reply_error(parser->reply, "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for %.*s",
                           (int)name.len, name.data);
    }
    if (is_search(parser) && !parser->has_radius && !parser->has_box) {
        return reply_error(parser->reply, "ERR exactly one of BYRADIUS and BYBOX can be specified for %.*s",
                           (int)name.len, name.data);
    }
    if (query->takes_any && query->count == 0) {
        return reply_error(parser->reply, "ERR the ANY argument requires COUNT argument");
    }
    return STATUS_OK;
}

enum status geo_query_parse(struct call *call, struct reply *reply, const struct geo_query_source *source,
                            struct geo_query *query)
{
    struct parser parser = {.call = call, .reply = reply, .source = source, .query = query};
    enum status status;

    *query = (struct geo_query){.order = GEO_QUERY_UNORDERED};
    status = parse_head(&parser);
    while (status == STATUS_OK && parser.next < call->argc) {
        status = take_option(&parser);
    }
    if (status == STATUS_OK) {
        status = check(&parser);
    }
    /* The nearest are meant, unless any will do. */
    if (query->count != 0 && query->order == GEO_QUERY_UNORDERED && !query->takes_any) {
        query->order = GEO_QUERY_NEAREST_FIRST;
    }
    return status;
}
