/* Replies that stream commands share. */
#ifndef SERVER_COMMANDS_STREAM_REPLY_H
#define SERVER_COMMANDS_STREAM_REPLY_H

#include "server/request/reply.h"
#include "storage/value/stream_store.h"

#define STREAM_ID_TEXT_MAX 42 /* Bytes of the longest id as text, with NUL. */

/* "ms-sequence"; returns its slice of `text`. */
struct slice stream_id_text(struct stream_id id, char text[STREAM_ID_TEXT_MAX]);
void reply_stream_id(struct reply *reply, struct stream_id id);
/* An item: its id, and its fields and values, out of its value in the store. */
void reply_stream_item(struct reply *reply, struct stream_id id, struct slice value);
/* An array of the items of a range, at most `count`; 0 is no limit. */
void reply_stream_range(struct reply *reply, const struct stream *stream, const struct stream_range *range,
                        uint64_t count);

#endif
