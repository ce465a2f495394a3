#include "server/commands/geo_args.h"
#include "server/request/args.h"
#include "server/request/reply.h"

enum status geo_args_point(struct reply *reply, const struct slice *words, struct geohash_point *point)
{
    struct geohash_point parsed;

    if (args_double(words[0], &parsed.longitude) != STATUS_OK || args_double(words[1], &parsed.latitude) != STATUS_OK) {
        return STATUS_NOT_FLOAT;
    }
    if (!geohash_holds(parsed)) {
        return reply_error(reply, "ERR invalid longitude,latitude pair %f,%f", parsed.longitude, parsed.latitude);
    }
    *point = parsed;
    return STATUS_OK;
}

enum status geo_args_unit(struct reply *reply, struct slice word, double *unit_m)
{
    static const struct {
        const char *word;
        double unit_m;
    } units[] = {{"m", 1}, {"km", 1000}, {"ft", 0.3048}, {"mi", 1609.34}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (args_is(word, units[i].word)) {
            *unit_m = units[i].unit_m;
            return STATUS_OK;
        }
    }
    return reply_error(reply, "ERR unsupported unit provided. please use M, KM, FT, MI");
}

/* ZADD may have given any score. C leaves open what a double beyond an integer's range becomes; this is what the
 * processors do on which Redis runs. */
uint64_t geo_hash_of(double score)
{
    const double limit = 0x1p63;

    if (score >= -limit && score < limit) {
        return (uint64_t)(int64_t)score;
    }
    if (score >= limit && score < 2 * limit) {
        return (uint64_t)(int64_t)(score - limit) ^ UINT64_C(1) << 63;
    }
    return score < 0 ? UINT64_C(1) << 63 : 0;
}

void geo_reply_distance(struct reply *reply, double distance)
{
    reply_bulk_format(reply, "%.4f", distance);
}

void geo_reply_point(struct reply *reply, struct geohash_point point)
{
    reply_array(reply, 2);
    reply_human_double(reply, point.longitude);
    reply_human_double(reply, point.latitude);
}
