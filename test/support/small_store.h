/* A store with a small command set, while there is no server: for tests of the store as a whole.
 *
 *     SET k v | SETPX k ms v | APPEND k v | INCR k | FILL k count seed | PEXPIREAT k ms | DEL k | RENAME a b
 *     SELECT n | FLUSHDB | FLUSHALL | SWAPDB a b | MULTI | EXEC | PING
 *
 * FILL makes a collection of `count` fields, whose content is purged some time after it has gone. The same commands run
 * on a naive model (small_model.h), which knows nothing of storage; texts of both can be compared. */
#ifndef TEST_SUPPORT_SMALL_STORE_H
#define TEST_SUPPORT_SMALL_STORE_H

#include "storage/store.h"
#include "support/small_line.h"

struct small_store {
    struct store *store;          /* NULL when it is not open. */
    struct store_options options; /* May be changed before opening. */
    char *directory;              /* Owned: the data directory. */
    char *scratch;                /* Owned: the folder that it is in. */
    uint64_t now_ms;              /* Wall clock, as turns see it. */
    uint64_t skipped_ms;          /* How far ahead of the real one turns see the monotonic clock. */
    long holder_pid;
};

/* A data directory to be, in a scratch folder. */
struct small_store *small_store_create(void);
/* Close it without a checkpoint, and remove it. */
void small_store_free(struct small_store *small);
enum status small_store_open(struct small_store *small);
void small_store_close(struct small_store *small, bool checkpoint);

/* Execute and append one command line, words parted by spaces; a MULTI line holds several, parted by ';'. Returns the
 * log's end. */
uint64_t small_store_run(struct small_store *small, const char *line);
/* store_turn(), and take over what has ended. */
void small_store_turn(struct small_store *small);
/* Turn while a change of so many bytes would be parked. */
void small_store_await_room(struct small_store *small, size_t change_bytes);
/* Turn until nothing runs and nothing is orphaned. */
void small_store_settle(struct small_store *small);
/* All keys with their expiry and content, one a line; the caller frees it with memory_free(). */
char *small_store_text(struct small_store *small);

#endif
