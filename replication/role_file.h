/* hearth.auto.conf: the role that the server remembers (P4).
 *
 * Written by the server alone, in the data directory, replaced as a whole and durable before REPLICAOF is answered. It
 * is read after the user's configuration and wins over its `replicaof`: a promoted node must not fall back to the
 * master that its configuration once named.
 *
 *     # comment lines
 *     replicaof 10.0.0.7 6379         a replica of that master
 *     failover                        ... which is still to be asked to take over (FAILOVER)
 *     diverged <id> <offset>          ... whose data is known to differ from that history's since that offset
 *     was-master-of <id> <offset>     ... that was the master of that history, which its replicas had up to that offset
 *     master                          a master ...
 *     promoted-from <id> <offset>     ... that came out of that history, which it must not continue (R2)
 *     diverged <id> <offset>          ... nor be taken for equal to, as its data differed (R9)
 */
#ifndef REPLICATION_ROLE_FILE_H
#define REPLICATION_ROLE_FILE_H

#include "base/file.h"
#include "storage/history.h"

#define ROLE_FILE_NAME      "hearth.auto.conf"
#define ROLE_HOST_BYTES     256 /* With the NUL; longest DNS name is 253. */
#define ROLE_FILE_BYTES_MAX 4096

struct role {
    bool is_replica;
    char host[ROLE_HOST_BYTES]; /* Of our master; "" for a master. */
    uint16_t port;
    bool is_failover;                       /* Our master is our replica yet, as far as we know. */
    char promoted_from[HISTORY_ID_LEN + 1]; /* "" if this master was never promoted. */
    uint64_t promoted_at;                   /* Offset at which it was. */
    char diverged_from[HISTORY_ID_LEN + 1]; /* Our data differs, or did at the promotion; "" if it does not. */
    uint64_t diverged_at;                   /* Offset up to which it is equal. */
    char was_master_of[HISTORY_ID_LEN + 1]; /* A replica that was a master before: of this history; else "". */
    uint64_t shared_to;                     /* Offset up to which its replicas had that. */
};

/* Whether `host` may stand in the file: no spaces or control characters, not empty, short enough. */
bool role_host_is_valid(struct slice host);

/* Read the text of the file.
 *   STATUS_CORRUPT  It is not ours or was edited badly; `*line` says where. `*role` is untouched. */
MUST_CHECK enum status role_parse(struct slice text, struct role *role, unsigned *line);
/* Append the file's text for `role`. */
struct buf;
void role_format(const struct role *role, struct buf *out);

/* Read the role kept in `directory`.
 *   STATUS_NOT_FOUND  None was ever kept.
 *   STATUS_CORRUPT (diag has named the line), STATUS_IO. */
MUST_CHECK enum status role_load(struct file_system *files, const char *directory, struct role *role);
/* Keep `role`; durable when this returns STATUS_OK. On error the former role is still kept.
 *   STATUS_IO, STATUS_NO_SPACE. */
MUST_CHECK enum status role_store(struct file_system *files, const char *directory, const struct role *role);

#endif
