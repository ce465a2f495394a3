#include "base/bytes.h"
#include "base/checksum.h"
#include "base/memory.h"
#include "storage/log/log_segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void make_sample(struct log_segment_header *header)
{
    memset(header, 0, sizeof(*header));
    history_init(&header->history);
    history_fork(&header->history, 1234);
    header->start = (struct history_position){.offset = 1234, .hash = 99};
    header->salt = 7;
    header->wall_ms = 8;
}

static void test_header_survives_encoding(void **state)
{
    char bytes[LOG_SEGMENT_HEADER_BYTES];
    struct log_segment_header header;
    struct log_segment_header found;

    (void)state;
    make_sample(&header);
    log_segment_encode(&header, bytes);
    memset(&found, 0, sizeof(found));
    assert_int_equal(log_segment_decode(bytes, &found), STATUS_OK);
    assert_memory_equal(&found.history, &header.history, sizeof(found.history));
    assert_int_equal(found.start.offset, 1234);
    assert_int_equal(found.start.hash, 99);
    assert_int_equal(found.salt, 7);
    assert_int_equal(found.wall_ms, 8);
    assert_int_equal(found.crc, header.crc);
}

static void test_salt_changes_the_crc(void **state)
{
    char bytes[LOG_SEGMENT_HEADER_BYTES];
    struct log_segment_header header;
    uint32_t crc;

    (void)state;
    make_sample(&header);
    log_segment_encode(&header, bytes);
    crc = header.crc;
    header.salt++;
    log_segment_encode(&header, bytes);
    assert_int_not_equal(header.crc, crc);
}

static void test_every_flipped_bit_is_damage(void **state)
{
    char bytes[LOG_SEGMENT_HEADER_BYTES];
    struct log_segment_header header;

    (void)state;
    make_sample(&header);
    log_segment_encode(&header, bytes);
    for (size_t bit = 0; bit < sizeof(bytes) * 8; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        assert_int_equal(log_segment_decode(bytes, &header), STATUS_CORRUPT);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
    }
}

static void test_a_whole_header_of_another_version_is_unsupported(void **state)
{
    char bytes[LOG_SEGMENT_HEADER_BYTES];
    struct log_segment_header header;

    (void)state;
    make_sample(&header);
    log_segment_encode(&header, bytes);
    bytes_put_le32(bytes + 8, LOG_SEGMENT_VERSION + 1);
    bytes_put_le32(bytes + LOG_SEGMENT_HEADER_BYTES - 4,
                   checksum_crc32(0, slice_make(bytes, LOG_SEGMENT_HEADER_BYTES - 4)));
    assert_int_equal(log_segment_decode(bytes, &header), STATUS_UNSUPPORTED);
}

static void test_names_are_20_digits(void **state)
{
    char name[LOG_SEGMENT_NAME_BYTES];
    uint64_t start = 0;
    char *path;

    (void)state;
    log_segment_format_name(1234, name);
    assert_string_equal(name, "00000000000000001234.log");
    assert_true(log_segment_parse_name(name, &start));
    assert_int_equal(start, 1234);
    assert_true(log_segment_parse_name("09223372036854775807.log", &start));
    assert_int_equal(start, INT64_MAX);
    assert_false(log_segment_parse_name("09223372036854775808.log", &start));
    assert_false(log_segment_parse_name("99999999999999999999.log", &start));
    assert_false(log_segment_parse_name("0000000000000001234.log", &start));
    assert_false(log_segment_parse_name("00000000000000001234.tmp", &start));
    assert_false(log_segment_parse_name("0000000000000000x234.log", &start));
    assert_false(log_segment_parse_name("spare.tmp", &start));
    path = log_segment_path("/a", 5);
    assert_string_equal(path, "/a/00000000000000000005.log");
    memory_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_survives_encoding),
        cmocka_unit_test(test_salt_changes_the_crc),
        cmocka_unit_test(test_every_flipped_bit_is_damage),
        cmocka_unit_test(test_a_whole_header_of_another_version_is_unsupported),
        cmocka_unit_test(test_names_are_20_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
