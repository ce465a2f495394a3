#include "base/memory.h"
#include "base/prefault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define RANGE_BYTES   (2 * MEMORY_HUGE_PAGE_BYTES)
#define WAIT_STEPS    20000 /* Of a millisecond. */
#define PRESENT_PAGES (RANGE_BYTES / 4096)

static void await(prefault_ticket ticket)
{
    for (int i = 0; i < WAIT_STEPS && !prefault_is_served(ticket); i++) {
        (void)usleep(1000);
    }
    assert_true(prefault_is_served(ticket));
}

static char *map(void)
{
    char *memory = mmap(NULL, RANGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    return memory;
}

static size_t count_present(char *memory)
{
    static unsigned char is_present[PRESENT_PAGES];
    size_t count = 0;

    assert_int_equal(mincore(memory, RANGE_BYTES, is_present), 0);
    for (size_t i = 0; i < PRESENT_PAGES; i++) {
        count += is_present[i] & 1;
    }
    return count;
}

static void test_memory_becomes_present_and_keeps_its_content(void **state)
{
    char *memory = map();
    prefault_ticket ticket;

    (void)state;
    memory[100] = 'x';
    assert_in_range(count_present(memory), 1, PRESENT_PAGES / 2); /* One huge page at most. */
    ticket = prefault(memory, RANGE_BYTES);
    assert_true(ticket != PREFAULT_SERVED);
    await(ticket);
    if (madvise(memory, RANGE_BYTES, 23) == 0) { /* MADV_POPULATE_WRITE: an old kernel has none. */
        assert_int_equal(count_present(memory), PRESENT_PAGES);
    }
    assert_int_equal(memory[100], 'x');
    assert_int_equal(memory[RANGE_BYTES - 1], 0);
    assert_int_equal(munmap(memory, RANGE_BYTES), 0);
}

static void test_memory_that_is_gone_does_no_harm(void **state)
{
    char *memory = map();
    char *other = map();
    prefault_ticket first;
    prefault_ticket second;

    (void)state;
    assert_int_equal(munmap(memory, RANGE_BYTES), 0);
    first = prefault(memory, RANGE_BYTES);
    second = prefault(other, RANGE_BYTES);
    assert_true(second > first);
    await(second);
    assert_true(prefault_is_served(first));
    assert_int_equal(munmap(other, RANGE_BYTES), 0);
}

static void test_what_exceeds_the_queue_is_left_out(void **state)
{
    char *memory = map();
    prefault_ticket last = PREFAULT_SERVED;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        prefault_ticket ticket = prefault(memory, RANGE_BYTES);

        if (ticket == PREFAULT_SERVED) {
            assert_true(prefault_is_served(ticket));
        } else {
            assert_true(ticket > last);
            last = ticket;
        }
    }
    await(last);
    assert_int_equal(munmap(memory, RANGE_BYTES), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_becomes_present_and_keeps_its_content),
        cmocka_unit_test(test_memory_that_is_gone_does_no_harm),
        cmocka_unit_test(test_what_exceeds_the_queue_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
