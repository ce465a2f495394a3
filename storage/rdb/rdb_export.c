#include "storage/rdb/rdb_export.h"

#include "base/clock.h"
#include "base/number.h"

static void put_number(struct rdb_writer *writer, const char *name, uint64_t value)
{
    char text[NUMBER_INTEGER_TEXT_MAX];

    rdb_write_aux(writer, name, slice_make(text, number_format_uint64(text, value)));
}

static void write_head(struct rdb_writer *writer, const struct env_meta *meta)
{
    rdb_write_header(writer);
    rdb_write_aux(writer, "redis-ver", slice_of("7.0.15")); /* Whose format it is; tools look at it. */
    put_number(writer, "redis-bits", 64);
    put_number(writer, "ctime", clock_wall_ms() / 1000);
    rdb_write_aux(writer, "hearth-ver", slice_of(HEARTH_VERSION));
    if (meta->selected_db >= 0) {
        put_number(writer, "repl-stream-db", (uint64_t)meta->selected_db);
    }
    rdb_write_aux(writer, "repl-id", slice_of(meta->history.id));
    put_number(writer, "repl-offset", meta->position.offset);
}

enum status rdb_export(struct env *env, const struct rdb_sink *sink, uint32_t version,
                       const struct env_visit_options *options, struct rdb_export_summary *summary,
                       struct env_visit_problem *problem)
{
    struct rdb_writer writer;
    struct key_visitor visitor;
    struct env_visit *visit;
    enum status status;

    problem->text[0] = '\0';
    status = env_visit_begin(env, options, &visit);
    if (status != STATUS_OK) {
        return status;
    }
    rdb_writer_init_file(&writer, sink, version);
    write_head(&writer, env_visit_meta(visit));
    visitor = rdb_writer_visitor(&writer);
    status = env_visit_keys(visit, &visitor, problem);
    if (status == STATUS_OK) {
        status = rdb_write_end(&writer);
    }
    if (status == STATUS_OK) {
        const struct env_meta *meta = env_visit_meta(visit);

        *summary = (struct rdb_export_summary){
            .history = meta->history,
            .position = meta->position,
            .selected_db = meta->selected_db,
            .key_count = writer.key_count,
            .file_bytes = writer.written_bytes,
        };
    }
    rdb_writer_release(&writer);
    env_visit_end(visit);
    return status;
}
