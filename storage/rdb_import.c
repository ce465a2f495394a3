/* A collection is opened, filled and committed like a command's. Filling ends for a checkpoint whenever the memtable is
 * full, in the midst of a large collection too: it is committed and opened again. */
#include "storage/rdb_import.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "storage/checkpoint_apply.h"
#include "storage/env.h"
#include "storage/hash_store.h"
#include "storage/list_store.h"
#include "storage/rdb_read.h"
#include "storage/redo.h"
#include "storage/set_store.h"
#include "storage/string_store.h"
#include <ctype.h>
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
    /* The key under way. */
    struct buf name; /* Its name, which must outlive the reader's. */
    uint32_t db;
    enum entry_type type;
    uint64_t expire_at_ms;
    struct collection collection;
    bool is_open; /* The collection is. */
};

/* Refuse the key under way. */
static enum status refuse_key(struct import *import, enum status status, const char *reason)
{
    char shown[61];
    size_t len = import->name.len < sizeof(shown) - 1 ? import->name.len : sizeof(shown) - 1;
    const char *bytes = buf_slice(&import->name).data;

    for (size_t i = 0; i < len; i++) {
        shown[i] = '.';
        if (isprint((unsigned char)bytes[i])) {
            shown[i] = bytes[i];
        }
    }
    shown[len] = '\0';
    import->problem->offset = import->file_bytes;
    snprintf(import->problem->text, sizeof(import->problem->text), "database %u, key '%s': %s", import->db, shown,
             reason);
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

static enum status open_collection(struct import *import)
{
    enum status status =
        collection_open(import->keyspace, import->db, buf_slice(&import->name), import->type, &import->collection);

    import->is_open = status == STATUS_OK || status == STATUS_NOT_FOUND;
    return import->is_open ? STATUS_OK : status;
}

static void close_collection(struct import *import)
{
    collection_commit(&import->collection);
    collection_close(&import->collection);
    import->is_open = false;
}

/* After an element: make room if there is none. */
static enum status after_element(struct import *import)
{
    enum status status;

    if (!is_full(import)) {
        return STATUS_OK;
    }
    close_collection(import);
    status = checkpoint(import);
    return status == STATUS_OK ? open_collection(import) : status;
}

static enum status take_aux(void *context, struct slice name, struct slice value)
{
    struct import *import = context;
    int64_t db;

    if (slice_equal(name, slice_of("repl-stream-db")) && number_parse_int64(value, &db) && db >= 0 &&
        db < import->options->database_count) {
        import->selected_db = (int32_t)db;
    }
    return STATUS_OK;
}

static enum status check_key(struct import *import)
{
    struct entry entry;

    if (import->db >= import->options->database_count) {
        return refuse_key(import, STATUS_INVALID, "there is no such database here; set 'databases' higher");
    }
    if (import->type == ENTRY_ZSET || import->type == ENTRY_STREAM) {
        return refuse_key(import, STATUS_UNSUPPORTED, "a type that cannot be stored yet");
    }
    if (keyspace_peek(import->keyspace, import->db, buf_slice(&import->name), &entry)) {
        return refuse_key(import, STATUS_CORRUPT, "it is in the file twice");
    }
    return STATUS_OK;
}

static enum status begin_key(void *context, const struct key_visit *key)
{
    struct import *import = context;
    enum status status;

    if (import->options->cancelled != NULL && atomic_load(import->options->cancelled)) {
        return STATUS_CLOSED;
    }
    buf_clear(&import->name);
    status = buf_append(&import->name, key->name);
    if (status != STATUS_OK) {
        return status;
    }
    import->db = key->db;
    import->type = key->type;
    import->expire_at_ms = key->expire_at_ms;
    status = check_key(import);
    return status == STATUS_OK && key->type != ENTRY_STRING ? open_collection(import) : status;
}

static enum status put_string(void *context, struct slice value)
{
    struct import *import = context;

    string_set(import->keyspace, import->db, buf_slice(&import->name), value, import->expire_at_ms);
    return STATUS_OK;
}

static enum status push_item(void *context, struct slice value)
{
    struct import *import = context;

    list_push(&import->collection, LIST_RIGHT, value);
    return after_element(import);
}

static enum status add_member(void *context, struct slice member)
{
    struct import *import = context;

    if (!set_add(&import->collection, member)) {
        return refuse_key(import, STATUS_CORRUPT, "a set with a member that is there twice");
    }
    return after_element(import);
}

static enum status put_field(void *context, struct slice field, struct slice value)
{
    struct import *import = context;
    bool is_created;

    hash_put(&import->collection, field, value, &is_created);
    if (!is_created) {
        return refuse_key(import, STATUS_CORRUPT, "a hash with a field that is there twice");
    }
    return after_element(import);
}

static enum status end_key(void *context)
{
    struct import *import = context;

    if (import->is_open) {
        close_collection(import);
        if (import->expire_at_ms != 0) {
            (void)keyspace_set_expiry(import->keyspace, import->db, buf_slice(&import->name), import->expire_at_ms);
        }
    }
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
    /* Scores and streams are refused in begin_key, so that nobody is told of them. */
    const struct key_visitor visitor = {
        .context = import,
        .aux = take_aux,
        .key_begin = begin_key,
        .string = put_string,
        .list_item = push_item,
        .set_member = add_member,
        .hash_field = put_field,
        .key_end = end_key,
    };
    const struct rdb_source source = {.read = read_counted, .context = import};
    enum status status = rdb_read(&source, &visitor, import->problem);

    if (import->is_open) {
        collection_close(&import->collection);
        import->is_open = false;
    }
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
    buf_init(&import.name, BUF_NO_CEILING);
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
    buf_release(&import.name);
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
