#include "support/small_segment.h"

#include "base/memory.h"
#include "storage/log/log_segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

void segment_put(struct file_system *files, uint64_t start)
{
    char *path = log_segment_path("/log", start);
    struct file *file;
    struct slice piece = slice_of("0123456789");

    assert_int_equal(file_open(files, path, FILE_CREATE, &file), STATUS_OK);
    assert_int_equal(file_write(file, 0, &piece, 1), STATUS_OK);
    file_close(file);
    memory_free(path);
}

int64_t segment_measure(struct file_system *files, const char *directory, uint64_t start)
{
    char *path = log_segment_path(directory, start);
    struct file *file;
    uint64_t size_bytes;
    enum status status = file_open(files, path, FILE_READ, &file);

    memory_free(path);
    if (status != STATUS_OK) {
        return -1;
    }
    assert_int_equal(file_size(file, &size_bytes), STATUS_OK);
    file_close(file);
    return (int64_t)size_bytes;
}
