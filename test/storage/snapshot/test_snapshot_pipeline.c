/* Also of snapshot_block.c, which the pipeline runs. */
#include "storage/snapshot/snapshot_pipeline.h"

#include "base/memory.h"
#include "base/random.h"
#include "storage/snapshot/snapshot_block.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Block `number` of the test's stream: of any length, one of three compressible. */
static size_t fill(char *room, uint64_t number)
{
    struct random random;
    size_t len;

    random_init(&random, number + 1);
    len = 1 + random_below(&random, number % 5 == 0 ? SNAPSHOT_BLOCK_BYTES : 3000);
    for (size_t i = 0; i < len; i++) {
        room[i] = number % 3 == 0 ? (char)(i / 100) : (char)random_next(&random);
    }
    return len;
}

static void check(const struct snapshot_made_block *made, uint64_t number, struct snapshot_inflater *inflater,
                  char *room, char *expected)
{
    size_t len = fill(expected, number);
    struct slice raw;
    const char *reason;

    assert_int_equal(made->header.number, number);
    assert_int_equal(made->header.raw_len, len);
    if (number % 3 != 0) {
        assert_int_equal(made->header.stored_len, len); /* Noise is stored, not inflated by zlib. */
    }
    assert_int_equal(snapshot_block_open(inflater, &made->header, made->stored, room, &raw, &reason), STATUS_OK);
    assert_true(slice_equal(raw, slice_make(expected, len)));
}

static void run(int level, int thread_count, uint64_t count)
{
    struct snapshot_pipeline *pipeline = snapshot_pipeline_create(level, thread_count);
    struct snapshot_inflater *inflater = snapshot_inflater_create();
    char *room = memory_allocate(SNAPSHOT_BLOCK_BYTES);
    char *expected = memory_allocate(SNAPSHOT_BLOCK_BYTES);
    struct snapshot_made_block made;
    uint64_t put_count = 0;
    uint64_t taken_count = 0;

    while (taken_count < count) {
        char *input = snapshot_pipeline_room(pipeline);

        if (input != NULL && put_count < count) {
            snapshot_pipeline_put(pipeline, fill(input, put_count));
            put_count++;
            continue;
        }
        assert_true(snapshot_pipeline_take(pipeline, &made));
        check(&made, taken_count, inflater, room, expected);
        snapshot_pipeline_give_back(pipeline);
        taken_count++;
    }
    assert_false(snapshot_pipeline_take(pipeline, &made));
    snapshot_pipeline_free(pipeline);
    snapshot_inflater_free(inflater);
    memory_free(room);
    memory_free(expected);
}

static void test_blocks_come_out_in_order_and_whole(void **state)
{
    (void)state;
    for (int thread_count = 0; thread_count <= 4; thread_count++) {
        run(1, thread_count, 60);
    }
    run(9, 3, 20);
}

static void test_level_0_stores(void **state)
{
    struct snapshot_deflater *deflater = snapshot_deflater_create(0);
    struct snapshot_block_header block;
    char raw[1000] = {0};
    struct slice stored;

    (void)state;
    snapshot_block_make(deflater, 0, slice_make(raw, sizeof(raw)), NULL, &block, &stored);
    assert_int_equal(block.stored_len, 1000);
    assert_ptr_equal(stored.data, raw);
    snapshot_deflater_free(deflater);
}

static void test_a_pipeline_may_be_dropped_at_any_time(void **state)
{
    (void)state;
    for (uint64_t count = 0; count < 8; count++) {
        struct snapshot_pipeline *pipeline = snapshot_pipeline_create(1, 3);

        for (uint64_t i = 0; i < count; i++) {
            snapshot_pipeline_put(pipeline, fill(snapshot_pipeline_room(pipeline), 5 * i));
        }
        snapshot_pipeline_free(pipeline);
    }
}

/* A block that claims one byte less than it inflates to, and one more: both lie. */
static void test_a_block_must_decompress_to_exactly_its_length(void **state)
{
    struct snapshot_deflater *deflater = snapshot_deflater_create(6);
    struct snapshot_inflater *inflater = snapshot_inflater_create();
    struct snapshot_block_header block;
    char *raw = memory_allocate_zeroed(SNAPSHOT_BLOCK_BYTES);
    char *room = memory_allocate(SNAPSHOT_BLOCK_BYTES);
    char *out = memory_allocate(SNAPSHOT_BLOCK_BYTES);
    struct slice stored;
    struct slice opened;
    const char *reason;

    (void)state;
    snapshot_block_make(deflater, 0, slice_make(raw, SNAPSHOT_BLOCK_BYTES / 2), room, &block, &stored);
    for (int lie = -1; lie <= 1; lie += 2) {
        block.raw_len = SNAPSHOT_BLOCK_BYTES / 2 + (uint32_t)lie;
        assert_int_equal(snapshot_block_open(inflater, &block, stored, out, &opened, &reason), STATUS_CORRUPT);
        assert_string_equal(reason, "does not decompress to its length");
    }
    block.raw_len = SNAPSHOT_BLOCK_BYTES / 2;
    assert_int_equal(snapshot_block_open(inflater, &block, stored, out, &opened, &reason), STATUS_OK);
    block.raw_hash.high ^= 1;
    assert_int_equal(snapshot_block_open(inflater, &block, stored, out, &opened, &reason), STATUS_CORRUPT);
    memory_free(raw);
    memory_free(room);
    memory_free(out);
    snapshot_deflater_free(deflater);
    snapshot_inflater_free(inflater);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_come_out_in_order_and_whole),
        cmocka_unit_test(test_level_0_stores),
        cmocka_unit_test(test_a_pipeline_may_be_dropped_at_any_time),
        cmocka_unit_test(test_a_block_must_decompress_to_exactly_its_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
