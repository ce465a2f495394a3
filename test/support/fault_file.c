#include "support/fault_file.h"
#include "base/assert.h"
#include "base/memory.h"
#include "support/fault_tree.h"
#include <errno.h>
#include <pthread.h>

struct handle {
    struct file base;
    struct fault_file *disk;
    struct handle *next;
    struct fault_node *node;
    uint64_t epoch; /* Of its opening; older than the disk's after a crash. */
    bool is_writable;
};

struct fault_file {
    struct file_system system; /* First, so that the one is the other. */
    pthread_mutex_t mutex;     /* Guards all below. */
    struct fault_tree tree;
    struct handle *handles;
    uint64_t epoch; /* Crashes so far. */
    uint64_t counts[FAULT_ANY + 1];
    enum fault_operation failing; /* With fail_at 0: none. */
    uint64_t fail_at;             /* The value of its count that fails. */
    enum status fail_status;
    bool fails_for_ever;
    bool has_failed;
    uint64_t free_bytes;
};

static struct fault_file *lock(struct file_system *system)
{
    struct fault_file *disk = (struct fault_file *)(void *)system;

    pthread_mutex_lock(&disk->mutex);
    return disk;
}

static enum status unlock(struct fault_file *disk, enum status status)
{
    pthread_mutex_unlock(&disk->mutex);
    switch (status) {
    case STATUS_OK:
        break;
    case STATUS_NO_SPACE:
        errno = ENOSPC;
        break;
    case STATUS_NOT_FOUND:
        errno = ENOENT;
        break;
    case STATUS_EXISTS:
        errno = EEXIST;
        break;
    default:
        errno = EIO;
        break;
    }
    return status;
}

/* Count the operation, and tell whether it is one that shall fail. */
static bool count_operation(struct fault_file *disk, enum fault_operation operation)
{
    bool fails;

    disk->counts[operation]++;
    disk->counts[FAULT_ANY]++;
    if (disk->fail_at == 0 || (disk->failing != operation && disk->failing != FAULT_ANY)) {
        return false;
    }
    fails = disk->counts[disk->failing] == disk->fail_at ||
            (disk->fails_for_ever && disk->counts[disk->failing] > disk->fail_at);
    disk->has_failed |= fails;
    return fails;
}

static void give_space(struct fault_file *disk, const struct fault_node *node)
{
    if (disk->free_bytes != UINT64_MAX && node != NULL) {
        disk->free_bytes += node->content.cached_len;
    }
}

/* --- Operations on paths --- */

static enum status find_or_create(struct fault_file *disk, const char *path, enum file_mode mode,
                                  struct fault_node **node)
{
    struct fault_place place;
    enum status status = fault_tree_find(&disk->tree, path, &place);

    if (status != STATUS_OK) {
        return status;
    }
    if (place.node != NULL) {
        if (mode == FILE_CREATE) {
            return STATUS_EXISTS;
        }
        if (place.node->is_folder && mode != FILE_READ) {
            return STATUS_IO;
        }
        if (mode == FILE_CREATE_OR_TRUNCATE && place.node->content.cached_len > 0) {
            give_space(disk, place.node);
            fault_content_truncate(&place.node->content, 0);
        }
        *node = place.node;
        return STATUS_OK;
    }
    if (mode == FILE_READ || mode == FILE_WRITE) {
        return STATUS_NOT_FOUND;
    }
    *node = fault_tree_create_node(&disk->tree, false);
    fault_tree_change_name(&disk->tree, NULL, &place, *node);
    return STATUS_OK;
}

static enum status open_file(struct file_system *system, const char *path, enum file_mode mode, struct file **file)
{
    struct fault_file *disk = lock(system);
    struct handle *handle;
    struct fault_node *node;
    enum status status;

    if (count_operation(disk, FAULT_OPEN)) {
        return unlock(disk, disk->fail_status);
    }
    status = find_or_create(disk, path, mode, &node);
    if (status != STATUS_OK) {
        return unlock(disk, status);
    }
    handle = memory_allocate(sizeof(*handle));
    *handle = (struct handle){.base = {.system = system},
                              .disk = disk,
                              .next = disk->handles,
                              .node = node,
                              .epoch = disk->epoch,
                              .is_writable = mode != FILE_READ};
    disk->handles = handle;
    node->open_count++;
    *file = &handle->base;
    return unlock(disk, STATUS_OK);
}

/* May what `to` names be replaced by `node`, by the rules of rename(2)? */
static enum status check_replacement(const struct fault_node *node, const struct fault_node *replaced)
{
    if (replaced == NULL || replaced == node) {
        return STATUS_OK;
    }
    if (replaced->is_folder != node->is_folder) {
        return STATUS_IO;
    }
    return replaced->cached.count > 0 ? STATUS_EXISTS : STATUS_OK;
}

static enum status rename_path(struct file_system *system, const char *from, const char *to)
{
    struct fault_file *disk = lock(system);
    struct fault_place from_place;
    struct fault_place to_place;
    enum status status;

    if (count_operation(disk, FAULT_RENAME)) {
        return unlock(disk, disk->fail_status);
    }
    status = fault_tree_find(&disk->tree, from, &from_place);
    if (status == STATUS_OK) {
        status = fault_tree_find(&disk->tree, to, &to_place);
    }
    if (status != STATUS_OK || from_place.node == NULL) {
        return unlock(disk, STATUS_NOT_FOUND);
    }
    status = check_replacement(from_place.node, to_place.node);
    if (status == STATUS_OK && to_place.node != from_place.node) {
        give_space(disk, to_place.node);
        fault_tree_change_name(&disk->tree, &from_place, &to_place, from_place.node);
    }
    return unlock(disk, status);
}

static enum status remove_path(struct file_system *system, const char *path)
{
    struct fault_file *disk = lock(system);
    struct fault_place place;

    if (count_operation(disk, FAULT_REMOVE)) {
        return unlock(disk, disk->fail_status);
    }
    if (fault_tree_find(&disk->tree, path, &place) != STATUS_OK || place.node == NULL) {
        return unlock(disk, STATUS_NOT_FOUND);
    }
    if (place.folder == NULL || place.node->cached.count > 0) {
        return unlock(disk, STATUS_EXISTS);
    }
    give_space(disk, place.node);
    fault_tree_change_name(&disk->tree, &place, NULL, NULL);
    return unlock(disk, STATUS_OK);
}

static enum status make_directory(struct file_system *system, const char *path)
{
    struct fault_file *disk = lock(system);
    struct fault_place place;

    if (count_operation(disk, FAULT_MAKE_DIRECTORY)) {
        return unlock(disk, disk->fail_status);
    }
    if (fault_tree_find(&disk->tree, path, &place) != STATUS_OK) {
        return unlock(disk, STATUS_NOT_FOUND);
    }
    if (place.node != NULL) {
        return unlock(disk, STATUS_EXISTS);
    }
    fault_tree_change_name(&disk->tree, NULL, &place, fault_tree_create_node(&disk->tree, true));
    return unlock(disk, STATUS_OK);
}

static enum status sync_directory(struct file_system *system, const char *path)
{
    struct fault_file *disk = lock(system);
    struct fault_place place;

    if (count_operation(disk, FAULT_SYNC_DIRECTORY)) {
        return unlock(disk, disk->fail_status);
    }
    if (fault_tree_find(&disk->tree, path, &place) != STATUS_OK || place.node == NULL || !place.node->is_folder) {
        return unlock(disk, STATUS_NOT_FOUND);
    }
    fault_tree_sync_folder(&disk->tree, place.node);
    return unlock(disk, STATUS_OK);
}

/* The visitor may use the disk, so it is called for a copy of the names, with the mutex free. */
static enum status list_directory(struct file_system *system, const char *path,
                                  void (*visit)(void *context, const char *name), void *context)
{
    struct fault_file *disk = lock(system);
    struct fault_place place;
    char **copies;
    size_t count;

    if (count_operation(disk, FAULT_LIST)) {
        return unlock(disk, disk->fail_status);
    }
    if (fault_tree_find(&disk->tree, path, &place) != STATUS_OK || place.node == NULL || !place.node->is_folder) {
        return unlock(disk, STATUS_NOT_FOUND);
    }
    count = place.node->cached.count;
    copies = memory_allocate(count * sizeof(*copies));
    for (size_t i = 0; i < count; i++) {
        copies[i] = memory_copy_text(place.node->cached.items[i].text);
    }
    (void)unlock(disk, STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        visit(context, copies[i]);
        memory_free(copies[i]);
    }
    memory_free(copies);
    return STATUS_OK;
}

/* --- Operations on open files --- */

/* Lock the disk for an operation on `file`. With STATUS_OK it is held and so is `*handle`; else it is free. */
static enum status begin(struct file *file, enum fault_operation operation, struct handle **handle, bool *fails)
{
    struct fault_file *disk = lock(file->system);

    *handle = (struct handle *)(void *)file;
    *fails = count_operation(disk, operation);
    if ((*handle)->epoch != disk->epoch || (*handle)->node->is_folder) {
        return unlock(disk, STATUS_IO);
    }
    return STATUS_OK;
}

static void close_file(struct file *file)
{
    struct fault_file *disk = lock(file->system);
    struct handle **link = &disk->handles;

    while (&(*link)->base != file) {
        link = &(*link)->next;
    }
    (*link)->node->open_count--;
    *link = (*link)->next;
    memory_free(file);
    pthread_mutex_unlock(&disk->mutex);
}

static enum status read_file(struct file *file, uint64_t offset, char *to, size_t len, size_t *read_len)
{
    struct handle *handle;
    bool fails;
    enum status status = begin(file, FAULT_READ, &handle, &fails);
    const struct fault_content *content;
    uint64_t left;

    if (status != STATUS_OK || fails) {
        return status != STATUS_OK ? status : unlock(handle->disk, handle->disk->fail_status);
    }
    content = &handle->node->content;
    left = offset < content->cached_len ? content->cached_len - offset : 0;
    *read_len = len < left ? len : (size_t)left;
    if (*read_len > 0) {
        memcpy(to, content->cached + offset, *read_len);
    }
    return unlock(handle->disk, STATUS_OK);
}

/* Take from the free space what a write up to `end` needs, or what there is; returns where the write must stop. */
static uint64_t take_space(struct fault_file *disk, const struct fault_content *content, uint64_t end)
{
    uint64_t growth = end > content->cached_len ? end - content->cached_len : 0;

    if (disk->free_bytes == UINT64_MAX) {
        return end;
    }
    if (growth > disk->free_bytes) {
        growth = disk->free_bytes;
        end = content->cached_len + growth;
    }
    disk->free_bytes -= growth;
    return end;
}

static enum status write_file(struct file *file, uint64_t offset, const struct slice *pieces, size_t count)
{
    struct handle *handle;
    bool fails;
    enum status status = begin(file, FAULT_WRITE, &handle, &fails);
    struct fault_content *content;
    uint64_t len = 0;
    uint64_t wanted_end;
    uint64_t end;

    if (status != STATUS_OK) {
        return status;
    }
    ASSERT(handle->is_writable);
    content = &handle->node->content;
    for (size_t i = 0; i < count; i++) {
        len += pieces[i].len;
    }
    wanted_end = offset + (fails ? len / 2 : len);
    end = take_space(handle->disk, content, wanted_end);
    for (size_t i = 0; i < count && offset < end; i++) {
        struct slice piece = pieces[i];

        piece.len = piece.len < end - offset ? piece.len : (size_t)(end - offset);
        fault_content_write(content, offset, piece);
        offset += piece.len;
    }
    if (fails) {
        status = handle->disk->fail_status;
    } else if (end < wanted_end) {
        status = STATUS_NO_SPACE;
    }
    return unlock(handle->disk, status);
}

static enum status get_size(struct file *file, uint64_t *size_bytes)
{
    struct handle *handle;
    bool fails;
    enum status status = begin(file, FAULT_SIZE, &handle, &fails);

    if (status != STATUS_OK || fails) {
        return status != STATUS_OK ? status : unlock(handle->disk, handle->disk->fail_status);
    }
    *size_bytes = handle->node->content.cached_len;
    return unlock(handle->disk, STATUS_OK);
}

static enum status truncate_file(struct file *file, uint64_t size_bytes)
{
    struct handle *handle;
    bool fails;
    enum status status = begin(file, FAULT_TRUNCATE, &handle, &fails);
    struct fault_content *content;

    if (status != STATUS_OK || fails) {
        return status != STATUS_OK ? status : unlock(handle->disk, handle->disk->fail_status);
    }
    ASSERT(handle->is_writable);
    content = &handle->node->content;
    if (handle->disk->free_bytes != UINT64_MAX && size_bytes < content->cached_len) {
        handle->disk->free_bytes += content->cached_len - size_bytes;
    }
    fault_content_truncate(content, size_bytes); /* Growing leaves a hole, which takes no space. */
    return unlock(handle->disk, STATUS_OK);
}

static enum status sync_file(struct file *file)
{
    struct handle *handle;
    bool fails;
    enum status status = begin(file, FAULT_SYNC, &handle, &fails);

    if (status != STATUS_OK) {
        return status;
    }
    if (fails) {
        fault_content_fail_sync(&handle->node->content);
        return unlock(handle->disk, handle->disk->fail_status);
    }
    fault_content_sync(&handle->node->content);
    return unlock(handle->disk, STATUS_OK);
}

/* --- The test's side --- */

static uint64_t get_free_bytes(struct file_system *system, const char *path)
{
    struct fault_file *disk = lock(system);
    uint64_t free_bytes = disk->free_bytes;

    (void)path;
    pthread_mutex_unlock(&disk->mutex);
    return free_bytes;
}

struct fault_file *fault_file_create(void)
{
    static const struct file_system_operations operations = {
        .open = open_file,
        .close = close_file,
        .read = read_file,
        .write = write_file,
        .size = get_size,
        .truncate = truncate_file,
        .sync = sync_file,
        .rename = rename_path,
        .remove = remove_path,
        .make_directory = make_directory,
        .sync_directory = sync_directory,
        .list = list_directory,
        .free_bytes = get_free_bytes,
    };
    struct fault_file *disk = memory_allocate_zeroed(sizeof(*disk));

    disk->system.operations = &operations;
    pthread_mutex_init(&disk->mutex, NULL);
    fault_tree_init(&disk->tree);
    disk->free_bytes = UINT64_MAX;
    return disk;
}

void fault_file_free(struct fault_file *disk)
{
    while (disk->handles != NULL) {
        close_file(&disk->handles->base);
    }
    fault_tree_release(&disk->tree);
    pthread_mutex_destroy(&disk->mutex);
    memory_free(disk);
}

struct file_system *fault_file_system(struct fault_file *disk)
{
    return &disk->system;
}

void fault_file_crash(struct fault_file *disk, enum fault_survival survival, uint64_t seed)
{
    struct random random;

    random_init(&random, seed);
    pthread_mutex_lock(&disk->mutex);
    fault_tree_crash(&disk->tree, survival, &random);
    disk->epoch++;
    disk->fail_at = 0;
    disk->free_bytes = UINT64_MAX;
    pthread_mutex_unlock(&disk->mutex);
}

void fault_file_fail(struct fault_file *disk, enum fault_operation operation, uint64_t nth, enum status status,
                     bool for_ever)
{
    ASSERT(nth > 0 && status != STATUS_OK);
    pthread_mutex_lock(&disk->mutex);
    disk->failing = operation;
    disk->fail_at = disk->counts[operation] + nth;
    disk->fail_status = status;
    disk->fails_for_ever = for_ever;
    disk->has_failed = false;
    pthread_mutex_unlock(&disk->mutex);
}

void fault_file_heal(struct fault_file *disk)
{
    pthread_mutex_lock(&disk->mutex);
    disk->fail_at = 0;
    disk->free_bytes = UINT64_MAX;
    pthread_mutex_unlock(&disk->mutex);
}

bool fault_file_has_failed(struct fault_file *disk)
{
    bool has_failed;

    pthread_mutex_lock(&disk->mutex);
    has_failed = disk->has_failed;
    pthread_mutex_unlock(&disk->mutex);
    return has_failed;
}

uint64_t fault_file_operation_count(struct fault_file *disk, enum fault_operation operation)
{
    uint64_t count;

    pthread_mutex_lock(&disk->mutex);
    count = disk->counts[operation];
    pthread_mutex_unlock(&disk->mutex);
    return count;
}

void fault_file_set_free_bytes(struct fault_file *disk, uint64_t free_bytes)
{
    pthread_mutex_lock(&disk->mutex);
    disk->free_bytes = free_bytes;
    pthread_mutex_unlock(&disk->mutex);
}
