/* Nodes of a stream: which items Redis would keep packed together. They are told apart only by XTRIM's "~" and by
 * XINFO, and kept so that both answer as Redis does: each node but the newest has a row with its counts. */
#ifndef STORAGE_VALUE_STREAM_NODE_H
#define STORAGE_VALUE_STREAM_NODE_H

#include "storage/value/stream_store.h"

/* An item is about to be added: it goes into the newest node, or begins another one. */
void stream_node_add(struct stream *stream, struct stream_id id, const struct slice *words, size_t word_count,
                     const struct stream_node_limits *limits);
/* The item was deleted. */
void stream_node_remove(struct stream *stream, struct stream_id id);
/* The oldest node; there must be one. */
void stream_node_oldest(const struct stream *stream, struct stream_node *node);
/* So many items of the oldest node were deleted, at most all. */
void stream_node_shrink_oldest(struct stream *stream, struct stream_node *node, uint64_t count);
/* How many there are. */
uint64_t stream_node_count(const struct stream *stream);

#endif
