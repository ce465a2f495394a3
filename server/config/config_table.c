/* The table of directives: names, types, limits and defaults of Redis 7.0, and of Hearth. */
#include "server/config/config_table.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/tls/tls_stream.h"
#include "replication/sync_replicas.h"
#include "storage/log/log.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const log_levels[] = {
    [DIAG_DEBUG] = "debug", [DIAG_VERBOSE] = "verbose", [DIAG_NOTICE] = "notice", [DIAG_WARNING] = "warning", NULL};
static const char *const sync_policies[] = {
    [LOG_SYNC_ALWAYS] = "always", [LOG_SYNC_EVERYSEC] = "everysec", [LOG_SYNC_NO] = "no", NULL};
static const char *const sync_replicas_policies[] = {
    [SYNC_REPLICAS_WAIT] = "wait", [SYNC_REPLICAS_DEGRADE] = "degrade", NULL};
static const char *const access_names[] = {
    [CONFIG_ACCESS_NO] = "no", [CONFIG_ACCESS_YES] = "yes", [CONFIG_ACCESS_LOCAL] = "local", NULL};
static const char *const tls_client_auths[] = {
    [TLS_CLIENT_AUTH_NO] = "no", [TLS_CLIENT_AUTH_YES] = "yes", [TLS_CLIENT_AUTH_OPTIONAL] = "optional", NULL};

static const char *const channel_defaults[] = {
    [CONFIG_CHANNELS_ALL] = "allchannels", [CONFIG_CHANNELS_NONE] = "resetchannels", NULL};

#define FIELD(member) offsetof(struct config, member)

/* One line a directive; the tail of each is what the others leave out. */
#define BOOLEAN(name_, member, initial_, ...)                                                                          \
    {                                                                                                                  \
        .name = name_, .type = DIRECTIVE_BOOLEAN, .field = FIELD(member), .initial = initial_, __VA_ARGS__             \
    }
#define INTEGER(name_, member, initial_, low, high, ...)                                                               \
    {                                                                                                                  \
        .name = name_, .type = DIRECTIVE_INTEGER, .field = FIELD(member), .initial = initial_, .minimum = low,         \
        .maximum = high, __VA_ARGS__                                                                                   \
    }
#define SIZE(name_, member, initial_, low, ...)                                                                        \
    {                                                                                                                  \
        .name = name_, .type = DIRECTIVE_SIZE, .field = FIELD(member), .initial = initial_, .minimum = low,            \
        .maximum = INT64_MAX, __VA_ARGS__                                                                              \
    }
#define TEXT(name_, member, initial_, ...)                                                                             \
    {                                                                                                                  \
        .name = name_, .type = DIRECTIVE_TEXT, .field = FIELD(member), .initial = initial_, __VA_ARGS__                \
    }
#define WORDS(name_, member, initial_, ...)                                                                            \
    {                                                                                                                  \
        .name = name_, .type = DIRECTIVE_WORDS, .field = FIELD(member), .initial = initial_, __VA_ARGS__               \
    }
#define CHOICE(name_, member, initial_, names_, ...)                                                                   \
    {                                                                                                                  \
        .name = name_, .type = DIRECTIVE_ENUM, .field = FIELD(member), .initial = initial_, .names = names_,           \
        __VA_ARGS__                                                                                                    \
    }
static const char *const sanitizing_names[] = {"no", "yes", "clients", NULL};
static const char *const diskless_load_names[] = {"disabled", "on-empty-db", "swapdb", NULL};
static const char *const propagation_error_names[] = {"ignore", "panic", "panic-on-replicas", NULL};
static const char *const eviction_policies[] = {"volatile-lru",   "volatile-lfu", "volatile-random",
                                                "volatile-ttl",   "allkeys-lru",  "allkeys-lfu",
                                                "allkeys-random", "noeviction",   NULL};
static const char *const oom_score_names[] = {"no", "yes", "relative", "absolute", NULL};
static const char *const endpoint_types[] = {"ip", "hostname", "unknown-endpoint", NULL};

/* Known, kept, and without meaning here. */
#define IGNORED(name_, initial_, ...)                                                                                  \
    {                                                                                                                  \
        .name = name_, .type = DIRECTIVE_WORDS, .field = DIRECTIVE_NO_FIELD, .initial = initial_,                      \
        .flags = DIRECTIVE_IGNORED, __VA_ARGS__                                                                        \
    }

/* The same, checked as what they are. */
#define IGNORED_AS(type_, name_, initial_, ...)                                                                        \
    {                                                                                                                  \
        .name = name_, .type = type_, .field = DIRECTIVE_NO_FIELD, .initial = initial_, __VA_ARGS__                    \
    }
#define IGNORED_BOOLEAN(name_, initial_, ...)                                                                          \
    IGNORED_AS(DIRECTIVE_BOOLEAN, name_, initial_, .flags = DIRECTIVE_IGNORED, __VA_ARGS__)
#define IGNORED_INTEGER(name_, initial_, minimum_, maximum_, ...)                                                      \
    IGNORED_AS(DIRECTIVE_INTEGER, name_, initial_, .flags = DIRECTIVE_IGNORED, .minimum = minimum_,                    \
               .maximum = maximum_, __VA_ARGS__)
#define IGNORED_UNLISTED(name_, initial_, minimum_)                                                                    \
    IGNORED_AS(DIRECTIVE_INTEGER, name_, initial_, .flags = DIRECTIVE_IGNORED | DIRECTIVE_UNLISTED,                    \
               .minimum = minimum_, .maximum = INT32_MAX)
#define IGNORED_SIZE(name_, initial_, minimum_, ...)                                                                   \
    IGNORED_AS(DIRECTIVE_SIZE, name_, initial_, .flags = DIRECTIVE_IGNORED, .minimum = minimum_, .maximum = INT64_MAX, \
               __VA_ARGS__)
#define IGNORED_CHOICE(name_, initial_, names_, ...)                                                                   \
    IGNORED_AS(DIRECTIVE_ENUM, name_, initial_, .flags = DIRECTIVE_IGNORED, .names = names_, __VA_ARGS__)
#define IGNORED_FIXED(name_, initial_, ...)                                                                            \
    IGNORED_AS(DIRECTIVE_WORDS, name_, initial_, .flags = DIRECTIVE_IGNORED | DIRECTIVE_IMMUTABLE, __VA_ARGS__)
#define IGNORED_PROTECTED(name_, initial_, ...)                                                                        \
    IGNORED_AS(DIRECTIVE_WORDS, name_, initial_, .flags = DIRECTIVE_IGNORED | DIRECTIVE_PROTECTED, __VA_ARGS__)

static bool are_percentiles(const char *text, char error[CONFIG_ERROR_BYTES])
{
    while (*text != '\0') {
        char *end;
        double percent = strtod(text, &end);

        if (*text == ' ' || end == text || (*end != ' ' && *end != '\0') || isnan(percent)) {
            snprintf(error, CONFIG_ERROR_BYTES, "Invalid latency-tracking-info-percentiles parameters");
            return false;
        }
        if (!(percent >= 0 && percent <= 100)) {
            snprintf(error, CONFIG_ERROR_BYTES,
                     "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
            return false;
        }
        text = *end == ' ' && end[1] != '\0' ? end + 1 : end;
    }
    return true;
}

/* Six digits after the point, and no zeros at the end: so INFO tells them, too. */
static void shorten_percentiles(struct buf *text)
{
    struct buf shorter;
    const char *at = buf_slice(text).data;
    char *end;

    buf_init(&shorter, BUF_NO_CEILING);
    for (double percent = strtod(at, &end); end != at; percent = strtod(at, &end)) {
        buf_put_format(&shorter, "%s%f", shorter.len > 0 ? " " : "", percent);
        while (buf_slice(&shorter).data[shorter.len - 1] == '0') {
            buf_truncate(&shorter, shorter.len - 1);
        }
        if (buf_slice(&shorter).data[shorter.len - 1] == '.') {
            buf_truncate(&shorter, shorter.len - 1);
        }
        at = end;
    }
    buf_put_byte(&shorter, '\0');
    buf_release(text);
    *text = shorter;
}

enum { SHUTDOWN_SAVE = 1 << 0, SHUTDOWN_NOSAVE = 1 << 1, SHUTDOWN_OPTION_COUNT = 4 };

static const char *const shutdown_options[SHUTDOWN_OPTION_COUNT] = {"save", "nosave", "now", "force"};

/* The options that `text` names, a bit each in the table's order; "default" is none. -1: it names something else. */
static int read_shutdown_options(const char *text)
{
    int found = 0;
    size_t count = 0;

    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        struct slice word = slice_make(text, strcspn(text, " "));
        size_t i = 0;

        while (i < SHUTDOWN_OPTION_COUNT && !slice_is_word(word, shutdown_options[i])) {
            i++;
        }
        if (i == SHUTDOWN_OPTION_COUNT && !slice_is_word(word, "default")) {
            return -1;
        }
        found |= i < SHUTDOWN_OPTION_COUNT ? 1 << i : 0;
        count++;
        text += word.len;
    }
    return count == 0 ? -1 : found;
}

static bool are_shutdown_options(const char *text, char error[CONFIG_ERROR_BYTES])
{
    int found = read_shutdown_options(text);

    if (found < 0) {
        snprintf(error, CONFIG_ERROR_BYTES,
                 "argument(s) must be one of the following: default, save, nosave, now, force");
    } else if ((found & SHUTDOWN_SAVE) && (found & SHUTDOWN_NOSAVE)) {
        snprintf(error, CONFIG_ERROR_BYTES, "shutdown options SAVE and NOSAVE can't be used simultaneously");
        found = -1;
    }
    return found >= 0;
}

/* In the table's order, whatever the one in which they were said. */
static void order_shutdown_options(struct buf *text)
{
    int found = read_shutdown_options(buf_slice(text).data);

    buf_clear(text);
    for (size_t i = 0; i < SHUTDOWN_OPTION_COUNT; i++) {
        if (found & 1 << i) {
            buf_put_format(text, "%s%s", text->len > 0 ? " " : "", shutdown_options[i]);
        }
    }
    if (text->len == 0) {
        buf_put_text(text, "default");
    }
    buf_put_byte(text, '\0');
}

static bool is_host_and_port(const char *text, char error[CONFIG_ERROR_BYTES])
{
    const char *space = strrchr(text, ' ');
    long port = space == NULL ? -1 : strtol(space + 1, NULL, 10);

    if (text[0] == '\0' || strcasecmp(text, "no one") == 0) {
        return true;
    }
    if (space == NULL || port < 0 || port > UINT16_MAX) {
        snprintf(error, CONFIG_ERROR_BYTES, "Invalid master port");
        return false;
    }
    return true;
}

const struct directive directives[] = {
    /* Network. */
    WORDS("bind", bind, "* -::*"),
    TEXT("bind-source-addr", bind_source_address, ""),
    INTEGER("port", port, "6379", 0, 65535),
    INTEGER("http-port", http_port, "0", 0, 65535),
    WORDS("http-bind", http_bind, "127.0.0.1 -::1"),
    TEXT("unixsocket", unix_socket, "", .flags = DIRECTIVE_IMMUTABLE),
    {.name = "unixsocketperm",
     .type = DIRECTIVE_OCTAL,
     .field = FIELD(unix_socket_mode),
     .initial = "0",
     .flags = DIRECTIVE_IMMUTABLE,
     .maximum = 0777},
    INTEGER("tcp-backlog", tcp_backlog, "511", 0, INT32_MAX, .flags = DIRECTIVE_IMMUTABLE),
    INTEGER("timeout", timeout_s, "0", 0, INT32_MAX),
    INTEGER("tcp-keepalive", tcp_keepalive_s, "300", 0, INT32_MAX),
    {.name = "maxmemory-clients",
     .type = DIRECTIVE_SIZE_OR_PERCENT,
     .field = FIELD(max_memory_clients),
     .initial = "0",
     .maximum = INT64_MAX},
    INTEGER("tracking-table-max-keys", tracking_table_max_keys, "1000000", 0, INT64_MAX),
    BOOLEAN("protected-mode", protected_mode, "yes"),
    INTEGER("maxclients", max_clients, "10000", 1, UINT32_MAX),
    SIZE("proto-max-bulk-len", proto_max_bulk_bytes, "536870912", 1024 * 1024),
    SIZE("client-query-buffer-limit", client_query_buffer_bytes, "1073741824", 1024 * 1024),
    {.name = "client-output-buffer-limit",
     .type = DIRECTIVE_LIMITS,
     .field = FIELD(output_limits),
     .initial = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"},

    /* Process. */
    BOOLEAN("daemonize", daemonize, "no", .flags = DIRECTIVE_IMMUTABLE),
    TEXT("pidfile", pid_file, "", .flags = DIRECTIVE_IMMUTABLE | DIRECTIVE_PATH),
    TEXT("logfile", log_file, "", .flags = DIRECTIVE_IMMUTABLE | DIRECTIVE_PATH),
    CHOICE("loglevel", log_level, "notice", log_levels),
    INTEGER("busy-reply-threshold", busy_reply_threshold_ms, "5000", 0, INT64_MAX, .alias = "lua-time-limit"),
    INTEGER("hz", hz, "10", 1, 500),
    CHOICE("enable-debug-command", enable_debug_command, "no", access_names, .flags = DIRECTIVE_IMMUTABLE),
    CHOICE("enable-module-command", enable_module_command, "no", access_names, .flags = DIRECTIVE_IMMUTABLE),
    INTEGER("shutdown-timeout", shutdown_timeout_s, "10", 0, INT32_MAX),

    /* Data. */
    TEXT("dir", directory, "", .alias = "data-dir", .flags = DIRECTIVE_PROTECTED | DIRECTIVE_PATH),
    INTEGER("databases", databases, "16", 1, 1024, .flags = DIRECTIVE_IMMUTABLE),
    CHOICE("appendfsync", append_fsync, "always", sync_policies),
    SIZE("checkpoint-memory", checkpoint_memory_bytes, "67108864", 1024 * 1024),
    INTEGER("checkpoint-interval", checkpoint_interval_s, "300", 0, INT32_MAX),
    SIZE("log-segment-size", log_segment_bytes, "67108864", 1024 * 1024, .flags = DIRECTIVE_IMMUTABLE),
    TEXT("log-archive-dir", log_archive_directory, "", .flags = DIRECTIVE_IMMUTABLE | DIRECTIVE_PATH),

    /* Security. */
    TEXT("requirepass", require_password, "", .flags = DIRECTIVE_SENSITIVE),
    TEXT("aclfile", acl_file, "", .flags = DIRECTIVE_IMMUTABLE),
    CHOICE("acl-pubsub-default", acl_pubsub_default, "resetchannels", channel_defaults),
    INTEGER("acllog-max-len", acl_log_max_len, "128", 0, INT64_MAX),
    {.name = "user",
     .type = DIRECTIVE_WORDS,
     .field = DIRECTIVE_NO_FIELD,
     .initial = "",
     .flags = DIRECTIVE_LINES | DIRECTIVE_HIDDEN | DIRECTIVE_IMMUTABLE},

    /* TLS. */
    INTEGER("tls-port", tls_port, "0", 0, 65535),
    TEXT("tls-cert-file", tls_cert_file, ""),
    TEXT("tls-key-file", tls_key_file, ""),
    TEXT("tls-key-file-pass", tls_key_file_pass, "", .flags = DIRECTIVE_SENSITIVE),
    TEXT("tls-client-cert-file", tls_client_cert_file, ""),
    TEXT("tls-client-key-file", tls_client_key_file, ""),
    TEXT("tls-client-key-file-pass", tls_client_key_file_pass, "", .flags = DIRECTIVE_SENSITIVE),
    TEXT("tls-ca-cert-file", tls_ca_cert_file, ""),
    TEXT("tls-ca-cert-dir", tls_ca_cert_dir, ""),
    TEXT("tls-dh-params-file", tls_dh_params_file, ""),
    TEXT("tls-protocols", tls_protocols, ""),
    TEXT("tls-ciphers", tls_ciphers, ""),
    TEXT("tls-ciphersuites", tls_ciphersuites, ""),
    CHOICE("tls-auth-clients", tls_auth_clients, "yes", tls_client_auths),
    BOOLEAN("tls-replication", tls_replication, "no"),
    BOOLEAN("tls-prefer-server-ciphers", tls_prefer_server_ciphers, "no"),
    BOOLEAN("tls-session-caching", tls_session_caching, "yes"),
    INTEGER("tls-session-cache-size", tls_session_cache_size, "20480", 0, INT32_MAX),
    INTEGER("tls-session-cache-timeout", tls_session_cache_timeout_s, "300", 0, INT32_MAX),

    /* Replication. */
    WORDS("replicaof", replica_of, "", .alias = "slaveof", .flags = DIRECTIVE_IMMUTABLE, .is_valid = is_host_and_port),
    TEXT("masteruser", master_user, "", .flags = DIRECTIVE_SENSITIVE),
    TEXT("masterauth", master_password, "", .flags = DIRECTIVE_SENSITIVE),
    TEXT("replica-announce-ip", replica_announce_ip, "", .alias = "slave-announce-ip"),
    INTEGER("replica-announce-port", replica_announce_port, "0", 0, 65535, .alias = "slave-announce-port"),
    BOOLEAN("replica-announced", replica_announced, "yes"),
    INTEGER("replica-priority", replica_priority, "100", 0, INT32_MAX, .alias = "slave-priority"),
    BOOLEAN("replica-read-only", replica_read_only, "yes", .alias = "slave-read-only"),
    BOOLEAN("replica-serve-stale-data", replica_serve_stale_data, "yes", .alias = "slave-serve-stale-data"),
    INTEGER("repl-timeout", repl_timeout_s, "60", 1, INT32_MAX),
    INTEGER("repl-ping-replica-period", repl_ping_period_s, "10", 1, INT32_MAX, .alias = "repl-ping-slave-period"),
    SIZE("repl-backlog-size", repl_backlog_bytes, "268435456", 1),
    SIZE("repl-retention-max-size", repl_retention_bytes_max, "4294967296", 0),
    INTEGER("repl-retention-max-time", repl_retention_s_max, "86400", 0, INT32_MAX),
    SIZE("repl-full-sync-max-rate", repl_full_sync_max_rate, "0", 0),
    BOOLEAN("repl-allow-wipe", repl_allow_wipe, "no"),
    INTEGER("min-replicas-to-write", min_replicas_to_write, "0", 0, INT32_MAX, .alias = "min-slaves-to-write"),
    INTEGER("min-replicas-max-lag", min_replicas_max_lag_s, "10", 0, INT32_MAX, .alias = "min-slaves-max-lag"),

    INTEGER("sync-replicas", sync_replicas, "0", 0, 64),
    INTEGER("sync-replicas-timeout", sync_replicas_timeout_ms, "10000", 1, INT32_MAX),
    CHOICE("sync-replicas-policy", sync_replicas_policy, "wait", sync_replicas_policies),

    /* Watching. */
    INTEGER("slowlog-log-slower-than", slowlog_log_slower_than_us, "10000", -1, INT64_MAX),
    INTEGER("slowlog-max-len", slowlog_max_len, "128", 0, INT64_MAX),
    INTEGER("latency-monitor-threshold", latency_monitor_threshold_ms, "0", 0, INT64_MAX),
    BOOLEAN("latency-tracking", latency_tracking, "yes"),
    WORDS("latency-tracking-info-percentiles", latency_tracking_percentiles, "50 99 99.9", .is_valid = are_percentiles,
          .shorten = shorten_percentiles),
    {.name = "notify-keyspace-events", .type = DIRECTIVE_EVENTS, .field = FIELD(notify_keyspace_events), .initial = ""},
    INTEGER("active-expire-effort", active_expire_effort, "1", 1, 10),

    /* What OBJECT ENCODING says. */
    INTEGER("hash-max-listpack-entries", hash_max_listpack_entries, "512", 0, INT64_MAX,
            .alias = "hash-max-ziplist-entries"),
    INTEGER("hash-max-listpack-value", hash_max_listpack_value, "64", 0, INT64_MAX, .alias = "hash-max-ziplist-value"),
    INTEGER("list-max-listpack-size", list_max_listpack_size, "-2", INT32_MIN, INT32_MAX,
            .alias = "list-max-ziplist-size"),
    INTEGER("set-max-intset-entries", set_max_intset_entries, "512", 0, INT64_MAX),
    INTEGER("zset-max-listpack-entries", zset_max_listpack_entries, "128", 0, INT64_MAX,
            .alias = "zset-max-ziplist-entries"),
    INTEGER("zset-max-listpack-value", zset_max_listpack_value, "64", 0, INT64_MAX, .alias = "zset-max-ziplist-value"),
    SIZE("stream-node-max-bytes", stream_node_max_bytes, "4096", 0),
    INTEGER("stream-node-max-entries", stream_node_max_entries, "100", 0, INT64_MAX),
    SIZE("hll-sparse-max-bytes", hll_sparse_max_bytes, "3000", 0),

    /* Redis' own matters: memory, RDB and AOF files, forks, threads, clusters, modules. */
    {.name = "save",
     .type = DIRECTIVE_WORDS,
     .field = DIRECTIVE_NO_FIELD,
     .initial = "3600 1 300 100 60 10000",
     .flags = DIRECTIVE_IGNORED | DIRECTIVE_REPEATED},
    IGNORED_BOOLEAN("appendonly", "yes"),
    IGNORED_FIXED("appendfilename", "appendonly.aof"),
    IGNORED_FIXED("appenddirname", "appendonlydir"),
    IGNORED_BOOLEAN("no-appendfsync-on-rewrite", "no"),
    IGNORED_INTEGER("auto-aof-rewrite-percentage", "100", 0, INT32_MAX),
    IGNORED_SIZE("auto-aof-rewrite-min-size", "67108864", 0),
    IGNORED_BOOLEAN("aof-load-truncated", "yes"),
    IGNORED_BOOLEAN("aof-use-rdb-preamble", "yes"),
    IGNORED_BOOLEAN("aof-timestamp-enabled", "no"),
    IGNORED_BOOLEAN("aof-rewrite-incremental-fsync", "yes"),
    IGNORED_BOOLEAN("aof-disable-auto-gc", "no"),
    IGNORED_FIXED("aof_rewrite_cpulist", ""),
    IGNORED_PROTECTED("dbfilename", "dump.rdb"),
    IGNORED_BOOLEAN("rdbcompression", "yes"),
    IGNORED_FIXED("rdbchecksum", "yes"),
    IGNORED_BOOLEAN("rdb-del-sync-files", "no"),
    IGNORED_BOOLEAN("rdb-save-incremental-fsync", "yes"),
    IGNORED_CHOICE("sanitize-dump-payload", "no", sanitizing_names),
    IGNORED_BOOLEAN("stop-writes-on-bgsave-error", "yes"),
    IGNORED_FIXED("bgsave_cpulist", ""),
    IGNORED_BOOLEAN("repl-diskless-sync", "yes"),
    IGNORED_INTEGER("repl-diskless-sync-delay", "5", 0, INT32_MAX),
    IGNORED_INTEGER("repl-diskless-sync-max-replicas", "0", 0, INT32_MAX),
    IGNORED_CHOICE("repl-diskless-load", "disabled", diskless_load_names),
    IGNORED_BOOLEAN("repl-disable-tcp-nodelay", "no"),
    IGNORED_INTEGER("repl-backlog-ttl", "3600", 0, INT64_MAX),
    IGNORED_BOOLEAN("replica-lazy-flush", "no", .alias = "slave-lazy-flush"),
    IGNORED_BOOLEAN("replica-ignore-maxmemory", "yes", .alias = "slave-ignore-maxmemory"),
    IGNORED_BOOLEAN("replica-ignore-disk-write-errors", "no"),
    IGNORED_UNLISTED("rdb-key-save-delay", "0", INT32_MIN),
    IGNORED_UNLISTED("key-load-delay", "0", INT32_MIN),
    IGNORED_UNLISTED("loading-process-events-interval-bytes", "2097152", 1024),
    IGNORED_CHOICE("propagation-error-behavior", "ignore", propagation_error_names),
    SIZE("maxmemory", max_memory_bytes, "0", 0, .flags = DIRECTIVE_IGNORED),
    IGNORED_CHOICE("maxmemory-policy", "noeviction", eviction_policies),
    IGNORED_INTEGER("maxmemory-samples", "5", 1, INT32_MAX),
    IGNORED_INTEGER("maxmemory-eviction-tenacity", "10", 0, 100),
    IGNORED_INTEGER("lfu-log-factor", "10", 0, INT32_MAX),
    IGNORED_INTEGER("lfu-decay-time", "1", 0, INT32_MAX),
    IGNORED_BOOLEAN("lazyfree-lazy-eviction", "no"),
    IGNORED_BOOLEAN("lazyfree-lazy-expire", "no"),
    IGNORED_BOOLEAN("lazyfree-lazy-server-del", "no"),
    IGNORED_BOOLEAN("lazyfree-lazy-user-del", "no"),
    IGNORED_BOOLEAN("lazyfree-lazy-user-flush", "no"),
    IGNORED_BOOLEAN("activerehashing", "yes"),
    IGNORED_BOOLEAN("activedefrag", "no"),
    IGNORED_INTEGER("active-defrag-cycle-max", "25", 1, 99),
    IGNORED_INTEGER("active-defrag-cycle-min", "1", 1, 99),
    IGNORED_SIZE("active-defrag-ignore-bytes", "104857600", 1),
    IGNORED_INTEGER("active-defrag-max-scan-fields", "1000", 1, INT64_MAX),
    IGNORED_INTEGER("active-defrag-threshold-lower", "10", 0, 1000),
    IGNORED_INTEGER("active-defrag-threshold-upper", "100", 0, 1000),
    IGNORED_BOOLEAN("jemalloc-bg-thread", "yes"),
    IGNORED_BOOLEAN("dynamic-hz", "yes"),
    IGNORED_FIXED("io-threads", "1"),
    IGNORED_FIXED("io-threads-do-reads", "no"),
    IGNORED_FIXED("server_cpulist", ""),
    IGNORED_FIXED("bio_cpulist", ""),
    IGNORED_CHOICE("oom-score-adj", "no", oom_score_names),
    IGNORED("oom-score-adj-values", "0 200 800"),
    IGNORED_FIXED("disable-thp", "yes"),
    IGNORED_INTEGER("list-compress-depth", "0", 0, INT32_MAX),
    IGNORED_FIXED("always-show-logo", "no"),
    IGNORED_FIXED("set-proc-title", "yes"),
    IGNORED("proc-title-template", "{title} {listen-addr} {server-mode}"),
    IGNORED_FIXED("supervised", "no"),
    IGNORED_FIXED("syslog-enabled", "no"),
    IGNORED_FIXED("syslog-ident", "redis"),
    IGNORED_FIXED("syslog-facility", "local0"),
    IGNORED_BOOLEAN("crash-log-enabled", "yes"),
    IGNORED_BOOLEAN("crash-memcheck-enabled", "yes"),
    IGNORED("shutdown-on-sigint", "default", .is_valid = are_shutdown_options, .shorten = order_shutdown_options),
    IGNORED("shutdown-on-sigterm", "default", .is_valid = are_shutdown_options, .shorten = order_shutdown_options),
    IGNORED("ignore-warnings", ""),
    IGNORED_FIXED("socket-mark-id", "0"),
    IGNORED_FIXED("enable-protected-configs", "no"),
    {.name = "rename-command",
     .type = DIRECTIVE_WORDS,
     .field = DIRECTIVE_NO_FIELD,
     .initial = "",
     .flags = DIRECTIVE_REPEATED | DIRECTIVE_HIDDEN | DIRECTIVE_IMMUTABLE},
    {.name = "loadmodule",
     .type = DIRECTIVE_WORDS,
     .field = DIRECTIVE_NO_FIELD,
     .initial = "",
     .flags = DIRECTIVE_IGNORED | DIRECTIVE_REPEATED | DIRECTIVE_HIDDEN},
    IGNORED("tls-cluster", "no"),
    {.name = "cluster-enabled",
     .type = DIRECTIVE_WORDS,
     .field = DIRECTIVE_NO_FIELD,
     .initial = "no",
     .flags = DIRECTIVE_IGNORED | DIRECTIVE_IMMUTABLE},
    IGNORED_FIXED("cluster-config-file", "nodes.conf"),
    IGNORED_INTEGER("cluster-node-timeout", "15000", 0, INT64_MAX),
    IGNORED_FIXED("cluster-port", "0"),
    IGNORED("cluster-announce-ip", ""),
    IGNORED("cluster-announce-hostname", ""),
    IGNORED_INTEGER("cluster-announce-port", "0", 0, 65535),
    IGNORED_INTEGER("cluster-announce-tls-port", "0", 0, 65535),
    IGNORED_INTEGER("cluster-announce-bus-port", "0", 0, 65535),
    IGNORED_CHOICE("cluster-preferred-endpoint-type", "ip", endpoint_types),
    IGNORED_INTEGER("cluster-migration-barrier", "1", 0, INT32_MAX),
    IGNORED_BOOLEAN("cluster-allow-replica-migration", "yes"),
    IGNORED_BOOLEAN("cluster-require-full-coverage", "yes"),
    IGNORED_INTEGER("cluster-replica-validity-factor", "10", 0, INT32_MAX, .alias = "cluster-slave-validity-factor"),
    IGNORED_BOOLEAN("cluster-replica-no-failover", "no", .alias = "cluster-slave-no-failover"),
    IGNORED_BOOLEAN("cluster-allow-reads-when-down", "no"),
    IGNORED_BOOLEAN("cluster-allow-pubsubshard-when-down", "yes"),
    IGNORED_SIZE("cluster-link-sendbuf-limit", "0", 0),
};
const size_t directive_count = sizeof(directives) / sizeof(directives[0]);

const struct directive *directive_find(struct slice name)
{
    for (size_t i = 0; i < directive_count; i++) {
        if (slice_is_word(name, directives[i].name) ||
            (directives[i].alias != NULL && slice_is_word(name, directives[i].alias))) {
            return &directives[i];
        }
    }
    return NULL;
}
