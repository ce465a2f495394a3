/* Telling a visitor one key of the keyspace, element by element, as a command sees it now: DUMP, MIGRATE, digests.
 *
 * (What has to tell all keys beside the loop reads the last checkpoint instead: env_visit.h.) */
#ifndef STORAGE_KEYSPACE_KEY_TELL_H
#define STORAGE_KEYSPACE_KEY_TELL_H

#include "storage/keyspace/key_visitor.h"
#include "storage/keyspace/keyspace.h"

/* Tell `name` of `db` with all its elements. `entry` is the key's, of keyspace_find() or a walk; neither it nor `name`
 * may be borrowed from what the visitor changes: the keyspace must not change meanwhile.
 *   STATUS_NO_MEMORY  A long string could not be put together. And what the visitor gave. */
MUST_CHECK enum status key_tell(struct keyspace *keyspace, uint32_t db, struct slice name, const struct entry *entry,
                                const struct key_visitor *visitor);

#endif
