/* The status page of views that are made up. */
#include "server/http/status_page.h"
#include "server/http/status_view.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    struct status_view view;
    struct buf page;
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture.view = (struct status_view){.version = "1.2.3",
                                        .port = 6379,
                                        .is_healthy = true,
                                        .health = "ok: master",
                                        .sync_policy = "always",
                                        .history = "0123456789abcdef0123456789abcdef01234567",
                                        .master_host = "",
                                        .link = {.problem = ""}};
    buf_init(&fixture.page, BUF_NO_CEILING);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    buf_release(&((struct fixture *)*state)->page);
    return 0;
}

/* The page. Borrowed until the next. */
static const char *page_of(struct fixture *f)
{
    buf_clear(&f->page);
    status_page_write(&f->view, &f->page);
    buf_put_byte(&f->page, '\0');
    return buf_slice(&f->page).data;
}

static size_t count(const char *text, const char *part)
{
    size_t found = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        found++;
    }
    return found;
}

static void add_replica(struct fixture *f, const char *ip, const char *state_word, uint64_t lag_bytes)
{
    f->view.replicas[f->view.replica_count++] = (struct replication_peer){
        .ip = ip, .port = 7000, .state = state_word, .lag_bytes = lag_bytes, .sent_bytes = 5, .payload_bytes = 10};
    f->view.replica_total++;
}

static void test_a_lone_master_is_one_box(void **state)
{
    const char *page = page_of(*state);

    assert_int_equal(count(page, "<rect"), 1);
    assert_int_equal(count(page, "<path"), 0);
    assert_non_null(strstr(page, "this node, a master"));
    assert_non_null(strstr(page, "port 6379"));
    assert_non_null(strstr(page, "none since the start"));
}

static void test_a_chain_shows_both_sides(void **state)
{
    struct fixture *f = *state;
    const char *page;

    f->view.is_replica = true;
    f->view.master_host = "10.0.0.1";
    f->view.master_port = 6380;
    f->view.link = (struct replication_link){.is_up = true, .heard_s = 3, .problem = ""};
    add_replica(f, "10.0.0.3", "online", 2048);
    page = page_of(f);
    assert_int_equal(count(page, "<rect"), 3);
    assert_non_null(strstr(page, "10.0.0.1:6380"));
    assert_non_null(strstr(page, "heard 3 s ago"));
    assert_non_null(strstr(page, "this node, a replica"));
    assert_non_null(strstr(page, "10.0.0.3:7000"));
    assert_non_null(strstr(page, "2.0 KB behind"));
    assert_int_equal(count(page, "class=\"line good\""), 2);
}

static void test_what_is_late_or_down_looks_so(void **state)
{
    struct fixture *f = *state;
    const char *page;

    f->view.is_replica = true;
    f->view.master_host = "10.0.0.1";
    f->view.link = (struct replication_link){.down_s = 9, .problem = "Connection refused"};
    add_replica(f, "10.0.0.3", "online", 50000000);
    add_replica(f, "10.0.0.4", "send_bulk", 0);
    page = page_of(f);
    assert_int_equal(count(page, "class=\"line bad\""), 1);
    assert_int_equal(count(page, "class=\"line late\""), 2);
    assert_non_null(strstr(page, "link down"));
    assert_non_null(strstr(page, "for 9 s"));
    assert_non_null(strstr(page, "Connection refused"));
    assert_non_null(strstr(page, "5 B of 10 B"));
}

static void test_a_full_sync_from_the_master_shows_how_far_it_is(void **state)
{
    struct fixture *f = *state;
    const char *page;

    f->view.is_replica = true;
    f->view.master_host = "10.0.0.1";
    f->view.link = (struct replication_link){
        .is_syncing = true, .down_s = 1, .done_bytes = 1024, .total_bytes = 4096, .problem = ""};
    page = page_of(f);
    assert_non_null(strstr(page, "full sync"));
    assert_non_null(strstr(page, "1.0 KB of 4.0 KB"));
}

/* A replica chooses the name that it announces, and a master's answer stands among the problems. */
static void test_foreign_texts_stay_texts(void **state)
{
    struct fixture *f = *state;
    const char *page;

    f->view.is_replica = true;
    f->view.master_host = "<i>host</i>";
    f->view.link.problem = "<script>1</script>";
    add_replica(f, "\"><script>", "online", 0);
    (void)snprintf(f->view.events[f->view.event_count++].text, EVENT_TEXT_BYTES, "<b>event</b>");
    page = page_of(f);
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<i>"));
    assert_null(strstr(page, "<b>"));
    assert_non_null(strstr(page, "&lt;script&gt;1"));
    assert_non_null(strstr(page, "&quot;&gt;&lt;script&gt;:7000"));
}

static void test_more_replicas_than_fit_are_counted(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < STATUS_REPLICAS_MAX; i++) {
        add_replica(f, "10.0.0.3", "online", 0);
    }
    f->view.replica_total += 5;
    assert_non_null(strstr(page_of(f), "and 5 more replicas"));
}

/* Whole in itself: it loads nothing and runs nothing. */
static void test_the_page_needs_nothing_else(void **state)
{
    struct fixture *f = *state;
    const char *page;

    add_replica(f, "10.0.0.3", "online", 0);
    page = page_of(f);
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<link"));
    assert_null(strstr(page, "<img"));
    assert_null(strstr(page, "src="));
    assert_null(strstr(page, "http:"));
    assert_null(strstr(page, "url("));
    assert_non_null(strstr(page, "http-equiv=\"refresh\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_lone_master_is_one_box, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_chain_shows_both_sides, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_late_or_down_looks_so, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_full_sync_from_the_master_shows_how_far_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_texts_stay_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_replicas_than_fit_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_page_needs_nothing_else, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
