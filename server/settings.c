#include "server/settings.h"
#include "base/diag.h"
#include "server/acl/acl.h"
#include "server/acl/acl_config.h"
#include "server/config/config.h"
#include "server/entrance.h"
#include "server/lifecycle.h"
#include "server/net/connection.h"
#include "server/net/credentials.h"
#include "server/net/session.h"
#include "server/process.h"
#include "server/request/dispatch.h"
#include "server/request/registry.h"
#include "server/services.h"
#include "server/ticker.h"
#include "server/watch/latency.h"
#include "server/watch/slowlog.h"
#include "storage/store.h"
#include <stdio.h>

void settings_limit_session(const struct config *config, struct session *session)
{
    enum config_client_class class = (session->flags & SESSION_REPLICA) ? CONFIG_CLIENT_REPLICA
                                     : session->subscription_count != 0 ? CONFIG_CLIENT_PUBSUB
                                                                        : CONFIG_CLIENT_NORMAL;
    const struct config_output_limit *configured = &config->output_limits[class];
    struct connection_limit limit = {.hard_bytes = configured->hard_bytes,
                                     .soft_bytes = configured->soft_bytes,
                                     .soft_seconds = (uint32_t)configured->soft_seconds};

    connection_set_output_limit(session->connection, &limit);
}

bool settings_is_replica(const struct config *config)
{
    return strchr(config->replica_of, ' ') != NULL && strcasecmp(config->replica_of, "no one") != 0;
}

void settings_limit_clients(struct config *config)
{
    int64_t possible = process_raise_file_limit(config->max_clients);
    char text[32];

    if (possible < config->max_clients) {
        diag(DIAG_WARNING, "maxclients is %lld, but the limit of open files allows %lld: raise it with ulimit -n",
             (long long)config->max_clients, (long long)possible);
        (void)snprintf(text, sizeof(text), "%lld", (long long)possible);
        config_assign(config, "maxclients", text);
    }
}

static const char *text_or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

void settings_fill_replication(const struct services *services, struct replication_settings *settings)
{
    const struct config *config = services->config;

    *settings = (struct replication_settings){
        .master_user = text_or_null(config->master_user),
        .master_password = text_or_null(config->master_password),
        .announce_ip = text_or_null(config->replica_announce_ip),
        .source_address = text_or_null(config->bind_source_address),
        .announce_port = (uint16_t)config->replica_announce_port,
        .listening_port =
            (uint16_t)(config->tls_replication && config->tls_port != 0 ? config->tls_port : config->port),
        .tls = config->tls_replication ? credentials_context(services->credentials) : NULL,
        .timeout_s = (uint32_t)config->repl_timeout_s,
        .ping_period_s = (uint32_t)config->repl_ping_period_s,
        .backlog_bytes = (uint64_t)config->repl_backlog_bytes,
        .retention_bytes_max = (uint64_t)config->repl_retention_bytes_max,
        .retention_s_max = (uint32_t)config->repl_retention_s_max,
        .full_sync_rate_max = (uint64_t)config->repl_full_sync_max_rate,
        .priority = (uint32_t)config->replica_priority,
        .announced = config->replica_announced != 0,
        .serve_stale_data = config->replica_serve_stale_data != 0,
        .allow_wipe = config->repl_allow_wipe != 0,
        .min_replicas_to_write = (uint32_t)config->min_replicas_to_write,
        .min_replicas_max_lag_s = (uint32_t)config->min_replicas_max_lag_s,
        .sync_replicas = (uint32_t)config->sync_replicas,
        .sync_replicas_timeout_ms = (uint32_t)config->sync_replicas_timeout_ms,
        .sync_replicas_policy = (enum sync_replicas_policy)config->sync_replicas_policy,
    };
}

void settings_fill_gate(const struct services *services)
{
    const struct config *config = services->config;
    struct dispatch_gate *gate = dispatch_gate(services->dispatch);

    gate->is_replica = replication_is_replica(services->replication);
    gate->is_master_down =
        gate->is_replica && !config->replica_serve_stale_data && !replication_link_is_up(services->replication);
    gate->min_replicas =
        gate->is_replica || config->min_replicas_max_lag_s == 0 ? 0 : (uint32_t)config->min_replicas_to_write;
    lifecycle_update_pause(services->lifecycle); /* A failover pauses writes. */
    gate->allows_debug = config->enable_debug_command == CONFIG_ACCESS_YES;
    gate->allows_debug_local = config->enable_debug_command == CONFIG_ACCESS_LOCAL;
}

bool settings_rename_commands(const struct services *services)
{
    const char *rest = config_text(services->config, "rename-command");

    while (*rest != '\0') {
        struct slice from = slice_make(rest, strcspn(rest, " "));
        struct slice to;
        enum status status;

        rest += from.len + 1;
        to = slice_make(rest, strcspn(rest, " "));
        rest += to.len + (rest[to.len] == ' ');
        if (slice_equal(to, slice_of("\"\""))) {
            to.len = 0;
        }
        status = commands_rename(services->commands, from, to);
        if (status != STATUS_OK) {
            diag(DIAG_WARNING, "rename-command %.*s %.*s: %s", (int)from.len, from.data, (int)to.len, to.data,
                 status == STATUS_NOT_FOUND ? "there is no such command"
                 : status == STATUS_EXISTS  ? "the new name is taken"
                                            : "the new name is too long");
            return false;
        }
    }
    return true;
}

/* --- One function for each group of directives --- */

static bool apply_replication(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;
    struct replication_settings settings;

    (void)error;
    settings_fill_replication(targets->services, &settings);
    replication_configure(targets->services->replication, &settings);
    settings_fill_gate(targets->services);
    return true;
}

static bool apply_read_only(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    if (!targets->config->replica_read_only) {
        (void)snprintf(error, CONFIG_ERROR_BYTES, SETTINGS_WHY_READ_ONLY);
        return false;
    }
    return true;
}

static bool apply_log_policy(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;
    enum status status =
        store_set_sync_policy(targets->services->store, (enum log_sync_policy)targets->config->append_fsync);

    if (status != STATUS_OK) {
        (void)snprintf(error, CONFIG_ERROR_BYTES, "the data directory cannot be marked: %s", status_name(status));
    }
    return status == STATUS_OK;
}

static bool apply_checkpoint(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    (void)error;
    store_set_checkpoint_limits(targets->services->store, (uint64_t)targets->config->checkpoint_memory_bytes,
                                (uint64_t)targets->config->checkpoint_interval_s * 1000);
    return true;
}

static bool apply_slowlog(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    (void)error;
    slowlog_configure(targets->services->slowlog, targets->config->slowlog_log_slower_than_us,
                      (uint64_t)targets->config->slowlog_max_len);
    return true;
}

static bool apply_latency(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    (void)error;
    latency_set_threshold(targets->services->latency, (uint64_t)targets->config->latency_monitor_threshold_ms);
    return true;
}

static bool apply_client_limits(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    (void)error;
    connections_set_query_limit(targets->connections, (uint64_t)targets->config->client_query_buffer_bytes);
    sessions_set_bulk_bytes_max(targets->services->sessions, (uint64_t)targets->config->proto_max_bulk_bytes);
    LIST_FOR_EACH(sessions_all(targets->services->sessions), node)
    {
        settings_limit_session(targets->config, LIST_ENTRY(node, struct session, node));
    }
    return true;
}

/* Those who are in stay in, also where there are more. */
static bool apply_clients_max(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;
    int64_t possible = process_raise_file_limit(targets->config->max_clients);

    if (possible < targets->config->max_clients) {
        (void)snprintf(error, CONFIG_ERROR_BYTES,
                       "The operating system is not able to handle the specified number of clients, try with %lld",
                       (long long)possible);
        return false;
    }
    return true;
}

/* Those who are in stay in. */
static bool apply_password(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    (void)error;
    acl_set_default_password(targets->services->acl, slice_of(targets->config->require_password));
    return true;
}

static bool apply_acl(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    (void)error;
    acl_config_apply(targets->services);
    return true;
}

static bool apply_diag(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    (void)error;
    diag_set_level((enum diag_level)targets->config->log_level);
    return true;
}

static bool apply_ticker(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    (void)error;
    ticker_set_hz(targets->ticker, (uint32_t)targets->config->hz);
    return true;
}

static bool apply_keepalive(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    (void)error;
    entrance_set_keepalive(targets->entrance, (int)targets->config->tcp_keepalive_s);
    return true;
}

/* Clients get Redis' words, the operator the reason. */
static bool refuse(char error[CONFIG_ERROR_BYTES], const char *refusal)
{
    diag(DIAG_WARNING, "%s", error);
    (void)snprintf(error, CONFIG_ERROR_BYTES, "%s", refusal);
    return false;
}

static bool apply_port(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    if (!entrance_reopen(targets->entrance, error, CONFIG_ERROR_BYTES)) {
        return refuse(error, "Unable to listen on this port. Check server logs.");
    }
    return apply_replication(context, error);
}

static bool apply_bind(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    return (entrance_reopen(targets->entrance, error, CONFIG_ERROR_BYTES) &&
            entrance_reopen_tls(targets->entrance, error, CONFIG_ERROR_BYTES)) ||
           refuse(error, "Failed to bind to specified addresses.");
}

/* New files, or others: read them. Who is connected stays connected with the old. */
static bool apply_tls(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    if (credentials_are_wanted(targets->config) && !credentials_load(targets->services->credentials, error)) {
        return refuse(error, "Unable to update TLS configuration. Check server logs.");
    }
    return apply_replication(context, error);
}

static bool apply_tls_port(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    if (!apply_tls(context, error)) {
        return false;
    }
    return entrance_reopen_tls(targets->entrance, error, CONFIG_ERROR_BYTES) ||
           refuse(error, "Unable to listen on this port. Check server logs.");
}

static bool apply_http(void *context, char error[CONFIG_ERROR_BYTES])
{
    struct settings_targets *targets = context;

    return entrance_reopen_http(targets->entrance, error, CONFIG_ERROR_BYTES) ||
           refuse(error, "Unable to listen on this port. Check server logs.");
}

static const struct {
    const char *name;
    bool (*apply)(void *context, char error[CONFIG_ERROR_BYTES]);
} groups[] = {
    {"masteruser", apply_replication},
    {"masterauth", apply_replication},
    {"replica-announce-ip", apply_replication},
    {"bind-source-addr", apply_replication},
    {"replica-announce-port", apply_replication},
    {"replica-announced", apply_replication},
    {"replica-priority", apply_replication},
    {"replica-read-only", apply_read_only},
    {"replica-serve-stale-data", apply_replication},
    {"repl-timeout", apply_replication},
    {"repl-ping-replica-period", apply_replication},
    {"repl-backlog-size", apply_replication},
    {"repl-retention-max-size", apply_replication},
    {"repl-retention-max-time", apply_replication},
    {"repl-full-sync-max-rate", apply_replication},
    {"repl-allow-wipe", apply_replication},
    {"min-replicas-to-write", apply_replication},
    {"min-replicas-max-lag", apply_replication},
    {"sync-replicas", apply_replication},
    {"sync-replicas-timeout", apply_replication},
    {"sync-replicas-policy", apply_replication},
    {"appendfsync", apply_log_policy},
    {"checkpoint-memory", apply_checkpoint},
    {"checkpoint-interval", apply_checkpoint},
    {"slowlog-log-slower-than", apply_slowlog},
    {"slowlog-max-len", apply_slowlog},
    {"latency-monitor-threshold", apply_latency},
    {"client-output-buffer-limit", apply_client_limits},
    {"client-query-buffer-limit", apply_client_limits},
    {"proto-max-bulk-len", apply_client_limits},
    {"maxclients", apply_clients_max},
    {"requirepass", apply_password},
    {"acl-pubsub-default", apply_acl},
    {"acllog-max-len", apply_acl},
    {"loglevel", apply_diag},
    {"hz", apply_ticker},
    {"tcp-keepalive", apply_keepalive},
    {"port", apply_port},
    {"bind", apply_bind},
    {"tls-port", apply_tls_port},
    {"tls-cert-file", apply_tls},
    {"tls-key-file", apply_tls},
    {"tls-key-file-pass", apply_tls},
    {"tls-client-cert-file", apply_tls},
    {"tls-client-key-file", apply_tls},
    {"tls-client-key-file-pass", apply_tls},
    {"tls-ca-cert-file", apply_tls},
    {"tls-ca-cert-dir", apply_tls},
    {"tls-dh-params-file", apply_tls},
    {"tls-protocols", apply_tls},
    {"tls-ciphers", apply_tls},
    {"tls-ciphersuites", apply_tls},
    {"tls-replication", apply_tls},
    {"tls-prefer-server-ciphers", apply_tls},
    {"tls-session-caching", apply_tls},
    {"tls-session-cache-size", apply_tls},
    {"tls-session-cache-timeout", apply_tls},
    {"http-port", apply_http},
    {"http-bind", apply_http},
};

void settings_observe(struct settings_targets *targets)
{
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        config_on_change(targets->config, groups[i].name, groups[i].apply, targets);
    }
}

void settings_apply_all(struct settings_targets *targets)
{
    char error[CONFIG_ERROR_BYTES];

    (void)apply_slowlog(targets, error);
    (void)apply_latency(targets, error);
    (void)apply_client_limits(targets, error);
    settings_fill_gate(targets->services);
}
