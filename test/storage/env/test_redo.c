#include "storage/env/redo.h"

#include "base/memory.h"
#include "support/fault_file.h"
#include "support/sorted_model.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    struct fault_file *disk;
    struct file_system *files;
    struct memtable *frozen;
    struct sorted_model rows; /* What frozen holds. */
    struct env_database databases[2];
    struct env_meta meta;
};

static const struct history_position base = {.offset = 100, .hash = 77};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->disk = fault_file_create();
    f->files = fault_file_system(f->disk);
    assert_int_equal(file_make_directory(f->files, "data"), STATUS_OK);
    assert_int_equal(file_sync_directory(f->files, "."), STATUS_OK);
    f->frozen = memtable_create(1);
    sorted_model_init(&f->rows);
    f->databases[1] = (struct env_database){.space = 9, .key_count = 3};
    f->meta = (struct env_meta){
        .position = {.offset = 200, .hash = 88},
        .selected_db = 1,
        .next_generation = 5,
        .database_count = 2,
        .databases = f->databases,
    };
    history_init(&f->meta.history);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    sorted_model_release(&f->rows);
    memtable_free(f->frozen);
    fault_file_free(f->disk);
    memory_free(f);
    return 0;
}

static void add_rows(struct fixture *f, size_t count, size_t value_bytes_max, uint64_t seed)
{
    struct random random;

    random_init(&random, seed);
    for (size_t i = 0; i < count; i++) {
        char key_bytes[TABLE_KEY_BYTES_MAX];
        struct slice key = sorted_model_random_key(&random, key_bytes);
        enum table table = (enum table)(TABLE_KEYS + random_below(&random, TABLE_COUNT - TABLE_KEYS));

        if (random_below(&random, 4) == 0) {
            memtable_delete(f->frozen, table, key);
            sorted_model_put_tombstone(&f->rows, table, key);
        } else {
            size_t len = random_below(&random, value_bytes_max);
            char *value = memory_allocate(len);

            memset(value, (int)(i % 251), len);
            memtable_put(f->frozen, table, key, slice_make(value, len));
            sorted_model_put(&f->rows, table, key, slice_make(value, len));
            memory_free(value);
        }
    }
}

struct visit {
    const struct sorted_model *rows;
    size_t index;
};

static void expect(struct visit *visit, enum table table, struct slice key, const struct slice *value)
{
    const struct sorted_model_record *row = &visit->rows->records[visit->index++];

    assert_true(visit->index <= visit->rows->count);
    assert_int_equal(row->table, table);
    assert_true(slice_equal(row->key, key));
    assert_int_equal(row->is_deleted, value == NULL);
    assert_true(value == NULL || slice_equal(row->value, *value));
}

static void visit_put(void *context, enum table table, struct slice key, struct slice value)
{
    expect(context, table, key, &value);
}

static void visit_remove(void *context, enum table table, struct slice key)
{
    expect(context, table, key, NULL);
}

/* How reading it ends; with STATUS_OK it must have given the rows, else none. */
static enum status read_rows(struct fixture *f, const struct sorted_model *rows)
{
    struct visit visit = {.rows = rows};
    struct redo_visitor visitor = {.put = visit_put, .remove = visit_remove, .context = &visit};
    struct env_meta meta = {0};
    enum status status = redo_read(f->files, "data", base, &visitor, &meta);

    if (status != STATUS_OK) {
        assert_int_equal(visit.index, 0);
        return status;
    }
    assert_int_equal(visit.index, rows->count);
    assert_string_equal(meta.history.id, f->meta.history.id);
    assert_int_equal(meta.position.offset, f->meta.position.offset);
    assert_int_equal(meta.databases[1].space, 9);
    env_meta_release(&meta);
    return STATUS_OK;
}

/* By the size, which tells the two apart. */
static bool read_is_new(struct fixture *f)
{
    struct file *file;
    uint64_t size_bytes;

    assert_int_equal(file_open(f->files, "data/redo", FILE_READ, &file), STATUS_OK);
    assert_int_equal(file_size(file, &size_bytes), STATUS_OK);
    file_close(file);
    return size_bytes > 1000;
}

static void test_what_is_written_is_read(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(read_rows(f, &f->rows), STATUS_NOT_FOUND);
    assert_int_equal(redo_write(f->files, "data", base, &f->meta, f->frozen), STATUS_OK);
    assert_int_equal(read_rows(f, &f->rows), STATUS_OK); /* Of no rows. */
    add_rows(f, 5000, 1000, 1);
    add_rows(f, 3, 4u << 20, 2); /* Longer than a block. */
    assert_int_equal(redo_write(f->files, "data", base, &f->meta, f->frozen), STATUS_OK);
    assert_int_equal(read_rows(f, &f->rows), STATUS_OK);
    assert_int_equal(redo_remove(f->files, "data"), STATUS_OK);
    assert_int_equal(redo_remove(f->files, "data"), STATUS_OK);
    assert_int_equal(read_rows(f, &f->rows), STATUS_NOT_FOUND);
}

static void test_another_base_is_refused(void **state)
{
    struct fixture *f = *state;
    struct redo_visitor visitor = {0};
    struct env_meta meta;

    assert_int_equal(
        redo_write(f->files, "data", (struct history_position){.offset = 100, .hash = 78}, &f->meta, f->frozen),
        STATUS_OK);
    assert_int_equal(redo_read(f->files, "data", base, &visitor, &meta), STATUS_CORRUPT);
}

static void test_each_cut_and_each_flipped_byte_is_refused(void **state)
{
    struct fixture *f = *state;
    struct file *file;
    uint64_t size_bytes;
    char byte;
    size_t got;

    add_rows(f, 20, 50, 3);
    assert_int_equal(redo_write(f->files, "data", base, &f->meta, f->frozen), STATUS_OK);
    assert_int_equal(file_open(f->files, "data/redo", FILE_WRITE, &file), STATUS_OK);
    assert_int_equal(file_size(file, &size_bytes), STATUS_OK);
    for (uint64_t offset = 0; offset < size_bytes; offset++) {
        struct slice piece = slice_make(&byte, 1);

        assert_int_equal(file_read(file, offset, &byte, 1, &got), STATUS_OK);
        byte ^= 0x10;
        assert_int_equal(file_write(file, offset, &piece, 1), STATUS_OK);
        assert_int_not_equal(read_rows(f, &f->rows), STATUS_OK);
        byte ^= 0x10;
        assert_int_equal(file_write(file, offset, &piece, 1), STATUS_OK);
    }
    assert_int_equal(read_rows(f, &f->rows), STATUS_OK);
    for (uint64_t size = size_bytes; size-- > 0;) {
        assert_int_equal(file_truncate(file, size), STATUS_OK);
        assert_int_equal(read_rows(f, &f->rows), STATUS_CORRUPT);
    }
    file_close(file);
}

/* The power fails at the n-th operation of writing the second file: the first or the second is there, whole. Once
 * redo_write() has returned it is the second. */
static void test_a_power_cut_leaves_the_former_file_or_the_new_one(void **state)
{
    struct fixture *f = *state;
    struct sorted_model former = f->rows;
    struct memtable *former_frozen = f->frozen;
    bool has_failed = true;

    sorted_model_init(&f->rows);
    f->frozen = memtable_create(1);
    add_rows(f, 150, 50, 5);
    for (unsigned nth = 1; has_failed; nth++) {
        for (enum fault_survival survival = FAULT_KEEP_NONE; survival <= FAULT_KEEP_SECTORS; survival++) {
            enum status status;

            assert_int_equal(redo_write(f->files, "data", base, &f->meta, former_frozen), STATUS_OK);
            fault_file_fail(f->disk, FAULT_ANY, nth, STATUS_IO, true);
            status = redo_write(f->files, "data", base, &f->meta, f->frozen);
            has_failed = fault_file_has_failed(f->disk);
            assert_int_equal(status, has_failed ? STATUS_IO : STATUS_OK);
            fault_file_crash(f->disk, survival, nth);
            if (!has_failed || read_is_new(f)) {
                assert_int_equal(read_rows(f, &f->rows), STATUS_OK);
            } else {
                assert_int_equal(read_rows(f, &former), STATUS_OK);
            }
        }
    }
    sorted_model_release(&former);
    memtable_free(former_frozen);
}

static void test_a_full_disk_leaves_the_former_file_alone(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(redo_write(f->files, "data", base, &f->meta, f->frozen), STATUS_OK);
    add_rows(f, 1000, 50, 5);
    fault_file_set_free_bytes(f->disk, 5000);
    assert_int_equal(redo_write(f->files, "data", base, &f->meta, f->frozen), STATUS_NO_SPACE);
    fault_file_heal(f->disk);
    {
        struct sorted_model none;

        sorted_model_init(&none);
        assert_int_equal(read_rows(f, &none), STATUS_OK);
        sorted_model_release(&none);
    }
    assert_int_equal(redo_write(f->files, "data", base, &f->meta, f->frozen), STATUS_OK);
    assert_int_equal(read_rows(f, &f->rows), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_written_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_base_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_cut_and_each_flipped_byte_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_power_cut_leaves_the_former_file_or_the_new_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_disk_leaves_the_former_file_alone, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
