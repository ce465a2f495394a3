/* The latest denials: who was refused what, and how often. Like ones within a minute are one entry. */
#ifndef SERVER_ACL_ACL_LOG_H
#define SERVER_ACL_ACL_LOG_H

#include "base/list.h"
#include "base/slice.h"
#include "server/acl/acl_selector.h"

struct acl_log; /* Opaque; owned by acl. */

enum acl_context { ACL_CONTEXT_TOP, ACL_CONTEXT_MULTI, ACL_CONTEXT_SCRIPT };

/* One denial; the slices are copied. */
struct acl_event {
    enum acl_verdict verdict;
    enum acl_context context;
    struct slice object; /* The command, key or channel, or the command that was to log in. */
    struct slice user;
    struct slice client; /* As CLIENT LIST tells of it. */
    uint64_t now_ms;     /* Wall clock. */
};

struct acl_log_entry {
    struct list_node node;
    enum acl_verdict verdict;
    enum acl_context context;
    uint64_t count;
    uint64_t latest_ms;
    struct slice object; /* These are owned. */
    struct slice user;
    struct slice client; /* Of the latest. */
};

struct acl_log *acl_log_create(void);
void acl_log_free(struct acl_log *log);
/* acllog-max-len. As in Redis what is too much goes with the next new entry. */
void acl_log_set_capacity(struct acl_log *log, size_t entries);
void acl_log_add(struct acl_log *log, const struct acl_event *event);
void acl_log_reset(struct acl_log *log);
size_t acl_log_count(const struct acl_log *log);
/* Newest first: walk with LIST_FOR_EACH and LIST_ENTRY(node, struct acl_log_entry, node). */
struct list *acl_log_entries(struct acl_log *log);

/* "command", "key", "auth" or "channel"; "toplevel", "multi" or "lua". */
const char *acl_verdict_name(enum acl_verdict verdict);
const char *acl_context_name(enum acl_context context);

#endif
