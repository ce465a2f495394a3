/* How handlers open and write back the collection that a command is about, whatever its type. */
#ifndef SERVER_COMMANDS_CALL_COLLECTION_H
#define SERVER_COMMANDS_CALL_COLLECTION_H

#include "storage/value/collection.h"

struct call;

/* Open argv[1]. Also with STATUS_NOT_FOUND it is open, empty, to be closed.
 *   STATUS_NOT_FOUND, STATUS_WRONG_TYPE: as collection_open(). */
MUST_CHECK enum status call_open_collection(struct call *call, enum entry_type type, struct collection *collection);
/* Write the collection back and tell of `event`; one without elements is gone, which is told too. */
void call_commit_collection(struct call *call, struct collection *collection, const char *event);
/* The same for a result that collection_begin() began, to replace what was there: counts the change, and tells of
 * `event`, or, if the result is empty, of the deletion of what was there. */
void call_replace_collection(struct call *call, struct collection *result, const char *event);

#endif
