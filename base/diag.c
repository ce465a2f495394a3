#include "base/diag.h"
#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES_MAX 2048 /* Longer text is cut. */

static struct {
    atomic_int file_fd;   /* Owned; -1 before a file was ever opened. */
    atomic_bool has_file; /* Write to file_fd, else to standard output. */
    atomic_int level;     /* enum diag_level. */
    atomic_char role;
} sink = {.file_fd = -1, .level = DIAG_NOTICE, .role = 'M'};

bool diag_open(const char *file_path)
{
    int fd;
    int old_fd;

    if (file_path == NULL || file_path[0] == '\0') {
        /* The file stays open: another thread may be about to write to it. */
        atomic_store(&sink.has_file, false);
        return true;
    }
    fd = open(file_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) {
        return false;
    }
    old_fd = atomic_load(&sink.file_fd);
    if (old_fd < 0) {
        atomic_store(&sink.file_fd, fd);
    } else {
        /* The number keeps its meaning for threads that have read it, so reopening a rotated file races with none. */
        int renumbered = dup3(fd, old_fd, O_CLOEXEC);

        close(fd);
        if (renumbered < 0) {
            return false;
        }
    }
    atomic_store(&sink.has_file, true);
    return true;
}

void diag_set_level(enum diag_level level)
{
    atomic_store(&sink.level, (int)level);
}

enum diag_level diag_get_level(void)
{
    return (enum diag_level)atomic_load_explicit(&sink.level, memory_order_relaxed);
}

void diag_set_role(char role)
{
    atomic_store(&sink.role, role);
}

int diag_descriptor(void)
{
    return atomic_load(&sink.has_file) ? atomic_load(&sink.file_fd) : STDOUT_FILENO;
}

/* "pid:M 22 Nov 2026 10:00:00.000 * " */
static size_t write_prefix(char *line, enum diag_level level)
{
    uint64_t now_ms = clock_wall_ms();
    time_t now_s = (time_t)(now_ms / 1000);
    struct tm local;
    size_t len = (size_t)snprintf(line, LINE_BYTES_MAX, "%d:%c ", (int)getpid(), atomic_load(&sink.role));

    localtime_r(&now_s, &local);
    len += strftime(line + len, LINE_BYTES_MAX - len, "%d %b %Y %H:%M:%S", &local);
    len += (size_t)snprintf(line + len, LINE_BYTES_MAX - len, ".%03d %c ", (int)(now_ms % 1000), ".-*#"[level]);
    return len;
}

/* Text may quote what a peer sent; without its control bytes it cannot forge a line or steer a terminal. */
static void blank_control_bytes(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
            text[i] = ' ';
        }
    }
}

void diag(enum diag_level level, const char *format, ...)
{
    char line[LINE_BYTES_MAX];
    int saved_errno = errno; /* Callers report a failure and then return its errno. */
    va_list arguments;
    size_t start;
    size_t room;
    int len;
    ssize_t written;

    if (level < diag_get_level()) {
        return;
    }
    start = write_prefix(line, level);
    room = LINE_BYTES_MAX - start - 1; /* One for the line end. */
    errno = saved_errno;               /* For "%m". */
    va_start(arguments, format);
    len = vsnprintf(line + start, room, format, arguments);
    va_end(arguments);
    if (len < 0) {
        len = 0;
    } else if ((size_t)len >= room) {
        len = (int)room - 1;
    }
    blank_control_bytes(line + start, (size_t)len);
    line[start + (size_t)len] = '\n';
    /* One write a line, so that the lines of threads do not mix. There is nobody to tell of a failure. */
    written = write(diag_descriptor(), line, start + (size_t)len + 1);
    (void)written;
    errno = saved_errno;
}
