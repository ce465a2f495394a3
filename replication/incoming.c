#include "replication/incoming.h"

#include "base/assert.h"
#include "base/diag.h"
#include "base/memory.h"
#include "storage/snapshot/snapshot_read.h"
#include <inttypes.h>
#include <stdio.h>

#define PART_SUFFIX ".part"
#define RDB_NAME    "master.rdb"
#define DATA_NAME   "data"

static bool is_hex(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!((name.data[i] >= '0' && name.data[i] <= '9') || (name.data[i] >= 'a' && name.data[i] <= 'f'))) {
            return false;
        }
    }
    return name.len > 0;
}

static bool is_part(const char *name)
{
    size_t len = strlen(name);
    size_t suffix_len = strlen(PART_SUFFIX);

    return len > suffix_len && len - suffix_len < REPLICA_NAME_BYTES &&
           strcmp(name + len - suffix_len, PART_SUFFIX) == 0 && is_hex(slice_make(name, len - suffix_len));
}

/* What a look into the folder finds: one part to keep, all else to remove. */
struct found {
    struct incoming *incoming;
    enum status status;
};

static void visit(void *context, const char *name)
{
    struct found *found = context;
    struct incoming *incoming = found->incoming;
    enum status status;
    char *path;

    if (is_part(name) && incoming->part_name[0] == '\0') {
        memcpy(incoming->part_name, name, strlen(name) - strlen(PART_SUFFIX));
        return;
    }
    path = file_join(incoming->directory, name);
    status = file_remove(incoming->files, path);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        status = file_remove_tree(incoming->files, path); /* A folder. */
    }
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        found->status = status;
    }
    memory_free(path);
}

static char *part_path(const struct incoming *incoming, const char *name)
{
    char file_name[REPLICA_NAME_BYTES + sizeof(PART_SUFFIX)];

    snprintf(file_name, sizeof(file_name), "%s" PART_SUFFIX, name);
    return file_join(incoming->directory, file_name);
}

/* How much of the part is worth going on from; a power cut may have torn its end. */
static enum status measure_part(struct incoming *incoming)
{
    char *path = part_path(incoming, incoming->part_name);
    struct file *file;
    enum status status;

    status = file_open(incoming->files, path, FILE_READ, &file);
    if (status == STATUS_OK) {
        status = snapshot_find_resume(file, &incoming->part_bytes);
        file_close(file);
    }
    if (status == STATUS_OK) {
        diag(DIAG_NOTICE, "replication: %s has %" PRIu64 " sound bytes of a broken transfer, which will go on", path,
             incoming->part_bytes);
    }
    memory_free(path);
    return status;
}

enum status incoming_open(struct incoming *incoming, struct file_system *files, const char *data_directory)
{
    struct found found = {.incoming = incoming, .status = STATUS_OK};
    enum status status;

    *incoming = (struct incoming){.files = files};
    incoming->directory = file_join(data_directory, INCOMING_DIRECTORY);
    incoming->data_path = file_join(incoming->directory, DATA_NAME);
    status = file_make_directory(files, incoming->directory);
    if (status == STATUS_EXISTS) {
        status = file_list(files, incoming->directory, visit, &found);
    }
    if (status == STATUS_OK) {
        status = found.status;
    }
    if (status == STATUS_OK && incoming->part_name[0] != '\0') {
        status = measure_part(incoming);
    }
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "%s cannot be made ready: %s", incoming->directory, status_name(status));
        incoming_close(incoming);
    }
    return status;
}

void incoming_close(struct incoming *incoming)
{
    file_close(incoming->file);
    memory_free(incoming->path);
    memory_free(incoming->data_path);
    memory_free(incoming->directory);
    *incoming = (struct incoming){.files = incoming->files};
}

static void forget_part(struct incoming *incoming)
{
    incoming->part_name[0] = '\0';
    incoming->part_bytes = 0;
}

static void remove_file(struct incoming *incoming, const char *path)
{
    enum status status = file_remove(incoming->files, path);

    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        diag(DIAG_WARNING, "%s cannot be removed: %s", path, status_name(status));
    }
}

static void drop_part(struct incoming *incoming)
{
    char *path;

    if (incoming->part_name[0] == '\0') {
        return;
    }
    path = part_path(incoming, incoming->part_name);
    remove_file(incoming, path);
    memory_free(path);
    forget_part(incoming);
}

static enum status open_snapshot(struct incoming *incoming, const struct replica_payload *payload)
{
    uint64_t here = strcmp(incoming->part_name, payload->name) == 0 ? incoming->part_bytes : 0;
    enum status status;

    if (strcmp(incoming->part_name, payload->name) != 0) {
        drop_part(incoming); /* Another snapshot's part is of no use to this one. */
    }
    if (payload->from_byte > here) {
        return STATUS_PROTOCOL; /* There would be a hole. */
    }
    incoming->path = part_path(incoming, payload->name);
    if (payload->from_byte == 0) {
        return file_open(incoming->files, incoming->path, FILE_CREATE_OR_TRUNCATE, &incoming->file);
    }
    status = file_open(incoming->files, incoming->path, FILE_WRITE, &incoming->file);
    if (status == STATUS_OK) {
        status = file_truncate(incoming->file, payload->from_byte);
    }
    return status;
}

/* Told before the first byte: a transfer that must fail would cost the master and the network as much as one that
 * does not. */
static bool has_room(const struct incoming *incoming, const struct replica_payload *payload)
{
    uint64_t missing = payload->kind == REPLICA_PAYLOAD_RDB_MARK ? 0 : payload->total_bytes - payload->from_byte;

    return file_free_bytes(incoming->files, incoming->directory) >= missing;
}

enum status incoming_begin(struct incoming *incoming, const struct replica_payload *payload)
{
    enum status status;

    ASSERT(incoming->file == NULL);
    if (!has_room(incoming, payload)) {
        drop_part(incoming);
        return STATUS_NO_SPACE;
    }
    memory_free(incoming->path);
    incoming->path = NULL;
    incoming->payload = *payload;
    incoming->position = 0;
    if (payload->kind == REPLICA_PAYLOAD_SNAPSHOT) {
        status = open_snapshot(incoming, payload);
        incoming->position = payload->from_byte;
    } else {
        drop_part(incoming);
        incoming->path = file_join(incoming->directory, RDB_NAME);
        status = file_open(incoming->files, incoming->path, FILE_CREATE_OR_TRUNCATE, &incoming->file);
    }
    if (status != STATUS_OK) {
        incoming_break(incoming);
        return status;
    }
    if (payload->kind == REPLICA_PAYLOAD_SNAPSHOT) {
        memcpy(incoming->part_name, payload->name, sizeof(payload->name));
        incoming->part_bytes = incoming->position;
    }
    return STATUS_OK;
}

/* Remember the last bytes of the mark form and tell whether they are the mark. */
static bool see_mark(struct incoming *incoming, struct slice bytes)
{
    if (bytes.len >= REPLICA_MARK_BYTES) {
        memcpy(incoming->tail, bytes.data + bytes.len - REPLICA_MARK_BYTES, REPLICA_MARK_BYTES);
    } else {
        memmove(incoming->tail, incoming->tail + bytes.len, REPLICA_MARK_BYTES - bytes.len);
        memcpy(incoming->tail + REPLICA_MARK_BYTES - bytes.len, bytes.data, bytes.len);
    }
    return incoming->position + bytes.len >= REPLICA_MARK_BYTES &&
           memcmp(incoming->tail, incoming->payload.mark, REPLICA_MARK_BYTES) == 0;
}

enum status incoming_take(struct incoming *incoming, struct slice bytes, size_t *consumed, bool *is_whole)
{
    bool has_mark = incoming->payload.kind == REPLICA_PAYLOAD_RDB_MARK;
    uint64_t missing = incoming->payload.total_bytes - incoming->position;
    bool is_last;
    enum status status;

    ASSERT(incoming->file != NULL);
    if (!has_mark && bytes.len > missing) {
        bytes.len = (size_t)missing; /* The stream may follow at once. */
    }
    status = bytes.len == 0 ? STATUS_OK : file_write(incoming->file, incoming->position, &bytes, 1);
    if (status != STATUS_OK) {
        return status;
    }
    is_last = has_mark ? see_mark(incoming, bytes) : bytes.len == missing;
    incoming->position += bytes.len;
    if (incoming->payload.kind == REPLICA_PAYLOAD_SNAPSHOT) {
        incoming->part_bytes = incoming->position;
    }
    if (is_last && has_mark) {
        incoming->position -= REPLICA_MARK_BYTES;
        status = file_truncate(incoming->file, incoming->position);
    }
    if (is_last) {
        file_close(incoming->file);
        incoming->file = NULL;
    }
    *consumed = bytes.len;
    *is_whole = is_last;
    return status;
}

void incoming_break(struct incoming *incoming)
{
    file_close(incoming->file);
    incoming->file = NULL;
}

void incoming_discard(struct incoming *incoming)
{
    incoming_break(incoming);
    drop_part(incoming);
    if (incoming->path != NULL) {
        remove_file(incoming, incoming->path);
        memory_free(incoming->path);
        incoming->path = NULL;
    }
    if (file_remove_tree(incoming->files, incoming->data_path) != STATUS_OK) {
        diag(DIAG_WARNING, "%s cannot be removed", incoming->data_path);
    }
}
