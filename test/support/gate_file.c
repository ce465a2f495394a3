#include "support/gate_file.h"

#include "base/memory.h"

#include <pthread.h>

struct gate_file {
    struct file_system base;
    struct file_system *inner;
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool is_shut;
    bool is_shut_for_folders;
    unsigned held_count;
};

struct passing_file {
    struct file base;
    struct file *inner;
};

static struct file_system *inner_system(struct file_system *system)
{
    return ((struct gate_file *)(void *)system)->inner;
}

static struct file *inner_file(struct file *file)
{
    return ((struct passing_file *)(void *)file)->inner;
}

static enum status pass_open(struct file_system *system, const char *path, enum file_mode mode, struct file **file)
{
    struct file *inner;
    struct passing_file *opened;
    enum status status = file_open(inner_system(system), path, mode, &inner);

    if (status != STATUS_OK) {
        return status;
    }
    opened = memory_allocate(sizeof(*opened));
    opened->base.system = system;
    opened->inner = inner;
    *file = &opened->base;
    return STATUS_OK;
}

static void pass_close(struct file *file)
{
    file_close(inner_file(file));
    memory_free(file);
}

static enum status pass_read(struct file *file, uint64_t offset, char *to, size_t len, size_t *read_len)
{
    return file_read(inner_file(file), offset, to, len, read_len);
}

static enum status pass_write(struct file *file, uint64_t offset, const struct slice *pieces, size_t count)
{
    return file_write(inner_file(file), offset, pieces, count);
}

static enum status pass_size(struct file *file, uint64_t *size_bytes)
{
    return file_size(inner_file(file), size_bytes);
}

static enum status pass_truncate(struct file *file, uint64_t size_bytes)
{
    return file_truncate(inner_file(file), size_bytes);
}

/* Wait before the gate that `is_shut` tells of. */
static void wait_at(struct gate_file *gate, const bool *is_shut)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->held_count++;
    (void)pthread_cond_broadcast(&gate->change);
    while (*is_shut) {
        (void)pthread_cond_wait(&gate->change, &gate->lock);
    }
    gate->held_count--;
    (void)pthread_mutex_unlock(&gate->lock);
}

static enum status hold_sync(struct file *file)
{
    struct gate_file *gate = (struct gate_file *)(void *)file->system;

    wait_at(gate, &gate->is_shut);
    return file_sync(inner_file(file));
}

static enum status pass_rename(struct file_system *system, const char *from, const char *to)
{
    return file_rename(inner_system(system), from, to);
}

static enum status pass_remove(struct file_system *system, const char *path)
{
    return file_remove(inner_system(system), path);
}

static enum status pass_make_directory(struct file_system *system, const char *path)
{
    return file_make_directory(inner_system(system), path);
}

static enum status hold_sync_directory(struct file_system *system, const char *path)
{
    struct gate_file *gate = (struct gate_file *)(void *)system;

    wait_at(gate, &gate->is_shut_for_folders);
    return file_sync_directory(inner_system(system), path);
}

static enum status pass_list(struct file_system *system, const char *path,
                             void (*visit)(void *context, const char *name), void *context)
{
    return file_list(inner_system(system), path, visit, context);
}

struct gate_file *gate_file_create(struct file_system *inner)
{
    static const struct file_system_operations operations = {
        .open = pass_open,
        .close = pass_close,
        .read = pass_read,
        .write = pass_write,
        .size = pass_size,
        .truncate = pass_truncate,
        .sync = hold_sync,
        .rename = pass_rename,
        .remove = pass_remove,
        .make_directory = pass_make_directory,
        .sync_directory = hold_sync_directory,
        .list = pass_list,
    };
    struct gate_file *gate = memory_allocate_zeroed(sizeof(*gate));

    gate->base.operations = &operations;
    gate->inner = inner;
    (void)pthread_mutex_init(&gate->lock, NULL);
    (void)pthread_cond_init(&gate->change, NULL);
    return gate;
}

void gate_file_free(struct gate_file *gate)
{
    (void)pthread_cond_destroy(&gate->change);
    (void)pthread_mutex_destroy(&gate->lock);
    memory_free(gate);
}

struct file_system *gate_file_system(struct gate_file *gate)
{
    return &gate->base;
}

void gate_file_shut(struct gate_file *gate)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->is_shut = true;
    (void)pthread_mutex_unlock(&gate->lock);
}

void gate_file_shut_folders(struct gate_file *gate)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->is_shut_for_folders = true;
    (void)pthread_mutex_unlock(&gate->lock);
}

void gate_file_open(struct gate_file *gate)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->is_shut = false;
    gate->is_shut_for_folders = false;
    (void)pthread_cond_broadcast(&gate->change);
    (void)pthread_mutex_unlock(&gate->lock);
}

void gate_file_await(struct gate_file *gate, unsigned count)
{
    (void)pthread_mutex_lock(&gate->lock);
    while (gate->held_count < count) {
        (void)pthread_cond_wait(&gate->change, &gate->lock);
    }
    (void)pthread_mutex_unlock(&gate->lock);
}
