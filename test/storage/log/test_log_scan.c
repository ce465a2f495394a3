/* What an opener finds: torn tails are cut, damage is refused, and neither is taken for the other. */
#include "base/bytes.h"
#include "base/checksum.h"
#include "base/diag.h"
#include "base/memory.h"
#include "storage/log/log_reader.h"
#include "support/log_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define RECORDS LOG_SEGMENT_HEADER_BYTES /* Where they begin. */
#define HEADER  LOG_RECORD_HEADER_BYTES

/* A log with three records of three bytes and its newest file's content, to be damaged and opened. */
struct fixture {
    struct log_fixture *log;
    char *path;
    char *image; /* Of the whole file. */
    size_t len;
    uint32_t seed;
};

/* "one" and "two" are synced; "three" is written, and knows that they are. Then the process dies. */
static void make_image(struct fixture *f, bool is_synced, bool is_sealed)
{
    static const char *const words[] = {"one", "two", "thr"};
    struct log_segment_header header;

    f->log = log_fixture_create(LOG_SYNC_NO);
    for (int i = 0; i < 3; i++) {
        log_fixture_append(f->log, words[i]);
        if (is_synced && i < 2) {
            log_fixture_wait_durable(f->log);
        } else {
            log_fixture_wait_written(f->log);
        }
    }
    if (is_sealed) {
        log_fixture_close(f->log);
    } else {
        log_fixture_crash(f->log, FAULT_KEEP_ALL, 0);
    }
    f->path = log_fixture_path(0);
    f->image = log_fixture_read_file(f->log, f->path, &f->len);
    assert_int_equal(log_segment_decode(f->image, &header), STATUS_OK);
    f->seed = header.crc;
}

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    make_image(f, true, false);
    *state = f;
    return 0;
}

static int set_up_sealed(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    make_image(f, true, true);
    *state = f;
    return 0;
}

static int set_up_unsynced(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    make_image(f, false, false);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    log_fixture_free(f->log);
    memory_free(f->path);
    memory_free(f->image);
    memory_free(f);
    return 0;
}

/* Where the record that begins with `offset` stands. */
static size_t position_of(uint64_t offset)
{
    return (size_t)(RECORDS + offset / 3 * (HEADER + 3));
}

static void put_image(struct fixture *f, size_t len)
{
    log_fixture_write_file(f->log, f->path, f->image, len);
}

/* The image as it is now must open with `replay`, go on with "new", and open again with the same. */
static void assert_opens_with(struct fixture *f, const char *replay)
{
    char longer[200];

    assert_int_equal(log_fixture_open(f->log, 0), STATUS_OK);
    assert_string_equal(log_fixture_replay(f->log, 0), replay);
    log_fixture_crash(f->log, FAULT_KEEP_NONE, 0);
    assert_int_equal(log_fixture_open(f->log, 0), STATUS_OK);
    assert_string_equal(log_fixture_replay(f->log, 0), replay);
    log_fixture_append(f->log, "new");
    log_fixture_wait_durable(f->log);
    (void)snprintf(longer, sizeof(longer), "%snew@%d ", replay, (int)log_end_offset(f->log->log));
    log_fixture_crash(f->log, FAULT_KEEP_NONE, 0);
    assert_int_equal(log_fixture_open(f->log, 0), STATUS_OK);
    assert_string_equal(log_fixture_replay(f->log, 0), longer);
    log_fixture_crash(f->log, FAULT_KEEP_NONE, 0);
}

/* The image as it is now must be refused, and not be touched. */
static void assert_refused(struct fixture *f, enum status status)
{
    size_t len;
    char *after;

    assert_int_equal(log_fixture_open(f->log, 0), status);
    after = log_fixture_read_file(f->log, f->path, &len);
    assert_int_equal(len, f->len);
    assert_memory_equal(after, f->image, len);
    memory_free(after);
}

static const char *expect_before(size_t position)
{
    if (position < position_of(3)) {
        return "";
    }
    return position < position_of(6) ? "one@3 " : position < position_of(9) ? "one@3 two@6 " : "one@3 two@6 thr@9 ";
}

/* The file lost its tail, at any byte: nothing is left that could know better. */
static void test_every_truncation_is_cut(void **state)
{
    struct fixture *f = *state;

    for (size_t len = RECORDS; len <= position_of(9); len++) {
        put_image(f, len);
        assert_int_equal(log_fixture_open(f->log, 0), STATUS_OK);
        assert_string_equal(log_fixture_replay(f->log, 0), expect_before(len));
        log_fixture_crash(f->log, FAULT_KEEP_NONE, 0);
    }
    put_image(f, RECORDS - 1);
    assert_int_equal(log_fixture_open(f->log, 0), STATUS_CORRUPT);
}

/* The same with the file's size on disk, and zeros where the tail was. */
static void test_every_zeroed_tail_is_cut(void **state)
{
    struct fixture *f = *state;

    for (size_t from = position_of(9); from-- > RECORDS;) {
        f->image[from] = 0;
        put_image(f, f->len);
        assert_opens_with(f, from == position_of(9) - 1 ? "one@3 two@6 " : expect_before(from));
    }
}

static void flip(struct fixture *f, size_t position)
{
    f->image[position] = (char)(f->image[position] ^ 0x10);
}

static void test_a_flip_in_a_closed_log_is_refused(void **state)
{
    struct fixture *f = *state;

    for (size_t position = 0; position < position_of(9); position++) {
        flip(f, position);
        put_image(f, f->len);
        assert_refused(f, STATUS_CORRUPT);
        flip(f, position);
    }
    for (size_t position = position_of(9); position < position_of(9) + HEADER; position++) {
        flip(f, position); /* The seal: it says that there is nothing more, and there is nothing more. */
        put_image(f, f->len);
        assert_opens_with(f, "one@3 two@6 thr@9 ");
        flip(f, position);
    }
}

static void test_a_flip_after_a_crash_is_refused_where_it_was_synced(void **state)
{
    struct fixture *f = *state;

    for (size_t position = 0; position < position_of(9); position++) {
        flip(f, position);
        put_image(f, f->len);
        if (position < position_of(6)) {
            assert_refused(f, STATUS_CORRUPT);
        } else {
            assert_opens_with(f, "one@3 two@6 ");
        }
        flip(f, position);
    }
}

static void test_a_hole_in_what_was_synced_is_refused(void **state)
{
    struct fixture *f = *state;

    memset(f->image + position_of(0), 0, HEADER + 3);
    put_image(f, f->len);
    assert_refused(f, STATUS_CORRUPT);
    memset(f->image + position_of(3), 0, HEADER + 3);
    put_image(f, f->len);
    assert_refused(f, STATUS_CORRUPT);
}

/* Nothing was synced: a bad record may be one that the power cut left, whatever follows. */
static void test_a_bad_unsynced_record_takes_the_later_ones_with_it(void **state)
{
    struct fixture *f = *state;

    for (size_t position = position_of(3); position < position_of(6); position++) {
        flip(f, position);
        put_image(f, f->len);
        assert_opens_with(f, "one@3 ");
        flip(f, position);
    }
}

/* The record that follows the cut is whole, and fits behind the very record that was torn. */
static void test_a_record_behind_the_cut_never_comes_back(void **state)
{
    struct fixture *f = *state;

    flip(f, position_of(3) + HEADER);
    put_image(f, f->len);
    assert_int_equal(log_fixture_open(f->log, 0), STATUS_OK);
    log_fixture_append(f->log, "two"); /* As before: offset, hash and length are those that "thr" follows. */
    log_fixture_wait_durable(f->log);
    log_fixture_crash(f->log, FAULT_KEEP_NONE, 0);
    assert_int_equal(log_fixture_open(f->log, 0), STATUS_OK);
    assert_string_equal(log_fixture_replay(f->log, 0), "one@3 two@6 ");
}

/* The proof may lie across two of the windows through which the tail is searched. */
static void test_proof_is_found_wherever_it_lies(void **state)
{
    (void)state;
    for (size_t distance = LOG_READER_WINDOW_BYTES - HEADER - 2; distance < LOG_READER_WINDOW_BYTES + 2; distance++) {
        struct log_fixture *f = log_fixture_create(LOG_SYNC_ALWAYS);
        char *path = log_fixture_path(0);
        char *image;
        size_t len;

        assert_int_equal(log_fixture_reserve(f, 2 * LOG_READER_WINDOW_BYTES), STATUS_OK);
        log_fixture_append_bytes(f, distance - HEADER, distance); /* Goes to a new segment, which has room for more. */
        log_fixture_wait_durable(f);
        log_fixture_append(f, "proof");
        log_fixture_wait_durable(f);
        log_fixture_crash(f, FAULT_KEEP_NONE, 0);
        image = log_fixture_read_file(f, path, &len);
        assert_in_range(len, RECORDS + distance + HEADER + 5, RECORDS + 3 * LOG_READER_WINDOW_BYTES);
        image[RECORDS + HEADER] = (char)(image[RECORDS + HEADER] ^ 1);
        log_fixture_write_file(f, path, image, len);
        assert_int_equal(log_fixture_open(f, 0), STATUS_CORRUPT);
        memory_free(image);
        memory_free(path);
        log_fixture_free(f);
    }
}

/* Put a record of "thr" in the place of the third, with `header` as it is but for the crcs, seeded by `seed`. */
static void forge(struct fixture *f, struct log_record_header header, uint32_t seed)
{
    header.payload_crc = checksum_crc32(seed, slice_of("thr"));
    log_record_encode(&header, seed, f->image + position_of(6));
}

enum form {
    FORM_LENGTH_ZERO,
    FORM_LENGTH_TOO_SHORT,
    FORM_LENGTH_TOO_LONG,
    FORM_LENGTH_PAST_THE_FILE,
    FORM_BAD_HEADER_CRC,
    FORM_BAD_PAYLOAD_CRC,
    FORM_OTHER_OFFSET,
    FORM_OTHER_HASH,
    FORM_OTHER_SEGMENT,
    FORM_STALE_RECORD,
    FORM_HEADER_HALF,
    FORM_HEADER_MISSING,
    FORM_PAYLOAD_MISSING,
    FORM_SEAL_OF_ANOTHER_OFFSET,
    FORM_GARBAGE,
    FORM_COUNT
};

static void make_form(struct fixture *f, enum form form)
{
    char *record = f->image + position_of(6);
    struct log_record_header header;

    assert_true(log_record_decode(record, f->seed, &header));
    switch (form) {
    case FORM_LENGTH_ZERO:
        bytes_put_le32(record, 0);
        break;
    case FORM_LENGTH_TOO_SHORT:
        header.payload_len = 2; /* Its crc is right, that of the payload is not. */
        forge(f, header, f->seed);
        break;
    case FORM_LENGTH_TOO_LONG:
        header.payload_len = 4;
        forge(f, header, f->seed);
        break;
    case FORM_LENGTH_PAST_THE_FILE:
        header.payload_len = (uint32_t)f->len;
        forge(f, header, f->seed);
        break;
    case FORM_BAD_HEADER_CRC:
        record[4] ^= 1;
        break;
    case FORM_BAD_PAYLOAD_CRC:
        header.payload_crc ^= 1;
        log_record_encode(&header, f->seed, record);
        break;
    case FORM_OTHER_OFFSET:
        header.offset++;
        forge(f, header, f->seed);
        break;
    case FORM_OTHER_HASH:
        header.hash++;
        forge(f, header, f->seed);
        break;
    case FORM_OTHER_SEGMENT:
        forge(f, header, f->seed + 1);
        break;
    case FORM_STALE_RECORD:
        memcpy(record, f->image + position_of(3), HEADER + 3);
        break;
    case FORM_HEADER_HALF:
        memset(record + HEADER / 2, 0, HEADER / 2);
        break;
    case FORM_HEADER_MISSING:
        memset(record, 0, HEADER);
        break;
    case FORM_PAYLOAD_MISSING:
        memset(record + HEADER, 0, 3);
        break;
    case FORM_SEAL_OF_ANOTHER_OFFSET:
        header.payload_len = 0;
        header.offset = 3;
        header.synced = 3;
        header.payload_crc = f->seed;
        log_record_encode(&header, f->seed, record);
        break;
    case FORM_GARBAGE:
        memset(record, 0xa5, f->len - position_of(6));
        break;
    case FORM_COUNT:
        break;
    }
}

static void test_every_form_of_a_torn_record_is_cut(void **state)
{
    struct fixture *f = *state;
    char *saved = memory_copy(f->image, f->len);

    for (int form = 0; form < FORM_COUNT; form++) {
        make_form(f, (enum form)form);
        put_image(f, f->len);
        assert_opens_with(f, "one@3 two@6 ");
        memcpy(f->image, saved, f->len);
    }
    memory_free(saved);
}

/* A log of several segments, closed. */
static struct log_fixture *make_segments(void)
{
    struct log_fixture *f = log_fixture_create(LOG_SYNC_ALWAYS);

    for (uint64_t i = 0; i < 40; i++) {
        log_fixture_append_bytes(f, 3000, i);
        log_fixture_wait_durable(f);
    }
    log_fixture_crash(f, FAULT_KEEP_NONE, 0);
    return f;
}

struct names {
    uint64_t starts[64];
    size_t count;
};

static void collect(void *context, const char *name)
{
    struct names *names = context;
    uint64_t start;

    if (log_segment_parse_name(name, &start)) {
        size_t at = names->count++;

        for (; at > 0 && names->starts[at - 1] > start; at--) {
            names->starts[at] = names->starts[at - 1];
        }
        names->starts[at] = start;
    }
}

static void list_segments(struct log_fixture *f, struct names *names)
{
    names->count = 0;
    assert_int_equal(file_list(f->options.files, LOG_FIXTURE_DIRECTORY, collect, names), STATUS_OK);
    assert_true(names->count >= 3);
}

static void remove_segment(struct log_fixture *f, uint64_t start)
{
    char *path = log_fixture_path(start);

    assert_int_equal(file_remove(f->options.files, path), STATUS_OK);
    memory_free(path);
}

static void test_a_missing_segment_is_refused_but_not_the_oldest(void **state)
{
    struct log_fixture *f = make_segments();
    struct names names;

    (void)state;
    list_segments(f, &names);
    remove_segment(f, names.starts[0]);
    assert_int_equal(log_fixture_open(f, 0), STATUS_OK);
    assert_int_equal(log_first_offset(f->log), names.starts[1]);
    log_fixture_close(f);
    remove_segment(f, names.starts[names.count - 2]);
    assert_int_equal(log_fixture_open(f, 0), STATUS_CORRUPT);
    log_fixture_free(f);
}

/* The last record of a segment that another follows has no later header in its file to prove anything: that the other
 * segment is there proves it. */
static void test_a_bad_last_record_of_an_older_segment_is_refused(void **state)
{
    struct log_fixture *f = make_segments();
    struct names names;
    char *path;
    char *image;
    size_t len;

    (void)state;
    list_segments(f, &names);
    path = log_fixture_path(names.starts[names.count - 2]);
    image = log_fixture_read_file(f, path, &len);
    while (image[len - 1] == 0) {
        len--;
    }
    image[len - 1] = (char)(image[len - 1] ^ 1);
    log_fixture_write_file(f, path, image, len);
    assert_int_equal(log_fixture_open(f, 0), STATUS_CORRUPT);
    assert_int_equal(log_fixture_open(f, names.starts[names.count - 1] + 1), STATUS_OK); /* Not looked at then. */
    memory_free(image);
    memory_free(path);
    log_fixture_free(f);
}

static void test_a_segment_of_another_log_is_refused(void **state)
{
    struct log_fixture *f = make_segments();
    struct log_fixture *other = make_segments();
    struct names names;
    char *path;
    char *image;
    size_t len;

    (void)state;
    list_segments(f, &names);
    path = log_fixture_path(names.starts[1]);
    image = log_fixture_read_file(other, path, &len);
    log_fixture_write_file(f, path, image, len);
    assert_int_equal(log_fixture_open(f, UINT64_MAX / 4), STATUS_CORRUPT);
    memory_free(image);
    memory_free(path);
    log_fixture_free(other);
    log_fixture_free(f);
}

static void test_an_end_before_the_checkpoint_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(log_fixture_open(f->log, 10), STATUS_CORRUPT);
    assert_int_equal(log_fixture_open(f->log, 9), STATUS_OK);
    assert_string_equal(log_fixture_replay(f->log, 0), "one@3 two@6 thr@9 ");
    assert_int_equal(log_end(f->log->log).hash, checksum_crc64(0, slice_of("onetwothr")));
}

static void test_a_checkpoint_inside_a_record_is_fine(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(log_fixture_open(f->log, 4), STATUS_OK);
    assert_string_equal(log_fixture_replay(f->log, 4), "wo@6 thr@9 ");
    assert_int_equal(log_end(f->log->log).hash, checksum_crc64(0, slice_of("onetwothr")));
}

static void test_no_segment_is_not_found(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(log_remove_all(f->log->options.files, LOG_FIXTURE_DIRECTORY), STATUS_OK);
    assert_int_equal(log_fixture_open(f->log, 0), STATUS_NOT_FOUND);
}

static void test_old_records_are_not_read(void **state)
{
    struct log_fixture *f = make_segments();
    struct names names;
    uint64_t before;
    uint64_t reads;

    (void)state;
    list_segments(f, &names);
    before = fault_file_operation_count(f->disk, FAULT_READ);
    assert_int_equal(log_fixture_open(f, 40 * 3000), STATUS_OK);
    reads = fault_file_operation_count(f->disk, FAULT_READ) - before;
    assert_in_range(reads, names.count, names.count + 6);
    log_fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_truncation_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_zeroed_tail_is_cut, set_up_unsynced, tear_down),
        cmocka_unit_test_setup_teardown(test_a_flip_in_a_closed_log_is_refused, set_up_sealed, tear_down),
        cmocka_unit_test_setup_teardown(test_a_flip_after_a_crash_is_refused_where_it_was_synced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_hole_in_what_was_synced_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_bad_unsynced_record_takes_the_later_ones_with_it, set_up_unsynced,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_record_behind_the_cut_never_comes_back, set_up_unsynced, tear_down),
        cmocka_unit_test(test_proof_is_found_wherever_it_lies),
        cmocka_unit_test_setup_teardown(test_every_form_of_a_torn_record_is_cut, set_up, tear_down),
        cmocka_unit_test(test_a_missing_segment_is_refused_but_not_the_oldest),
        cmocka_unit_test(test_a_bad_last_record_of_an_older_segment_is_refused),
        cmocka_unit_test(test_a_segment_of_another_log_is_refused),
        cmocka_unit_test_setup_teardown(test_an_end_before_the_checkpoint_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_checkpoint_inside_a_record_is_fine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_segment_is_not_found, set_up, tear_down),
        cmocka_unit_test(test_old_records_are_not_read),
    };

    (void)diag_open("/dev/null"); /* It names each of thousands of torn tails. */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
