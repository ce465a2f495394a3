/* Why the facts fit the image (docs/formats/snapshot.md, "Offset and consistency"). The copy begins its read
 * transaction before it writes its first byte. So in
 *
 *     read the meta; start copying; first bytes arrive; read the meta again
 *
 * with both metas alike and neither pending, the copy's transaction, begun between, holds exactly that: offsets only
 * grow, and a checkpoint moves the offset with its last commit. (Commits that purge orphans may lie between: they
 * change nothing that is visible.) Otherwise begin again.
 *
 * mdb_env_info()'s transaction number would not do: it is that of a meta page as soon as it is written, which is a sync
 * before transactions begin to see it. */
#include "storage/snapshot/snapshot_image.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "storage/env/env_exact.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define ATTEMPTS_MAX    64
#define PIPE_BYTES      (1024 * 1024)
#define HEAD_PAGE_BYTES 65536 /* No page of LMDB's is longer. */

/* LMDB 0.9's meta page: a page header of 16 bytes, then MDB_meta (magic, version, address, map size, two MDB_db of 48
 * bytes, last page, transaction). The first MDB_db's first field holds the page size. */
enum meta_place {
    META_MAGIC = 16,
    META_VERSION = 20,
    META_PAGE_BYTES = 40,
    META_LAST_PAGE = 136,
    META_END = 152,
};
#define LMDB_MAGIC   0xBEEFC0DEu
#define LMDB_VERSION 1u

struct snapshot_image {
    struct env *env; /* Borrowed. */
    int read_fd;     /* Our end of the pipe; -1 when closed. */
    int write_fd;    /* The copying thread's end. */
    pthread_t thread;
    int copy_result; /* LMDB's; the thread's until it is joined. */
    bool is_joined;
    char head[2 * HEAD_PAGE_BYTES]; /* The two meta pages, read to learn the facts. */
    size_t head_len;
    size_t head_given; /* Of head, to the owner. */
};

static void *run_copy(void *context)
{
    struct snapshot_image *image = context;

    image->copy_result = mdb_env_copyfd2(env_handle(image->env), image->write_fd, MDB_CP_COMPACT);
    close(image->write_fd); /* The reader sees the end. */
    return NULL;
}

static enum status start_copy(struct env *env, struct snapshot_image **started)
{
    struct snapshot_image *image = memory_allocate_zeroed(sizeof(*image));
    int fds[2];

    image->env = env;
    if (pipe2(fds, O_CLOEXEC) != 0) {
        goto fail_image;
    }
    image->read_fd = fds[0];
    image->write_fd = fds[1];
    /* Only speed: less turns of the two threads for each megabyte. */
    (void)fcntl(image->write_fd, F_SETPIPE_SZ, PIPE_BYTES);
    if (pthread_create(&image->thread, NULL, run_copy, image) != 0) {
        goto fail_pipe;
    }
    *started = image;
    return STATUS_OK;

fail_pipe:
    close(fds[0]);
    close(fds[1]);
fail_image:
    memory_free(image);
    return STATUS_NO_MEMORY;
}

static void join(struct snapshot_image *image)
{
    if (!image->is_joined) {
        pthread_join(image->thread, NULL);
        image->is_joined = true;
    }
}

static enum status copy_status(int result)
{
    /* Compacting counts the pages that it reaches: this is how it says that some are lost. */
    if (result == MDB_INCOMPATIBLE || result == MDB_CORRUPTED || result == MDB_PAGE_NOTFOUND) {
        return STATUS_CORRUPT;
    }
    return env_status(result);
}

static enum status read_pipe(struct snapshot_image *image, char *to, size_t len, size_t *read_len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = read(image->read_fd, to + done, len - done);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return STATUS_IO;
        }
        if (got == 0) {
            join(image);
            if (image->copy_result != MDB_SUCCESS) {
                return copy_status(image->copy_result);
            }
            break;
        }
        done += (size_t)got;
    }
    *read_len = done;
    return STATUS_OK;
}

/* Read the two meta pages and take page size and length from the second: the first is an empty environment's. */
static enum status read_head(struct snapshot_image *image, struct snapshot_image_facts *facts)
{
    enum status status;
    size_t len;
    const char *meta;

    status = read_pipe(image, image->head, META_END, &image->head_len);
    if (status != STATUS_OK) {
        return status;
    }
    facts->page_bytes = bytes_get_le32(image->head + META_PAGE_BYTES);
    if (image->head_len < META_END || bytes_get_le32(image->head + META_MAGIC) != LMDB_MAGIC ||
        bytes_get_le32(image->head + META_VERSION) != LMDB_VERSION || facts->page_bytes < META_END ||
        facts->page_bytes > HEAD_PAGE_BYTES) {
        return STATUS_CORRUPT;
    }
    status = read_pipe(image, image->head + META_END, 2 * (size_t)facts->page_bytes - META_END, &len);
    if (status != STATUS_OK) {
        return status;
    }
    image->head_len += len;
    meta = image->head + facts->page_bytes;
    if (image->head_len != 2 * (size_t)facts->page_bytes || bytes_get_le32(meta + META_MAGIC) != LMDB_MAGIC) {
        return STATUS_CORRUPT;
    }
    facts->raw_bytes = (bytes_get_le64(meta + META_LAST_PAGE) + 1) * facts->page_bytes;
    return STATUS_OK;
}

static bool is_same(const struct env_meta *meta, const struct snapshot_image_facts *facts)
{
    return !meta->is_pending && meta->position.offset == facts->position.offset &&
           meta->position.hash == facts->position.hash && strcmp(meta->history.id, facts->history.id) == 0 &&
           strcmp(meta->history.previous_id, facts->history.previous_id) == 0 &&
           meta->history.previous_end == facts->history.previous_end;
}

/* Wait until the data is exact at an offset, and take the facts of it. */
static enum status await_exact(struct env *env, const atomic_bool *cancelled, struct snapshot_image_facts *facts)
{
    struct env_meta meta;
    MDB_txn *txn;
    enum status status = env_begin_exact(env, cancelled, &txn, &meta);

    if (status == STATUS_OK) {
        facts->history = meta.history;
        facts->position = meta.position;
        env_meta_release(&meta);
        mdb_txn_abort(txn);
    }
    return status;
}

static enum status confirm(struct env *env, const struct snapshot_image_facts *facts)
{
    struct env_meta meta;
    enum status status = env_read_meta(env, &meta);

    if (status == STATUS_OK) {
        status = is_same(&meta, facts) ? STATUS_OK : STATUS_BUSY;
        env_meta_release(&meta);
    }
    return status;
}

enum status snapshot_image_open(struct env *env, const atomic_bool *cancelled, struct snapshot_image **opened,
                                struct snapshot_image_facts *facts)
{
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        struct snapshot_image *image;
        bool is_between = false;
        enum status status = await_exact(env, cancelled, facts);

        if (status == STATUS_OK) {
            status = start_copy(env, &image);
        }
        if (status != STATUS_OK) {
            return status;
        }
        status = read_head(image, facts);
        if (status == STATUS_OK) {
            status = confirm(env, facts);
            is_between = status == STATUS_BUSY;
        }
        if (status == STATUS_OK) {
            *opened = image;
            return STATUS_OK;
        }
        snapshot_image_close(image);
        if (!is_between) {
            return status;
        }
    }
    return STATUS_BUSY;
}

enum status snapshot_image_read(struct snapshot_image *image, char *to, size_t len, size_t *read_len)
{
    size_t from_head = image->head_len - image->head_given;
    size_t rest = 0;
    enum status status;

    from_head = from_head < len ? from_head : len;
    memcpy(to, image->head + image->head_given, from_head);
    image->head_given += from_head;
    status = read_pipe(image, to + from_head, len - from_head, &rest);
    if (status == STATUS_OK) {
        *read_len = from_head + rest;
    }
    return status;
}

void snapshot_image_close(struct snapshot_image *image)
{
    if (image == NULL) {
        return;
    }
    close(image->read_fd); /* A copy that still runs gets EPIPE and ends. */
    join(image);
    memory_free(image);
}
