#include "replication/replicas_file.h"

#include "base/checksum.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "replication/words.h"
#include <inttypes.h>
#include <string.h>

#define MOVED_EACH_MS 60000                        /* Offsets are written anew this often, */
#define MOVED_BYTES   ((uint64_t)16 * 1024 * 1024) /* and whenever they have moved by this much. */
#define WORDS_MAX     4

/* A name with blanks, which a stranger may have announced, would be another line's. */
static bool is_one_word(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        if ((unsigned char)*at <= ' ' || *at == 0x7f) {
            return false;
        }
    }
    return name[0] != '\0';
}

static bool is_kept(const struct ack *ack, bool is_present)
{
    return (!is_present || ack->is_online) && is_one_word(ack->name);
}

static void format_one(const struct ack *ack, uint64_t away_since_ms, struct buf *out)
{
    buf_put_format(out, "replica %s %" PRIu64 " %" PRIu64 "\n", ack->name, ack->offset, away_since_ms);
}

void replicas_format(const struct acks *acks, const struct history *history, const struct replicas_now *now,
                     struct buf *out)
{
    buf_put_text(out, "# Written by hearth-server: replicas for which the log is kept over a restart.\n");
    buf_put_format(out, "history %s\n", history->id);
    LIST_FOR_EACH(&acks->absent, node)
    {
        uint64_t age_ms = now->monotonic_ms - ack_of(node)->away_since_ms;

        if (is_kept(ack_of(node), false)) {
            format_one(ack_of(node), age_ms < now->wall_ms ? now->wall_ms - age_ms : 1, out);
        }
    }
    LIST_FOR_EACH(&acks->present, present_node)
    {
        if (is_kept(ack_of(present_node), true)) {
            format_one(ack_of(present_node), 0, out);
        }
    }
}

/* ---- Reading ---- */

static bool take_replica(const struct slice *words, size_t count, const struct replicas_now *now, struct acks *acks)
{
    char name[ACKS_NAME_BYTES];
    uint64_t offset;
    uint64_t away_since;
    uint64_t age_ms;

    if (count != 4 || !words_copy(name, sizeof(name), words[1]) || !number_parse_uint64(words[2], &offset) ||
        !number_parse_uint64(words[3], &away_since)) {
        return false;
    }
    age_ms = away_since != 0 && away_since < now->wall_ms ? now->wall_ms - away_since : 0;
    acks_remember(acks, name, offset, age_ms < now->monotonic_ms ? now->monotonic_ms - age_ms : 0);
    return is_one_word(name);
}

enum status replicas_parse(struct slice text, const struct history *history, const struct replicas_now *now,
                           struct acks *acks)
{
    bool is_known = false;

    while (text.len > 0) {
        const char *newline = memchr(text.data, '\n', text.len);
        struct slice line = newline == NULL ? text : slice_first(text, (size_t)(newline - text.data));
        struct slice words[WORDS_MAX];
        size_t count = words_split(line, words, WORDS_MAX);

        text = slice_after(text, line.len + (newline != NULL));
        if (count == 0 || words[0].data[0] == '#') {
            continue;
        }
        if (!is_known && count == 2 && slice_is_word(words[0], "history")) {
            if (!slice_is_word(words[1], history->id) && !slice_is_word(words[1], history->previous_id)) {
                return STATUS_OK; /* Nobody of another history can be served from this log. */
            }
            is_known = true;
        } else if (!is_known || !slice_is_word(words[0], "replica") || !take_replica(words, count, now, acks)) {
            return STATUS_CORRUPT;
        }
    }
    return STATUS_OK;
}

/* ---- The file ---- */

void replicas_file_open(struct replicas_file *file, struct file_system *files, const char *directory,
                        void (*wake)(void *context), void *context)
{
    *file = (struct replicas_file){.files = files, .directory = memory_copy_text(directory)};
    buf_init(&file->text, BUF_NO_CEILING);
    worker_init(&file->worker, wake, context);
}

/* Who is there and who is away, in any order, and in which history; 0 for nobody. */
static uint64_t mark_of(const struct acks *acks, const struct history *history)
{
    uint64_t mark = 0;

    LIST_FOR_EACH(&acks->absent, node)
    {
        mark ^= is_kept(ack_of(node), false) ? checksum_hash64(slice_of(ack_of(node)->name), 1) : 0;
    }
    LIST_FOR_EACH(&acks->present, present_node)
    {
        mark ^= is_kept(ack_of(present_node), true) ? checksum_hash64(slice_of(ack_of(present_node)->name), 2) : 0;
    }
    return mark == 0 ? 0 : mark ^ checksum_hash64(slice_of(history->id), 0);
}

static uint64_t sum_offsets(const struct acks *acks)
{
    uint64_t sum = 0;

    LIST_FOR_EACH(&acks->present, node)
    {
        sum += is_kept(ack_of(node), true) ? ack_of(node)->offset : 0;
    }
    return sum;
}

void replicas_file_load(struct replicas_file *file, const struct history *history, const struct replicas_now *now,
                        struct acks *acks)
{
    char *path = file_join(file->directory, REPLICAS_FILE_NAME);
    char *text;
    size_t len;
    enum status status = file_read_whole(file->files, path, REPLICAS_FILE_BYTES_MAX, &text, &len);

    if (status == STATUS_OK) {
        status = replicas_parse(slice_make(text, len), history, now, acks);
        memory_free(text);
    }
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        diag(DIAG_WARNING, "%s cannot be read (%s): absent replicas may need a full sync", path, status_name(status));
    }
    memory_free(path);
    /* What is loaded counts as written, so that a master without replicas has no such file. */
    file->mark = mark_of(acks, history);
    file->written_ms = now->monotonic_ms;
}

/* The worker's job. */
static void write_text(void *context)
{
    struct replicas_file *file = context;

    crash_point("replication.replicas.write.before");
    file->status = file_replace(file->files, file->directory, REPLICAS_FILE_NAME, buf_slice(&file->text));
    crash_point("replication.replicas.write.after");
}

static bool is_due(const struct replicas_file *file, uint64_t mark, uint64_t sum, uint64_t now_ms)
{
    uint64_t moved = sum > file->offset_sum ? sum - file->offset_sum : file->offset_sum - sum;

    return mark != file->mark || moved >= MOVED_BYTES || (moved > 0 && now_ms - file->written_ms >= MOVED_EACH_MS);
}

/* Whether there is something to write; then its text is made. */
static bool prepare(struct replicas_file *file, const struct history *history, const struct replicas_now *now,
                    const struct acks *acks, bool is_last)
{
    uint64_t mark = mark_of(acks, history);
    uint64_t sum = sum_offsets(acks);

    if (!is_last && !is_due(file, mark, sum, now->monotonic_ms)) {
        return false;
    }
    file->mark = mark;
    file->offset_sum = sum;
    file->written_ms = now->monotonic_ms;
    buf_clear(&file->text);
    replicas_format(acks, history, now, &file->text);
    return true;
}

void replicas_file_tick(struct replicas_file *file, const struct history *history, const struct replicas_now *now,
                        const struct acks *acks)
{
    if (worker_take(&file->worker) && file->status != STATUS_OK) {
        diag(DIAG_WARNING, "%s/" REPLICAS_FILE_NAME " cannot be written: %s", file->directory,
             status_name(file->status));
    }
    /* One that cannot be written is not tried again before something changes: its loss costs little. */
    if (!file->worker.is_running && prepare(file, history, now, acks, false) &&
        worker_start(&file->worker, write_text, file) != STATUS_OK) {
        file->mark = 0; /* At the next tick. */
    }
}

void replicas_file_close(struct replicas_file *file, const struct history *history, const struct replicas_now *now,
                         const struct acks *acks)
{
    bool is_used = file->offset_sum != 0 || acks->absent_count > 0;

    worker_cancel(&file->worker);
    if (prepare(file, history, now, acks, is_used)) {
        write_text(file);
    }
    buf_release(&file->text);
    memory_free(file->directory);
}
