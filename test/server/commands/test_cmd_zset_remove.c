/* Ranges that are removed in several pieces. */
#include "base/buf.h"
#include "server/support/small_server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MEMBERS        5000
#define MEMBERS_OF_ONE 1000 /* Request. */

/* A sorted set z of members m0000 to m4999, each with its number / `per_score` as score. */
static struct small_server *connect(void **state, size_t per_score)
{
    struct small_server *s = *state;
    struct buf request;

    (void)small_server_connect(s);
    for (size_t i = 0; i < MEMBERS;) {
        buf_init(&request, BUF_NO_CEILING);
        buf_put_text(&request, "zadd z");
        for (size_t end = i + MEMBERS_OF_ONE; i < end; i++) {
            buf_put_format(&request, " %zu m%04zu", i / per_score, i);
        }
        buf_put_byte(&request, '\0');
        small_server_ask(s, 0, buf_slice(&request).data, ":1000 ");
        buf_release(&request);
    }
    return s;
}

static void test_ranges_of_scores_go_whole(void **state)
{
    struct small_server *s = connect(state, 3);

    small_server_ask(s, 0, "zremrangebyscore z (100 1500", ":4200 ");
    small_server_ask(s, 0, "zrange z 302 303 withscores", "*4 $5 m0302 $3 100 $5 m4503 $4 1501 ");
    small_server_ask(s, 0, "zremrangebyscore z 100 1501", ":6 ");
    small_server_ask(s, 0, "zcard z", ":794 ");
    small_server_ask(s, 0, "zremrangebyscore z 100 1501", ":0 ");
    small_server_ask(s, 0, "zremrangebyscore z -inf inf", ":794 ");
}

static void test_ranges_of_members_go_whole(void **state)
{
    struct small_server *s = connect(state, MEMBERS);

    small_server_ask(s, 0, "zremrangebylex z (m0300 [m4499", ":4199 ");
    small_server_ask(s, 0, "zrange z 300 301", "*2 $5 m0300 $5 m4500 ");
    small_server_ask(s, 0, "zremrangebylex z - (m4999", ":800 ");
    small_server_ask(s, 0, "zrange z 0 -1", "*1 $5 m4999 ");
}

static void test_ranges_of_ranks_go_whole(void **state)
{
    struct small_server *s = connect(state, 7);

    small_server_ask(s, 0, "zremrangebyrank z 1 2500", ":2500 ");
    small_server_ask(s, 0, "zrange z 0 1", "*2 $5 m0000 $5 m2501 ");
    small_server_ask(s, 0, "zremrangebyrank z 1000 -2", ":1499 ");
    small_server_ask(s, 0, "zrange z -2 -1", "*2 $5 m3499 $5 m4999 ");
    small_server_ask(s, 0, "zcard z", ":1001 ");
    small_server_ask(s, 0, "zremrangebyrank z 0 0", ":1 ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, small_server_setup, small_server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ranges_of_scores_go_whole),
        TEST(test_ranges_of_members_go_whole),
        TEST(test_ranges_of_ranks_go_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
