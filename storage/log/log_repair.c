#include "storage/log/log_repair.h"

#include "base/assert.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/memory.h"
#include "storage/log/log_reader.h"

/* Write what the file shows from `from` to `to` once more, to the same place. */
static enum status write_again(struct log_reader *reader, struct file *file, uint64_t from, uint64_t to)
{
    while (from < to) {
        size_t wanted = to - from < LOG_READER_WINDOW_BYTES ? (size_t)(to - from) : LOG_READER_WINDOW_BYTES;
        struct slice bytes;
        enum status status = log_reader_view(reader, from, wanted, &bytes);

        if (status == STATUS_OK && bytes.len < wanted) {
            status = STATUS_CORRUPT;
        }
        if (status == STATUS_OK) {
            status = file_write(file, from, &bytes, 1);
        }
        if (status != STATUS_OK) {
            return status;
        }
        from += wanted;
    }
    return STATUS_OK;
}

/* Whether whole records stand from `from` to `to`. */
static enum status check_records(struct log_reader *reader, uint64_t from, uint64_t to, uint32_t seed)
{
    log_reader_forget(reader);
    while (from < to) {
        struct log_record_header header;
        enum status status = log_reader_header(reader, from, seed, &header);

        if (status == STATUS_OK) {
            status = log_reader_payload(reader, from, seed, &header);
        }
        if (status != STATUS_OK) {
            return status == STATUS_END ? STATUS_CORRUPT : status;
        }
        from += LOG_RECORD_HEADER_BYTES + (uint64_t)header.payload_len;
    }
    return from == to ? STATUS_OK : STATUS_CORRUPT;
}

/* Make dirty what is not known to be durable, or a sync may say yes to what the disk never got: after one has failed
 * the kernel takes the pages for clean and goes on showing them, also to the next process, whose own sync would then
 * be the failed one tried again (L4). As it may also have dropped them since they were scanned, they are checked again
 * once they are dirty: from then on they stay until they are on disk or our sync fails. */
static enum status rewrite_unsynced(struct log_chain *chain, const struct log_tail *tail, const char *path,
                                    struct file *file)
{
    struct log_reader reader;
    struct log_place place;
    enum status status;

    if (tail->synced >= tail->end.offset) {
        return STATUS_OK;
    }
    ASSERT(log_chain_find(chain, tail->synced, &place) && place.start == tail->header.start.offset);
    status = log_reader_open(&reader, chain->files, path);
    if (status != STATUS_OK) {
        return status;
    }
    status = write_again(&reader, file, place.position, tail->position);
    if (status == STATUS_OK) {
        status = check_records(&reader, place.position, tail->position, place.seed);
    }
    log_reader_close(&reader);
    return status;
}

/* Zeros take the place of what stands behind the last record, the seal or a torn rest, so that no stale byte is ever
 * read as a record. After a kill -9 the last records, and the newest segment's name, may still be in the kernel's
 * memory only; from here on they are durable. If power fails meanwhile, the next open finds all that was known to be
 * durable: zeros prove nothing, and take no proof away that was not there. */
static enum status make_ready(struct log_chain *chain, const struct log_tail *tail, const char *path, struct file *file)
{
    enum status status;

    crash_point("log.repair.before");
    status = rewrite_unsynced(chain, tail, path, file);
    crash_point("log.repair.rewritten");
    if (status == STATUS_OK) {
        status = file_write_zeros(file, tail->position, tail->dirty_end - tail->position);
    }
    if (status == STATUS_OK) {
        status = file_sync(file);
    }
    if (status == STATUS_OK) {
        status = file_sync_directory(chain->files, chain->directory);
    }
    crash_point("log.repair.after");
    return status;
}

enum status log_repair(struct log_chain *chain, const struct log_tail *tail, struct file **file)
{
    char *path = log_segment_path(chain->directory, tail->header.start.offset);
    struct file *opened;
    enum status status = file_open(chain->files, path, FILE_WRITE, &opened);

    if (status == STATUS_OK) {
        status = make_ready(chain, tail, path, opened);
        if (status == STATUS_OK) {
            *file = opened;
        } else {
            file_close(opened);
        }
    }
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "log: cannot make the end of %s ready for writing: %s", path, status_name(status));
    }
    memory_free(path);
    return status;
}
