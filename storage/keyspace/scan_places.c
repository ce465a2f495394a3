#include "storage/keyspace/scan_places.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/random.h"

/* A cursor is the chain's index in the low bits and a tag above, random so that no cursor of a chain that went, or of
 * the process before, passes for one of now. */
#define INDEX_BITS 14
#define TAG_BITS   38

_Static_assert(SCAN_PLACES_CHAINS_MAX == 1 << INDEX_BITS, "a chain's index fits");

struct place {
    uint64_t tag;       /* 0: none. */
    struct slice bytes; /* Owned. */
};

struct chain {
    struct list_node use; /* In scan_places.by_use. */
    uint64_t owner;
    uint32_t index;  /* In scan_places.chains. */
    uint32_t newest; /* In `places`, which are a ring. */
    struct place places[SCAN_PLACES_PER_CHAIN];
};

struct scan_places {
    struct random random;
    struct list by_use;    /* Chains, those that go first in front. */
    uint32_t chain_count;  /* Used in `chains`. */
    struct chain **chains; /* Owned, and each chain too. */
};

struct scan_places *scan_places_create(void)
{
    struct scan_places *places = memory_allocate_zeroed(sizeof(*places));

    random_init_from_system(&places->random);
    list_init(&places->by_use);
    places->chains = memory_allocate_zeroed(SCAN_PLACES_CHAINS_MAX * sizeof(*places->chains));
    return places;
}

static void clear_chain(struct chain *chain)
{
    for (uint32_t i = 0; i < SCAN_PLACES_PER_CHAIN; i++) {
        memory_free((void *)(uintptr_t)chain->places[i].bytes.data);
        chain->places[i] = (struct place){.tag = 0};
    }
}

void scan_places_free(struct scan_places *places)
{
    for (uint32_t i = 0; i < places->chain_count; i++) {
        clear_chain(places->chains[i]);
        memory_free(places->chains[i]);
    }
    memory_free(places->chains);
    memory_free(places);
}

static struct place *find_place(const struct scan_places *places, uint64_t cursor, struct chain **chain)
{
    uint64_t index = cursor & (SCAN_PLACES_CHAINS_MAX - 1);
    uint64_t tag = cursor >> INDEX_BITS;

    if (tag == 0 || index >= places->chain_count) {
        return NULL;
    }
    *chain = places->chains[index];
    for (uint32_t i = 0; i < SCAN_PLACES_PER_CHAIN; i++) {
        if ((*chain)->places[i].tag == tag) {
            return &(*chain)->places[i];
        }
    }
    return NULL;
}

bool scan_places_find(const struct scan_places *places, uint64_t owner, uint64_t cursor, struct slice *place)
{
    struct chain *chain;
    const struct place *found = find_place(places, cursor, &chain);

    if (found == NULL || chain->owner != owner) {
        return false;
    }
    *place = found->bytes;
    return true;
}

/* A chain without places: a new one while there is room, else the first to go. */
static struct chain *begin_chain(struct scan_places *places, uint64_t owner)
{
    struct chain *chain;

    if (places->chain_count < SCAN_PLACES_CHAINS_MAX) {
        chain = memory_allocate_zeroed(sizeof(*chain));
        chain->index = places->chain_count;
        places->chains[places->chain_count++] = chain;
    } else {
        chain = LIST_ENTRY(places->by_use.head.next, struct chain, use);
        list_remove(&chain->use);
        clear_chain(chain);
    }
    chain->owner = owner;
    list_append(&places->by_use, &chain->use);
    return chain;
}

static uint64_t cursor_of(const struct chain *chain, const struct place *place)
{
    return place->tag << INDEX_BITS | chain->index;
}

uint64_t scan_places_remember(struct scan_places *places, uint64_t owner, uint64_t former, struct slice place)
{
    struct chain *chain;
    struct place *next;

    if (find_place(places, former, &chain) == NULL || chain->owner != owner) {
        chain = begin_chain(places, owner);
    }
    list_remove(&chain->use);
    list_append(&places->by_use, &chain->use);
    for (uint32_t i = 0; i < SCAN_PLACES_PER_CHAIN; i++) {
        if (chain->places[i].tag != 0 && slice_equal(chain->places[i].bytes, place)) {
            return cursor_of(chain, &chain->places[i]);
        }
    }
    chain->newest = (chain->newest + 1) % SCAN_PLACES_PER_CHAIN;
    next = &chain->places[chain->newest];
    memory_free((void *)(uintptr_t)next->bytes.data);
    next->tag = 1 + random_below(&places->random, (UINT64_C(1) << TAG_BITS) - 1);
    next->bytes = slice_make(memory_copy(place.data, place.len), place.len);
    return cursor_of(chain, next);
}

void scan_places_finish(struct scan_places *places, uint64_t former)
{
    struct chain *chain;

    if (find_place(places, former, &chain) != NULL) {
        list_remove(&chain->use);
        list_prepend(&places->by_use, &chain->use);
    }
}
