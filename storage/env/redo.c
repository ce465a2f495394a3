#include "storage/env/redo.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "base/crash_point.h"
#include "base/memory.h"

#define REDO_MAGIC       "HEARTHRD"
#define REDO_VERSION     1u
#define HEAD_BYTES       44u
#define BLOCK_HEAD_BYTES 8u
#define ROW_HEAD_BYTES   7u
#define DELETED_FLAG     0x80u
#define BLOCK_BYTES      (1u << 20) /* An ordinary block; a longer row has one of its own. */
#define META_BYTES_MAX   (1u << 20)
#define BLOCK_BYTES_MAX  (1u << 30)
#define FILE_NAME        "redo"
#define TEMPORARY_NAME   "redo.new"

struct head {
    struct history_position base;
    uint64_t row_count;
    uint32_t meta_len;
};

static void encode_head(char bytes[HEAD_BYTES], const struct head *head)
{
    memcpy(bytes, REDO_MAGIC, 8);
    bytes_put_le32(bytes + 8, REDO_VERSION);
    bytes_put_le32(bytes + 12, head->meta_len);
    bytes_put_le64(bytes + 16, head->base.offset);
    bytes_put_le64(bytes + 24, head->base.hash);
    bytes_put_le64(bytes + 32, head->row_count);
    bytes_put_le32(bytes + 40, checksum_crc32(0, slice_make(bytes, 40)));
}

static enum status decode_head(const char bytes[HEAD_BYTES], struct head *head)
{
    if (memcmp(bytes, REDO_MAGIC, 8) != 0 || bytes_get_le32(bytes + 40) != checksum_crc32(0, slice_make(bytes, 40))) {
        return STATUS_CORRUPT;
    }
    if (bytes_get_le32(bytes + 8) != REDO_VERSION) {
        return STATUS_UNSUPPORTED;
    }
    head->meta_len = bytes_get_le32(bytes + 12);
    head->base.offset = bytes_get_le64(bytes + 16);
    head->base.hash = bytes_get_le64(bytes + 24);
    head->row_count = bytes_get_le64(bytes + 32);
    return head->meta_len <= META_BYTES_MAX ? STATUS_OK : STATUS_CORRUPT;
}

/* Writing. */

struct writer {
    struct file *file;
    uint64_t offset;
    struct buf block; /* Rows that are not written yet. */
};

static enum status write_bytes(struct writer *writer, struct slice bytes)
{
    enum status status = file_write(writer->file, writer->offset, &bytes, 1);

    writer->offset += bytes.len;
    return status;
}

static enum status write_block(struct writer *writer)
{
    struct slice rows = buf_slice(&writer->block);
    char head[BLOCK_HEAD_BYTES];
    struct slice pieces[2] = {slice_make(head, sizeof(head)), rows};
    enum status status;

    if (rows.len == 0) {
        return STATUS_OK;
    }
    bytes_put_le32(head, (uint32_t)rows.len);
    bytes_put_le32(head + 4, checksum_crc32(0, rows));
    status = file_write(writer->file, writer->offset, pieces, 2);
    writer->offset += sizeof(head) + rows.len;
    buf_clear(&writer->block);
    return status;
}

static void put_row(struct buf *block, const struct memtable_cursor *cursor)
{
    struct slice key;
    struct slice value = slice_empty();
    enum table table;
    char head[ROW_HEAD_BYTES];
    bool is_deleted = memtable_at(cursor, &table, &key, &value) == MEMTABLE_DELETED;

    if (is_deleted) {
        value = slice_empty();
    }
    ASSERT(key.len <= TABLE_KEY_BYTES_MAX && value.len < BLOCK_BYTES_MAX - BLOCK_BYTES);
    head[0] = (char)((unsigned)table | (is_deleted ? DELETED_FLAG : 0));
    bytes_put_le16(head + 1, (uint16_t)key.len);
    bytes_put_le32(head + 3, (uint32_t)value.len);
    buf_put(block, slice_make(head, sizeof(head)));
    buf_put(block, key);
    buf_put(block, value);
}

static enum status write_rows(struct writer *writer, const struct memtable *frozen)
{
    struct memtable_cursor cursor;
    enum status status = STATUS_OK;
    bool more = memtable_seek(&cursor, frozen, 0, slice_empty());

    while (more && status == STATUS_OK) {
        put_row(&writer->block, &cursor);
        if (buf_slice(&writer->block).len >= BLOCK_BYTES) {
            status = write_block(writer);
        }
        more = memtable_next(&cursor);
    }
    return status == STATUS_OK ? write_block(writer) : status;
}

static enum status write_file(struct file *file, struct history_position base, const struct env_meta *meta,
                              const struct memtable *frozen)
{
    struct writer writer = {.file = file};
    struct head head = {.base = base, .row_count = memtable_count(frozen)};
    char head_bytes[HEAD_BYTES];
    struct buf record;
    enum status status;

    buf_init(&record, BUF_NO_CEILING);
    buf_init(&writer.block, BUF_NO_CEILING);
    env_meta_encode(meta, &record);
    head.meta_len = (uint32_t)buf_slice(&record).len;
    encode_head(head_bytes, &head);
    status = write_bytes(&writer, slice_make(head_bytes, sizeof(head_bytes)));
    if (status == STATUS_OK) {
        status = write_bytes(&writer, buf_slice(&record));
    }
    if (status == STATUS_OK) {
        status = write_rows(&writer, frozen);
    }
    crash_point("redo.sync.before");
    if (status == STATUS_OK) {
        status = file_sync(file);
    }
    buf_release(&writer.block);
    buf_release(&record);
    return status;
}

/* Crash windows: before the rename the former file stands, after it the new one; the new one holds for every base that
 * the former held for, as a memtable keeps all that the redo file gave it. */
enum status redo_write(struct file_system *files, const char *env_path, struct history_position base,
                       const struct env_meta *meta, const struct memtable *frozen)
{
    char *temporary = file_join(env_path, TEMPORARY_NAME);
    char *path = file_join(env_path, FILE_NAME);
    struct file *file;
    enum status status = file_open(files, temporary, FILE_CREATE_OR_TRUNCATE, &file);

    if (status != STATUS_OK) {
        goto release;
    }
    status = write_file(file, base, meta, frozen);
    file_close(file);
    if (status == STATUS_OK) {
        status = file_rename(files, temporary, path);
    } else if (file_remove(files, temporary) != STATUS_OK) {
        /* The next one truncates it, and what failed is what the caller must hear of. */
    }
    crash_point("redo.rename.after");
    if (status == STATUS_OK) {
        status = file_sync_directory(files, env_path);
    }
release:
    memory_free(path);
    memory_free(temporary);
    return status;
}

/* Reading. */

struct reader {
    struct file *file;
    struct head head;
    uint64_t start; /* Of the blocks. */
    uint64_t size_bytes;
};

static enum status read_exactly(struct file *file, uint64_t offset, char *to, size_t len)
{
    size_t got = 0;
    enum status status = file_read(file, offset, to, len, &got);

    return status == STATUS_OK && got < len ? STATUS_CORRUPT : status;
}

static bool take_row(struct slice *rows, const struct redo_visitor *visitor)
{
    struct slice key;
    struct slice value;
    unsigned char tag;
    size_t key_len;
    size_t value_len;

    if (rows->len < ROW_HEAD_BYTES) {
        return false;
    }
    tag = (unsigned char)rows->data[0];
    key_len = bytes_get_le16(rows->data + 1);
    value_len = bytes_get_le32(rows->data + 3);
    if ((tag & ~DELETED_FLAG) >= TABLE_COUNT || key_len > TABLE_KEY_BYTES_MAX ||
        rows->len - ROW_HEAD_BYTES < key_len + value_len) {
        return false;
    }
    key = slice_make(rows->data + ROW_HEAD_BYTES, key_len);
    value = slice_make(key.data + key_len, value_len);
    *rows = slice_after(*rows, ROW_HEAD_BYTES + key_len + value_len);
    if (visitor == NULL) {
        return true;
    }
    if ((tag & DELETED_FLAG) != 0) {
        visitor->remove(visitor->context, (enum table)(tag & ~DELETED_FLAG), key);
    } else {
        visitor->put(visitor->context, (enum table)tag, key, value);
    }
    return true;
}

/* Read the block at `*offset` into `block` and move on. */
static enum status read_block(const struct reader *reader, uint64_t *offset, struct buf *block)
{
    char head[BLOCK_HEAD_BYTES];
    char *to;
    uint32_t len;
    enum status status = read_exactly(reader->file, *offset, head, sizeof(head));

    if (status != STATUS_OK) {
        return status;
    }
    len = bytes_get_le32(head);
    if (len == 0 || len > BLOCK_BYTES_MAX || len > reader->size_bytes - *offset) {
        return STATUS_CORRUPT;
    }
    buf_clear(block);
    status = buf_reserve(block, len, &to);
    if (status == STATUS_OK) {
        status = read_exactly(reader->file, *offset + sizeof(head), to, len);
    }
    if (status != STATUS_OK) {
        return status;
    }
    buf_commit(block, len);
    *offset += sizeof(head) + len;
    return checksum_crc32(0, buf_slice(block)) == bytes_get_le32(head + 4) ? STATUS_OK : STATUS_CORRUPT;
}

/* With no visitor, only check. */
static enum status visit_rows(const struct reader *reader, const struct redo_visitor *visitor)
{
    uint64_t offset = reader->start;
    uint64_t row_count = 0;
    enum status status = STATUS_OK;
    struct buf block;

    buf_init(&block, BUF_NO_CEILING);
    while (status == STATUS_OK && offset < reader->size_bytes) {
        status = read_block(reader, &offset, &block);
        if (status == STATUS_OK) {
            struct slice rows = buf_slice(&block);

            while (rows.len > 0 && status == STATUS_OK) {
                status = take_row(&rows, visitor) ? STATUS_OK : STATUS_CORRUPT;
                row_count++;
            }
        }
    }
    buf_release(&block);
    return status == STATUS_OK && row_count != reader->head.row_count ? STATUS_CORRUPT : status;
}

static enum status read_head(struct reader *reader, struct history_position base, struct env_meta *meta)
{
    char head_bytes[HEAD_BYTES];
    char *record;
    enum status status = file_size(reader->file, &reader->size_bytes);

    if (status == STATUS_OK) {
        status = read_exactly(reader->file, 0, head_bytes, sizeof(head_bytes));
    }
    if (status == STATUS_OK) {
        status = decode_head(head_bytes, &reader->head);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (reader->head.base.offset != base.offset || reader->head.base.hash != base.hash) {
        return STATUS_CORRUPT;
    }
    record = memory_allocate(reader->head.meta_len);
    status = read_exactly(reader->file, HEAD_BYTES, record, reader->head.meta_len);
    if (status == STATUS_OK) {
        status = env_meta_decode(slice_make(record, reader->head.meta_len), meta);
    }
    memory_free(record);
    reader->start = HEAD_BYTES + reader->head.meta_len;
    return status;
}

enum status redo_read(struct file_system *files, const char *env_path, struct history_position base,
                      const struct redo_visitor *visitor, struct env_meta *meta)
{
    char *path = file_join(env_path, FILE_NAME);
    struct reader reader = {0};
    struct env_meta found;
    enum status status = file_open(files, path, FILE_READ, &reader.file);

    memory_free(path);
    if (status != STATUS_OK) {
        return status;
    }
    status = read_head(&reader, base, &found);
    if (status != STATUS_OK) {
        goto close;
    }
    status = visit_rows(&reader, NULL);
    if (status == STATUS_OK) {
        status = visit_rows(&reader, visitor);
    }
    if (status == STATUS_OK) {
        *meta = found;
    } else {
        env_meta_release(&found);
    }
close:
    file_close(reader.file);
    return status;
}

static enum status remove_name(struct file_system *files, const char *env_path, const char *name)
{
    char *path = file_join(env_path, name);
    enum status status = file_remove(files, path);

    memory_free(path);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status redo_remove(struct file_system *files, const char *env_path)
{
    enum status status = remove_name(files, env_path, TEMPORARY_NAME);

    return status == STATUS_OK ? remove_name(files, env_path, FILE_NAME) : status;
}
