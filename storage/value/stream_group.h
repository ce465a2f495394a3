/* Groups of a stream: consumers, and what was delivered to them and is not acknowledged.
 *
 * Groups and consumers are read into structs, changed there, and put back; their names are the caller's. What they have
 * pending is rows, in order of ids twice, for the group and for the consumer, so that neither is ever gone through as a
 * whole. A function that takes a consumer beside a row's owner is given the one that the command holds, so that the
 * same consumer is not changed in two places. */
#ifndef STORAGE_VALUE_STREAM_GROUP_H
#define STORAGE_VALUE_STREAM_GROUP_H

#include "storage/value/stream_store.h"

/* False if there is no such group. */
bool stream_group_find(const struct stream *stream, struct slice name, struct stream_group *group);
/* Make a group that is not there; it is put, and the stream is to be committed. */
void stream_group_create(struct stream *stream, struct slice name, struct stream_id last_id, int64_t read_count,
                         struct stream_group *group);
void stream_group_put(struct stream *stream, const struct stream_group *group);
/* Delete the group with all that it has; the stream is to be committed. */
void stream_group_destroy(struct stream *stream, const struct stream_group *group);
/* The item was delivered to the group: its last id and its count of reads go on. Nothing if it is not past them. */
void stream_group_advance(const struct stream *stream, struct stream_group *group, struct stream_id id);
/* How many items the group has still to read; false if deletions leave it open. */
bool stream_group_lag(const struct stream *stream, const struct stream_group *group, int64_t *lag);

bool stream_consumer_find(const struct stream *stream, const struct stream_group *group, struct slice name,
                          struct stream_consumer *consumer);
/* Make a consumer that is not there; it is put, and the group is to be put. */
void stream_consumer_create(struct stream *stream, struct stream_group *group, struct slice name, uint64_t seen_ms,
                            struct stream_consumer *consumer);
void stream_consumer_put(struct stream *stream, const struct stream_group *group,
                         const struct stream_consumer *consumer);
/* Delete it with all that it has pending; the group is to be put. */
void stream_consumer_delete(struct stream *stream, struct stream_group *group, struct stream_consumer *consumer);
/* The name that a number stands for; borrowed until the consumer is deleted or the keyspace's next switch. */
struct slice stream_consumer_name(const struct stream *stream, const struct stream_group *group, uint64_t number);

bool stream_pending_find(const struct stream *stream, const struct stream_group *group, struct stream_id id,
                         struct stream_pending *pending);
/* Let `consumer` have `id` pending as `pending` says, whoever had it before. Group and consumer are to be put. */
void stream_pending_put(struct stream *stream, struct stream_group *group, struct stream_consumer *consumer,
                        struct stream_id id, const struct stream_pending *pending);
/* Nobody has `id` pending any more; it was found to be. `held` may be NULL. The group, and `held`, are to be put. */
void stream_pending_remove(struct stream *stream, struct stream_group *group, struct stream_consumer *held,
                           struct stream_id id, const struct stream_pending *pending);

/* Walks: pending entries of the group, or the ids of those of a consumer. */
void stream_pending_begin(const struct stream *stream, const struct stream_group *group,
                          const struct stream_range *range, struct stream_walk *walk);
void stream_owned_begin(const struct stream *stream, const struct stream_group *group,
                        const struct stream_consumer *consumer, const struct stream_range *range,
                        struct stream_walk *walk);

/* Walks over groups or over the consumers of a group, by name. What is told is borrowed until the next step or write.
 */
struct stream_names {
    struct view_cursor *cursor; /* Owned. */
    size_t prefix_len;
    bool has_begun;
};
void stream_groups_begin(const struct stream *stream, struct stream_names *names);
bool stream_groups_next(struct stream_names *names, struct stream_group *group);
void stream_consumers_begin(const struct stream *stream, const struct stream_group *group, struct stream_names *names);
bool stream_consumers_next(struct stream_names *names, struct stream_consumer *consumer);
void stream_names_end(struct stream_names *names);

#endif
