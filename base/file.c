#include "base/file.h"
#include "base/assert.h"
#include "base/memory.h"
#include <errno.h>

#define COPY_BYTES (1024u * 1024) /* At a time. */

enum status file_open(struct file_system *system, const char *path, enum file_mode mode, struct file **file)
{
    return system->operations->open(system, path, mode, file);
}

void file_close(struct file *file)
{
    if (file != NULL) {
        file->system->operations->close(file);
    }
}

enum status file_read(struct file *file, uint64_t offset, char *to, size_t len, size_t *read_len)
{
    return file->system->operations->read(file, offset, to, len, read_len);
}

enum status file_write(struct file *file, uint64_t offset, const struct slice *pieces, size_t count)
{
    return file->system->operations->write(file, offset, pieces, count);
}

enum status file_size(struct file *file, uint64_t *size_bytes)
{
    return file->system->operations->size(file, size_bytes);
}

enum status file_truncate(struct file *file, uint64_t size_bytes)
{
    return file->system->operations->truncate(file, size_bytes);
}

enum status file_sync(struct file *file)
{
    return file->system->operations->sync(file);
}

enum status file_rename(struct file_system *system, const char *from, const char *to)
{
    return system->operations->rename(system, from, to);
}

enum status file_remove(struct file_system *system, const char *path)
{
    return system->operations->remove(system, path);
}

enum status file_make_directory(struct file_system *system, const char *path)
{
    return system->operations->make_directory(system, path);
}

enum status file_sync_directory(struct file_system *system, const char *path)
{
    return system->operations->sync_directory(system, path);
}

enum status file_list(struct file_system *system, const char *path, void (*visit)(void *context, const char *name),
                      void *context)
{
    return system->operations->list(system, path, visit, context);
}

uint64_t file_free_bytes(struct file_system *system, const char *path)
{
    return system->operations->free_bytes == NULL ? UINT64_MAX : system->operations->free_bytes(system, path);
}

static enum status read_open_file(struct file *file, size_t limit_bytes, char **text, size_t *len)
{
    uint64_t size_bytes;
    size_t got;
    char *block;
    enum status status = file_size(file, &size_bytes);

    if (status != STATUS_OK) {
        return status;
    }
    if (size_bytes > limit_bytes) {
        return STATUS_TOO_BIG;
    }
    block = memory_try_allocate((size_t)size_bytes + 1);
    if (block == NULL) {
        return STATUS_NO_MEMORY;
    }
    status = file_read(file, 0, block, (size_t)size_bytes, &got);
    if (status != STATUS_OK) {
        memory_free(block);
        return status;
    }
    block[got] = '\0';
    *text = block;
    *len = got;
    return STATUS_OK;
}

enum status file_read_whole(struct file_system *system, const char *path, size_t limit_bytes, char **text, size_t *len)
{
    struct file *file;
    enum status status = file_open(system, path, FILE_READ, &file);

    if (status != STATUS_OK) {
        return status;
    }
    status = read_open_file(file, limit_bytes, text, len);
    file_close(file);
    return status;
}

static enum status write_new_file(struct file_system *system, const char *path, struct slice content)
{
    struct file *file;
    enum status status = file_open(system, path, FILE_CREATE_OR_TRUNCATE, &file);

    if (status != STATUS_OK) {
        return status;
    }
    status = file_write(file, 0, &content, 1);
    if (status == STATUS_OK) {
        status = file_sync(file);
    }
    file_close(file);
    return status;
}

/* Crash windows:
 *   before the rename      `name` is old; name.tmp may be there, short or whole; the next call truncates it.
 *   after the rename       `name` is old or new, as the folder's own entry may not be on disk yet; both are whole,
 *                          because the content was synced before.
 *   after the folder sync  `name` is new. */
enum status file_replace(struct file_system *system, const char *directory, const char *name, struct slice content)
{
    char *path = file_join(directory, name);
    size_t path_len = strlen(path);
    char *temporary = memory_allocate(path_len + sizeof(".tmp"));
    enum status status;

    memcpy(temporary, path, path_len);
    memcpy(temporary + path_len, ".tmp", sizeof(".tmp"));
    status = write_new_file(system, temporary, content);
    if (status == STATUS_OK) {
        status = file_rename(system, temporary, path);
    }
    if (status == STATUS_OK) {
        status = file_sync_directory(system, directory);
    } else {
        int saved_errno = errno;

        /* A left-over does no harm, so that this may fail too. */
        (void)!file_remove(system, temporary);
        errno = saved_errno;
    }
    memory_free(temporary);
    memory_free(path);
    return status;
}

static enum status copy_open_file(struct file *from, struct file *to, uint64_t len_max)
{
    char *part = memory_allocate(COPY_BYTES);
    enum status status = STATUS_OK;

    for (uint64_t at = 0; status == STATUS_OK && at < len_max;) {
        uint64_t wanted = len_max - at < COPY_BYTES ? len_max - at : COPY_BYTES;
        size_t read_len = 0;

        status = file_read(from, at, part, (size_t)wanted, &read_len);
        if (status == STATUS_OK && read_len > 0) {
            struct slice piece = slice_make(part, read_len);

            status = file_write(to, at, &piece, 1);
        }
        if (read_len < wanted) {
            break;
        }
        at += read_len;
    }
    memory_free(part);
    return status == STATUS_OK ? file_sync(to) : status;
}

enum status file_copy(struct file_system *system, const char *from, const char *to, uint64_t len_max)
{
    struct file *source;
    struct file *target;
    enum status status = file_open(system, from, FILE_READ, &source);

    if (status != STATUS_OK) {
        return status;
    }
    status = file_open(system, to, FILE_CREATE_OR_TRUNCATE, &target);
    if (status == STATUS_OK) {
        status = copy_open_file(source, target, len_max);
        file_close(target);
    }
    file_close(source);
    return status;
}

enum status file_write_zeros(struct file *file, uint64_t offset, uint64_t len)
{
    static const char zeros[64 * 1024];
    struct slice pieces[16];

    while (len > 0) {
        size_t count = 0;
        uint64_t total = 0;
        enum status status;

        while (count < sizeof(pieces) / sizeof(pieces[0]) && total < len) {
            size_t piece = len - total < sizeof(zeros) ? (size_t)(len - total) : sizeof(zeros);

            pieces[count++] = slice_make(zeros, piece);
            total += piece;
        }
        status = file_write(file, offset, pieces, count);
        if (status != STATUS_OK) {
            return status;
        }
        offset += total;
        len -= total;
    }
    return STATUS_OK;
}

/* The names in one folder, gathered before any is removed: what a listing shows while it is changed is unspecified. */
struct names {
    char **items;
    size_t count;
    size_t capacity;
};

static void gather(void *context, const char *name)
{
    struct names *names = context;

    if (names->count == names->capacity) {
        names->capacity = names->capacity == 0 ? 16 : names->capacity * 2;
        names->items = memory_resize(names->items, names->capacity * sizeof(*names->items));
    }
    names->items[names->count++] = memory_copy_text(name);
}

/* Recursion is as deep as the tree, and trees are ours. */
static enum status remove_children(struct file_system *system, const char *path)
{
    struct names names = {0};
    enum status status = file_list(system, path, gather, &names);

    for (size_t i = 0; i < names.count; i++) {
        if (status == STATUS_OK) {
            char *child = file_join(path, names.items[i]);

            status = file_remove_tree(system, child);
            memory_free(child);
        }
        memory_free(names.items[i]);
    }
    memory_free(names.items);
    return status;
}

enum status file_remove_tree(struct file_system *system, const char *path)
{
    enum status status = file_remove(system, path);

    if (status == STATUS_EXISTS) { /* A folder that is not empty. */
        status = remove_children(system, path);
        if (status == STATUS_OK) {
            status = file_remove(system, path);
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status file_exists(struct file_system *system, const char *path, bool *exists)
{
    struct file *file;
    enum status status = file_open(system, path, FILE_READ, &file);

    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    *exists = status == STATUS_OK;
    if (status == STATUS_OK) {
        file_close(file);
    }
    return STATUS_OK;
}

enum status file_sync_parent(struct file_system *system, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *parent = memory_copy_text(slash == NULL ? "." : slash == path ? "/" : path);
    enum status status;

    if (slash != NULL && slash != path) {
        parent[slash - path] = '\0';
    }
    status = file_sync_directory(system, parent);
    memory_free(parent);
    return status;
}

char *file_join(const char *directory, const char *name)
{
    size_t directory_len = strlen(directory);
    size_t name_len = strlen(name);
    char *path = memory_allocate(directory_len + 1 + name_len + 1);

    memcpy(path, directory, directory_len);
    path[directory_len] = '/';
    memcpy(path + directory_len + 1, name, name_len + 1);
    return path;
}

enum status file_status_from_errno(int error_number)
{
    switch (error_number) {
    case 0:
        return STATUS_OK;
    case ENOSPC:
    case EDQUOT:
        return STATUS_NO_SPACE;
    case ENOENT:
    case ENOTDIR:
        return STATUS_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY:
        return STATUS_EXISTS;
    case EBUSY:
    case EAGAIN:
    case ETXTBSY:
        return STATUS_BUSY;
    case ENOMEM:
        return STATUS_NO_MEMORY;
    case EFBIG:
    case ENAMETOOLONG:
        return STATUS_TOO_BIG;
    case EINVAL:
        return STATUS_INVALID;
    default:
        return STATUS_IO;
    }
}

const char *file_failure_text(enum status status)
{
    bool says_less = status == STATUS_IO || status == STATUS_NOT_FOUND || status == STATUS_NO_MEMORY;

    return says_less && file_status_from_errno(errno) == status ? strerror(errno) : status_name(status);
}
