#include "support/keyspace_fixture.h"
#include "base/assert.h"
#include "base/memory.h"
#include "storage/env/checkpoint_apply.h"
#include "storage/env/purge.h"
#include "storage/memtable/view_cursor.h"
#include "support/scratch.h"

#define NAME_SEED 42

static void note_expired(void *context, uint32_t db, struct slice key)
{
    struct keyspace_fixture *fixture = context;

    buf_put_format(&fixture->expired, "%u:%.*s ", (unsigned int)db, (int)key.len, key.data);
}

static void open_keyspace(struct keyspace_fixture *fixture, const struct env_meta *meta, uint32_t database_count)
{
    struct keyspace_hooks hooks = {.on_expired = note_expired, .context = fixture};

    fixture->keyspace = keyspace_open(fixture->view, meta, database_count);
    keyspace_warm_up(fixture->keyspace);
    keyspace_set_hooks(fixture->keyspace, &hooks);
}

static void open_env(struct keyspace_fixture *fixture, const char *path)
{
    enum status status = env_open(path, false, &fixture->env);

    ASSERT(status == STATUS_OK);
    status = view_open(fixture->env, &fixture->view);
    ASSERT(status == STATUS_OK);
}

struct keyspace_fixture *keyspace_fixture_open(void)
{
    struct keyspace_fixture *fixture = memory_allocate_zeroed(sizeof(*fixture));
    struct env_meta meta = {.selected_db = -1, .next_generation = 1, .key_hash_seed = NAME_SEED};
    char *path;
    enum status status;

    history_init(&meta.history);
    fixture->directory = scratch_create();
    path = file_join(fixture->directory, "data");
    status = env_create(file_system_posix(), path, &meta);
    ASSERT(status == STATUS_OK);
    open_env(fixture, path);
    memory_free(path);
    buf_init(&fixture->expired, BUF_NO_CEILING);
    open_keyspace(fixture, &meta, KEYSPACE_FIXTURE_DATABASES);
    return fixture;
}

void keyspace_fixture_close(struct keyspace_fixture *fixture)
{
    if (fixture->frozen != NULL) {
        keyspace_fixture_end_checkpoint(fixture);
    }
    keyspace_close(fixture->keyspace);
    view_close(fixture->view);
    env_close(fixture->env);
    scratch_remove(fixture->directory);
    buf_release(&fixture->expired);
    memory_free(fixture);
}

int keyspace_fixture_setup(void **state)
{
    *state = keyspace_fixture_open();
    return 0;
}

int keyspace_fixture_teardown(void **state)
{
    keyspace_fixture_close(*state);
    return 0;
}

void keyspace_fixture_reopen(struct keyspace_fixture *fixture, uint32_t database_count)
{
    struct env_meta meta = {.selected_db = -1};

    keyspace_describe(fixture->keyspace, &meta);
    keyspace_close(fixture->keyspace);
    open_keyspace(fixture, &meta, database_count);
    env_meta_release(&meta);
}

void keyspace_fixture_begin_checkpoint(struct keyspace_fixture *fixture)
{
    enum status status = env_read_meta(fixture->env, &fixture->frozen_meta);

    ASSERT(status == STATUS_OK && fixture->frozen == NULL);
    env_meta_release(&fixture->frozen_meta);
    keyspace_describe(fixture->keyspace, &fixture->frozen_meta);
    fixture->frozen_meta.position.offset++;
    fixture->frozen = view_freeze(fixture->view);
}

bool keyspace_fixture_has_checkpoint(const struct keyspace_fixture *fixture)
{
    return fixture->frozen != NULL;
}

void keyspace_fixture_end_checkpoint(struct keyspace_fixture *fixture)
{
    struct checkpoint_apply apply = {.files = file_system_posix(),
                                     .env = fixture->env,
                                     .frozen = fixture->frozen,
                                     .meta = &fixture->frozen_meta,
                                     .whole_pages_max = CHECKPOINT_WHOLE_PAGES,
                                     .step_pages_max = CHECKPOINT_STEP_PAGES};
    enum status status = checkpoint_apply(&apply);

    ASSERT(status == STATUS_OK);
    status = view_drop_frozen(fixture->view);
    ASSERT(status == STATUS_OK);
    fixture->frozen = NULL;
    env_meta_release(&fixture->frozen_meta);
}

void keyspace_fixture_restart(struct keyspace_fixture *fixture)
{
    struct env_meta meta;
    char *path = file_join(fixture->directory, "data");
    enum status status;

    keyspace_fixture_begin_checkpoint(fixture);
    keyspace_fixture_end_checkpoint(fixture);
    keyspace_close(fixture->keyspace);
    view_close(fixture->view);
    env_close(fixture->env);
    open_env(fixture, path);
    status = env_read_meta(fixture->env, &meta);
    ASSERT(status == STATUS_OK);
    open_keyspace(fixture, &meta, KEYSPACE_FIXTURE_DATABASES);
    env_meta_release(&meta);
    memory_free(path);
}

void keyspace_fixture_purge(struct keyspace_fixture *fixture)
{
    bool more = true;
    enum status status;

    ASSERT(fixture->frozen == NULL);
    while (more) {
        status = purge_step(fixture->env, &more);
        ASSERT(status == STATUS_OK);
    }
    status = view_renew(fixture->view);
    ASSERT(status == STATUS_OK);
}

void keyspace_fixture_master(struct keyspace_fixture *fixture, uint64_t now_ms)
{
    keyspace_set_clock(fixture->keyspace, now_ms, true);
}

void keyspace_fixture_replica(struct keyspace_fixture *fixture, uint64_t now_ms)
{
    keyspace_set_clock(fixture->keyspace, now_ms, false);
}

void keyspace_fixture_replay(struct keyspace_fixture *fixture)
{
    keyspace_set_clock(fixture->keyspace, 0, false);
}

const char *keyspace_fixture_expired(struct keyspace_fixture *fixture)
{
    buf_put_byte(&fixture->expired, '\0');
    buf_clear(&fixture->expired); /* The bytes stay until the next is put. */
    return buf_slice(&fixture->expired).data;
}

void keyspace_fixture_set(struct keyspace_fixture *fixture, uint32_t db, const char *key, const char *value)
{
    struct entry entry = {.type = ENTRY_STRING, .body = slice_of(value)};

    keyspace_put(fixture->keyspace, db, slice_of(key), &entry);
}

void keyspace_fixture_set_due(struct keyspace_fixture *fixture, uint32_t db, const char *key, uint64_t expire_at_ms)
{
    struct entry entry = {.type = ENTRY_STRING, .expire_at_ms = expire_at_ms, .body = slice_of("v")};

    keyspace_put(fixture->keyspace, db, slice_of(key), &entry);
}

const char *keyspace_fixture_get(struct keyspace_fixture *fixture, uint32_t db, const char *key)
{
    static char text[1024]; /* The fixture is for single-threaded tests. */
    struct entry entry;

    if (!keyspace_find(fixture->keyspace, db, slice_of(key), &entry)) {
        return NULL;
    }
    ASSERT(entry.body.len < sizeof(text));
    memcpy(text, entry.body.data, entry.body.len);
    text[entry.body.len] = '\0';
    return text;
}

size_t keyspace_fixture_row_count(struct keyspace_fixture *fixture, enum table table, struct slice prefix)
{
    struct view_cursor *cursor = view_cursor_create(fixture->view, table, prefix);
    size_t count = 0;

    for (bool more = view_cursor_first(cursor); more; more = view_cursor_next(cursor)) {
        count++;
    }
    view_cursor_free(cursor);
    return count;
}
