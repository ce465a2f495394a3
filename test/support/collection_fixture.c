#include "support/collection_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define KEY slice_of("key")

void collection_fixture_open(struct collection_fixture *fixture, enum entry_type type, uint64_t seed)
{
    *fixture = (struct collection_fixture){.keyspace = keyspace_fixture_open(), .type = type, .name_range = 300};
    random_init(&fixture->random, seed);
    print_message("seed %llu\n", (unsigned long long)seed);
}

void collection_fixture_close(struct collection_fixture *fixture)
{
    keyspace_fixture_close(fixture->keyspace);
}

void collection_fixture_begin(struct collection_fixture *fixture, size_t count)
{
    enum status status = collection_open(fixture->keyspace->keyspace, 0, KEY, fixture->type, &fixture->open);

    assert_int_equal(status, count == 0 ? STATUS_NOT_FOUND : STATUS_OK);
    assert_int_equal(fixture->open.entry.count, count);
}

void collection_fixture_end(struct collection_fixture *fixture)
{
    collection_commit(&fixture->open);
    collection_close(&fixture->open);
}

void collection_fixture_shake(struct collection_fixture *fixture)
{
    struct keyspace_fixture *keyspace = fixture->keyspace;

    switch (collection_fixture_below(fixture, 200)) {
    case 0:
    case 1:
        if (!keyspace_fixture_has_checkpoint(keyspace)) {
            keyspace_fixture_begin_checkpoint(keyspace);
        }
        break;
    case 2:
    case 3:
        if (keyspace_fixture_has_checkpoint(keyspace)) {
            keyspace_fixture_end_checkpoint(keyspace);
        }
        break;
    case 4:
        if (!keyspace_fixture_has_checkpoint(keyspace)) {
            keyspace_fixture_purge(keyspace);
        }
        break;
    case 5:
        if (!keyspace_fixture_has_checkpoint(keyspace)) {
            keyspace_fixture_restart(keyspace);
        }
        break;
    default:
        break;
    }
}

struct slice collection_fixture_name(struct collection_fixture *fixture)
{
    uint64_t number = collection_fixture_below(fixture, fixture->name_range);
    size_t len;

    if (number % 10 != 9) {
        len = (size_t)snprintf(fixture->name, sizeof(fixture->name), "%llu", (unsigned long long)number);
        return slice_make(fixture->name, number == 0 ? 0 : len);
    }
    memset(fixture->name, 'x', sizeof(fixture->name));
    len = 440 + (size_t)number % 250; /* About the most that a row's key takes literally. */
    fixture->name[len - 1] = (char)number;
    return slice_make(fixture->name, len);
}

uint64_t collection_fixture_below(struct collection_fixture *fixture, uint64_t bound)
{
    return random_below(&fixture->random, bound);
}
