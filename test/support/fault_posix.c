#include "support/fault_posix.h"

#include "base/memory.h"
#include <stdatomic.h>

struct fault_posix {
    struct file_system base;
    atomic_uint remaining; /* Operations until the failing one, with it; 0 none will. */
    _Atomic(enum status) status;
    atomic_bool has_failed;
};

struct wrapped_file {
    struct file base;
    struct file *real;
};

static enum status meet_fault(struct fault_posix *disk)
{
    unsigned remaining = atomic_load(&disk->remaining);

    do {
        if (remaining == 0) {
            return STATUS_OK;
        }
    } while (!atomic_compare_exchange_weak(&disk->remaining, &remaining, remaining - 1));
    if (remaining > 1) {
        return STATUS_OK;
    }
    atomic_store(&disk->has_failed, true);
    return disk->status;
}

static struct fault_posix *disk_of(struct file_system *system)
{
    return (struct fault_posix *)(void *)system;
}

static struct file *real_of(struct file *file)
{
    return ((struct wrapped_file *)(void *)file)->real;
}

static enum status open_file(struct file_system *system, const char *path, enum file_mode mode, struct file **file)
{
    enum status status = meet_fault(disk_of(system));
    struct wrapped_file *wrapped;
    struct file *real;

    if (status == STATUS_OK) {
        status = file_open(file_system_posix(), path, mode, &real);
    }
    if (status != STATUS_OK) {
        return status;
    }
    wrapped = memory_allocate(sizeof(*wrapped));
    wrapped->base.system = system;
    wrapped->real = real;
    *file = &wrapped->base;
    return STATUS_OK;
}

static void close_file(struct file *file)
{
    file_close(real_of(file));
    memory_free(file);
}

static enum status read_file(struct file *file, uint64_t offset, char *to, size_t len, size_t *read_len)
{
    enum status status = meet_fault(disk_of(file->system));

    return status == STATUS_OK ? file_read(real_of(file), offset, to, len, read_len) : status;
}

static enum status write_file(struct file *file, uint64_t offset, const struct slice *pieces, size_t count)
{
    enum status status = meet_fault(disk_of(file->system));

    return status == STATUS_OK ? file_write(real_of(file), offset, pieces, count) : status;
}

static enum status get_size(struct file *file, uint64_t *size_bytes)
{
    enum status status = meet_fault(disk_of(file->system));

    return status == STATUS_OK ? file_size(real_of(file), size_bytes) : status;
}

static enum status truncate_file(struct file *file, uint64_t size_bytes)
{
    enum status status = meet_fault(disk_of(file->system));

    return status == STATUS_OK ? file_truncate(real_of(file), size_bytes) : status;
}

static enum status sync_file(struct file *file)
{
    enum status status = meet_fault(disk_of(file->system));

    return status == STATUS_OK ? file_sync(real_of(file)) : status;
}

static enum status rename_file(struct file_system *system, const char *from, const char *to)
{
    enum status status = meet_fault(disk_of(system));

    return status == STATUS_OK ? file_rename(file_system_posix(), from, to) : status;
}

static enum status remove_file(struct file_system *system, const char *path)
{
    (void)system;
    return file_remove(file_system_posix(), path);
}

static enum status make_directory(struct file_system *system, const char *path)
{
    enum status status = meet_fault(disk_of(system));

    return status == STATUS_OK ? file_make_directory(file_system_posix(), path) : status;
}

static enum status sync_directory(struct file_system *system, const char *path)
{
    enum status status = meet_fault(disk_of(system));

    return status == STATUS_OK ? file_sync_directory(file_system_posix(), path) : status;
}

static enum status list_directory(struct file_system *system, const char *path,
                                  void (*visit)(void *context, const char *name), void *context)
{
    (void)system;
    return file_list(file_system_posix(), path, visit, context);
}

static const struct file_system_operations operations = {
    .open = open_file,
    .close = close_file,
    .read = read_file,
    .write = write_file,
    .size = get_size,
    .truncate = truncate_file,
    .sync = sync_file,
    .rename = rename_file,
    .remove = remove_file,
    .make_directory = make_directory,
    .sync_directory = sync_directory,
    .list = list_directory,
};

struct fault_posix *fault_posix_create(void)
{
    struct fault_posix *disk = memory_allocate_zeroed(sizeof(*disk));

    disk->base.operations = &operations;
    return disk;
}

void fault_posix_free(struct fault_posix *disk)
{
    memory_free(disk);
}

struct file_system *fault_posix_system(struct fault_posix *disk)
{
    return &disk->base;
}

void fault_posix_fail(struct fault_posix *disk, unsigned nth, enum status status)
{
    disk->has_failed = false;
    disk->status = status;
    disk->remaining = nth; /* Last: from now on it may happen. */
}

bool fault_posix_has_failed(const struct fault_posix *disk)
{
    return disk->has_failed;
}
