#include "support/scratch.h"

#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>

char *scratch_create(void)
{
    const char *parent = getenv("TMPDIR");
    char *path = file_join(parent == NULL ? "/tmp" : parent, "hearth-test-XXXXXX");

    if (mkdtemp(path) == NULL) {
        perror(path);
        abort();
    }
    return path;
}

void scratch_remove(char *path)
{
    enum status status = file_remove_tree(file_system_posix(), path);

    ASSERT(status == STATUS_OK);
    memory_free(path);
}

static void count_name(void *context, const char *name)
{
    (void)name;
    (*(int *)context)++;
}

int scratch_count(const char *path)
{
    int count = 0;

    return file_list(file_system_posix(), path, count_name, &count) == STATUS_OK ? count : -1;
}
