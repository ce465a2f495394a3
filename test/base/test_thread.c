#include "base/thread.h"

#include "base/clock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

struct seen {
    sigset_t mask;
    char name[16];
};

static void *look(void *context)
{
    struct seen *seen = context;

    (void)pthread_sigmask(SIG_SETMASK, NULL, &seen->mask);
    (void)pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
    return NULL;
}

static void test_threads_take_no_signals(void **state)
{
    struct seen seen;
    pthread_t thread;
    sigset_t mine;

    (void)state;
    assert_int_equal(thread_start(&thread, "looker", look, &seen), STATUS_OK);
    (void)pthread_join(thread, NULL);
    assert_int_equal(sigismember(&seen.mask, SIGTERM), 1);
    assert_int_equal(sigismember(&seen.mask, SIGHUP), 1);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &mine);
    assert_int_equal(sigismember(&mine, SIGTERM), 0);
}

static void test_waiting_ends_in_time(void **state)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition;
    uint64_t begin_us = clock_monotonic_us();

    (void)state;
    thread_condition_init(&condition);
    (void)pthread_mutex_lock(&lock);
    while (thread_wait_us(&condition, &lock, 20000)) {
    }
    (void)pthread_mutex_unlock(&lock);
    assert_in_range(clock_monotonic_us() - begin_us, 19000, 5000000);
    (void)pthread_cond_destroy(&condition);
}

static pthread_mutex_t ring_lock = PTHREAD_MUTEX_INITIALIZER;

static void *ring(void *context)
{
    (void)pthread_mutex_lock(&ring_lock);
    (void)pthread_cond_signal(context);
    (void)pthread_mutex_unlock(&ring_lock);
    return NULL;
}

static void test_waiting_ends_when_signalled(void **state)
{
    pthread_cond_t condition;
    pthread_t thread;

    (void)state;
    thread_condition_init(&condition);
    (void)pthread_mutex_lock(&ring_lock);
    assert_int_equal(thread_start(&thread, "ringer", ring, &condition), STATUS_OK);
    assert_true(thread_wait_us(&condition, &ring_lock, 60 * 1000 * 1000));
    (void)pthread_mutex_unlock(&ring_lock);
    (void)pthread_join(thread, NULL);
    (void)pthread_cond_destroy(&condition);
}

static void *stand_back(void *context)
{
    int *niceness = context;

    thread_stand_back();
    *niceness = getpriority(PRIO_PROCESS, 0);
    return NULL;
}

static void test_a_thread_stands_back_alone(void **state)
{
    int before = getpriority(PRIO_PROCESS, 0);
    int niceness = -100;
    pthread_t thread;

    (void)state;
    assert_int_equal(thread_start(&thread, "back", stand_back, &niceness), STATUS_OK);
    pthread_join(thread, NULL);
    assert_true(niceness > before || before >= 10);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_take_no_signals),
        cmocka_unit_test(test_waiting_ends_in_time),
        cmocka_unit_test(test_a_thread_stands_back_alone),
        cmocka_unit_test(test_waiting_ends_when_signalled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
