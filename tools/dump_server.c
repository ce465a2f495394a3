/* Asking a server for its snapshot (docs/formats/snapshot.md, "On the wire"). A transfer that breaks goes on where it
 * stopped, as long as the server still has that file. */
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "tools/dump.h"
#include "tools/progress.h"
#include "tools/remote.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ATTEMPTS_MAX       5
#define SNAPSHOT_LINE      "$hearth-snapshot "
#define RDB_MARK_LEN       40
#define PASSWORD_BYTES_MAX 4096

struct transfer {
    struct dump *dump;
    struct remote remote;
    struct progress progress;
    char line[REMOTE_LINE_BYTES_MAX];
    char name[SNAPSHOT_NAME_LEN + 1]; /* Of the snapshot that is under way; "" for none. */
    uint64_t total_bytes;
    char *password; /* Owned; NULL for none. */
    bool is_final;  /* Trying again will not help. */
};

static bool give_up(struct transfer *transfer, const char *what, const char *detail)
{
    tool_say(transfer->dump->tool, "%s%s", what, detail);
    transfer->is_final = true;
    return false;
}

/* What the connection failed of. */
static bool fail_remote(struct transfer *transfer, enum status status)
{
    tool_say(transfer->dump->tool, "%s", transfer->remote.error);
    transfer->is_final = status == STATUS_BUSY || status == STATUS_NOT_FOUND;
    return false;
}

/* Send a request of up to four words (NULL ends earlier) and read its answer into the line. */
static bool ask(struct transfer *transfer, const char *const words[4])
{
    struct slice argv[4];
    size_t argc = 0;
    enum status status;

    while (argc < 4 && words[argc] != NULL) {
        argv[argc] = slice_of(words[argc]);
        argc++;
    }
    status = remote_send(&transfer->remote, argv, argc);
    if (status == STATUS_OK) {
        status = remote_read_line(&transfer->remote, transfer->line);
    }
    return status == STATUS_OK || fail_remote(transfer, status);
}

static bool authenticate(struct transfer *transfer)
{
    const char *user = transfer->dump->user;

    if (transfer->password == NULL) {
        return true;
    }
    if (user == NULL ? !ask(transfer, (const char *const[4]){"AUTH", transfer->password})
                     : !ask(transfer, (const char *const[4]){"AUTH", user, transfer->password})) {
        return false;
    }
    return transfer->line[0] == '+' || give_up(transfer, "the server refuses the password: ", transfer->line + 1);
}

/* Everything before PSYNC. A server that does not know an option answers with an error, which is no harm: what comes
 * after PSYNC tells. */
static bool shake_hands(struct transfer *transfer)
{
    char from[NUMBER_INTEGER_TEXT_MAX];

    if (!ask(transfer, (const char *const[4]){"PING"})) {
        return false;
    }
    if (transfer->line[0] == '-' && strncmp(transfer->line, "-NOAUTH", 7) != 0) {
        return give_up(transfer, "the server refuses PING: ", transfer->line + 1);
    }
    if (!authenticate(transfer)) {
        return false;
    }
    if (transfer->dump->format == DUMP_RDB) {
        return ask(transfer, (const char *const[4]){"REPLCONF", "rdb-only", "1"}) &&
               ask(transfer, (const char *const[4]){"REPLCONF", "capa", "eof"});
    }
    if (!ask(transfer, (const char *const[4]){"REPLCONF", "capa", "hearth-snapshot"}) ||
        !ask(transfer, (const char *const[4]){"REPLCONF", "hearth-snapshot-only", "1"})) {
        return false;
    }
    if (transfer->name[0] == '\0') {
        return true;
    }
    number_format_uint64(from, transfer->dump->output.written_bytes);
    return ask(transfer, (const char *const[4]){"REPLCONF", "hearth-snapshot-resume", transfer->name, from});
}

/* Take `len` bytes of the file. */
static bool take_bytes(struct transfer *transfer, uint64_t len)
{
    struct output *output = &transfer->dump->output;

    while (len > 0) {
        struct slice bytes;
        enum status status = remote_read(&transfer->remote, len < SIZE_MAX ? (size_t)len : SIZE_MAX, &bytes);

        if (status != STATUS_OK) {
            return fail_remote(transfer, status);
        }
        status = output_write(output, &bytes, 1);
        if (status != STATUS_OK) {
            return give_up(transfer, "cannot write the output: ", status_name(status));
        }
        len -= bytes.len;
        progress_update(&transfer->progress, output->written_bytes, transfer->total_bytes);
    }
    return true;
}

/* "$hearth-snapshot <name> <total-bytes> <from-byte>" */
static bool take_snapshot(struct transfer *transfer)
{
    struct output *output = &transfer->dump->output;
    char name[SNAPSHOT_NAME_LEN + 2];
    unsigned long long total;
    unsigned long long from;

    if (sscanf(transfer->line, SNAPSHOT_LINE "%33s %llu %llu", name, &total, &from) != 3 ||
        !snapshot_name_is_valid(slice_of(name)) || from > total) {
        return give_up(transfer, "the server's answer makes no sense: ", transfer->line);
    }
    if (from != 0 && (strcmp(name, transfer->name) != 0 || from != output->written_bytes)) {
        return give_up(transfer, "the server goes on where nobody asked it to: ", transfer->line);
    }
    if (from == 0 && output->written_bytes > 0) {
        if (output_is_stream(output)) {
            return give_up(transfer, "the server no longer has the snapshot that it began to send", "");
        }
        if (output_restart(output) != STATUS_OK) {
            return give_up(transfer, "cannot cut the output", "");
        }
    }
    snprintf(transfer->name, sizeof(transfer->name), "%.32s", name);
    transfer->total_bytes = total;
    return take_bytes(transfer, total - from);
}

/* "$EOF:<mark>": the file ends where the mark comes, which is then the last that is sent. The last bytes are held back
 * until it is known that they are not the mark. */
static bool take_marked(struct transfer *transfer, const char *mark)
{
    struct buf held;
    bool is_done = false;
    bool is_fine = true;

    buf_init(&held, BUF_NO_CEILING);
    while (is_fine && !is_done) {
        struct slice bytes;
        enum status status = remote_read(&transfer->remote, SIZE_MAX, &bytes);

        if (status != STATUS_OK) {
            is_fine = fail_remote(transfer, status);
            break;
        }
        buf_put(&held, bytes);
        if (held.len >= RDB_MARK_LEN) {
            struct slice ready = slice_first(buf_slice(&held), held.len - RDB_MARK_LEN);

            is_done = memcmp(ready.data + ready.len, mark, RDB_MARK_LEN) == 0;
            if (output_write(&transfer->dump->output, &ready, 1) != STATUS_OK) {
                is_fine = give_up(transfer, "cannot write the output", "");
            }
            buf_consume(&held, ready.len);
        }
        progress_update(&transfer->progress, transfer->dump->output.written_bytes, 0);
    }
    buf_release(&held);
    return is_fine;
}

static bool take_rdb(struct transfer *transfer)
{
    uint64_t len;

    if (strncmp(transfer->line, "$EOF:", 5) == 0 && strlen(transfer->line) == 5 + RDB_MARK_LEN) {
        char mark[RDB_MARK_LEN + 1];

        memcpy(mark, transfer->line + 5, sizeof(mark));
        return take_marked(transfer, mark);
    }
    if (!number_parse_uint64(slice_of(transfer->line + 1), &len)) {
        return give_up(transfer, "the server's answer makes no sense: ", transfer->line);
    }
    transfer->total_bytes = len;
    return take_bytes(transfer, len);
}

/* From the answer to PSYNC to the last byte. */
static bool take_file(struct transfer *transfer)
{
    enum status status;

    if (strncmp(transfer->line, "+FULLRESYNC ", 12) != 0) {
        transfer->is_final =
            strncmp(transfer->line, "-LOADING", 8) != 0 && strncmp(transfer->line, "-NOMASTERLINK", 13) != 0;
        tool_say(transfer->dump->tool, "the server refuses: %s", transfer->line + 1);
        return false;
    }
    status = remote_read_line(&transfer->remote, transfer->line);
    if (status != STATUS_OK) {
        return fail_remote(transfer, status);
    }
    if (transfer->line[0] != '$') {
        return give_up(transfer, "the server refuses: ", transfer->line + 1);
    }
    if (strncmp(transfer->line, SNAPSHOT_LINE, sizeof(SNAPSHOT_LINE) - 1) == 0) {
        return take_snapshot(transfer);
    }
    if (transfer->dump->format != DUMP_RDB) {
        return give_up(transfer, "the server sends an RDB file, so it is not Hearth: use --format rdb", "");
    }
    return take_rdb(transfer);
}

static bool try_once(struct transfer *transfer)
{
    struct dump *dump = transfer->dump;
    enum status status =
        remote_open(&transfer->remote, dump->host, dump->port, dump->uses_tls ? &dump->tls : NULL, &dump->interrupt);
    bool is_done;

    if (status != STATUS_OK) {
        transfer->is_final = dump->interrupt.is_set || transfer->name[0] == '\0';
        tool_say(dump->tool, "%s", transfer->remote.error);
        return false;
    }
    is_done = shake_hands(transfer) && ask(transfer, (const char *const[4]){"PSYNC", "?", "-1"}) && take_file(transfer);
    remote_close(&transfer->remote);
    return is_done;
}

/* Read the password from its file (its first line) or the environment. */
static bool find_password(struct transfer *transfer)
{
    const char *path = transfer->dump->password_file;
    const char *given = getenv("REDISCLI_AUTH");
    size_t len;
    enum status status;

    if (path == NULL) {
        transfer->password = given == NULL || given[0] == '\0' ? NULL : memory_copy_text(given);
        return true;
    }
    status = file_read_whole(file_system_posix(), path, PASSWORD_BYTES_MAX, &transfer->password, &len);
    if (status != STATUS_OK) {
        tool_say(transfer->dump->tool, "cannot read the password file %s: %s", path, status_name(status));
        return false;
    }
    transfer->password[strcspn(transfer->password, "\r\n")] = '\0';
    return true;
}

bool dump_from_server(struct dump *dump)
{
    struct transfer *transfer = memory_allocate_zeroed(sizeof(*transfer));
    bool is_done = false;

    transfer->dump = dump;
    if (find_password(transfer)) {
        progress_begin(&transfer->progress, "receiving", dump->is_quiet);
        for (int attempt = 1; !is_done; attempt++) {
            struct timespec pause = {.tv_sec = attempt};

            is_done = try_once(transfer);
            /* An RDB cannot be gone on with, and a stream of it not begun again. */
            if (is_done || transfer->is_final || attempt == ATTEMPTS_MAX ||
                (dump->format == DUMP_RDB && dump->output.written_bytes > 0)) {
                break;
            }
            tool_say(dump->tool, "trying again in %d s", attempt);
            nanosleep(&pause, NULL);
        }
        progress_end(&transfer->progress);
        memory_free(transfer->password);
    }
    memory_free(transfer);
    return is_done;
}
