/* What geographic commands read and tell in common. */
#ifndef SERVER_COMMANDS_GEO_ARGS_H
#define SERVER_COMMANDS_GEO_ARGS_H

#include "base/geohash.h"
#include "base/slice.h"
#include "base/status.h"

struct reply;

/* Longitude and latitude in two words. STATUS_NOT_FLOAT, or STATUS_REPLIED if the point is outside. */
MUST_CHECK enum status geo_args_point(struct reply *reply, const struct slice *words, struct geohash_point *point);
/* "m", "km", "ft" or "mi" in meters. STATUS_REPLIED for another word. */
MUST_CHECK enum status geo_args_unit(struct reply *reply, struct slice word, double *unit_m);

/* The hash that a score stands for, whatever score a member has. */
uint64_t geo_hash_of(double score);

/* Tell a distance with four digits after the point; or a point, as two doubles. */
void geo_reply_distance(struct reply *reply, double distance);
void geo_reply_point(struct reply *reply, struct geohash_point point);

#endif
