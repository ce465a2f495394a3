#include "server/process.h"
#include "base/diag.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define OWN_DESCRIPTORS 96 /* Log segments, LMDB, listeners, links: what is open beside clients. */

int64_t process_raise_file_limit(int64_t clients)
{
    rlim_t wanted = (rlim_t)clients + OWN_DESCRIPTORS;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return clients;
    }
    if (limit.rlim_cur < wanted) {
        struct rlimit raised = {.rlim_cur = wanted, .rlim_max = wanted > limit.rlim_max ? wanted : limit.rlim_max};

        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            return clients;
        }
        raised = (struct rlimit){.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            limit = raised;
        }
    }
    if (limit.rlim_cur >= wanted) {
        return clients;
    }
    return limit.rlim_cur > OWN_DESCRIPTORS ? (int64_t)(limit.rlim_cur - OWN_DESCRIPTORS) : 1;
}

bool process_daemonize(void)
{
    pid_t pid = fork();
    int null;

    if (pid < 0) {
        return false;
    }
    if (pid > 0) {
        _exit(0);
    }
    (void)setsid();
    null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
        if (null > STDERR_FILENO) {
            (void)close(null);
        }
    }
    return true;
}

void process_write_pid_file(const char *path)
{
    FILE *file;

    if (path[0] == '\0') {
        return;
    }
    file = fopen(path, "w");
    if (file == NULL) {
        diag(DIAG_WARNING, "cannot write the pid file %s: %s", path, strerror(errno));
        return;
    }
    (void)fprintf(file, "%ld\n", (long)getpid());
    (void)fclose(file);
}

void process_remove_pid_file(const char *path)
{
    if (path[0] != '\0') {
        (void)unlink(path);
    }
}

void process_ignore_signals(void)
{
    const struct sigaction action = {.sa_handler = SIG_IGN};

    (void)sigaction(SIGPIPE, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    (void)sigaction(SIGXFSZ, &action, NULL); /* A file that may not grow is an error like a full disk. */
}

/* The fields of /proc/self/statm, in pages: resident, and what of it is shared with files. */
static bool read_statm(unsigned long long *resident, unsigned long long *shared)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long long total;
    bool is_read;

    if (file == NULL) {
        return false;
    }
    is_read = fscanf(file, "%llu %llu %llu", &total, resident, shared) == 3;
    (void)fclose(file);
    return is_read;
}

uint64_t process_resident_bytes(void)
{
    unsigned long long resident;
    unsigned long long shared;

    return read_statm(&resident, &shared) ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

uint64_t process_anonymous_bytes(void)
{
    unsigned long long resident;
    unsigned long long shared;

    return read_statm(&resident, &shared) ? (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

uint64_t process_machine_bytes(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

void process_disk_bytes(const char *path, uint64_t *free_bytes, uint64_t *total_bytes)
{
    struct statvfs disk = {0};

    (void)statvfs(path, &disk); /* On error there is nothing in it. */
    *free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    *total_bytes = (uint64_t)disk.f_blocks * disk.f_frsize;
}

/* jemalloc's, if the program is linked with it (it is not under sanitizers). */
__attribute__((weak)) int mallctl(const char *name, void *old_value, size_t *old_len, void *new_value, size_t new_len);

static uint64_t ask_jemalloc(const char *name)
{
    size_t value = 0;
    size_t len = sizeof(value);

    return mallctl(name, &value, &len, NULL, 0) == 0 ? value : 0;
}

void process_ask_allocator(struct process_allocator *allocator)
{
    uint64_t epoch = 1;
    struct mallinfo2 totals;

    if (mallctl != NULL) {
        (void)mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch)); /* Its figures are those of the last epoch. */
        *allocator = (struct process_allocator){.allocated_bytes = ask_jemalloc("stats.allocated"),
                                                .active_bytes = ask_jemalloc("stats.active"),
                                                .resident_bytes = ask_jemalloc("stats.resident"),
                                                .name = "jemalloc"};
        return;
    }
    totals = mallinfo2();
    *allocator = (struct process_allocator){.allocated_bytes = totals.uordblks + totals.hblkhd,
                                            .active_bytes = totals.arena + totals.hblkhd,
                                            .resident_bytes = totals.arena + totals.hblkhd,
                                            .name = "libc"};
}

void process_purge_allocator(void)
{
    if (mallctl != NULL) {
        (void)mallctl("arena.4096.purge", NULL, NULL, NULL, 0); /* 4096 stands for all arenas. */
    } else {
        (void)malloc_trim(0);
    }
}
