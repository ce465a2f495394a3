/* hearth-server: read the configuration, make the server, run it. */
#include "base/diag.h"
#include "base/memory.h"
#include "server/acl/acl_config.h"
#include "server/config/config.h"
#include "server/crash_report.h"
#include "server/process.h"
#include "server/server.h"
#include "server/settings.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_help(void)
{
    struct buf text;

    buf_init(&text, BUF_NO_CEILING);
    buf_put_text(&text, "Usage: hearth-server [FILE] [--directive value ...]\n"
                        "       hearth-server - (read directives from standard input)\n"
                        "       hearth-server --check-config [FILE] [--directive value ...]\n"
                        "       hearth-server --version | --help\n"
                        "\n"
                        "Every directive of redis.conf is taken, in FILE or as an option, as in\n"
                        "  hearth-server --port 6380 --data-dir /var/lib/hearth --replicaof \"127.0.0.1 6379\"\n"
                        "\n"
                        "Hearth's own, with defaults:\n");
    config_write_help(&text);
    (void)fwrite(buf_slice(&text).data, 1, text.len, stdout);
    buf_release(&text);
}

/* One notice for all directives that were set and mean nothing here, and one for the value that is never taken. */
static void report_ignored(struct config *config)
{
    struct buf names;

    buf_init(&names, BUF_NO_CEILING);
    config_list_ignored(config, &names);
    if (names.len != 0) {
        diag(DIAG_NOTICE, "these directives mean nothing here and are ignored: %.*s", (int)names.len,
             buf_slice(&names).data);
    }
    buf_release(&names);
    if (!config->replica_read_only) {
        diag(DIAG_WARNING,
             "replica-read-only no is not supported, and replicas stay read-only: " SETTINGS_WHY_READ_ONLY);
        config_assign(config, "replica-read-only", "yes");
    }
}

static int run(struct config *config, const char *executable)
{
    char data_path[PATH_MAX];
    struct server *server;
    int exit_code;

    (void)snprintf(data_path, sizeof(data_path), "%s/data", config->directory);
    if (config->daemonize && !process_daemonize()) {
        diag(DIAG_WARNING, "cannot go to the background");
        return 1;
    }
    diag(DIAG_NOTICE, "Hearth %s starts, pid %ld, port %lld%s%s", HEARTH_VERSION, (long)getpid(),
         (long long)config_port(config), config_file(config)[0] == '\0' ? "" : ", configured by ", config_file(config));
    report_ignored(config);
    process_ignore_signals();
    crash_report_install(data_path);
    if (server_open(config, executable, &server) != STATUS_OK) {
        return 1;
    }
    process_write_pid_file(config->pid_file);
    diag(DIAG_NOTICE, "Ready to accept connections");
    exit_code = server_run(server);
    server_close(server);
    process_remove_pid_file(config->pid_file);
    diag(DIAG_NOTICE, "Hearth is now ready to exit, bye bye...");
    return exit_code;
}

int main(int argc, char **argv)
{
    struct config *config = config_create();
    enum config_request request = CONFIG_RUN;
    char error[CONFIG_ERROR_BYTES];
    char executable[PATH_MAX] = "";
    int exit_code = 0;

    if (realpath("/proc/self/exe", executable) == NULL) {
        (void)snprintf(executable, sizeof(executable), "%s", argv[0]);
    }
    if (config_load(config, argc, argv, &request, error) != STATUS_OK) {
        (void)fprintf(stderr, "hearth-server: %s\n", error);
        exit_code = 1;
    } else if (request == CONFIG_HELP) {
        print_help();
    } else if (request == CONFIG_VERSION) {
        (void)printf("Hearth server v=%s redis_version=%s\n", HEARTH_VERSION, SERVER_REDIS_VERSION);
    } else if (request == CONFIG_CHECK) {
        exit_code = acl_config_check(config) ? 0 : 1;
        (void)printf("%s", exit_code == 0 ? "the configuration is good\n" : "");
    } else if (!diag_open(config->log_file)) {
        (void)fprintf(stderr, "hearth-server: cannot open the log file %s: %s\n", config->log_file, strerror(errno));
        exit_code = 1;
    } else {
        diag_set_level((enum diag_level)config->log_level);
        exit_code = run(config, executable);
    }
    config_free(config);
    return exit_code;
}
