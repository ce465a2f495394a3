/* A full sync's payload being received into <data-dir>/incoming/, beside the data that is served meanwhile (P5).
 *
 *     <name>.part   part of a snapshot, or all of it; kept over broken links and restarts, to go on from there
 *     master.rdb    what a stock Redis master sends; begins anew each time
 *     data          the environment made of either; whole when it bears this name, gone again when it is swapped in
 *
 * Threads: the loop's; the install worker reads the finished file. */
#ifndef REPLICATION_INCOMING_H
#define REPLICATION_INCOMING_H

#include "base/file.h"
#include "replication/replica_fsm.h"

#define INCOMING_DIRECTORY "incoming"

struct incoming {
    struct file_system *files;
    char *directory;   /* "<data-dir>/incoming"; owned. */
    char *data_path;   /* "<data-dir>/incoming/data"; owned. */
    char *path;        /* Of the file that is received or was; NULL for none. Owned. */
    struct file *file; /* Open while receiving. */
    struct replica_payload payload;
    uint64_t position;                  /* Bytes in the file. */
    char part_name[REPLICA_NAME_BYTES]; /* Of the part that is here; "" for none. */
    uint64_t part_bytes;                /* How much of it is sound. */
    char tail[REPLICA_MARK_BYTES];      /* Mark form: the last bytes that came. */
};

/* Look into the folder, making it if need be: what an earlier process left half unpacked goes, the part of a snapshot
 * stays. It is read through to find how far it is sound, about a second for each GB.
 *   STATUS_IO, STATUS_NO_SPACE. */
MUST_CHECK enum status incoming_open(struct incoming *incoming, struct file_system *files, const char *data_directory);
void incoming_close(struct incoming *incoming);

/* Begin to receive `payload`. A snapshot goes on at payload->from_byte, which is what was asked for, or starts again.
 *   STATUS_PROTOCOL  The master goes on where we are not.
 *   STATUS_NO_SPACE  The disk has no room for the rest: a part that was here is gone, so that it does not keep a full
 *                    disk full.
 *   STATUS_IO. */
MUST_CHECK enum status incoming_begin(struct incoming *incoming, const struct replica_payload *payload);
/* Take the next bytes. `*consumed` of them belong to the payload; `*is_whole` when its last has come, and then the file
 * is closed.
 *   STATUS_IO, STATUS_NO_SPACE: incoming_break() is next, and the part stays, in case there is room soon. */
MUST_CHECK enum status incoming_take(struct incoming *incoming, struct slice bytes, size_t *consumed, bool *is_whole);
/* The link broke: close the file, keep what can be gone on with. */
void incoming_break(struct incoming *incoming);
/* The payload is installed, is no good, or is not needed: remove it, with any part, and what was made of it. */
void incoming_discard(struct incoming *incoming);

#endif
