/* A store with a small command set, while there is no server: for tests of the store as a whole.
 *
 *     SET k v | SETPX k ms v | APPEND k v | INCR k | FILL k count seed | PEXPIREAT k ms | DEL k | RENAME a b
 *     SELECT n | FLUSHDB | FLUSHALL | SWAPDB a b | MULTI | EXEC | PING
 *
 * FILL makes a collection of `count` fields, whose content is purged some time after it has gone. The same commands run
 * on the naive model, which knows nothing of storage; texts of both can be compared. */
#ifndef TEST_SUPPORT_SMALL_STORE_H
#define TEST_SUPPORT_SMALL_STORE_H

#include "storage/store.h"
#include "support/sorted_model.h"

#define SMALL_STORE_DATABASES 4

struct small_store {
    struct store *store;          /* NULL when it is not open. */
    struct store_options options; /* May be changed before opening. */
    char *directory;              /* Owned: the data directory. */
    char *scratch;                /* Owned: the folder that it is in. */
    uint64_t now_ms;              /* Wall clock, as turns see it. */
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
/* Turn until nothing runs and nothing is orphaned. */
void small_store_settle(struct small_store *small);
/* All keys with their expiry and content, one a line; the caller frees it with memory_free(). */
char *small_store_text(struct small_store *small);

/* The model. */
struct small_model {
    struct sorted_model rows; /* Database and key -> expiry and content, as text; the database is the record's table. */
    uint32_t selected_db;
};
void small_model_init(struct small_model *model);
void small_model_release(struct small_model *model);
void small_model_run(struct small_model *model, const char *line);
char *small_model_text(const struct small_model *model);

/* A random command line that makes sense at any time, by `random`; few keys, so that they meet again. */
void small_store_random_line(struct random *random, char *line, size_t line_size);

#endif
