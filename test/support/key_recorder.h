/* A key_visitor that keeps all it is told, to be told again with counts, or compared as text. */
#ifndef TEST_SUPPORT_KEY_RECORDER_H
#define TEST_SUPPORT_KEY_RECORDER_H

#include "base/buf.h"
#include "storage/keyspace/key_visitor.h"

struct key_recorder;

struct key_recorder *key_recorder_create(void);
void key_recorder_free(struct key_recorder *recorder);
struct key_visitor key_recorder_visitor(struct key_recorder *recorder);
/* Tell all of it to `visitor`, keys with their counts. */
enum status key_recorder_replay(const struct key_recorder *recorder, const struct key_visitor *visitor);

/* A visitor that appends a line for each thing that it is told to `out`:
 * "key 0 list 'l' 0", "item 'a'", "end". */
struct key_visitor key_transcript_visitor(struct buf *out);

#endif
