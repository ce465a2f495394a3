/* The two ways of hearth-dump: out of a data directory, and from a server over the network. */
#ifndef TOOLS_DUMP_H
#define TOOLS_DUMP_H

#include "storage/snapshot/snapshot_format.h"
#include "tools/interrupt.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/remote.h"

enum dump_format {
    DUMP_SNAPSHOT,
    DUMP_RDB,
    DUMP_JSON_LINES,
};

struct dump {
    const struct tool_description *tool;
    enum dump_format format;
    const char *data_dir; /* Or host, never both. */
    const char *host;
    const char *port;
    bool uses_tls;
    struct remote_tls tls;
    const char *user;          /* NULL: none. */
    const char *password_file; /* NULL: $REDISCLI_AUTH, or none. */
    const char *output_path;
    int64_t level;
    int64_t thread_count;
    bool is_forced;
    bool is_quiet;
    struct interrupt interrupt;
    struct output output;
};

/* Each fills dump->output, which the caller has opened and will publish if this returns true. After false a message was
 * written. */
bool dump_from_directory(struct dump *dump);
bool dump_from_server(struct dump *dump);

/* What the tool says of what was written, on stderr. */
void dump_describe(const struct dump *dump, const struct snapshot_header *header, uint64_t raw_bytes);
void dump_describe_keys(const struct dump *dump, uint64_t key_count, const char *history_id, uint64_t offset);

#endif
