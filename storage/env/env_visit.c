#include "storage/env/env_visit.h"

#include "base/memory.h"
#include "storage/env/env_exact.h"
#include "storage/env/env_rows.h"
#include "storage/env/env_visit_value.h"
#include "storage/keyspace/library_rows.h"
#include <stdio.h>

#define KEYS_A_PROGRESS 1024

static bool is_cancelled(const struct env_visit *visit)
{
    return visit->options.cancelled != NULL && atomic_load(visit->options.cancelled);
}

enum status env_visit_begin(struct env *env, const struct env_visit_options *options, struct env_visit **begun)
{
    struct env_visit *visit = memory_allocate_zeroed(sizeof(*visit));
    enum status status;

    visit->env = env;
    visit->options = *options;
    status = env_begin_exact(env, options->cancelled, &visit->txn, &visit->meta);
    if (status != STATUS_OK) {
        memory_free(visit);
        return status;
    }
    visit->total_keys = env_meta_key_count(&visit->meta);
    buf_init(&visit->scratch, BUF_NO_CEILING);
    *begun = visit;
    return STATUS_OK;
}

const struct env_meta *env_visit_meta(const struct env_visit *visit)
{
    return &visit->meta;
}

static void name_problem(struct env_visit_problem *problem, uint32_t db, struct slice name, const char *reason)
{
    char shown[81];

    snprintf(problem->text, sizeof(problem->text), "database %u, key '%s': %s", db,
             slice_show(name, shown, sizeof(shown)), reason);
}

static void report(struct env_visit *visit)
{
    visit->done_keys++;
    if (visit->options.on_progress != NULL && visit->done_keys % KEYS_A_PROGRESS == 0) {
        visit->options.on_progress(visit->options.context, visit->done_keys, visit->total_keys);
    }
}

static enum status visit_key(struct env_visit *visit, uint32_t db, struct slice row_key, struct slice row_value,
                             const struct key_visitor *visitor, struct env_visit_problem *problem)
{
    struct key_visit key = {.db = db};
    const char *reason = "its row does not decode";
    struct entry entry;
    enum status status = STATUS_CORRUPT;

    key.name = row_key;
    if (entry_decode_row(row_key, row_value, &key.name, &entry)) {
        key.type = entry.type;
        key.expire_at_ms = entry.expire_at_ms;
        key.count = entry.type == ENTRY_STRING ? 1 : entry.count;
        status = visitor->key_begin(visitor->context, &key);
        if (status != STATUS_OK) {
            return status;
        }
        status = env_visit_value(visit, &entry, visitor, &reason);
        if (status == STATUS_OK) {
            status = visitor->key_end(visitor->context);
        }
    }
    if ((status == STATUS_CORRUPT || status == STATUS_UNSUPPORTED) && reason != NULL) {
        name_problem(problem, db, key.name, reason);
    }
    return status;
}

static enum status visit_database(struct env_visit *visit, uint32_t db, const struct key_visitor *visitor,
                                  struct env_visit_problem *problem)
{
    struct keycode prefix;
    struct env_rows rows;
    struct slice key;
    struct slice value;
    enum status status;

    keycode_prefix(&prefix, visit->meta.databases[db].space);
    status = env_rows_open(&rows, visit->env, visit->txn, TABLE_KEYS, keycode_slice(&prefix));
    if (status != STATUS_OK) {
        return status;
    }
    while ((status = env_rows_next(&rows, &key, &value)) == STATUS_OK) {
        status = is_cancelled(visit) ? STATUS_CLOSED : visit_key(visit, db, key, value, visitor, problem);
        if (status != STATUS_OK) {
            break;
        }
        report(visit);
    }
    env_rows_close(&rows);
    return status == STATUS_END ? STATUS_OK : status;
}

/* Libraries come first, as in Redis' files. */
static enum status visit_libraries(struct env_visit *visit, const struct key_visitor *visitor,
                                   struct env_visit_problem *problem)
{
    struct keycode prefix;
    struct env_rows rows;
    struct slice key;
    struct slice value;
    struct slice code;
    enum status status;

    keycode_prefix(&prefix, LIBRARY_SPACE);
    status = env_rows_open(&rows, visit->env, visit->txn, TABLE_KEYS, keycode_slice(&prefix));
    if (status != STATUS_OK) {
        return status;
    }
    while ((status = env_rows_next(&rows, &key, &value)) == STATUS_OK) {
        if (!library_rows_decode(key, value, &code)) {
            snprintf(problem->text, sizeof(problem->text), "a library of functions is damaged");
            status = STATUS_CORRUPT;
        } else if (visitor->function == NULL) {
            snprintf(problem->text, sizeof(problem->text), "it has a library of functions, which cannot be told");
            status = STATUS_UNSUPPORTED;
        } else {
            status = visitor->function(visitor->context, code);
        }
        if (status != STATUS_OK) {
            break;
        }
    }
    env_rows_close(&rows);
    return status == STATUS_END ? STATUS_OK : status;
}

enum status env_visit_keys(struct env_visit *visit, const struct key_visitor *visitor,
                           struct env_visit_problem *problem)
{
    uint32_t database_count = visit->options.is_without_keys ? 0 : visit->meta.database_count;
    enum status status;

    problem->text[0] = '\0';
    status = visit_libraries(visit, visitor, problem);
    for (uint32_t db = 0; db < database_count && status == STATUS_OK; db++) {
        status = visit_database(visit, db, visitor, problem);
    }
    if (status == STATUS_CORRUPT && problem->text[0] == '\0') {
        snprintf(problem->text, sizeof(problem->text), "LMDB cannot walk the table of keys");
    }
    return status;
}

void env_visit_end(struct env_visit *visit)
{
    if (visit != NULL) {
        mdb_txn_abort(visit->txn);
        env_meta_release(&visit->meta);
        buf_release(&visit->scratch);
        memory_free(visit);
    }
}
