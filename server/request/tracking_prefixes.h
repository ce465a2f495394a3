/* Prefixes of keys that clients want to hear of whether or not they have read them (CLIENT TRACKING ... BCAST).
 *
 * Changed keys are gathered per prefix and told once a turn, each once, in order. Event loop only. */
#ifndef SERVER_REQUEST_TRACKING_PREFIXES_H
#define SERVER_REQUEST_TRACKING_PREFIXES_H

#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>

struct tracking_prefix; /* A prefix as long as it has members. */

struct tracking_prefixes {
    struct tracking_prefix **list; /* Owned; in order of name. */
    size_t count;
    size_t capacity;
    bool have_changes; /* Some prefix has. */
};

/* One who hears; embedded in its owner. */
struct tracking_member {
    uint64_t id;
    bool skips_own;                  /* Does not hear of what it changed itself. */
    struct tracking_prefix **joined; /* Owned; in order of name. */
    size_t joined_count;
};

void tracking_prefixes_init(struct tracking_prefixes *prefixes);
/* All members have left. */
void tracking_prefixes_release(struct tracking_prefixes *prefixes);

/* The member hears of keys that begin with `name` from now on; nothing if it does already. */
void tracking_prefixes_join(struct tracking_prefixes *prefixes, struct tracking_member *member, struct slice name);
/* It leaves all that it has joined. */
void tracking_prefixes_leave(struct tracking_prefixes *prefixes, struct tracking_member *member);

/* The name of the member's prefix number `index` < joined_count; borrowed until it leaves. */
struct slice tracking_member_prefix(const struct tracking_member *member, size_t index);
/* Whether one of two prefixes is the beginning of the other: then there are keys that both would tell. */
bool tracking_prefixes_overlap(struct slice a, struct slice b);

/* `key` was changed by client `writer_id`; 0 is nobody. The first writer of a turn counts. */
void tracking_prefixes_note(struct tracking_prefixes *prefixes, struct slice key, uint64_t writer_id);
/* For each member of each prefix that has changes: `tell` it the keys, as a RESP array of bulk strings. None are kept.
 */
void tracking_prefixes_tell(struct tracking_prefixes *prefixes,
                            void (*tell)(void *context, struct tracking_member *member, struct slice keys),
                            void *context);

#endif
