/* A log whose newest segment holds any bytes is opened or refused, and means the same the second time.
 *
 * The first byte says what is put right before: 1 the crcs, as far as the bytes have the form of records, 2 also their
 * offsets and running hashes; behind those checks is what decides between damage and a torn tail. */
#include "base/assert.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "base/diag.h"
#include "base/memory.h"
#include "fuzz.h"
#include "storage/log/log_cursor.h"
#include "storage/log/log_segment.h"
#include "support/fault_file.h"

#define MEND_CRCS   1
#define MEND_CHAIN  2
#define SEGMENT_MAX (64 * 1024)

#define ID_A  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NO_ID "0000000000000000000000000000000000000000"

static void mend(char *bytes, size_t file_len, uint32_t seed, int what)
{
    struct history_position at = {0};
    size_t position = LOG_SEGMENT_HEADER_BYTES;

    while (file_len - position >= LOG_RECORD_HEADER_BYTES) {
        char *record = bytes + position;
        size_t rest_len = file_len - position - LOG_RECORD_HEADER_BYTES;
        size_t payload_len = bytes_get_le32(record);
        struct slice payload = slice_make(record + LOG_RECORD_HEADER_BYTES, payload_len < rest_len ? payload_len : 0);
        bool is_chained = (what & MEND_CHAIN) != 0;
        struct log_record_header header = {
            .payload_len = (uint32_t)payload_len,
            .payload_crc = checksum_crc32(seed, payload),
            .offset = is_chained ? at.offset : bytes_get_le64(record + 8),
            .synced = bytes_get_le64(record + 16),
            .wall_ms = bytes_get_le64(record + 24),
            .hash = is_chained ? at.hash : bytes_get_le64(record + 32),
        };

        if (payload_len >= rest_len || header.synced > header.offset) {
            return;
        }
        log_record_encode(&header, seed, record);
        at.hash = checksum_crc64(at.hash, payload);
        at.offset += payload_len;
        position += LOG_RECORD_HEADER_BYTES + payload_len;
    }
}

static void put_file(struct file_system *files, const char *path, const char *bytes, size_t file_len)
{
    struct slice piece = slice_make(bytes, file_len);
    struct file *file;

    ASSERT(file_open(files, path, FILE_CREATE, &file) == STATUS_OK);
    ASSERT(file_write(file, 0, &piece, 1) == STATUS_OK);
    ASSERT(file_sync(file) == STATUS_OK);
    file_close(file);
}

/* All that replay gives is what the log's end says. */
static void check_content(struct log *log)
{
    struct history_position end = log_end(log);
    struct log_record_view record;
    struct log_cursor *cursor;
    uint64_t offset = 0;
    uint64_t hash = 0;

    ASSERT(log_cursor_open(log, 0, &cursor) == STATUS_OK);
    while (log_cursor_next(cursor, &record) == STATUS_OK) {
        ASSERT(record.offset == offset);
        offset += record.payload.len;
        hash = checksum_crc64(hash, record.payload);
    }
    log_cursor_close(cursor);
    ASSERT(offset == end.offset && hash == end.hash);
}

static void open_twice(const struct log_options *options, struct log *log)
{
    uint64_t end = log_end_offset(log);
    uint64_t longer;

    check_content(log);
    ASSERT(log_append(log, slice_of("x"), &longer) == STATUS_OK);
    log_close(log);
    ASSERT(log_open(options, end, &log) == STATUS_OK);
    ASSERT(log_was_closed(log) && log_end_offset(log) == end + 1);
    check_content(log);
    log_close(log);
}

static void check_untouched(struct file_system *files, const char *path, const char *bytes, size_t file_len)
{
    char *after;
    size_t after_len;

    ASSERT(file_read_whole(files, path, SIZE_MAX - 1, &after, &after_len) == STATUS_OK);
    ASSERT(after_len == file_len && memcmp(after, bytes, file_len) == 0);
    memory_free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fault_file *disk;
    struct log_options options = {
        .directory = "/log", .policy = LOG_SYNC_ALWAYS, .segment_bytes = LOG_SEGMENT_BYTES_MIN};
    struct log_segment_header header = {.history = {.id = ID_A, .previous_id = NO_ID, .previous_end = -1}, .salt = 1};
    char *path = log_segment_path("/log", 0);
    size_t file_len = LOG_SEGMENT_HEADER_BYTES + len + 4096;
    struct log *log;
    enum status status;
    char *bytes;

    if (len == 0 || len > SEGMENT_MAX) {
        memory_free(path);
        return 0;
    }
    (void)diag_open("/dev/null");
    disk = fault_file_create();
    options.files = fault_file_system(disk);
    bytes = memory_allocate_zeroed(file_len);
    log_segment_encode(&header, bytes);
    memcpy(bytes + LOG_SEGMENT_HEADER_BYTES, data + 1, len - 1);
    if ((data[0] & (MEND_CRCS | MEND_CHAIN)) != 0) {
        mend(bytes, file_len, header.crc, data[0]);
    }
    ASSERT(file_make_directory(options.files, "/log") == STATUS_OK);
    put_file(options.files, path, bytes, file_len);
    status = log_open(&options, 0, &log);
    ASSERT(status == STATUS_OK || status == STATUS_CORRUPT);
    if (status == STATUS_OK) {
        open_twice(&options, log);
    } else {
        check_untouched(options.files, path, bytes, file_len);
    }
    memory_free(bytes);
    memory_free(path);
    fault_file_free(disk);
    return 0;
}
