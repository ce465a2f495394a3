/* The bytes of one file of a fault_file disk: what readers see, what is on disk, and the writes between the two. */
#ifndef TEST_SUPPORT_FAULT_CONTENT_H
#define TEST_SUPPORT_FAULT_CONTENT_H

#include "base/random.h"
#include "base/slice.h"
#include <stdint.h>

/* What a crash leaves of what was not synced. */
enum fault_survival {
    FAULT_KEEP_NONE,    /* The power fails, and nothing unsynced got to the disk. */
    FAULT_KEEP_ALL,     /* The process dies, and the kernel lives on with all it was given. */
    FAULT_KEEP_BLOCKS,  /* The power fails: each 4 KiB block is as any of its writes since the last sync left it, the
                         * size too, and each change of a name may be there or not. */
    FAULT_KEEP_SECTORS, /* The same by 512 bytes, so that blocks are torn. */
};

/* A write or a truncation that no sync has made durable. */
struct fault_change {
    uint64_t offset;
    uint64_t len;
    char *bytes;  /* Owned; NULL for a truncation to `offset`. */
    bool is_lost; /* A sync of it failed: readers still see it, but no later sync brings it to the disk. */
};

struct fault_content {
    char *cached; /* What readers see. */
    uint64_t cached_len;
    uint64_t cached_capacity;
    char *durable; /* What is on disk. */
    uint64_t durable_len;
    uint64_t durable_capacity;
    struct fault_change *changes; /* From durable to cached, in order. */
    size_t change_count;
    size_t change_capacity;
};

void fault_content_release(struct fault_content *content);
void fault_content_write(struct fault_content *content, uint64_t offset, struct slice bytes);
void fault_content_truncate(struct fault_content *content, uint64_t len);
void fault_content_sync(struct fault_content *content);
/* The sync failed: the kernel takes the pages for clean from now on, so they are lost unless written again. */
void fault_content_fail_sync(struct fault_content *content);
/* Be as the disk is after a crash. */
void fault_content_crash(struct fault_content *content, enum fault_survival survival, struct random *random);

#endif
