/* Rows of TABLE_FIELDS by name: hash fields, members of sets and sorted sets. Takes care of long names, whose full
 * bytes stand at the front of the row's value. */
#ifndef STORAGE_KEYSPACE_FIELD_H
#define STORAGE_KEYSPACE_FIELD_H

#include "base/slice.h"
#include "storage/keyspace/keycode.h"
#include "storage/keyspace/keyspace.h"
#include <stdint.h>

/* Whether the row is there; `*value` is borrowed as view_get() says. */
bool field_get(struct keyspace *keyspace, uint64_t generation, struct slice name, struct slice *value);
void field_put(struct keyspace *keyspace, uint64_t generation, struct slice name, struct slice value);
void field_delete(struct keyspace *keyspace, uint64_t generation, struct slice name);
/* The same for rows whose keys are `prefix` and the name. */
bool field_get_under(struct keyspace *keyspace, const struct keycode *prefix, struct slice name, struct slice *value);
void field_put_under(struct keyspace *keyspace, const struct keycode *prefix, struct slice name, struct slice value);
void field_delete_under(struct keyspace *keyspace, const struct keycode *prefix, struct slice name);
/* Split a row that a cursor found into full name and value; borrowed as they came. */
void field_parse(struct slice coded_key, struct slice row, struct slice *name, struct slice *value);

#endif
