/* hearth-dump: a snapshot of a data directory, or of a server over the network, as a file. */
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "storage/snapshot/snapshot_pipeline.h"
#include "storage/snapshot/snapshot_read.h"
#include "tools/dump.h"
#include "tools/input.h"
#include "tools/progress.h"
#include "tools/rdb_check.h"
#include "tools/time_text.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

void dump_describe(const struct dump *dump, const struct snapshot_header *header, uint64_t raw_bytes)
{
    char file_size[16];
    char raw_size[16];
    char made[40];

    if (dump->is_quiet) {
        return;
    }
    progress_format_bytes(file_size, dump->output.written_bytes);
    progress_format_bytes(raw_size, raw_bytes);
    time_text_format(header->created_ms, made, sizeof(made));
    tool_say(dump->tool, "%s of %s data, at offset %" PRIu64 " of history %s, made %s", file_size, raw_size,
             header->position.offset, header->history.id, made);
}

void dump_describe_keys(const struct dump *dump, uint64_t key_count, const char *history_id, uint64_t offset)
{
    char file_size[16];

    if (!dump->is_quiet) {
        progress_format_bytes(file_size, dump->output.written_bytes);
        tool_say(dump->tool, "%s with %" PRIu64 " keys, at offset %" PRIu64 " of history %s", file_size, key_count,
                 offset, history_id);
    }
}

struct verifying {
    struct dump *dump;
    struct progress progress;
};

static void show_verifying(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
    progress_update(&((struct verifying *)context)->progress, done_bytes, total_bytes);
}

static enum status verify_snapshot(struct dump *dump, char *text, size_t room)
{
    struct verifying verifying = {.dump = dump};
    struct snapshot_read_options options = {
        .files = file_system_posix(), .on_progress = show_verifying, .context = &verifying};
    struct snapshot_contents contents;
    struct snapshot_problem problem = {.text = ""};
    struct file *file;
    enum status status = file_open(options.files, dump->output.part_path, FILE_READ, &file);

    if (status != STATUS_OK) {
        return status;
    }
    progress_begin(&verifying.progress, "verifying", dump->is_quiet);
    status = snapshot_verify(file, &options, &contents, &problem);
    progress_end(&verifying.progress);
    file_close(file);
    snprintf(text, room, "%s", problem.text);
    if (status == STATUS_OK && dump->host != NULL) {
        dump_describe(dump, &contents.header, contents.raw_bytes);
    }
    return status;
}

static enum status verify_rdb(struct dump *dump, char *text, size_t room)
{
    struct interrupt none = {.fd = -1};
    struct input input;
    struct rdb_source source = {.read = input_read, .context = &input};
    struct rdb_problem problem;
    uint64_t key_count;
    enum status status = input_open(&input, dump->output.part_path, &none);

    if (status != STATUS_OK) {
        return status;
    }
    status = rdb_check(&source, &key_count, &problem);
    input_close(&input);
    snprintf(text, room, "%s", problem.text);
    if (status == STATUS_UNSUPPORTED) {
        tool_say(dump->tool, "the RDB file is saved, but not verified to its end: %s", problem.text);
        return STATUS_OK; /* Another server's file may hold what we do not know. */
    }
    return status;
}

/* Read back what has been written, before it gets its name. */
static bool verify(struct dump *dump)
{
    char text[200] = "";
    enum status status = STATUS_OK;

    if (output_is_stream(&dump->output)) {
        return true;
    }
    if (dump->format == DUMP_SNAPSHOT) {
        status = verify_snapshot(dump, text, sizeof(text));
    } else if (dump->format == DUMP_RDB) {
        status = verify_rdb(dump, text, sizeof(text));
    }
    if (status != STATUS_OK) {
        tool_say(dump->tool, "what was written does not verify: %s", text[0] == '\0' ? status_name(status) : text);
    }
    return status == STATUS_OK;
}

static bool open_output(struct dump *dump)
{
    enum status status = output_open(&dump->output, dump->output_path, dump->is_forced);

    switch (status) {
    case STATUS_OK:
        return true;
    case STATUS_EXISTS:
        tool_say(dump->tool, "%s is there already; --force replaces it", dump->output_path);
        return false;
    case STATUS_BUSY:
        tool_say(dump->tool, "another hearth-dump is writing %s", dump->output_path);
        return false;
    default:
        tool_say(dump->tool, "cannot write %s: %s", dump->output_path, strerror(errno));
        return false;
    }
}

static int finish(struct dump *dump)
{
    enum status status = output_sync(&dump->output);

    if (status == STATUS_OK && !verify(dump)) {
        output_discard(&dump->output);
        return TOOL_EXIT_PROBLEM;
    }
    if (status == STATUS_OK && interrupt_check(&dump->interrupt)) {
        tool_say(dump->tool, "interrupted");
        output_discard(&dump->output);
        return TOOL_EXIT_PROBLEM;
    }
    if (status == STATUS_OK) {
        status = output_publish(&dump->output);
    } else {
        output_discard(&dump->output);
    }
    if (status != STATUS_OK) {
        tool_say(dump->tool, "cannot finish %s: %s", dump->output_path, status_name(status));
        return TOOL_EXIT_PROBLEM;
    }
    return TOOL_EXIT_OK;
}

static int run(struct dump *dump)
{
    bool is_done;

    signal(SIGPIPE, SIG_IGN);
    dump->interrupt.fd = -1;
    /* A stream leaves nothing behind: there the signals end the process, whatever it waits for. */
    if (strcmp(dump->output_path, "-") != 0 && !interrupt_init(&dump->interrupt)) {
        tool_say(dump->tool, "signalfd: %s", strerror(errno));
        return TOOL_EXIT_PROBLEM;
    }
    if (!open_output(dump)) {
        return TOOL_EXIT_USAGE;
    }
    is_done = dump->host != NULL ? dump_from_server(dump) : dump_from_directory(dump);
    if (!is_done) {
        output_discard(&dump->output);
        return TOOL_EXIT_PROBLEM;
    }
    return finish(dump);
}

static bool choose_format(struct dump *dump, const char *format)
{
    static const char *const names[] = {[DUMP_SNAPSHOT] = "snapshot", [DUMP_RDB] = "rdb", [DUMP_JSON_LINES] = "jsonl"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(format, names[i]) == 0) {
            dump->format = (enum dump_format)i;
            if (dump->format == DUMP_JSON_LINES && dump->host != NULL) {
                tool_say(dump->tool, "--format jsonl needs --data-dir");
                return false;
            }
            return true;
        }
    }
    tool_say(dump->tool, "--format is snapshot, rdb or jsonl, not '%s'", format);
    return false;
}

/* What the table of options cannot say. */
static bool check(struct dump *dump, const char *format, const char *stray)
{
    if (stray != NULL) {
        tool_say(dump->tool, "'%s' belongs to no option; see --help", stray);
        return false;
    }
    if ((dump->data_dir == NULL) == (dump->host == NULL)) {
        tool_say(dump->tool, "give one of --data-dir and --host");
        return false;
    }
    if ((dump->tls.cert_file == NULL) != (dump->tls.key_file == NULL)) {
        tool_say(dump->tool, "--cert and --key belong together");
        return false;
    }
    if (dump->uses_tls && dump->host == NULL) {
        tool_say(dump->tool, "--tls needs --host");
        return false;
    }
    if (dump->output_path == NULL) {
        tool_say(dump->tool, "give --output FILE, or --output - for standard output");
        return false;
    }
    if (strcmp(dump->output_path, "-") == 0 && isatty(STDOUT_FILENO) && strcmp(format, "jsonl") != 0) {
        tool_say(dump->tool, "standard output is a terminal; a snapshot is no text");
        return false;
    }
    return choose_format(dump, format);
}

int main(int argc, char **argv)
{
    struct dump dump = {.port = "6379", .level = 3};
    const char *format = "snapshot";
    const struct option_description options[] = {
        {"data-dir", OPTION_TEXT, "DIR", "Copy the last checkpoint of this data directory; its server may run.",
         &dump.data_dir, 0, 0},
        {"host", OPTION_TEXT, "HOST", "Ask this server for a snapshot, as a replica would.", &dump.host, 0, 0},
        {"port", OPTION_TEXT, "PORT", "Its port; 6379 if not given.", &dump.port, 0, 0},
        {"tls", OPTION_FLAG, NULL, "Speak TLS.", &dump.uses_tls, 0, 0},
        {"cacert", OPTION_TEXT, "FILE", "Trust who this CA signed; what the system trusts if not given.",
         &dump.tls.ca_cert_file, 0, 0},
        {"cacertdir", OPTION_TEXT, "DIR", "The same, for the CAs in a folder.", &dump.tls.ca_cert_dir, 0, 0},
        {"cert", OPTION_TEXT, "FILE", "Show this certificate.", &dump.tls.cert_file, 0, 0},
        {"key", OPTION_TEXT, "FILE", "Its private key.", &dump.tls.key_file, 0, 0},
        {"sni", OPTION_TEXT, "NAME", "Tell the server that it is meant by this name.", &dump.tls.name, 0, 0},
        {"insecure", OPTION_FLAG, NULL, "Trust whoever answers.", &dump.tls.trusts_anyone, 0, 0},
        {"tls-ciphers", OPTION_TEXT, "LIST", "Of TLS 1.2, in OpenSSL's form.", &dump.tls.ciphers, 0, 0},
        {"tls-ciphersuites", OPTION_TEXT, "LIST", "Of TLS 1.3, in OpenSSL's form.", &dump.tls.ciphersuites, 0, 0},
        {"user", OPTION_TEXT, "USER", "Log in as this user.", &dump.user, 0, 0},
        {"password-file", OPTION_TEXT, "FILE", "The password is this file's first line; else $REDISCLI_AUTH.",
         &dump.password_file, 0, 0},
        {"output", OPTION_TEXT, "FILE", "Where to write; - is standard output.", &dump.output_path, 0, 0},
        {"format", OPTION_TEXT, "FORMAT", "snapshot, rdb, or jsonl (JSON, one key a line).", &format, 0, 0},
        {"compression-level", OPTION_NUMBER, "N", "0 (none) to 9 (small); 3 if not given.", &dump.level, 0, 9},
        {"threads", OPTION_NUMBER, "N", "Compressing threads; one for each processor if not given.", &dump.thread_count,
         1, SNAPSHOT_THREADS_MAX},
        {"force", OPTION_FLAG, NULL, "Replace FILE if it is there.", &dump.is_forced, 0, 0},
        {"quiet", OPTION_FLAG, NULL, "Say nothing but errors.", &dump.is_quiet, 0, 0},
        {.name = NULL},
    };
    const struct tool_description tool = {
        .name = "hearth-dump",
        .usage = "  hearth-dump --data-dir DIR --output FILE [options]\n"
                 "  hearth-dump --host HOST [--port PORT] [--tls --cacert FILE] --output FILE [options]",
        .summary =
            "Writes a snapshot: the whole keyspace at one offset, compressed, with checksums. hearth-restore makes a\n"
            "data directory of it. (With --format rdb: a file for Redis, also from a Redis server.) FILE appears only "
            "when it is whole and verified; until then it is FILE.part.\n"
            "Standard output beside a running server is written to a temporary file first ($TMPDIR, or /var/tmp),\n"
            "since a slow reader would make the server's file grow.",
        .options = options,
        .exit_codes = "  0  The snapshot is written, verified and on disk.\n"
                      "  1  It could not be made; nothing is left behind.\n"
                      "  2  The command line is wrong, or FILE cannot be written.",
    };
    const char **arguments = memory_allocate((size_t)argc * sizeof(*arguments));
    int argument_count;
    enum options_outcome outcome = options_read(&tool, argc, argv, arguments, &argument_count);
    const char *stray;
    long processor_count = sysconf(_SC_NPROCESSORS_ONLN);

    (void)diag_open("/dev/stderr");
    dump.tool = &tool;
    stray = argument_count > 0 ? arguments[0] : NULL;
    memory_free(arguments);
    if (outcome == OPTIONS_DONE) {
        return TOOL_EXIT_OK;
    }
    if (outcome == OPTIONS_WRONG || !check(&dump, format, stray)) {
        return TOOL_EXIT_USAGE;
    }
    if (dump.thread_count == 0) {
        dump.thread_count = processor_count < 1 ? 1 : processor_count > 16 ? 16 : processor_count;
    }
    return run(&dump);
}
