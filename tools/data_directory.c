#include "tools/data_directory.h"

#include "base/file.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void note_name(void *context, const char *name)
{
    struct data_directory *directory = context;

    if (strcmp(name, "data") == 0 || strcmp(name, "log") == 0) {
        directory->has_data = true;
    } else if (strcmp(name, "incoming") != 0 && strcmp(name, "lost+found") != 0) {
        directory->has_other = true;
    }
}

enum status data_directory_look(const char *path, struct data_directory *directory)
{
    enum status status;

    *directory = (struct data_directory){.path = path};
    status = file_list(file_system_posix(), path, note_name, directory);
    directory->is_there = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status make_directory(const char *path)
{
    enum status status = file_make_directory(file_system_posix(), path);

    return status == STATUS_EXISTS ? STATUS_OK : status;
}

/* Make the name of `path` itself durable. */
static enum status sync_parent(const char *path)
{
    char *copy = memory_copy_text(path);
    enum status status = file_sync_directory(file_system_posix(), dirname(copy));

    memory_free(copy);
    return status;
}

enum status data_directory_prepare(const struct data_directory *directory, char **build_path)
{
    char *incoming = file_join(directory->path, "incoming");
    enum status status = make_directory(directory->path);

    if (status == STATUS_OK) {
        status = sync_parent(directory->path);
    }
    if (status == STATUS_OK) {
        status = make_directory(incoming);
    }
    if (status == STATUS_OK) {
        *build_path = file_join(incoming, DATA_DIRECTORY_BUILD_NAME);
        status = file_remove_tree(file_system_posix(), *build_path);
        if (status != STATUS_OK) {
            memory_free(*build_path);
        }
    }
    memory_free(incoming);
    return status;
}

/* Exchange the two folders in one step; what was at `path` is then at `build_path`. */
static enum status exchange(const char *build_path, const char *path)
{
    if (renameat2(AT_FDCWD, build_path, AT_FDCWD, path, RENAME_EXCHANGE) == 0) {
        return STATUS_OK;
    }
    if (errno == ENOENT) {
        return file_rename(file_system_posix(), build_path, path); /* There was nothing before. */
    }
    return file_status_from_errno(errno);
}

static enum status take_away_log(const struct data_directory *directory, const char *replaced)
{
    struct file_system *files = file_system_posix();
    char *log_path = file_join(directory->path, "log");
    enum status status = file_remove_tree(files, replaced);

    if (status == STATUS_OK) {
        status = file_rename(files, log_path, replaced);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    memory_free(log_path);
    return status;
}

enum status data_directory_install(const struct data_directory *directory, const char *build_path)
{
    struct file_system *files = file_system_posix();
    char *data_path = file_join(directory->path, "data");
    char *incoming = file_join(directory->path, "incoming");
    char *replaced_log = file_join(incoming, "replaced-log");
    enum status status = exchange(build_path, data_path);

    if (status == STATUS_OK) {
        status = file_sync_directory(files, directory->path);
    }
    if (status == STATUS_OK) {
        status = take_away_log(directory, replaced_log);
    }
    if (status == STATUS_OK) {
        status = file_sync_directory(files, directory->path);
    }
    if (status == STATUS_OK) {
        status = file_remove_tree(files, incoming);
    }
    memory_free(data_path);
    memory_free(incoming);
    memory_free(replaced_log);
    return status;
}

void data_directory_abandon(const struct data_directory *directory, const char *build_path)
{
    char *incoming = file_join(directory->path, "incoming");
    enum status status = file_remove_tree(file_system_posix(), build_path);

    (void)status; /* What is left under incoming/ is removed by the next to come. */
    (void)rmdir(incoming);
    if (!directory->is_there) {
        (void)rmdir(directory->path);
    }
    memory_free(incoming);
}
