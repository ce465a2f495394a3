/* Reading an RDB file, event by event: every type and encoding that Redis wrote up to 7.2, but modules.
 *
 * The visitor hears of each key and then of each of its elements, so that it may apply them as commands or load them in
 * bulk; a key of any size costs the memory of its longest element (of packed encodings: of one packed run). Trusts
 * nothing; fuzzed in test/fuzz/. */
#ifndef STORAGE_RDB_RDB_READ_H
#define STORAGE_RDB_RDB_READ_H

#include "storage/keyspace/key_visitor.h"
#include "storage/rdb/rdb_input.h"

/* Read a file from its magic to its checksum.
 *   STATUS_CORRUPT      Damaged or cut: `*problem` says how and where.
 *   STATUS_UNSUPPORTED  A later version, modules, functions nobody takes: `*problem` says which.
 *   STATUS_TOO_BIG      A string longer than RDB_STRING_BYTES_MAX.
 *   STATUS_NO_MEMORY, and what source and visitor gave. */
MUST_CHECK enum status rdb_read(const struct rdb_source *source, const struct key_visitor *visitor,
                                struct rdb_problem *problem);

/* Read the body of one value of RDB type `type`, which `key` (its type is filled in here) is told with: RESTORE.
 * Same errors, and STATUS_CORRUPT for a value of more than input->value_bytes_max. */
MUST_CHECK enum status rdb_read_value(struct rdb_input *input, unsigned type, struct key_visit *key,
                                      const struct key_visitor *visitor);

#endif
