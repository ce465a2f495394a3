/* For the scripts beside this: make data, and tell two lots of it apart.
 *
 *     tools-sample make DATA_DIR KEY_COUNT SEED    a data directory with an environment and no log
 *     tools-sample commit DATA_DIR KEY_COUNT SEED  one more checkpoint
 *     tools-sample digest DATA_DIR                 "<digest> <records> <history> <offset>"
 *     tools-sample rdb FILE                        what an RDB file holds, as JSON lines
 *     tools-sample copy-rdb FROM TO VERSION        read an RDB file and write it with our writer */
#include "base/file.h"
#include "base/memory.h"
#include "storage/rdb/rdb_read.h"
#include "storage/rdb/rdb_write.h"
#include "support/key_recorder.h"
#include "support/sample_env.h"
#include "tools/input.h"
#include "tools/jsonl.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int make(const char *directory, const char *key_count, const char *seed)
{
    char *path = file_join(directory, "data");

    if (file_make_directory(file_system_posix(), directory) != STATUS_OK) {
        return 1;
    }
    env_close(sample_env_create(path, (uint32_t)atoi(key_count), (uint64_t)atoi(seed)));
    memory_free(path);
    return 0;
}

static int commit(const char *directory, const char *key_count, const char *seed)
{
    char *path = file_join(directory, "data");
    struct env *env;

    if (env_open(path, false, &env) != STATUS_OK) {
        return 1;
    }
    sample_env_commit(env, (uint32_t)atoi(key_count), (uint64_t)atoi(seed));
    env_close(env);
    memory_free(path);
    return 0;
}

static int print_digest(const char *directory)
{
    char *path = file_join(directory, "data");
    struct env_meta meta;
    struct env *env;
    uint64_t count;
    uint64_t digest;

    if (env_open(path, true, &env) != STATUS_OK || env_read_meta(env, &meta) != STATUS_OK) {
        return 1;
    }
    digest = sample_env_digest(env, &count);
    printf("%016" PRIx64 " %" PRIu64 " %s %" PRIu64 "\n", digest, count, meta.history.id, meta.position.offset);
    env_meta_release(&meta);
    env_close(env);
    memory_free(path);
    return 0;
}

static enum status write_out(void *context, struct slice text)
{
    (void)context;
    return fwrite(text.data, 1, text.len, stdout) == text.len ? STATUS_OK : STATUS_IO;
}

static int print_rdb(const char *path)
{
    struct interrupt interrupt = {.fd = -1};
    struct input input;
    struct rdb_source source = {.read = input_read, .context = &input};
    struct rdb_problem problem;
    struct key_visitor visitor;
    struct jsonl jsonl;
    enum status status;

    if (input_open(&input, path, &interrupt) != STATUS_OK) {
        return 2;
    }
    jsonl_init(&jsonl, write_out, NULL);
    visitor = jsonl_visitor(&jsonl);
    status = rdb_read(&source, &visitor, &problem);
    if (status == STATUS_OK) {
        status = jsonl_finish(&jsonl);
    } else {
        fprintf(stderr, "%s: %s\n", status_name(status), problem.text);
    }
    jsonl_release(&jsonl);
    input_close(&input);
    return status == STATUS_OK ? 0 : 1;
}

static enum status write_pieces(void *context, const struct slice *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fwrite(pieces[i].data, 1, pieces[i].len, context) != pieces[i].len) {
            return STATUS_IO;
        }
    }
    return STATUS_OK;
}

static int write_rdb(const struct key_recorder *recorder, const char *path, uint32_t version)
{
    FILE *file = fopen(path, "wb");
    struct rdb_sink sink = {.write = write_pieces, .context = file};
    struct rdb_writer writer;
    struct key_visitor visitor;
    enum status status;

    if (file == NULL) {
        return 2;
    }
    rdb_writer_init_file(&writer, &sink, version);
    rdb_write_header(&writer);
    rdb_write_aux(&writer, "redis-ver", slice_of("7.0.15"));
    visitor = rdb_writer_visitor(&writer);
    status = key_recorder_replay(recorder, &visitor);
    if (status == STATUS_OK) {
        status = rdb_write_end(&writer);
    }
    rdb_writer_release(&writer);
    return fclose(file) == 0 && status == STATUS_OK ? 0 : 1;
}

static int copy_rdb(const char *from, const char *to, const char *version)
{
    struct key_recorder *recorder = key_recorder_create();
    struct key_visitor visitor = key_recorder_visitor(recorder);
    struct interrupt interrupt = {.fd = -1};
    struct input input;
    struct rdb_source source = {.read = input_read, .context = &input};
    struct rdb_problem problem;
    int result = 2;

    if (input_open(&input, from, &interrupt) == STATUS_OK) {
        if (rdb_read(&source, &visitor, &problem) == STATUS_OK) {
            result = write_rdb(recorder, to, (uint32_t)atoi(version));
        }
        input_close(&input);
    }
    key_recorder_free(recorder);
    return result;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "make") == 0) {
        return make(argv[2], argv[3], argv[4]);
    }
    if (argc == 5 && strcmp(argv[1], "commit") == 0) {
        return commit(argv[2], argv[3], argv[4]);
    }
    if (argc == 5 && strcmp(argv[1], "copy-rdb") == 0) {
        return copy_rdb(argv[2], argv[3], argv[4]);
    }
    if (argc == 3 && strcmp(argv[1], "digest") == 0) {
        return print_digest(argv[2]);
    }
    if (argc == 3 && strcmp(argv[1], "rdb") == 0) {
        return print_rdb(argv[2]);
    }
    return 2;
}
