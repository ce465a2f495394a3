#include "storage/log/log_spare.h"

#include "base/assert.h"
#include "base/memory.h"
#include "storage/log/log_keeper.h"

void log_spare_init(struct log_spare *spare, struct file_system *files, const char *directory)
{
    memset(spare, 0, sizeof(*spare));
    spare->files = files;
    spare->path = file_join(directory, LOG_SPARE_NAME);
}

/* Nothing of it is in use, so what a failed removal leaves is only space, and the next one of that name truncates it.
 */
static void drop(struct log_spare *spare)
{
    if (spare->file != NULL) {
        file_close(spare->file);
        spare->file = NULL;
        (void)!file_remove(spare->files, spare->path);
    }
    spare->ready_bytes = 0;
}

void log_spare_release(struct log_spare *spare)
{
    drop(spare);
    memory_free(spare->path);
}

enum status log_spare_step(struct log_spare *spare, uint64_t step_bytes, uint64_t target_bytes)
{
    uint64_t missing = target_bytes - spare->ready_bytes;
    enum status status;

    ASSERT(target_bytes > spare->ready_bytes);
    if (spare->file == NULL) {
        status = file_open(spare->files, spare->path, FILE_CREATE_OR_TRUNCATE, &spare->file);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (missing > step_bytes) {
        missing = step_bytes;
    }
    status = file_write_zeros(spare->file, spare->ready_bytes, missing);
    if (status == STATUS_NO_SPACE && file_truncate(spare->file, spare->ready_bytes) == STATUS_OK) {
        /* A half-written step goes back, lest the reserve eat the last bytes that others need to make space. */
        return STATUS_NO_SPACE;
    }
    if (status == STATUS_OK) {
        status = file_sync(spare->file);
    }
    if (status != STATUS_OK) {
        drop(spare); /* After a failed sync its zeros may be gone; a file that failed is never used. */
        return status;
    }
    spare->ready_bytes += missing;
    return STATUS_OK;
}

struct file *log_spare_take(struct log_spare *spare)
{
    struct file *file = spare->file;

    ASSERT(file != NULL);
    spare->file = NULL;
    spare->ready_bytes = 0;
    return file;
}
