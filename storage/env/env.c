#include "base/assert.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/memory_limit.h"
#include "storage/env/env_lmdb.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The map is address space and no memory: large enough never to be grown, which LMDB allows only between transactions.
 * Sanitizers keep shadow memory for it. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define MAP_BYTES ((size_t)16 << 30)
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define MAP_BYTES ((size_t)16 << 30)
#endif
#endif
#ifndef MAP_BYTES
#define MAP_BYTES ((size_t)1 << 40)
#endif
#define MAP_BYTES_MIN ((size_t)1 << 30)
#define READERS_MAX   250u /* The loop, snapshots, and tools beside the server: 64 bytes each. */
#define FILE_MODE     0640
#define PROBE_BYTES   (1u << 20)

struct env {
    MDB_env *handle;
    char *path;                  /* Of the folder. */
    char *file_path;             /* Of data.mdb in it. */
    MDB_dbi tables[TABLE_COUNT]; /* Opened once; valid as long as the handle. */
};

static const char *const table_names[TABLE_COUNT] = {
    [TABLE_META] = "meta",     [TABLE_KEYS] = "keys",     [TABLE_FIELDS] = "fields",
    [TABLE_SCORES] = "scores", [TABLE_EXPIRY] = "expiry", [TABLE_ORPHANS] = "orphans",
};

const char *env_table_name(enum table table)
{
    ASSERT((unsigned)table < TABLE_COUNT);
    return table_names[table];
}

MDB_env *env_handle(const struct env *env)
{
    return env->handle;
}

MDB_dbi env_table_handle(const struct env *env, enum table table)
{
    ASSERT((unsigned)table < TABLE_COUNT);
    return env->tables[table];
}

const char *env_path(const struct env *env)
{
    return env->path;
}

void env_relocate(struct env *env, const char *path)
{
    memory_free(env->file_path);
    memory_free(env->path);
    env->path = memory_copy_text(path);
    env->file_path = file_join(path, "data.mdb");
}

enum status env_status(int result)
{
    switch (result) {
    case 0:
        return STATUS_OK;
    case MDB_NOTFOUND:
        return STATUS_NOT_FOUND;
    case MDB_MAP_FULL:
    case EFBIG: /* The file system's, or the process', largest file. */
        return STATUS_NO_SPACE;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
        return STATUS_CORRUPT;
    case MDB_VERSION_MISMATCH:
        return STATUS_UNSUPPORTED;
    case MDB_READERS_FULL:
        return STATUS_BUSY;
    default:
        if (result <= 0) {
            return STATUS_IO;
        }
        errno = result; /* For who tells it: closing the environment has come between. */
        return file_status_from_errno(result);
    }
}

/* Whether the disk, a quota or a limit has no room for `PROBE_BYTES` more at the data file's end: what a file without a
 * name is refused there. */
static bool is_full(const struct env *env)
{
    struct stat facts;
    char *block;
    int fd = open(env->path, O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);
    ssize_t written;
    bool refused;

    if (fd < 0) {
        return errno == ENOSPC || errno == EDQUOT;
    }
    block = memory_allocate_zeroed(PROBE_BYTES);
    written = pwrite(fd, block, PROBE_BYTES, stat(env->file_path, &facts) == 0 ? facts.st_size : 0);
    refused = written < 0 ? errno == ENOSPC || errno == EDQUOT || errno == EFBIG : (size_t)written < PROBE_BYTES;
    memory_free(block);
    close(fd);
    return refused;
}

enum status env_write_status(const struct env *env, int result)
{
    return result == EIO && is_full(env) ? STATUS_NO_SPACE : env_status(result);
}

static unsigned choose_read_ahead(uint64_t file_bytes)
{
    return file_bytes > memory_limit_bytes() / ENV_MEMORY_SHARE ? MDB_NORDAHEAD : 0;
}

static int try_open(const char *path, unsigned flags, size_t map_bytes, MDB_env **handle)
{
    MDB_env *opened;
    int result = mdb_env_create(&opened);

    if (result != 0) {
        return result;
    }
    result = mdb_env_set_maxdbs(opened, TABLE_COUNT);
    if (result == 0) {
        result = mdb_env_set_maxreaders(opened, READERS_MAX);
    }
    if (result == 0) {
        result = mdb_env_set_mapsize(opened, map_bytes);
    }
    if (result == 0) {
        result = mdb_env_open(opened, path, flags | MDB_NOTLS, FILE_MODE);
    }
    if (result != 0) {
        mdb_env_close(opened); /* As LMDB demands after a failed open. */
        return result;
    }
    *handle = opened;
    return 0;
}

/* Address space may be scarce (ulimit -v, valgrind): take less then. */
static int open_handle(const char *path, unsigned flags, size_t map_bytes, MDB_env **handle)
{
    int result = try_open(path, flags, map_bytes, handle);

    while (result == ENOMEM && map_bytes > MAP_BYTES_MIN) {
        map_bytes /= 2;
        result = try_open(path, flags, map_bytes, handle);
    }
    return result;
}

static int open_tables(struct env *env, MDB_txn *txn, unsigned flags)
{
    for (int table = 0; table < TABLE_COUNT; table++) {
        int result = mdb_dbi_open(txn, table_names[table], flags, &env->tables[table]);

        if (result != 0) {
            return result == MDB_NOTFOUND ? MDB_CORRUPTED : result;
        }
    }
    return 0;
}

static struct env *wrap(MDB_env *handle, const char *path)
{
    struct env *env = memory_allocate_zeroed(sizeof(*env));

    env->handle = handle;
    env->path = memory_copy_text(path);
    env->file_path = file_join(path, "data.mdb");
    return env;
}

void env_close(struct env *env)
{
    if (env == NULL) {
        return;
    }
    mdb_env_close(env->handle);
    memory_free(env->file_path);
    memory_free(env->path);
    memory_free(env);
}

/* Open the tables and store `meta` in the fresh environment at `path`, in one commit. */
static enum status fill(const char *path, const struct env_meta *meta)
{
    enum status status;
    struct env *env;
    MDB_env *handle;
    MDB_txn *txn;
    int result = open_handle(path, 0, MAP_BYTES, &handle);

    if (result != 0) {
        return env_status(result);
    }
    env = wrap(handle, path);
    result = mdb_txn_begin(handle, NULL, 0, &txn);
    if (result != 0) {
        status = env_write_status(env, result);
        goto close;
    }
    status = env_write_status(env, open_tables(env, txn, MDB_CREATE));
    if (status == STATUS_OK) {
        status = env_put_meta(env, txn, meta);
    }
    if (status == STATUS_OK) {
        status = env_write_status(env, mdb_txn_commit(txn));
    } else {
        mdb_txn_abort(txn);
    }
close:
    env_close(env);
    return status;
}

/* The lock file is made anew by the first process that opens; what is renamed into place holds data alone. */
static enum status remove_lock_file(struct file_system *files, const char *path)
{
    char *lock_path = file_join(path, "lock.mdb");
    enum status status = file_remove(files, lock_path);

    memory_free(lock_path);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Crash windows: before the rename there is a ".new" that the next creation removes; LMDB can read it only once its
 * first commit is synced, and so it must never be seen. After the rename there is a whole environment. */
static enum status grow_up(struct file_system *files, const char *temporary, const char *path,
                           const struct env_meta *meta)
{
    enum status status = file_remove_tree(files, temporary);

    if (status == STATUS_OK) {
        status = file_make_directory(files, temporary);
    }
    if (status == STATUS_OK) {
        status = fill(temporary, meta);
    }
    if (status == STATUS_OK) {
        status = remove_lock_file(files, temporary);
    }
    if (status == STATUS_OK) {
        status = file_sync_directory(files, temporary);
    }
    if (status == STATUS_OK) {
        status = file_rename(files, temporary, path);
    }
    if (status == STATUS_OK) {
        status = file_sync_parent(files, path);
    }
    return status;
}

/* errno stays: it says why there is something to clean up. */
static void clean_up(struct file_system *files, const char *temporary, const char *path)
{
    int saved_errno = errno;

    if (file_remove_tree(files, temporary) != STATUS_OK) {
        diag(DIAG_WARNING, "%s: cannot be removed after a failure to create %s", temporary, path);
    }
    errno = saved_errno;
}

enum status env_create(struct file_system *files, const char *path, const struct env_meta *meta)
{
    size_t len = strlen(path);
    char *temporary = memory_allocate(len + sizeof(".new"));
    bool exists = false;
    enum status status = file_exists(files, path, &exists);

    snprintf(temporary, len + sizeof(".new"), "%s.new", path);
    if (status == STATUS_OK && exists) {
        status = STATUS_EXISTS;
    } else if (status == STATUS_OK) {
        status = grow_up(files, temporary, path, meta);
        if (status != STATUS_OK) {
            clean_up(files, temporary, path);
        }
    }
    memory_free(temporary);
    return status;
}

/* LMDB would make an environment of an empty file. */
static enum status check_file(const char *path, uint64_t *file_bytes)
{
    char *file_path = file_join(path, "data.mdb");
    struct stat facts;
    int failure = stat(file_path, &facts) == 0 ? 0 : errno;

    memory_free(file_path);
    if (failure != 0) {
        return failure == ENOTDIR ? STATUS_NOT_FOUND : file_status_from_errno(failure);
    }
    if (facts.st_size == 0) {
        return STATUS_CORRUPT;
    }
    *file_bytes = (uint64_t)facts.st_size;
    return STATUS_OK;
}

static enum status check_content(struct env *env, uint64_t file_bytes, bool read_only)
{
    struct env_meta meta;
    MDB_txn *txn;
    enum status status;
    int result = mdb_txn_begin(env->handle, NULL, MDB_RDONLY, &txn);

    if (result != 0) {
        return env_status(result);
    }
    status = env_check_tail(txn, env->file_path, file_bytes, read_only);
    if (status == STATUS_OK) {
        status = env_status(open_tables(env, txn, 0));
    }
    if (status == STATUS_OK) {
        status = env_get_meta(env, txn, &meta);
    }
    if (status != STATUS_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    env_meta_release(&meta);
    return env_status(mdb_txn_commit(txn)); /* Abort would close the tables again. */
}

enum status env_open_with_map(const char *path, bool read_only, size_t map_bytes, struct env **env)
{
    uint64_t file_bytes = 0;
    enum status status = check_file(path, &file_bytes);
    struct env *opened;
    MDB_env *handle;
    int result;

    if (status != STATUS_OK) {
        return status;
    }
    result = open_handle(path, choose_read_ahead(file_bytes) | (read_only ? MDB_RDONLY : 0), map_bytes, &handle);
    if (result != 0) {
        return result == MDB_INVALID ? STATUS_CORRUPT : env_status(result);
    }
    opened = wrap(handle, path);
    env_check_readers(opened);
    status = check_content(opened, file_bytes, read_only);
    if (status != STATUS_OK) {
        env_close(opened);
        return status;
    }
    *env = opened;
    return STATUS_OK;
}

enum status env_open(const char *path, bool read_only, struct env **env)
{
    return env_open_with_map(path, read_only, MAP_BYTES, env);
}

enum status env_begin_read(const struct env *env, MDB_txn **txn)
{
    return env_status(mdb_txn_begin(env->handle, NULL, MDB_RDONLY, txn));
}

enum status env_read_meta(struct env *env, struct env_meta *meta)
{
    MDB_txn *txn;
    enum status status = env_begin_read(env, &txn);

    if (status != STATUS_OK) {
        return status;
    }
    status = env_get_meta(env, txn, meta);
    mdb_txn_abort(txn);
    return status;
}

enum status env_mark_clean(struct env *env, bool is_clean)
{
    struct env_meta meta;
    enum status status;
    MDB_txn *txn;
    int result = mdb_txn_begin(env->handle, NULL, 0, &txn);

    if (result != 0) {
        return env_write_status(env, result);
    }
    status = env_get_meta(env, txn, &meta);
    if (status != STATUS_OK) {
        goto fail;
    }
    meta.is_clean = is_clean;
    status = env_put_meta(env, txn, &meta);
    env_meta_release(&meta);
    if (status != STATUS_OK) {
        goto fail;
    }
    return env_write_status(env, mdb_txn_commit(txn));
fail:
    mdb_txn_abort(txn);
    return status;
}

uint64_t env_last_transaction(struct env *env)
{
    MDB_envinfo info;

    mdb_env_info(env->handle, &info);
    return info.me_last_txnid;
}

enum status env_measure(struct env *env, struct env_usage *usage)
{
    struct env_usage measured = {0};
    MDB_envinfo info;
    MDB_stat facts;
    MDB_txn *txn;
    enum status status = env_begin_read(env, &txn);

    if (status != STATUS_OK) {
        return status;
    }
    for (int table = 0; table < TABLE_COUNT && status == STATUS_OK; table++) {
        status = env_status(mdb_stat(txn, env->tables[table], &facts));
        if (status == STATUS_OK) {
            measured.leaf_pages += facts.ms_leaf_pages;
            measured.used_bytes +=
                (facts.ms_branch_pages + facts.ms_leaf_pages + facts.ms_overflow_pages) * (uint64_t)facts.ms_psize;
            measured.orphan_count = table == TABLE_ORPHANS ? facts.ms_entries : measured.orphan_count;
        }
    }
    mdb_txn_abort(txn);
    if (status != STATUS_OK) {
        return status;
    }
    mdb_env_info(env->handle, &info);
    measured.file_bytes = ((uint64_t)info.me_last_pgno + 1) * facts.ms_psize;
    measured.map_bytes = info.me_mapsize;
    *usage = measured;
    return STATUS_OK;
}

void env_check_readers(struct env *env)
{
    int dead_count = 0;
    int result = mdb_reader_check(env->handle, &dead_count);

    if (result != 0) {
        diag(DIAG_WARNING, "%s: the table of readers cannot be checked: %s", env->path, mdb_strerror(result));
    } else if (dead_count > 0) {
        diag(DIAG_NOTICE, "%s: freed the reader slots of %d dead processes", env->path, dead_count);
    }
}
