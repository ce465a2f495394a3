/* The keyspace: databases of keys, each with its entry, expiry and content.
 *
 * Every key belongs to a space, a 64-bit number that a database has now: FLUSHDB gives the database a new one and
 * leaves the old as an orphan, SWAPDB exchanges two; both are O(1). A collection's content is found by its generation
 * in the same way. Orphans are purged by checkpoints, in bounded steps.
 *
 * Expiry: a key is due when the clock is past its expiry. Whoever executes a command sets the clock before it:
 *
 *     master                  now, expire_on_access    what finds a due key deletes it and tells on_expired, which logs
 *                                                      the deletion before the command's own change
 *     replica, its clients    now, not on access       a due key is hidden, and stays until the master's DEL comes
 *     recovery, replication   0, not on access         nothing is due: a logged command sees each key that its master
 *                                                      saw, whatever the time is now
 *
 * Threads: the loop's alone. Slices in entries are dead after the next write or checkpoint switch. */
#ifndef STORAGE_KEYSPACE_KEYSPACE_H
#define STORAGE_KEYSPACE_KEYSPACE_H

#include "base/random.h"
#include "storage/keyspace/entry.h"
#include "storage/memtable/view.h"

#define KEYSPACE_DATABASES_MAX 1024
#define KEYSPACE_KEY_BYTES_MAX (512u * 1024 * 1024)

struct env_meta;
struct zset_memos;
struct keyspace; /* Opaque; owned by store. */

struct keyspace_hooks {
    /* A due key was deleted on access or by keyspace_expire_due(): log DEL, notify "expired". It must not call back.
     * `key` is borrowed for the call. */
    void (*on_expired)(void *context, uint32_t db, struct slice key);
    /* keyspace_find() found no live key. The same holds. */
    void (*on_missed)(void *context, uint32_t db, struct slice key);
    /* A key comes into being; one that keyspace_move() or keyspace_copy() replaces does so again. The same holds. */
    void (*on_created)(void *context, uint32_t db, struct slice key);
    void *context;
};

/* A keyspace over `view` (borrowed) as of `meta`, with `database_count` databases, 1 to KEYSPACE_DATABASES_MAX.
 *
 * Databases that the meta has beyond that stay as they are, out of reach but for keyspace_flush_all(); those that it
 * has not are empty and get spaces. A meta of no databases and next_generation 1 is that of an empty keyspace. */
struct keyspace *keyspace_open(struct view *view, const struct env_meta *meta, uint32_t database_count);
void keyspace_close(struct keyspace *keyspace);
/* Take memory for what makes it quick, as view_warm_up() does: when recovery is over. */
void keyspace_warm_up(struct keyspace *keyspace);
/* What a checkpoint at this moment is to store: fills next_generation, key_hash_seed, and the databases (a new array,
 * which the caller releases with env_meta_release()). */
void keyspace_describe(const struct keyspace *keyspace, struct env_meta *meta);
/* Begin anew with other data: `view` and `meta` as for keyspace_open(). Cursors of SCAN start over. Database count,
 * clock and hooks stay. It is warmed up. */
void keyspace_reload(struct keyspace *keyspace, struct view *view, const struct env_meta *meta);

/* The time that decides what is due, and whether due keys are deleted or hidden (see above); set by dispatch before
 * each command, so that one command sees one time. At first it is 0 and false. */
void keyspace_set_clock(struct keyspace *keyspace, uint64_t now_ms, bool expire_on_access);
void keyspace_set_hooks(struct keyspace *keyspace, const struct keyspace_hooks *hooks);

uint32_t keyspace_database_count(const struct keyspace *keyspace);
/* Exact and O(1). Due keys that are not deleted yet count, as in Redis. */
uint64_t keyspace_key_count(const struct keyspace *keyspace, uint32_t db);
/* Of all databases. */
uint64_t keyspace_all_key_count(const struct keyspace *keyspace);
uint64_t keyspace_expiry_count(const struct keyspace *keyspace, uint32_t db);
/* Mean time to live of the keys with expiry, counted from the clock; 0 if there are none or it is past. Exact as long
 * as the times to live sum up to less than 2^63 ms. */
uint64_t keyspace_average_ttl_ms(const struct keyspace *keyspace, uint32_t db);

/* Find a live key. False if it is absent or due. */
bool keyspace_find(struct keyspace *keyspace, uint32_t db, struct slice key, struct entry *entry);
/* How often it has found one, of all calls: what a command has found is the difference. */
uint64_t keyspace_found_count(const struct keyspace *keyspace);
/* The same without expiring, hiding and counting: replay and tests. */
bool keyspace_peek(struct keyspace *keyspace, uint32_t db, struct slice key, struct entry *entry);
/* Whether keyspace_find() would find it, without expiring and counting. */
bool keyspace_has_live(struct keyspace *keyspace, uint32_t db, struct slice key);

/* Say which keys of `db` will soon be found or put (see view_announce): at most VIEW_ANNOUNCE_MAX, words that are no
 * keys among them. It has no effect but on time. */
void keyspace_announce(struct keyspace *keyspace, uint32_t db, const struct slice *keys, size_t count);

/* Write `entry` under `key`, creating or replacing: counts and expiry index follow; if the former entry had another
 * generation, that one becomes an orphan. entry->body is copied; it may be borrowed from the keyspace. `key` may not.
 */
void keyspace_put(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry);
/* The same for a body that is not borrowed from the keyspace: one copy less. */
void keyspace_put_foreign(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry);
/* Delete; O(1) whatever its content. False if it was not there (due counts as not there, and is deleted). */
bool keyspace_delete(struct keyspace *keyspace, uint32_t db, struct slice key);
/* Change the expiry alone; 0 removes it. False if the key is absent. */
bool keyspace_set_expiry(struct keyspace *keyspace, uint32_t db, struct slice key, uint64_t expire_at_ms);
/* Move the entry with its content and expiry, replacing what is at the destination; O(1). False if `from` is absent. */
bool keyspace_move(struct keyspace *keyspace, uint32_t from_db, struct slice from, uint32_t to_db, struct slice to);
/* Copy the entry with its content and expiry, replacing what is at the destination; costs what it copies. */
bool keyspace_copy(struct keyspace *keyspace, uint32_t from_db, struct slice from, uint32_t to_db, struct slice to);

/* A generation that was never used before in this data directory. */
uint64_t keyspace_new_generation(struct keyspace *keyspace);
/* Leave the content of `generation` to be purged. */
void keyspace_orphan_generation(struct keyspace *keyspace, uint64_t generation);

/* All O(1). */
void keyspace_flush_database(struct keyspace *keyspace, uint32_t db);
void keyspace_flush_all(struct keyspace *keyspace);
void keyspace_swap(struct keyspace *keyspace, uint32_t a, uint32_t b);

/* Delete up to `limit` keys that are due, by and large soonest first; returns how many. Master only: 0 unless the clock
 * says to expire on access. */
size_t keyspace_expire_due(struct keyspace *keyspace, size_t limit);
/* A wall-clock time in ms before which no key falls due, and O(1); UINT64_MAX if there is none. keyspace_expire_due()
 * brings it up to date, so waiting for it and calling that never spins. */
uint64_t keyspace_next_due_ms(const struct keyspace *keyspace);

/* A live key chosen at random, appended to `out`; false if there is none.
 *
 * Up to KEYSPACE_EXACT_CHOICE keys each is as likely as any other. Beyond, keys are reached by random steps through the
 * tree of their bytes, which favours keys with few neighbours, and of several so reached one is drawn so as to undo
 * that. What remains of the bias: keyspace_random.c. Costs O(log n) seeks. */
#define KEYSPACE_EXACT_CHOICE 64
struct buf;
bool keyspace_random_key(struct keyspace *keyspace, uint32_t db, struct random *random, struct buf *out);

/* For the typed stores of this folder: the view, the seed of long names (storage/keyspace/keycode.h). */
struct view *keyspace_view(const struct keyspace *keyspace);
uint64_t keyspace_name_seed(const struct keyspace *keyspace);
/* What is remembered of large sorted sets (storage/value/zset_memo.h). */
struct zset_memos *keyspace_zset_memos(const struct keyspace *keyspace);

#endif
