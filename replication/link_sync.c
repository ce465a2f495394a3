#include "replication/link_sync.h"

#include "base/memory.h"
#include "replication/psync.h"
#include "storage/env/env.h"
#include "storage/snapshot/snapshot_read.h"

enum status link_sync_open(struct link_sync *sync, const struct link_sync_options *options)
{
    enum status status;

    *sync = (struct link_sync){.store = options->store, .files = options->files, .settings = options->settings};
    status = incoming_open(&sync->incoming, options->files, options->directory);
    if (status == STATUS_OK) {
        sync->directory = memory_copy_text(options->directory);
        worker_init(&sync->worker, options->wake, options->context);
    }
    return status;
}

void link_sync_close(struct link_sync *sync)
{
    worker_cancel(&sync->worker);
    lone_tail_close(&sync->install.tail);
    incoming_close(&sync->incoming);
    memory_free(sync->directory);
}

void link_sync_fill_facts(const struct link_sync *sync, bool with_hash, struct replica_facts *facts)
{
    const struct replication_settings *settings = sync->settings;
    const struct log *log = store_log(sync->store);
    bool has_part = sync->incoming.part_name[0] != '\0' && sync->incoming.part_bytes > 0;

    *facts = (struct replica_facts){
        .user = settings->master_user,
        .password = settings->master_password,
        .announce_ip = settings->announce_ip,
        .announce_port = settings->announce_port != 0 ? settings->announce_port : settings->listening_port,
        .timeout_ms = settings->timeout_s * 1000,
        .history = log_history(log),
        .end = with_hash ? log_end(log) : (struct history_position){.offset = log_end_offset(log)},
        .acknowledged = log_released_offset(log),
        .durable = log_durable_offset(log),
        .resume_name = has_part ? sync->incoming.part_name : NULL,
        .resume_from = sync->incoming.part_bytes,
    };
}

/* The history that the payload continues, with the one before it if the payload tells. */
static enum status read_history(struct link_sync *sync, const struct replica_payload *payload, struct history *history)
{
    struct snapshot_problem problem;
    struct snapshot_header header;
    struct file *file;
    enum status status;

    if (payload->kind != REPLICA_PAYLOAD_SNAPSHOT) {
        history_adopt(history, slice_of(payload->id));
        return STATUS_OK;
    }
    status = file_open(sync->files, sync->incoming.path, FILE_READ, &file);
    if (status == STATUS_OK) {
        status = snapshot_read_header(file, &header, &problem);
        file_close(file);
    }
    if (status == STATUS_OK) {
        *history = header.history;
    }
    return status;
}

/* Where what we alone hold begins, if nothing is known of how their history came out of ours: two promotions may lie
 * between, or one of stock Redis. Behind what our replicas had when we were the master; a replica holds nothing alone.
 */
static uint64_t find_own(const struct link_sync *sync)
{
    const struct log *log = store_log(sync->store);
    bool is_own = strcmp(sync->was_master_of, log_history(log)->id) == 0;

    return is_own ? sync->shared_to : log_end_offset(log);
}

/* Where what we alone hold begins. After a divergence nothing says since when: then all that the log has. */
static uint64_t find_tail(const struct link_sync *sync, const struct replica_payload *payload,
                          const struct history *theirs, bool *is_related)
{
    struct log *log = store_log(sync->store);
    uint64_t from = psync_lone_tail(log_history(log), log_end_offset(log), theirs, payload->offset, is_related);

    if (slice_starts_with(slice_of(payload->reason), slice_of("diverged"))) {
        return 0;
    }
    return *is_related ? from : find_own(sync);
}

/* What is selected at the last checkpoint. */
static struct lone_tail_reader reader_at_checkpoint(const struct link_sync *sync)
{
    struct lone_tail_reader reader = {.offset = UINT64_MAX, .db = -1};
    struct env_meta meta;

    if (env_read_meta(store_env(sync->store), &meta) == STATUS_OK) {
        reader = (struct lone_tail_reader){.offset = meta.position.offset, .db = meta.selected_db};
        env_meta_release(&meta);
    }
    return reader;
}

enum status link_sync_install(struct link_sync *sync, const struct replica_payload *payload, bool wants_full)
{
    struct log *log = store_log(sync->store);
    uint64_t end = log_end_offset(log);
    struct lone_tail_reader known;
    struct history theirs;
    bool is_related;
    uint64_t from;
    enum status status;

    status = read_history(sync, payload, &theirs);
    if (status != STATUS_OK) {
        return status;
    }
    from = find_tail(sync, payload, &theirs, &is_related);
    known = reader_at_checkpoint(sync);
    sync->install = (struct install){
        .files = sync->files,
        .data_directory = sync->directory,
        .payload_path = sync->incoming.path,
        .data_path = sync->incoming.data_path,
        .payload = *payload,
        .database_count = keyspace_database_count(store_keyspace(sync->store)),
        .cancelled = &sync->worker.cancelled,
        .own_key_count = keyspace_all_key_count(store_keyspace(sync->store)),
        .may_wipe = sync->settings->allow_wipe || is_related,
    };
    status = lone_tail_open(&sync->install.tail, log, wants_full ? end : from, end, &known);
    if (status == STATUS_OK) {
        sync->is_stale = false;
        status = worker_start(&sync->worker, install_run, &sync->install);
    }
    if (status != STATUS_OK) {
        lone_tail_close(&sync->install.tail);
    }
    return status;
}

const struct install *link_sync_take_installed(struct link_sync *sync)
{
    if (!worker_take(&sync->worker)) {
        return NULL;
    }
    lone_tail_close(&sync->install.tail);
    if (sync->is_stale) {
        sync->is_stale = false;
        link_sync_discard(sync);
        return NULL;
    }
    return &sync->install;
}

void link_sync_abandon(struct link_sync *sync)
{
    sync->is_stale = sync->worker.is_running;
    worker_ask_to_end(&sync->worker);
}

bool link_sync_is_stale(const struct link_sync *sync)
{
    return sync->is_stale;
}

void link_sync_discard(struct link_sync *sync)
{
    incoming_discard(&sync->incoming);
}
