#include "replication/replicas_file.h"

#include "base/memory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define OURS   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FORMER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OTHER  "cccccccccccccccccccccccccccccccccccccccc"

static const struct history ours = {.id = OURS, .previous_id = FORMER, .previous_end = 500};
static const struct replicas_now now = {.monotonic_ms = 100000, .wall_ms = 1700000000000};

/* Who is absent: "name@offset-away_since_ms ". */
static const char *absent_of(const struct acks *acks)
{
    static char text[512];
    size_t len = 0;

    text[0] = '\0';
    LIST_FOR_EACH(&acks->absent, node)
    {
        const struct ack *ack = LIST_ENTRY(node, struct ack, node);

        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s@%d-%d ", ack->name, (int)ack->offset,
                                (int)ack->away_since_ms);
    }
    return text;
}

static enum status parse(const char *text, struct acks *acks)
{
    return replicas_parse(slice_of(text), &ours, &now, acks);
}

static void test_what_is_written_is_read(void **state)
{
    struct acks acks;
    struct acks read;
    struct ack present;
    struct ack syncing;
    struct buf text;

    (void)state;
    acks_init(&acks);
    acks_init(&read);
    buf_init(&text, BUF_NO_CEILING);
    acks_remember(&acks, "10.0.0.1:6379", 700, 40000);
    acks_remember(&acks, "two words:1", 700, 40000); /* Nobody is so called. */
    acks_join(&acks, &present, "10.0.0.2:6379", 900);
    present.is_online = true;
    acks_join(&acks, &syncing, "10.0.0.3:6379", 0); /* It needs no log yet. */
    replicas_format(&acks, &ours, &now, &text);
    assert_int_equal(replicas_parse(buf_slice(&text), &ours, &now, &read), STATUS_OK);
    assert_string_equal(absent_of(&read), "10.0.0.1:6379@700-40000 10.0.0.2:6379@900-100000 ");
    acks_leave(&acks, &present, 1, false);
    acks_leave(&acks, &syncing, 1, false);
    acks_release(&acks);
    acks_release(&read);
    buf_release(&text);
}

/* The machine has started anew since, or its clock was set back. */
static void test_ages_never_pass_the_clocks(void **state)
{
    struct acks acks;

    (void)state;
    acks_init(&acks);
    assert_int_equal(parse("history " OURS "\nreplica a:1 5 1699999900001\nreplica b:1 5 1600000000000\n"
                           "replica c:1 5 1800000000000\n",
                           &acks),
                     STATUS_OK);
    assert_string_equal(absent_of(&acks), "a:1@5-1 b:1@5-0 c:1@5-100000 ");
    acks_release(&acks);
}

static void test_only_our_history_counts(void **state)
{
    struct acks acks;

    (void)state;
    acks_init(&acks);
    assert_int_equal(parse("history " OTHER "\nreplica a:1 5 0\n", &acks), STATUS_OK);
    assert_string_equal(absent_of(&acks), "");
    assert_int_equal(parse("history " FORMER "\nreplica a:1 5 0\n", &acks), STATUS_OK);
    assert_string_equal(absent_of(&acks), "a:1@5-100000 ");
    acks_release(&acks);
}

static void test_damage_is_told_and_harmless(void **state)
{
    static const char *const bad[] = {
        "replica a:1 5 0\n",
        "history\n",
        "history " OURS " more\n",
        "history " OURS "\nhistory " OURS "\n",
        "history " OURS "\nreplica a:1 5\n",
        "history " OURS "\nreplica a:1 5 0 0\n",
        "history " OURS "\nreplica a:1 5 0 0 0\n",
        "history " OURS "\nreplica  5 0\n",
        "history " OURS "\nreplica a:1 -5 0\n",
        "history " OURS "\nreplica a:1 5 x\n",
        "\001\002\003",
    };
    struct acks acks;

    (void)state;
    acks_init(&acks);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(parse(bad[i], &acks), STATUS_CORRUPT);
        assert_string_equal(absent_of(&acks), "");
    }
    assert_int_equal(parse("", &acks), STATUS_OK);
    acks_release(&acks);
}

/* ---- The file ---- */

static int make_folder(void **state)
{
    char path[] = "/tmp/hearth-test-replicas-XXXXXX";

    *state = mkdtemp(path) == NULL ? NULL : memory_copy_text(path);
    return *state == NULL;
}

static int remove_folder(void **state)
{
    enum status status = file_remove_tree(file_system_posix(), *state);

    memory_free(*state);
    return status != STATUS_OK;
}

static void wake(void *context)
{
    (void)context;
}

/* Tick at that time and wait for what it began. Returns whether the file is there and was written by it. */
static bool tick(struct replicas_file *file, uint64_t at_ms, const struct acks *acks)
{
    const struct replicas_now at = {.monotonic_ms = at_ms, .wall_ms = now.wall_ms + at_ms};
    char *path = file_join(file->directory, REPLICAS_FILE_NAME);
    char *text;
    size_t len;
    bool is_there;

    (void)remove(path);
    replicas_file_tick(file, &ours, &at, acks);
    while (file->worker.is_running && !worker_take(&file->worker)) {
    }
    is_there = file_read_whole(file_system_posix(), path, 4096, &text, &len) == STATUS_OK;
    if (is_there) {
        memory_free(text);
    }
    memory_free(path);
    return is_there;
}

static void test_it_is_written_rarely(void **state)
{
    struct replicas_file file;
    struct acks acks;
    struct ack one;

    acks_init(&acks);
    replicas_file_open(&file, file_system_posix(), *state, wake, NULL);
    replicas_file_load(&file, &ours, &now, &acks);
    assert_false(tick(&file, 1000, &acks)); /* Nobody was ever there. */
    acks_join(&acks, &one, "one:1", 100);
    assert_false(tick(&file, 2000, &acks)); /* It has not said where it is. */
    one.is_online = true;
    assert_true(tick(&file, 3000, &acks));
    assert_false(tick(&file, 4000, &acks));
    acks_update(&one, 5000, 1);
    assert_false(tick(&file, 5000, &acks));
    acks_update(&one, 100 + 16 * 1024 * 1024, 1);
    assert_true(tick(&file, 6000, &acks));
    acks_update(&one, 200 + 16 * 1024 * 1024, 1);
    assert_false(tick(&file, 65999, &acks));
    assert_true(tick(&file, 66000, &acks));
    acks_leave(&acks, &one, 67000, true);
    assert_true(tick(&file, 67000, &acks));
    acks_forget_all(&acks);
    assert_true(tick(&file, 68000, &acks));
    assert_false(tick(&file, 600000, &acks));
    replicas_file_close(&file, &ours, &now, &acks);
    acks_release(&acks);
}

static void test_the_end_is_kept_and_found(void **state)
{
    struct replicas_file file;
    struct acks acks;

    acks_init(&acks);
    replicas_file_open(&file, file_system_posix(), *state, wake, NULL);
    replicas_file_load(&file, &ours, &now, &acks);
    acks_remember(&acks, "one:1", 123, 90000);
    replicas_file_close(&file, &ours, &now, &acks);
    acks_forget_all(&acks);
    replicas_file_open(&file, file_system_posix(), *state, wake, NULL);
    replicas_file_load(&file, &ours, &now, &acks);
    assert_string_equal(absent_of(&acks), "one:1@123-90000 ");
    replicas_file_close(&file, &ours, &now, &acks);
    acks_release(&acks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_ages_never_pass_the_clocks),
        cmocka_unit_test(test_only_our_history_counts),
        cmocka_unit_test(test_damage_is_told_and_harmless),
        cmocka_unit_test_setup_teardown(test_it_is_written_rarely, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_the_end_is_kept_and_found, make_folder, remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
