/* A collection is opened, filled and committed like a command's. Filling ends for a checkpoint whenever the memtable is
 * full, in the midst of a large collection too: it is committed and opened again. */
#include "storage/rdb/rdb_import.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "storage/env/checkpoint_apply.h"
#include "storage/env/env.h"
#include "storage/env/redo.h"
#include "storage/keyspace/key_load.h"
#include "storage/keyspace/library_rows.h"
#include "storage/rdb/rdb_read.h"
#include <stdio.h>

#define KEYS_A_PROGRESS 1024

struct import {
    const struct rdb_import_options *options;
    const struct rdb_source *source;
    struct rdb_problem *problem;
    struct env *env;
    struct view *view;
    struct keyspace *keyspace;
    int32_t selected_db;
    uint64_t key_count;
    uint64_t file_bytes;
    struct key_load load; /* The key under way. */
};

/* Refuse a key. */
static enum status refuse_key(struct import *import, uint32_t db, struct slice name, enum status status,
                              const char *reason)
{
    char shown[61];

    import->problem->offset = import->file_bytes;
    snprintf(import->problem->text, sizeof(import->problem->text), "database %u, key '%s': %s", db,
             slice_show(name, shown, sizeof(shown)), reason);
    return status;
}

/* Move what the memtable holds into LMDB. */
static enum status checkpoint(struct import *import)
{
    struct env_meta meta = {
        .history = *import->options->history,
        .position = import->options->position,
        .selected_db = import->selected_db,
    };
    struct checkpoint_apply apply = {
        .files = import->options->files,
        .env = import->env,
        .meta = &meta,
        .whole_pages_max = CHECKPOINT_WHOLE_PAGES,
        .step_pages_max = CHECKPOINT_STEP_PAGES,
    };
    enum status status;

    keyspace_describe(import->keyspace, &meta);
    apply.frozen = view_freeze(import->view);
    status = checkpoint_apply(&apply);
    env_meta_release(&meta);
    return status == STATUS_OK ? view_drop_frozen(import->view) : status;
}

static bool is_full(const struct import *import)
{
    uint64_t most = import->options->memory_bytes;

    return view_active_bytes(import->view) >= (most == 0 ? RDB_IMPORT_MEMORY_BYTES : most);
}

/* After an element: make room if there is none. */
static enum status after_element(void *context)
{
    struct import *import = context;
    enum status status;

    if (!is_full(import)) {
        return STATUS_OK;
    }
    key_load_pause(&import->load);
    status = checkpoint(import);
    return status == STATUS_OK ? key_load_resume(&import->load) : status;
}

static struct import *import_of(void *context)
{
    struct key_load *load = context;

    return load->owner;
}

static enum status take_aux(void *context, struct slice name, struct slice value)
{
    struct import *import = import_of(context);
    int64_t db;

    if (slice_equal(name, slice_of("repl-stream-db")) && number_parse_int64(value, &db) && db >= 0 &&
        db < import->options->database_count) {
        import->selected_db = (int32_t)db;
    }
    return STATUS_OK;
}

/* Whether Lua takes it is seen when it is first used. */
static enum status take_function(void *context, struct slice code)
{
    struct import *import = import_of(context);

    library_rows_put(import->keyspace, code);
    return is_full(import) ? checkpoint(import) : STATUS_OK;
}

static enum status begin_key(void *context, const struct key_visit *key)
{
    struct import *import = import_of(context);
    struct entry entry;

    if (import->options->cancelled != NULL && atomic_load(import->options->cancelled)) {
        return STATUS_CLOSED;
    }
    if (key->db >= import->options->database_count) {
        return refuse_key(import, key->db, key->name, STATUS_INVALID,
                          "there is no such database here; set 'databases' higher");
    }
    if (keyspace_peek(import->keyspace, key->db, key->name, &entry)) {
        return refuse_key(import, key->db, key->name, STATUS_CORRUPT, "it is in the file twice");
    }
    return key_load_begin(&import->load, key);
}

static enum status end_key(void *context)
{
    struct import *import = import_of(context);

    key_load_end(&import->load);
    import->key_count++;
    if (import->options->on_progress != NULL && import->key_count % KEYS_A_PROGRESS == 0) {
        import->options->on_progress(import->options->context, import->key_count, import->file_bytes);
    }
    return is_full(import) ? checkpoint(import) : STATUS_OK;
}

/* The source, counted. */
static enum status read_counted(void *context, char *to, size_t len, size_t *read_len)
{
    struct import *import = context;
    enum status status = import->source->read(import->source->context, to, len, read_len);

    if (status == STATUS_OK) {
        import->file_bytes += *read_len;
    }
    return status;
}

static enum status read_keys(struct import *import)
{
    const struct rdb_source source = {.read = read_counted, .context = import};
    struct key_load *load = &import->load;
    struct key_visitor visitor;
    enum status status;

    key_load_init(load, import->keyspace);
    load->owner = import;
    load->after_element = after_element;
    visitor = key_load_visitor(load);
    visitor.aux = take_aux;
    visitor.function = take_function;
    visitor.key_begin = begin_key;
    visitor.key_end = end_key;
    status = rdb_read(&source, &visitor, import->problem);
    if (status != STATUS_OK && load->problem != NULL) {
        status = refuse_key(import, load->db, buf_slice(&load->name), status, load->problem);
    }
    key_load_release(load);
    return status == STATUS_OK ? checkpoint(import) : status;
}

static enum status create_env(struct import *import, const char *path)
{
    struct env_meta meta = {
        .history = *import->options->history,
        .position = import->options->position,
        .selected_db = -1,
        .next_generation = 1,
    };
    struct random random;
    enum status status;

    random_init_from_system(&random);
    meta.key_hash_seed = random_next(&random);
    status = env_create(import->options->files, path, &meta);
    return status;
}

/* With the environment there: open, fill, mark, close. */
static enum status fill(struct import *import, const char *path)
{
    struct env_meta meta;
    enum status status = env_open(path, false, &import->env);

    if (status != STATUS_OK) {
        return status;
    }
    status = view_open(import->env, &import->view);
    if (status != STATUS_OK) {
        goto fail_env;
    }
    status = env_read_meta(import->env, &meta);
    if (status != STATUS_OK) {
        goto fail_view;
    }
    import->keyspace = keyspace_open(import->view, &meta, import->options->database_count);
    env_meta_release(&meta);
    status = read_keys(import);
    if (status == STATUS_OK) {
        status = env_mark_clean(import->env, true);
    }
    keyspace_close(import->keyspace);

fail_view:
    view_close(import->view);
fail_env:
    env_close(import->env);
    return status;
}

/* What an environment's folder has beside its data, and nobody else needs. */
static enum status tidy(struct import *import, const char *path)
{
    char *lock_path = file_join(path, "lock.mdb");
    enum status status = file_remove(import->options->files, lock_path);

    memory_free(lock_path);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        status = redo_remove(import->options->files, path);
    }
    return status == STATUS_OK ? file_sync_directory(import->options->files, path) : status;
}

enum status rdb_import(const struct rdb_source *source, const char *path, const struct rdb_import_options *options,
                       struct rdb_import_summary *summary, struct rdb_problem *problem)
{
    struct import import = {.options = options, .source = source, .problem = problem, .selected_db = -1};
    enum status status;

    problem->text[0] = '\0';
    status = create_env(&import, path);
    if (status == STATUS_EXISTS) {
        return status; /* What is there is not ours to remove. */
    }
    if (status == STATUS_OK) {
        status = fill(&import, path);
    }
    if (status == STATUS_OK) {
        status = tidy(&import, path);
    }
    if (status != STATUS_OK) {
        if (file_remove_tree(options->files, path) != STATUS_OK) {
            diag(DIAG_WARNING, "cannot remove %s, which a failed import has left", path);
        }
        return status;
    }
    *summary = (struct rdb_import_summary){
        .key_count = import.key_count, .file_bytes = import.file_bytes, .selected_db = import.selected_db};
    return STATUS_OK;
}
