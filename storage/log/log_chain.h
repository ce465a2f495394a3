/* The segments of a log as the process knows them: which file holds an offset, and about where in it.
 *
 * The sync thread adds segments and marks, the loop discards, cursors look up: any thread, under the chain's own lock,
 * which is never held during I/O. */
#ifndef STORAGE_LOG_LOG_CHAIN_H
#define STORAGE_LOG_LOG_CHAIN_H

#include "storage/log/log_segment.h"

#include <pthread.h>

#define LOG_CHAIN_MARK_BYTES (256u * 1024) /* Marks of a segment are at least this far apart in the file. */

struct log_chain_segment;

struct log_chain {
    struct file_system *files;
    char *directory; /* Owned. */
    pthread_mutex_t lock;
    struct log_chain_segment *segments; /* Owned array, in order of start. */
    size_t count;
    size_t capacity;
    uint64_t next_serial;
};

/* A record's start at or before an offset that was asked for. */
struct log_place {
    uint64_t serial;     /* Of the segment: never given twice in a process. */
    uint64_t start;      /* First offset of the segment, its file's name. */
    uint64_t start_hash; /* Running hash there. */
    uint32_t seed;       /* Of its records' crc. */
    uint64_t offset;     /* Of the record's first payload byte. */
    uint64_t position;   /* Of the record's header in the file. */
};

struct log_chain *log_chain_create(struct file_system *files, const char *directory);
void log_chain_free(struct log_chain *chain);

/* Add the newest segment, `file_bytes` long on disk. It takes the place of the present newest if that one begins at the
 * same offset, and so is empty. */
void log_chain_add(struct log_chain *chain, const struct log_segment_header *header, uint64_t file_bytes);
/* Remember, if it is far enough from other marks, that a record with first offset `offset` begins at `position` of
 * the segment `serial`. */
void log_chain_mark(struct log_chain *chain, uint64_t serial, uint64_t offset, uint64_t position);
/* Serial of the newest segment. */
uint64_t log_chain_newest(struct log_chain *chain);

/* Find the segment that holds `offset` (the one that begins there, at a border) and the last mark at or before it.
 * False if it is before the first segment. */
bool log_chain_find(struct log_chain *chain, uint64_t offset, struct log_place *place);

uint64_t log_chain_first_offset(struct log_chain *chain);
/* Bytes of all files, with what is made ready in them and not used yet. */
uint64_t log_chain_disk_bytes(struct log_chain *chain);
void log_chain_set_file_bytes(struct log_chain *chain, uint64_t serial, uint64_t file_bytes);

/* Take out the oldest segment if it is not the newest and lies wholly before `offset`, and store where it began. */
bool log_chain_pop_before(struct log_chain *chain, uint64_t offset, uint64_t *start);

struct log;
/* The chain of `log`, for log_cursor.c. */
struct log_chain *log_get_chain(struct log *log);

#endif
