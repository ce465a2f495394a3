#include "replication/events.h"

#include "base/diag.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_newest_are_kept_oldest_first(void **state)
{
    struct events events;
    struct replication_event copy[EVENTS_KEPT];

    (void)state;
    diag_set_level(DIAG_WARNING);
    events_init(&events);
    assert_int_equal(events_copy(&events, copy, EVENTS_KEPT), 0);
    for (unsigned i = 0; i < EVENTS_KEPT + 5; i++) {
        events_add(&events, i, "event %u", i);
    }
    assert_int_equal(events_copy(&events, copy, EVENTS_KEPT), EVENTS_KEPT);
    assert_string_equal(copy[0].text, "event 5");
    assert_int_equal(copy[0].wall_ms, 5);
    assert_string_equal(copy[EVENTS_KEPT - 1].text, "event 36");
    assert_int_equal(events_copy(&events, copy, 2), 2);
    assert_string_equal(copy[0].text, "event 35");
}

static void test_a_long_line_is_cut(void **state)
{
    struct events events;
    struct replication_event copy;
    char text[EVENT_TEXT_BYTES * 2];

    (void)state;
    diag_set_level(DIAG_WARNING);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    events_init(&events);
    events_add(&events, 1, "%s", text);
    assert_int_equal(events_copy(&events, &copy, 1), 1);
    assert_int_equal(strlen(copy.text), EVENT_TEXT_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_are_kept_oldest_first),
        cmocka_unit_test(test_a_long_line_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
