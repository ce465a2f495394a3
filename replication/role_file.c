#include "replication/role_file.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "replication/words.h"
#include <inttypes.h>

#define WORDS_MAX 4

bool role_host_is_valid(struct slice host)
{
    if (host.len == 0 || host.len >= ROLE_HOST_BYTES) {
        return false;
    }
    for (size_t i = 0; i < host.len; i++) {
        unsigned char byte = (unsigned char)host.data[i];

        if (byte <= ' ' || byte == 0x7f || byte == '"' || byte == '\'' || byte == '#') {
            return false;
        }
    }
    return true;
}

static bool read_replica(const struct slice *words, size_t count, struct role *role)
{
    uint64_t port;

    if (count != 3 || !role_host_is_valid(words[1]) || !number_parse_uint64(words[2], &port) || port > UINT16_MAX) {
        return false;
    }
    role->is_replica = true;
    (void)words_copy(role->host, sizeof(role->host), words[1]);
    role->port = (uint16_t)port;
    return true;
}

/* "<word> <id> <offset>" */
static bool read_place(const struct slice *words, size_t count, char id[HISTORY_ID_LEN + 1], uint64_t *offset)
{
    return count == 3 && history_id_is_valid(words[1]) && number_parse_uint64(words[2], offset) &&
           words_copy(id, HISTORY_ID_LEN + 1, words[1]);
}

enum status role_parse(struct slice text, struct role *role, unsigned *line)
{
    struct role read = {.is_replica = false};
    bool has_role = false;
    unsigned number = 0;

    while (text.len > 0) {
        const char *newline = memchr(text.data, '\n', text.len);
        struct slice row = newline == NULL ? text : slice_first(text, (size_t)(newline - text.data));
        struct slice words[WORDS_MAX];
        size_t count = words_split(row, words, WORDS_MAX);
        bool is_good = true;

        number++;
        text = slice_after(text, row.len + (newline != NULL));
        if (count == 0 || words[0].data[0] == '#') {
            continue;
        }
        if (slice_is_word(words[0], "replicaof") && !has_role) {
            is_good = read_replica(words, count, &read);
            has_role = true;
        } else if (slice_is_word(words[0], "master") && !has_role) {
            is_good = count == 1;
            has_role = true;
        } else if (slice_is_word(words[0], "failover")) {
            is_good = count == 1 && read.is_replica;
            read.is_failover = true;
        } else if (slice_is_word(words[0], "promoted-from")) {
            is_good = read_place(words, count, read.promoted_from, &read.promoted_at);
        } else if (slice_is_word(words[0], "diverged")) {
            is_good = read_place(words, count, read.diverged_from, &read.diverged_at);
        } else if (slice_is_word(words[0], "was-master-of")) {
            is_good = read_place(words, count, read.was_master_of, &read.shared_to) && read.is_replica;
        } else {
            is_good = false;
        }
        if (!is_good) {
            *line = number;
            return STATUS_CORRUPT;
        }
    }
    if (!has_role || (read.is_replica && read.promoted_from[0] != '\0')) {
        *line = number;
        return STATUS_CORRUPT;
    }
    *role = read;
    return STATUS_OK;
}

static void put_place(struct buf *out, const char *word, const char *id, uint64_t offset)
{
    if (id[0] != '\0') {
        buf_put_format(out, "%s %s %" PRIu64 "\n", word, id, offset);
    }
}

void role_format(const struct role *role, struct buf *out)
{
    buf_put_text(out, "# Written by hearth-server: the replication role that it remembers over restarts. It wins over\n"
                      "# `replicaof` in the configuration. Change it with REPLICAOF, not here.\n");
    if (role->is_replica) {
        ASSERT(role_host_is_valid(slice_of(role->host)));
        buf_put_format(out, "replicaof %s %u\n", role->host, role->port);
        if (role->is_failover) {
            buf_put_text(out, "failover\n");
        }
        put_place(out, "was-master-of", role->was_master_of, role->shared_to);
    } else {
        buf_put_text(out, "master\n");
        put_place(out, "promoted-from", role->promoted_from, role->promoted_at);
    }
    put_place(out, "diverged", role->diverged_from, role->diverged_at);
}

enum status role_load(struct file_system *files, const char *directory, struct role *role)
{
    char *path = file_join(directory, ROLE_FILE_NAME);
    char *text;
    size_t len;
    unsigned line = 0;
    enum status status;

    status = file_read_whole(files, path, ROLE_FILE_BYTES_MAX, &text, &len);
    if (status == STATUS_OK) {
        status = role_parse(slice_make(text, len), role, &line);
        memory_free(text);
        if (status != STATUS_OK) {
            diag(DIAG_WARNING, "%s, line %u: the role cannot be read: %s", path, line, status_name(status));
        }
    } else if (status != STATUS_NOT_FOUND) {
        diag(DIAG_WARNING, "%s: the role cannot be read: %s", path, file_failure_text(status));
    }
    memory_free(path);
    return status;
}

enum status role_store(struct file_system *files, const char *directory, const struct role *role)
{
    struct buf text;
    enum status status;

    buf_init(&text, BUF_NO_CEILING);
    role_format(role, &text);
    crash_point("role.write.before");
    status = file_replace(files, directory, ROLE_FILE_NAME, buf_slice(&text));
    if (status == STATUS_OK) {
        crash_point("role.write.after");
    } else {
        diag(DIAG_WARNING, "%s/" ROLE_FILE_NAME " cannot be written: %s", directory, status_name(status));
    }
    buf_release(&text);
    return status;
}
