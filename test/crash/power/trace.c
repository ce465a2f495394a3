/* State of the file's own scope is unavoidable here: the library lives inside a program that knows nothing of it. It is
 * set before main() and constant then, but for the lock and a counter. */
#include "trace.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TRACE_FD_MIN 700 /* Out of the way of programs that expect low numbers. */
#define PIECES_MAX   1024

static struct {
    int fd;
    char root[PATH_MAX];
    size_t root_len; /* 0: nothing is watched. */
    const char *boot_id_path;
    pthread_mutex_t mutex;
    atomic_uint_fast32_t number;
    atomic_bool must_die;
} trace = {.fd = -1, .mutex = PTHREAD_MUTEX_INITIALIZER};

void trace_lock(void)
{
    (void)pthread_mutex_lock(&trace.mutex);
}

void trace_unlock(void)
{
    if (trace.must_die) {
        (void)raise(SIGKILL);
    }
    (void)pthread_mutex_unlock(&trace.mutex);
}

/* kill -9, but never between a call and its record: a trace that lacks what the next process finds would be no trace.
 */
static void die(int signal_number)
{
    (void)signal_number;
    trace.must_die = true;
    if (pthread_mutex_trylock(&trace.mutex) == 0) {
        (void)raise(SIGKILL);
    }
}

uint64_t trace_next_number(void)
{
    return ((uint64_t)getpid() << 32) + ++trace.number;
}

const char *trace_boot_id_path(void)
{
    return trace.boot_id_path;
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("HEARTH_TRACE");
    const char *root = getenv("HEARTH_TRACE_ROOT");
    int fd;

    if (path == NULL || root == NULL || strlen(root) >= sizeof(trace.root)) {
        return;
    }
    fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    trace.fd = fcntl(fd, F_DUPFD_CLOEXEC, TRACE_FD_MIN);
    (void)syscall(SYS_close, fd);
    if (trace.fd < 0) {
        fprintf(stderr, "recorder: %s: %s\n", path, strerror(errno));
        abort();
    }
    (void)signal(TRACE_DEATH_SIGNAL, die);
    (void)pthread_atfork(trace_lock, trace_unlock, trace_unlock);
    trace.boot_id_path = getenv("HEARTH_TRACE_BOOT_ID");
    memcpy(trace.root, root, strlen(root) + 1);
    trace.root_len = strlen(root);
}

/* `path` from the root directory on, without "//" and "/./". The tests make no "..", and no links. */
static bool make_absolute(const char *path, char absolute[PATH_MAX])
{
    size_t len = 0;

    absolute[0] = '\0';
    if (path[0] != '/') {
        if (getcwd(absolute, PATH_MAX) == NULL) {
            return false;
        }
        len = strlen(absolute);
    }
    while (*path != '\0') {
        size_t part_len = strcspn(path, "/");

        if (part_len > 0 && !(part_len == 1 && path[0] == '.')) {
            if (len + part_len + 2 > PATH_MAX) {
                return false;
            }
            absolute[len++] = '/';
            memcpy(absolute + len, path, part_len);
            len += part_len;
        }
        path += part_len + (path[part_len] == '/');
    }
    absolute[len] = '\0';
    return true;
}

bool trace_is_watched(const char *path, char relative[PATH_MAX])
{
    char absolute[PATH_MAX];
    int saved_errno = errno;
    bool is_watched = trace.root_len > 0 && make_absolute(path, absolute) &&
                      strncmp(absolute, trace.root, trace.root_len) == 0 &&
                      (absolute[trace.root_len] == '/' || absolute[trace.root_len] == '\0');

    if (is_watched) {
        const char *rest = absolute + trace.root_len + (absolute[trace.root_len] == '/');

        memcpy(relative, rest, strlen(rest) + 1);
    }
    errno = saved_errno;
    return is_watched;
}

void trace_append(struct trace_head head, const struct iovec *pieces, int count)
{
    struct iovec vector[PIECES_MAX];
    struct timespec now;
    size_t len = 0;
    int saved_errno = errno;

    if (count >= PIECES_MAX) {
        abort();
    }
    for (int i = 0; i < count; i++) {
        vector[i + 1] = pieces[i];
        len += pieces[i].iov_len;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    head.time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    head.text_len = (uint32_t)len;
    vector[0].iov_base = &head;
    vector[0].iov_len = sizeof(head);
    /* A trace with a hole would prove nothing, so the program may not live on without one. */
    if (syscall(SYS_writev, trace.fd, vector, count + 1) != (long)(sizeof(head) + len)) {
        fprintf(stderr, "recorder: the trace cannot be written: %s\n", strerror(errno));
        abort();
    }
    errno = saved_errno;
}

void trace_append_text(struct trace_head head, const char *text)
{
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};

    trace_append(head, &piece, 1);
}
