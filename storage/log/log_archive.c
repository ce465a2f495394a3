#include "storage/log/log_archive.h"
#include "base/diag.h"
#include "base/memory.h"
#include "storage/log/log_reader.h"
#include <inttypes.h>
#include <stdio.h>

#define KEPT_ID_LEN 8 /* Of a history, in the name of a segment that made room. */

enum status log_archive_prepare(struct file_system *files, const char *archive)
{
    enum status status = file_make_directory(files, archive);

    if (status == STATUS_EXISTS) {
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = file_sync_parent(files, archive); /* Or a power cut might take it with all that was moved into it. */
    }
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "log: the archive %s cannot be made: %s", archive, status_name(status));
    }
    return status;
}

static enum status read_header(struct file_system *files, const char *path, struct log_segment_header *header)
{
    struct log_reader reader;
    enum status status = log_reader_open(&reader, files, path);

    if (status == STATUS_OK) {
        status = log_reader_segment(&reader, header);
        log_reader_close(&reader);
    }
    return status;
}

/* Two logs that begin at the same offset, as after a restore, give their segments the same names. Nothing that was
 * archived is overwritten. */
static enum status make_room(struct file_system *files, const char *archive, const char *path, const char *target,
                             uint64_t start)
{
    struct log_segment_header ours;
    struct log_segment_header theirs;
    char name[LOG_SEGMENT_NAME_BYTES + KEPT_ID_LEN + sizeof("-.kept")];
    enum status status = read_header(files, target, &theirs);
    char *kept;

    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK && read_header(files, path, &ours) == STATUS_OK && ours.crc == theirs.crc) {
        return STATUS_OK; /* The same one: a crash came between the copy and the removal. */
    }
    (void)snprintf(name, sizeof(name), "%020" PRIu64 "-%.*s.kept", start, KEPT_ID_LEN,
                   status == STATUS_OK ? theirs.history.id : "damaged");
    kept = file_join(archive, name);
    status = file_rename(files, target, kept);
    if (status == STATUS_OK) {
        diag(DIAG_NOTICE, "log: the archive holds another segment of offset %" PRIu64 ": it is kept as %s", start,
             kept);
    }
    memory_free(kept);
    return status;
}

/* Across file systems a rename fails. The copy gets its name when it is whole. */
static enum status copy(struct file_system *files, const char *archive, const char *path, const char *target)
{
    char *temporary = file_join(archive, "segment.tmp");
    enum status status = file_copy(files, path, temporary, UINT64_MAX);

    if (status == STATUS_OK) {
        status = file_rename(files, temporary, target);
    }
    if (status == STATUS_OK) {
        status = file_sync_directory(files, archive);
    } else {
        (void)!file_remove(files, temporary); /* A left-over is overwritten by the next. */
    }
    memory_free(temporary);
    return status == STATUS_OK ? file_remove(files, path) : status;
}

enum status log_archive_take(struct file_system *files, const char *archive, const char *directory, uint64_t start)
{
    char name[LOG_SEGMENT_NAME_BYTES];
    char *path = log_segment_path(directory, start);
    enum status status;
    char *target;

    log_segment_format_name(start, name);
    target = file_join(archive, name);
    status = make_room(files, archive, path, target, start);
    if (status == STATUS_OK) {
        status = file_rename(files, path, target);
        status = status == STATUS_OK ? file_sync_directory(files, archive) : copy(files, archive, path, target);
    }
    memory_free(target);
    memory_free(path);
    return status;
}
