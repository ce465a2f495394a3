/* The meta table's content: "format", alone so that every later version can still read it, and "checkpoint", one
 * checksummed record. LMDB has no page checksums, and a bit that flips here would put the log at a wrong place. */
#include "base/buf.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "base/memory.h"
#include "storage/env/env_lmdb.h"

/* All integers are little endian.
 *
 *     0  history id, 40 hex digits          40  previous id, 40 hex digits       80  i64 previous end
 *    88  u64 offset      96  u64 hash      104  i32 selected db                  108  u32 flags
 *   112  u64 next generation              120  u64 key hash seed                128  u32 count of databases
 *   132  for each: u64 space, key count, expiry count, expiry sum
 *    .. u32 crc32 of all before */
#define FIXED_BYTES    132u
#define DATABASE_BYTES 32u
#define CRC_BYTES      4u
#define FLAG_CLEAN     1u
#define FLAG_PENDING   2u

static const char name_format[] = "format";
static const char name_checkpoint[] = "checkpoint";

uint64_t env_meta_key_count(const struct env_meta *meta)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < meta->database_count; i++) {
        count += meta->databases[i].key_count;
    }
    return count;
}

void env_meta_release(struct env_meta *meta)
{
    memory_free(meta->databases);
    meta->databases = NULL;
    meta->database_count = 0;
}

static void encode(char *to, const struct env_meta *meta)
{
    memcpy(to, meta->history.id, HISTORY_ID_LEN);
    memcpy(to + 40, meta->history.previous_id, HISTORY_ID_LEN);
    bytes_put_le64(to + 80, (uint64_t)meta->history.previous_end);
    bytes_put_le64(to + 88, meta->position.offset);
    bytes_put_le64(to + 96, meta->position.hash);
    bytes_put_le32(to + 104, (uint32_t)meta->selected_db);
    bytes_put_le32(to + 108, (meta->is_clean ? FLAG_CLEAN : 0) | (meta->is_pending ? FLAG_PENDING : 0));
    bytes_put_le64(to + 112, meta->next_generation);
    bytes_put_le64(to + 120, meta->key_hash_seed);
    bytes_put_le32(to + 128, meta->database_count);
    to += FIXED_BYTES;
    for (uint32_t i = 0; i < meta->database_count; i++, to += DATABASE_BYTES) {
        bytes_put_le64(to, meta->databases[i].space);
        bytes_put_le64(to + 8, meta->databases[i].key_count);
        bytes_put_le64(to + 16, meta->databases[i].expiry_count);
        bytes_put_le64(to + 24, meta->databases[i].expiry_sum_ms);
    }
}

static void decode(const char *from, struct env_meta *meta)
{
    memcpy(meta->history.id, from, HISTORY_ID_LEN);
    meta->history.id[HISTORY_ID_LEN] = '\0';
    memcpy(meta->history.previous_id, from + 40, HISTORY_ID_LEN);
    meta->history.previous_id[HISTORY_ID_LEN] = '\0';
    meta->history.previous_end = (int64_t)bytes_get_le64(from + 80);
    meta->position.offset = bytes_get_le64(from + 88);
    meta->position.hash = bytes_get_le64(from + 96);
    meta->selected_db = (int32_t)bytes_get_le32(from + 104);
    meta->is_clean = (bytes_get_le32(from + 108) & FLAG_CLEAN) != 0;
    meta->is_pending = (bytes_get_le32(from + 108) & FLAG_PENDING) != 0;
    meta->next_generation = bytes_get_le64(from + 112);
    meta->key_hash_seed = bytes_get_le64(from + 120);
    meta->database_count = bytes_get_le32(from + 128);
    meta->databases = memory_allocate_zeroed(sizeof(*meta->databases) * (meta->database_count + 1u));
    from += FIXED_BYTES;
    for (uint32_t i = 0; i < meta->database_count; i++, from += DATABASE_BYTES) {
        meta->databases[i].space = bytes_get_le64(from);
        meta->databases[i].key_count = bytes_get_le64(from + 8);
        meta->databases[i].expiry_count = bytes_get_le64(from + 16);
        meta->databases[i].expiry_sum_ms = bytes_get_le64(from + 24);
    }
}

static bool record_is_valid(struct slice record)
{
    if (record.len < FIXED_BYTES + CRC_BYTES ||
        record.len != FIXED_BYTES + CRC_BYTES + (uint64_t)bytes_get_le32(record.data + 128) * DATABASE_BYTES) {
        return false;
    }
    return checksum_crc32(0, slice_first(record, record.len - CRC_BYTES)) ==
               bytes_get_le32(record.data + record.len - CRC_BYTES) &&
           history_id_is_valid(slice_make(record.data, HISTORY_ID_LEN)) &&
           history_id_is_valid(slice_make(record.data + HISTORY_ID_LEN, HISTORY_ID_LEN));
}

void env_meta_encode(const struct env_meta *meta, struct buf *out)
{
    size_t len = FIXED_BYTES + DATABASE_BYTES * (size_t)meta->database_count;
    char *record = memory_allocate_zeroed(len + CRC_BYTES);

    encode(record, meta);
    bytes_put_le32(record + len, checksum_crc32(0, slice_make(record, len)));
    buf_put(out, slice_make(record, len + CRC_BYTES));
    memory_free(record);
}

enum status env_meta_decode(struct slice record, struct env_meta *meta)
{
    if (!record_is_valid(record)) {
        return STATUS_CORRUPT;
    }
    decode(record.data, meta);
    return STATUS_OK;
}

void env_meta_copy(struct env_meta *to, const struct env_meta *from)
{
    *to = *from;
    to->databases = memory_allocate_zeroed(sizeof(*to->databases) * (from->database_count + 1u));
    for (uint32_t i = 0; i < from->database_count; i++) {
        to->databases[i] = from->databases[i];
    }
}

static enum status get_value(const struct env *env, MDB_txn *txn, const char *name, struct slice *value)
{
    MDB_val key = {.mv_size = strlen(name), .mv_data = (void *)(uintptr_t)name};
    MDB_val found;
    int result = mdb_get(txn, env_table_handle(env, TABLE_META), &key, &found);

    if (result == MDB_NOTFOUND) {
        return STATUS_CORRUPT;
    }
    if (result != 0) {
        return env_status(result);
    }
    *value = slice_make(found.mv_data, found.mv_size);
    return STATUS_OK;
}

enum status env_get_meta(const struct env *env, MDB_txn *txn, struct env_meta *meta)
{
    struct slice value = slice_empty();
    enum status status = get_value(env, txn, name_format, &value);

    if (status != STATUS_OK) {
        return status;
    }
    if (value.len != 4) {
        return STATUS_CORRUPT;
    }
    if (bytes_get_le32(value.data) != ENV_FORMAT_VERSION) {
        return STATUS_UNSUPPORTED;
    }
    status = get_value(env, txn, name_checkpoint, &value);
    if (status != STATUS_OK) {
        return status;
    }
    return env_meta_decode(value, meta);
}

static int put_value(const struct env *env, MDB_txn *txn, const char *name, struct slice bytes)
{
    MDB_val key = {.mv_size = strlen(name), .mv_data = (void *)(uintptr_t)name};
    MDB_val value = {.mv_size = bytes.len, .mv_data = (void *)(uintptr_t)bytes.data};

    return mdb_put(txn, env_table_handle(env, TABLE_META), &key, &value, 0);
}

enum status env_put_meta(const struct env *env, MDB_txn *txn, const struct env_meta *meta)
{
    char version[4];
    struct buf record;
    int result;

    bytes_put_le32(version, ENV_FORMAT_VERSION);
    buf_init(&record, BUF_NO_CEILING);
    env_meta_encode(meta, &record);
    result = put_value(env, txn, name_format, slice_make(version, sizeof(version)));
    if (result == 0) {
        result = put_value(env, txn, name_checkpoint, buf_slice(&record));
    }
    buf_release(&record);
    return env_write_status(env, result);
}
