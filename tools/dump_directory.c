#include "base/file.h"
#include "base/memory.h"
#include "storage/env.h"
#include "storage/snapshot_write.h"
#include "tools/dump.h"
#include "tools/progress.h"
#include <errno.h>
#include <inttypes.h>

struct copying {
    struct dump *dump;
    struct progress progress;
    atomic_bool cancelled;
};

static void show_progress(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
    struct copying *copying = context;

    progress_update(&copying->progress, done_bytes, total_bytes);
    if (!output_is_stream(&copying->dump->output) && interrupt_check(&copying->dump->interrupt)) {
        atomic_store(&copying->cancelled, true);
    }
}

static enum status write_output(void *context, const struct slice *pieces, size_t count)
{
    return output_write(&((struct copying *)context)->dump->output, pieces, count);
}

static struct env *open_env(const struct dump *dump)
{
    char *path = file_join(dump->data_dir, "data");
    struct env *env = NULL;
    enum status status = env_open(path, true, &env);

    if (status == STATUS_NOT_FOUND) {
        tool_say(dump->tool, "%s holds no Hearth data (there is no %s)", dump->data_dir, path);
    } else if (status != STATUS_OK) {
        tool_say(dump->tool, "cannot open %s: %s", path, status_name(status));
    }
    memory_free(path);
    return env;
}

static void explain(const struct dump *dump, enum status status)
{
    switch (status) {
    case STATUS_CLOSED:
        tool_say(dump->tool, "%s", dump->interrupt.is_set ? "interrupted" : "the reader of the output has gone");
        break;
    case STATUS_CORRUPT:
        tool_say(dump->tool, "the data is damaged: LMDB cannot walk its own tree; hearth-check %s says more",
                 dump->data_dir);
        break;
    case STATUS_BUSY:
        tool_say(dump->tool, "checkpoints came faster than a copy could begin; try again");
        break;
    default:
        tool_say(dump->tool, "the copy failed: %s (%s)", status_name(status), strerror(errno));
        break;
    }
}

bool dump_from_directory(struct dump *dump)
{
    struct copying copying = {.dump = dump};
    struct snapshot_sink sink = {.write = write_output, .context = &copying};
    struct snapshot_write_options options = {
        .level = (int)dump->level,
        .thread_count = (int)dump->thread_count,
        .cancelled = &copying.cancelled,
        .on_progress = show_progress,
        .context = &copying,
    };
    struct snapshot_summary summary;
    struct env *env = open_env(dump);
    enum status status;

    if (env == NULL) {
        return false;
    }
    progress_begin(&copying.progress, "copying", dump->is_quiet);
    status = snapshot_write(env, &sink, &options, &summary);
    progress_end(&copying.progress);
    env_close(env);
    if (status != STATUS_OK) {
        explain(dump, status);
        return false;
    }
    dump_describe(dump, &summary.header, summary.raw_bytes);
    return true;
}
