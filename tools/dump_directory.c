/* The last checkpoint of a data directory, as a snapshot, an RDB file or JSON lines. Its server may run. */
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "storage/env/env.h"
#include "storage/log/log_scan.h"
#include "storage/rdb/rdb_export.h"
#include "storage/snapshot/snapshot_write.h"
#include "storage/store_layout.h"
#include "tools/data_directory.h"
#include "tools/dump.h"
#include "tools/jsonl.h"
#include "tools/owner.h"
#include "tools/progress.h"
#include <errno.h>
#include <inttypes.h>

struct copying {
    struct dump *dump;
    struct progress progress;
    atomic_bool cancelled;
};

static void watch_interrupt(struct copying *copying)
{
    if (!output_is_stream(&copying->dump->output) && interrupt_check(&copying->dump->interrupt)) {
        atomic_store(&copying->cancelled, true);
    }
}

static void show_progress(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
    struct copying *copying = context;

    progress_update(&copying->progress, done_bytes, total_bytes);
    watch_interrupt(copying);
}

/* Keys say how far it is, written bytes how fast. */
static void show_keys(void *context, uint64_t done_keys, uint64_t total_keys)
{
    struct copying *copying = context;
    uint64_t written = copying->dump->output.written_bytes;

    progress_update(&copying->progress, written,
                    done_keys == 0 ? 0 : (uint64_t)((double)written * (double)total_keys / (double)done_keys));
    watch_interrupt(copying);
}

static enum status write_output(void *context, const struct slice *pieces, size_t count)
{
    return output_write(&((struct copying *)context)->dump->output, pieces, count);
}

static enum status write_text(void *context, struct slice text)
{
    return write_output(context, &text, 1);
}

static struct env *open_env(const struct dump *dump)
{
    char *path = file_join(dump->data_dir, STORE_DATA);
    struct env *env = NULL;
    struct owner owner;
    enum status status;

    owner_begin(&owner, path);
    status = env_open(path, true, &env);
    owner_end(&owner);
    if (status == STATUS_NOT_FOUND) {
        tool_say(dump->tool, "%s holds no Hearth data (there is no %s)", dump->data_dir, path);
    } else if (status != STATUS_OK) {
        tool_say(dump->tool, "cannot open %s: %s", path, status_name(status));
    }
    memory_free(path);
    return env;
}

/* A checkpoint that was interrupted half way is ended by the server's next start, by nobody else. */
static bool check_exact(const struct dump *dump, struct env *env)
{
    struct env_meta meta;
    bool is_pending;

    if (env_read_meta(env, &meta) != STATUS_OK) {
        return true; /* What is read next says it better. */
    }
    is_pending = meta.is_pending;
    env_meta_release(&meta);
    if (is_pending && !data_directory_is_in_use(dump->data_dir)) {
        tool_say(dump->tool, "%s: the server ended in the middle of a checkpoint; start it once and stop it",
                 dump->data_dir);
        return false;
    }
    return true;
}

/* Say what the dump lacks: changes that are in the log alone. */
static void tell_missing(const struct dump *dump, uint64_t offset)
{
    char *path = file_join(dump->data_dir, STORE_LOG);
    struct log_chain *chain = log_chain_create(file_system_posix(), path);
    bool is_in_use = data_directory_is_in_use(dump->data_dir);
    enum diag_level level = diag_get_level();
    struct log_tail tail;

    /* What a running server is just writing may look damaged, or move away: then nothing is said. */
    diag_set_level(is_in_use ? DIAG_SILENT : level);
    if (log_scan(chain, offset, &tail) == STATUS_OK && tail.end.offset > offset) {
        tool_say(dump->tool, "the log holds %" PRIu64 " bytes of changes beyond this: %s, to have them too",
                 tail.end.offset - offset,
                 is_in_use
                     ? "let the server SAVE and dump again, or dump from it with --host and --port"
                     : "the server ended without a last checkpoint. Start it, stop it by SHUTDOWN, and dump again");
    }
    diag_set_level(level);
    log_chain_free(chain);
    memory_free(path);
}

static void explain(const struct dump *dump, enum status status, const char *problem)
{
    switch (status) {
    case STATUS_CLOSED:
        tool_say(dump->tool, "%s", dump->interrupt.is_set ? "interrupted" : "the reader of the output has gone");
        break;
    case STATUS_CORRUPT:
    case STATUS_UNSUPPORTED:
        tool_say(dump->tool, "%s; hearth-check %s says more",
                 problem[0] == '\0' ? "the data is damaged: LMDB cannot walk its own tree" : problem, dump->data_dir);
        break;
    case STATUS_BUSY:
        tool_say(dump->tool, "checkpoints came faster than a copy could begin; try again");
        break;
    default:
        tool_say(dump->tool, "the copy failed: %s (%s)", status_name(status), strerror(errno));
        break;
    }
}

static enum status dump_snapshot(struct copying *copying, struct env *env, uint64_t *offset)
{
    struct dump *dump = copying->dump;
    struct snapshot_sink sink = {.write = write_output, .context = copying};
    struct snapshot_write_options options = {
        .level = (int)dump->level,
        .thread_count = (int)dump->thread_count,
        .cancelled = &copying->cancelled,
        .on_progress = show_progress,
        .context = copying,
    };
    struct snapshot_summary summary;
    enum status status = snapshot_write(env, &sink, &options, &summary);

    if (status == STATUS_OK) {
        progress_end(&copying->progress);
        dump_describe(dump, &summary.header, summary.raw_bytes);
        *offset = summary.header.position.offset;
    }
    return status;
}

static enum status dump_rdb(struct copying *copying, struct env *env, struct env_visit_problem *problem,
                            uint64_t *offset)
{
    struct rdb_sink sink = {.write = write_output, .context = copying};
    struct env_visit_options options = {.cancelled = &copying->cancelled, .on_progress = show_keys, .context = copying};
    struct rdb_export_summary summary;
    enum status status = rdb_export(env, &sink, RDB_VERSION_WRITTEN, &options, &summary, problem);

    if (status == STATUS_OK) {
        progress_end(&copying->progress);
        dump_describe_keys(copying->dump, summary.key_count, summary.history.id, summary.position.offset);
        *offset = summary.position.offset;
    }
    return status;
}

static enum status dump_json_lines(struct copying *copying, struct env *env, struct env_visit_problem *problem,
                                   uint64_t *offset)
{
    struct env_visit_options options = {.cancelled = &copying->cancelled, .on_progress = show_keys, .context = copying};
    struct key_visitor visitor;
    struct env_visit *visit;
    struct jsonl jsonl;
    enum status status = env_visit_begin(env, &options, &visit);

    if (status != STATUS_OK) {
        return status;
    }
    jsonl_init(&jsonl, write_text, copying);
    visitor = jsonl_visitor(&jsonl);
    status = env_visit_keys(visit, &visitor, problem);
    if (status == STATUS_OK) {
        status = jsonl_finish(&jsonl);
    }
    if (status == STATUS_OK) {
        const struct env_meta *meta = env_visit_meta(visit);

        progress_end(&copying->progress);
        dump_describe_keys(copying->dump, jsonl.key_count, meta->history.id, meta->position.offset);
        *offset = meta->position.offset;
    }
    jsonl_release(&jsonl);
    env_visit_end(visit);
    return status;
}

/* While the dump reads, a running server cannot use the pages again that it frees, and its file grows. A slow reader of
 * a stream must not make that last. */
static bool spool(struct dump *dump)
{
    if (!output_is_stream(&dump->output) || !data_directory_is_in_use(dump->data_dir)) {
        return true;
    }
    if (output_spool(&dump->output) != STATUS_OK) {
        tool_say(dump->tool, "cannot make a temporary file in $TMPDIR or /var/tmp: %s", strerror(errno));
        return false;
    }
    return true;
}

bool dump_from_directory(struct dump *dump)
{
    struct copying copying = {.dump = dump};
    struct env_visit_problem problem = {.text = ""};
    struct env *env = open_env(dump);
    uint64_t offset = 0;
    enum status status;

    if (env == NULL) {
        return false;
    }
    if (!check_exact(dump, env)) {
        env_close(env);
        return false;
    }
    if (!spool(dump)) {
        env_close(env);
        return false;
    }
    progress_begin(&copying.progress, "copying", dump->is_quiet);
    status = dump->format == DUMP_SNAPSHOT ? dump_snapshot(&copying, env, &offset)
             : dump->format == DUMP_RDB    ? dump_rdb(&copying, env, &problem, &offset)
                                           : dump_json_lines(&copying, env, &problem, &offset);
    env_close(env);
    if (status == STATUS_OK) {
        status = output_forward(&dump->output);
    }
    if (status != STATUS_OK) {
        progress_end(&copying.progress);
        explain(dump, status, problem.text);
        return false;
    }
    tell_missing(dump, offset);
    return true;
}
