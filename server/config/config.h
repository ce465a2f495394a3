/* The configuration: what redis.conf has, and what Hearth adds.
 *
 * Order: defaults, then the file (with what it includes), then the command line. Redis' directives all are known; those
 * without meaning here are accepted with one notice. The table is config_table.c; a directive's value lies in a field
 * of struct config, which its reader may read at any time and nobody but config_*.c writes. What must happen when a
 * value changes at run time is the business of the part that registered for it (config_on_change). */
#ifndef SERVER_CONFIG_CONFIG_H
#define SERVER_CONFIG_CONFIG_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"
#include <stdint.h>

#define CONFIG_SAVE_POINTS_MAX 16
#define CONFIG_ERROR_BYTES     512

struct config_output_limit {
    uint64_t hard_bytes;
    uint64_t soft_bytes;
    uint64_t soft_seconds;
};

enum config_client_class { CONFIG_CLIENT_NORMAL, CONFIG_CLIENT_REPLICA, CONFIG_CLIENT_PUBSUB, CONFIG_CLIENT_CLASSES };

/* Texts are owned, never NULL ("" when unset). Booleans and enums are int64_t so that one table serves all numbers. */
struct config {
    /* Network. */
    char *bind;        /* Addresses, separated by blanks; a leading - means: optional. */
    int64_t port;      /* 0: do not listen on TCP. */
    int64_t http_port; /* 0: no HTTP. */
    char *http_bind;
    int64_t tls_port; /* 0: no TLS. */
    char *unix_socket;
    int64_t unix_socket_mode; /* Octal digits read as such; 0: leave to umask. */
    int64_t tcp_backlog;
    int64_t timeout_s; /* Of idle clients; 0 never. */
    int64_t tcp_keepalive_s;
    int64_t protected_mode;
    int64_t max_clients;
    int64_t max_memory_bytes;        /* Bounds nothing: what percentages are of. */
    int64_t max_memory_clients;      /* Bytes, or negative: percent. */
    int64_t tracking_table_max_keys; /* 0: no limit. */
    int64_t proto_max_bulk_bytes;
    int64_t client_query_buffer_bytes;
    struct config_output_limit output_limits[CONFIG_CLIENT_CLASSES];

    /* Process. */
    int64_t daemonize;
    char *pid_file;
    char *log_file;
    int64_t log_level; /* enum diag_level. */
    int64_t hz;
    int64_t enable_debug_command; /* enum config_access, as the next. */
    int64_t enable_module_command;
    int64_t shutdown_timeout_s;
    int64_t busy_reply_threshold_ms; /* 0: scripts may run for ever. */

    /* Data. */
    char *directory; /* dir, data-dir. */
    int64_t databases;
    int64_t append_fsync; /* enum log_sync_policy. */
    int64_t checkpoint_memory_bytes;
    int64_t checkpoint_interval_s;
    int64_t log_segment_bytes;
    char *log_archive_directory;

    /* Security. */
    char *require_password;
    char *acl_file;             /* "" for none; relative to the data directory. */
    int64_t acl_pubsub_default; /* enum config_channels. */
    int64_t acl_log_max_len;

    /* TLS: files and texts as base/tls/tls_context.h has them. */
    char *tls_cert_file;
    char *tls_key_file;
    char *tls_key_file_pass;
    char *tls_client_cert_file;
    char *tls_client_key_file;
    char *tls_client_key_file_pass;
    char *tls_ca_cert_file;
    char *tls_ca_cert_dir;
    char *tls_dh_params_file;
    char *tls_protocols;
    char *tls_ciphers;
    char *tls_ciphersuites;
    int64_t tls_auth_clients; /* enum tls_client_auth. */
    int64_t tls_replication;  /* Our link to our master. */
    int64_t tls_prefer_server_ciphers;
    int64_t tls_session_caching;
    int64_t tls_session_cache_size;
    int64_t tls_session_cache_timeout_s;

    /* Replication. */
    char *replica_of; /* "host port", "" for a master. */
    char *master_user;
    char *master_password;
    char *replica_announce_ip;
    char *bind_source_address; /* Where the link to the master leaves from; "": anywhere. */
    int64_t replica_announce_port;
    int64_t replica_announced;
    int64_t replica_priority;
    int64_t replica_read_only;
    int64_t replica_serve_stale_data;
    int64_t repl_timeout_s;
    int64_t repl_ping_period_s;
    int64_t repl_backlog_bytes;
    int64_t repl_retention_bytes_max;
    int64_t repl_retention_s_max;
    int64_t repl_full_sync_max_rate;
    int64_t repl_allow_wipe;
    int64_t min_replicas_to_write;
    int64_t min_replicas_max_lag_s;
    int64_t sync_replicas;
    int64_t sync_replicas_timeout_ms;
    int64_t sync_replicas_policy; /* enum sync_replicas_policy. */

    /* Watching. */
    int64_t slowlog_log_slower_than_us;
    int64_t slowlog_max_len;
    int64_t latency_monitor_threshold_ms;
    int64_t latency_tracking;
    char *latency_tracking_percentiles;
    int64_t notify_keyspace_events; /* enum notify_class bits. */
    int64_t active_expire_effort;

    /* What OBJECT ENCODING says of a collection. */
    int64_t hash_max_listpack_entries;
    int64_t hash_max_listpack_value;
    int64_t list_max_listpack_size;
    int64_t set_max_intset_entries;
    int64_t zset_max_listpack_entries;
    int64_t zset_max_listpack_value;
    int64_t stream_node_max_bytes;
    int64_t stream_node_max_entries;
    int64_t hll_sparse_max_bytes;

    struct config_private *private; /* config.c's: directives without a field, file name, observers. */
};

enum config_channels { CONFIG_CHANNELS_ALL, CONFIG_CHANNELS_NONE };
enum config_access { CONFIG_ACCESS_NO, CONFIG_ACCESS_YES, CONFIG_ACCESS_LOCAL };

/* Defaults. */
struct config *config_create(void);
void config_free(struct config *config);

/* What the command line asks for. */
enum config_request { CONFIG_RUN, CONFIG_HELP, CONFIG_VERSION, CONFIG_CHECK };

/* Read `hearth-server [FILE|-] [--directive value ...]`: the file first, then the overrides. Relative paths are made
 * absolute. On error `error` says what is wrong, with file and line where there is one, and the nearest known name.
 *   STATUS_INVALID  A directive is unknown or has a bad value.   STATUS_NOT_FOUND, STATUS_IO  A file cannot be read. */
MUST_CHECK enum status config_load(struct config *config, int argc, char **argv, enum config_request *request,
                                   char error[CONFIG_ERROR_BYTES]);

/* Absolute path of the configuration file; "" if there is none. */
const char *config_file(const struct config *config);
/* The port by which a node is known: tls-port, where there is no other. */
uint16_t config_port(const struct config *config);
/* Where the data lives: "." unless configured. Valid until `dir` is set anew. */
const char *config_data_directory(const struct config *config);
/* Names of directives that were set although they mean nothing here, separated by blanks, for one notice. Empty if
 * none. The text is appended to `out`. */
void config_list_ignored(const struct config *config, struct buf *out);

/* The text of a directive that has no field, with all its lines' words parted by blanks and an empty one as "": what
 * rename-command was told. Borrowed until it changes. */
const char *config_text(const struct config *config, const char *name);

/* A `user` line: its words without the first, and where it stands ("file: line 3"). Borrowed from the config. */
struct config_line {
    struct slice *words;
    size_t word_count;
    char *origin;
};
size_t config_user_count(const struct config *config);
/* index < config_user_count(). */
const struct config_line *config_user_at(const struct config *config, size_t index);
/* What CONFIG REWRITE puts in the place of `user` lines: `write` appends today's, each with its newline, and tells
 * whether they have to be written where the file has none. */
void config_set_user_writer(struct config *config, bool (*write)(void *context, struct buf *out), void *context);

/* Call `apply` after CONFIG SET has changed the directive `name`. It may refuse with a reason in `error`: then the old
 * values of the whole CONFIG SET are put back and it is called again. */
void config_on_change(struct config *config, const char *name,
                      bool (*apply)(void *context, char error[CONFIG_ERROR_BYTES]), void *context);

/* Whether the directive of that name, if there is one, holds a secret. */
bool config_is_secret(struct slice name);

/* Call `visit` with name and value, as CONFIG GET shows them, of each directive whose name matches one of the glob
 * patterns; aliases are directives of their own here. */
void config_get(const struct config *config, const struct slice *patterns, size_t pattern_count,
                void (*visit)(void *context, struct slice name, struct slice value), void *context);

/* CONFIG SET: all pairs or none. On failure `error` holds Redis' text after "ERR ". */
MUST_CHECK enum status config_set(struct config *config, const struct slice *pairs, size_t pair_count,
                                  char error[CONFIG_ERROR_BYTES]);

/* Change a value from inside, without observers: REPLICAOF for CONFIG GET and CONFIG REWRITE. The name must exist. */
void config_assign(struct config *config, const char *name, const char *value);

/* CONFIG REWRITE: write what differs from the defaults into the file, keeping its comments and order, so that a crash
 * leaves the old or the new file.
 *   STATUS_NOT_FOUND  There is no file.   STATUS_IO, STATUS_NO_SPACE. */
MUST_CHECK enum status config_rewrite(struct config *config);

/* For hearth-server --help: all directives of Hearth's own, one a line. */
void config_write_help(struct buf *out);

#endif
