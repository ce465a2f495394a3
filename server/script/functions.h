/* Functions: libraries that are data of the server (storage/keyspace/library_rows.h), and what FCALL runs of them.
 *
 * What is loaded in the interpreter follows the keyspace's rows, which are the truth: after the start and after a full
 * sync they are read when first somebody asks. Event loop only. */
#ifndef SERVER_SCRIPT_FUNCTIONS_H
#define SERVER_SCRIPT_FUNCTIONS_H

#include "base/slice.h"
#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct function_set;
struct reply;
struct script;
struct script_arguments;

/* All libraries; borrowed until the next change. */
const struct function_set *functions_all(struct script *script);
/* The keyspace holds other data now. */
void functions_note_replaced(struct script *script);

/* Load `code`, which may take the place of a library of the same name. Its name, or the error, is replied. */
enum status functions_load(struct call *call, struct slice code, bool replaces, struct reply *reply);
/* STATUS_NOT_FOUND, nothing replied. */
enum status functions_delete(struct call *call, struct slice library_name);
void functions_flush(struct call *call);

enum functions_policy { FUNCTIONS_APPEND, FUNCTIONS_REPLACE, FUNCTIONS_FLUSH };
/* Take the libraries of a payload as functions_dump() makes it, all or none; an error is replied. */
enum status functions_restore(struct call *call, struct slice payload, enum functions_policy policy,
                              struct reply *reply);
/* All libraries, in Redis' form. */
void functions_dump(struct script *script, struct reply *reply);

/* Whether there is such a function. */
bool functions_has(struct script *script, struct slice name);
/* Run it. Its reply, or the error, is written. */
enum status functions_run(struct call *call, struct slice name, const struct script_arguments *arguments,
                          struct reply *reply);
/* The flags of a command that runs it: as script_flags_of_body(). */
uint32_t functions_flags_of(struct script *script, struct slice name, uint32_t flags);

#endif
