/* What a damaged snapshot does to its readers. The damage is done in memory; one image is small enough to try it at
 * every byte. */
#include "storage/snapshot/snapshot_read.h"

#include "base/memory.h"
#include "storage/snapshot/snapshot_write.h"
#include "support/fault_posix.h"
#include "support/sample_env.h"
#include "support/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    char *folder;
    char *file_path;
    char *copy_path;
    char *bytes; /* The file's content. */
    size_t len;
};

static void make_snapshot(struct fixture *f, uint32_t key_count)
{
    static const struct snapshot_write_options options = {.level = 6, .thread_count = 1};
    char *env_path = file_join(f->folder, "data");
    struct env *env = sample_env_create(env_path, key_count, 1);
    struct snapshot_summary summary;

    assert_int_equal(sample_env_snapshot(env, f->file_path, &options, &summary), STATUS_OK);
    env_close(env);
    assert_int_equal(file_read_whole(file_system_posix(), f->file_path, SIZE_MAX, &f->bytes, &f->len), STATUS_OK);
    assert_int_equal(f->len, summary.file_bytes);
    memory_free(env_path);
}

static struct fixture *set_up_with(uint32_t key_count)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->folder = scratch_create();
    f->file_path = file_join(f->folder, "s.snapshot");
    f->copy_path = file_join(f->folder, "copy");
    make_snapshot(f, key_count);
    return f;
}

static int set_up_small(void **state)
{
    *state = set_up_with(30);
    return 0;
}

static int set_up_blocks(void **state)
{
    *state = set_up_with(15000); /* More than three blocks. */
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    memory_free(f->bytes);
    memory_free(f->file_path);
    memory_free(f->copy_path);
    scratch_remove(f->folder);
    memory_free(f);
    return 0;
}

static enum status read_memory(void *context, char *to, size_t len, size_t *read_len)
{
    struct slice *rest = context;

    *read_len = len < rest->len ? len : rest->len;
    memcpy(to, rest->data, *read_len);
    *rest = slice_after(*rest, *read_len);
    return STATUS_OK;
}

/* Read all of `bytes`: STATUS_END if it is a sound snapshot. */
static enum status read_all(struct slice bytes, struct snapshot_problem *problem)
{
    struct snapshot_source source = {.read = read_memory, .context = &bytes};
    struct snapshot_reader *reader;
    struct slice raw;
    enum status status = snapshot_reader_open(&source, &reader, problem);

    if (status != STATUS_OK) {
        return status;
    }
    do {
        status = snapshot_reader_next(reader, &raw, problem);
    } while (status == STATUS_OK);
    snapshot_reader_close(reader);
    return status;
}

static void test_every_flipped_byte_is_found(void **state)
{
    struct fixture *f = *state;
    struct snapshot_problem problem;

    assert_int_equal(read_all(slice_make(f->bytes, f->len), &problem), STATUS_END);
    for (size_t at = 0; at < f->len; at++) {
        enum status status;

        f->bytes[at] ^= (char)(1 << at % 8);
        status = read_all(slice_make(f->bytes, f->len), &problem);
        if (status != STATUS_CORRUPT && status != STATUS_UNSUPPORTED) {
            fail_msg("bit %zu of byte %zu: %s", at % 8, at, status_name(status));
        }
        assert_true(problem.offset <= at);
        f->bytes[at] ^= (char)(1 << at % 8);
    }
}

static void test_every_cut_is_found(void **state)
{
    struct fixture *f = *state;
    struct snapshot_problem problem;

    for (size_t len = 0; len < f->len; len++) {
        assert_int_equal(read_all(slice_make(f->bytes, len), &problem), STATUS_CORRUPT);
        assert_non_null(strstr(problem.text, "the file ends at byte "));
    }
}

static void test_bytes_after_the_trailer_are_refused(void **state)
{
    struct fixture *f = *state;
    struct snapshot_problem problem;
    char *longer = memory_allocate(f->len + 1);

    memcpy(longer, f->bytes, f->len);
    longer[f->len] = 0;
    assert_int_equal(read_all(slice_make(longer, f->len + 1), &problem), STATUS_CORRUPT);
    assert_non_null(strstr(problem.text, "after the trailer"));
    assert_int_equal(problem.offset, f->len);
    memory_free(longer);
}

/* The place of block `number` in the file, and of what follows it. */
static size_t find_block(const struct fixture *f, uint64_t number, size_t *end)
{
    size_t at = SNAPSHOT_HEADER_BYTES;
    struct snapshot_block_header block;
    const char *reason;

    for (;;) {
        assert_int_equal(snapshot_block_header_decode(f->bytes + at, &block, &reason), STATUS_OK);
        *end = at + SNAPSHOT_BLOCK_HEADER_BYTES + block.stored_len;
        if (number-- == 0) {
            return at;
        }
        at = *end;
    }
}

static void test_a_problem_names_block_and_byte(void **state)
{
    struct fixture *f = *state;
    struct snapshot_problem problem;
    char expected[80];
    size_t end;
    size_t at = find_block(f, 2, &end);

    f->bytes[end - 1] ^= 0x20;
    assert_int_equal(read_all(slice_make(f->bytes, f->len), &problem), STATUS_CORRUPT);
    snprintf(expected, sizeof(expected), "block 2 at byte %zu: checksum mismatch", at);
    assert_string_equal(problem.text, expected);
    assert_int_equal(problem.offset, at);
}

static void test_a_lost_block_is_found(void **state)
{
    struct fixture *f = *state;
    struct snapshot_problem problem;
    size_t end;
    size_t at = find_block(f, 1, &end);

    memmove(f->bytes + at, f->bytes + end, f->len - end);
    assert_int_equal(read_all(slice_make(f->bytes, f->len - (end - at)), &problem), STATUS_CORRUPT);
    assert_non_null(strstr(problem.text, "it is block 2"));
}

/* Trailers whose checksum is right and whose word is not: each field must be held against the blocks. */
static void test_a_trailer_must_fit_the_blocks(void **state)
{
    struct fixture *f = *state;
    char *bytes = f->bytes + f->len - SNAPSHOT_TRAILER_BYTES;
    struct snapshot_trailer sound;
    struct snapshot_problem problem;
    const char *reason;

    assert_int_equal(snapshot_trailer_decode(bytes, &sound, &reason), STATUS_OK);
    for (int field = 0; field < 4; field++) {
        struct snapshot_trailer trailer = sound;

        trailer.block_count += field == 0;
        trailer.raw_bytes += field == 1;
        trailer.digest.high += field == 2;
        trailer.digest.low += field == 3;
        snapshot_trailer_encode(&trailer, bytes);
        assert_int_equal(read_all(slice_make(f->bytes, f->len), &problem), STATUS_CORRUPT);
        assert_non_null(strstr(problem.text, field < 2 ? "it speaks of" : "the digest does not fit"));
    }
    snapshot_trailer_encode(&sound, bytes);
    assert_int_equal(read_all(slice_make(f->bytes, f->len), &problem), STATUS_END);
}

/* Every checksum right, but the header promises less than the blocks hold: nothing beyond it may be unpacked. */
static void test_blocks_beyond_the_headers_length_are_refused(void **state)
{
    struct fixture *f = *state;
    struct snapshot_header header;
    struct snapshot_problem problem;
    const char *reason;

    assert_int_equal(snapshot_header_decode(f->bytes, &header, &reason), STATUS_OK);
    header.raw_bytes = SNAPSHOT_BLOCK_BYTES + 4096;
    snapshot_header_encode(&header, f->bytes);
    assert_int_equal(read_all(slice_make(f->bytes, f->len), &problem), STATUS_CORRUPT);
    assert_non_null(strstr(problem.text, "block 1 at"));
    assert_non_null(strstr(problem.text, "more bytes than the header says"));
    header.raw_bytes = 0; /* Not known is not wrong. */
    snapshot_header_encode(&header, f->bytes);
    assert_int_equal(read_all(slice_make(f->bytes, f->len), &problem), STATUS_END);
    header.raw_bytes = UINT64_MAX;
    snapshot_header_encode(&header, f->bytes);
    assert_int_equal(read_all(slice_make(f->bytes, f->len), &problem), STATUS_CORRUPT);
}

static enum status unpack_bytes(struct fixture *f, struct slice bytes, struct snapshot_problem *problem)
{
    struct snapshot_source source = {.read = read_memory, .context = &bytes};
    struct snapshot_read_options options = {.files = file_system_posix()};
    struct snapshot_contents contents;

    return snapshot_unpack_from(&source, f->copy_path, &options, &contents, problem);
}

static void test_a_failed_unpacking_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct snapshot_problem problem;

    for (size_t at = 0; at < f->len; at += f->len / 23) {
        f->bytes[at] ^= 1;
        assert_int_not_equal(unpack_bytes(f, slice_make(f->bytes, f->len), &problem), STATUS_OK);
        assert_true(problem.text[0] != '\0');
        assert_int_equal(scratch_count(f->copy_path), -1);
        f->bytes[at] ^= 1;
        assert_int_not_equal(unpack_bytes(f, slice_make(f->bytes, at), &problem), STATUS_OK);
        assert_int_equal(scratch_count(f->copy_path), -1);
    }
    assert_int_equal(unpack_bytes(f, slice_make(f->bytes, f->len), &problem), STATUS_OK);
}

static void test_the_inside_must_be_of_the_headers_offset(void **state)
{
    struct fixture *f = *state;
    struct snapshot_header header;
    struct snapshot_problem problem;
    struct snapshot_trailer trailer;
    const char *reason;
    size_t end;
    size_t at = find_block(f, 0, &end);

    /* A forger's file: each checksum fits, the digest too. */
    assert_int_equal(snapshot_header_decode(f->bytes, &header, &reason), STATUS_OK);
    header.position.offset++;
    snapshot_header_encode(&header, f->bytes);
    assert_int_equal(snapshot_trailer_decode(f->bytes + end, &trailer, &reason), STATUS_OK);
    trailer.digest = snapshot_digest_add(snapshot_digest_begin(f->bytes), f->bytes + at);
    snapshot_trailer_encode(&trailer, f->bytes + end);
    assert_int_equal(read_all(slice_make(f->bytes, f->len), &problem), STATUS_END);
    assert_int_equal(unpack_bytes(f, slice_make(f->bytes, f->len), &problem), STATUS_CORRUPT);
    assert_string_equal(problem.text, "the data inside is of another offset");
    assert_int_equal(scratch_count(f->copy_path), -1);
}

static void test_unpacking_over_something_touches_nothing(void **state)
{
    struct fixture *f = *state;
    struct snapshot_problem problem;

    assert_int_equal(file_make_directory(file_system_posix(), f->copy_path), STATUS_OK);
    assert_int_equal(file_replace(file_system_posix(), f->copy_path, "mine", slice_of("x")), STATUS_OK);
    assert_int_equal(unpack_bytes(f, slice_make(f->bytes, f->len), &problem), STATUS_EXISTS);
    assert_int_equal(scratch_count(f->copy_path), 1);
}

static void test_a_failing_disk_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct fault_posix *disk = fault_posix_create();
    struct snapshot_read_options options = {.files = fault_posix_system(disk)};
    struct snapshot_contents contents;
    struct snapshot_problem problem;
    enum status status = STATUS_IO;
    unsigned nth;

    for (nth = 1; status != STATUS_OK; nth++) {
        struct file *file;

        assert_int_equal(file_open(options.files, f->file_path, FILE_READ, &file), STATUS_OK);
        fault_posix_fail(disk, nth, STATUS_IO);
        status = snapshot_unpack(file, f->copy_path, &options, &contents, &problem);
        file_close(file);
        assert_int_equal(status, fault_posix_has_failed(disk) ? STATUS_IO : STATUS_OK);
        assert_int_equal(scratch_count(f->copy_path), status == STATUS_OK ? 1 : -1);
        assert_true(nth < 200);
    }
    assert_true(nth > 10);
    fault_posix_free(disk);
}

static uint64_t resume_after(struct fixture *f, size_t len)
{
    struct file *file;
    uint64_t offset = UINT64_MAX;

    assert_int_equal(file_replace(file_system_posix(), f->folder, "part", slice_make(f->bytes, len)), STATUS_OK);
    memory_free(f->copy_path);
    f->copy_path = file_join(f->folder, "part");
    assert_int_equal(file_open(file_system_posix(), f->copy_path, FILE_READ, &file), STATUS_OK);
    assert_int_equal(snapshot_find_resume(file, &offset), STATUS_OK);
    file_close(file);
    return offset;
}

static void test_a_transfer_goes_on_after_the_last_whole_block(void **state)
{
    struct fixture *f = *state;
    size_t end;
    size_t at = find_block(f, 1, &end);

    assert_int_equal(resume_after(f, 0), 0);
    assert_int_equal(resume_after(f, SNAPSHOT_HEADER_BYTES - 1), 0);
    assert_int_equal(resume_after(f, SNAPSHOT_HEADER_BYTES), SNAPSHOT_HEADER_BYTES);
    assert_int_equal(resume_after(f, at), at);
    assert_int_equal(resume_after(f, at + 1000), at);
    assert_int_equal(resume_after(f, end - 1), at);
    assert_int_equal(resume_after(f, end), end);
    assert_int_equal(resume_after(f, f->len), f->len);
    f->bytes[at + 100] ^= 1; /* A tail that the disk has lost in a power cut. */
    assert_int_equal(resume_after(f, f->len), at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_flipped_byte_is_found, set_up_small, tear_down),
        cmocka_unit_test_setup_teardown(test_every_cut_is_found, set_up_small, tear_down),
        cmocka_unit_test_setup_teardown(test_bytes_after_the_trailer_are_refused, set_up_small, tear_down),
        cmocka_unit_test_setup_teardown(test_a_problem_names_block_and_byte, set_up_blocks, tear_down),
        cmocka_unit_test_setup_teardown(test_a_lost_block_is_found, set_up_blocks, tear_down),
        cmocka_unit_test_setup_teardown(test_a_trailer_must_fit_the_blocks, set_up_blocks, tear_down),
        cmocka_unit_test_setup_teardown(test_blocks_beyond_the_headers_length_are_refused, set_up_blocks, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failed_unpacking_leaves_nothing, set_up_blocks, tear_down),
        cmocka_unit_test_setup_teardown(test_the_inside_must_be_of_the_headers_offset, set_up_small, tear_down),
        cmocka_unit_test_setup_teardown(test_unpacking_over_something_touches_nothing, set_up_small, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failing_disk_leaves_nothing, set_up_blocks, tear_down),
        cmocka_unit_test_setup_teardown(test_a_transfer_goes_on_after_the_last_whole_block, set_up_blocks, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
