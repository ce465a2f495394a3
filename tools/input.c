#include "tools/input.h"

#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

/* One read(); a pipe that stays silent is waited for together with the interrupt. */
static enum status read_some(struct input *input, char *to, size_t len, size_t *read_len)
{
    struct pollfd wait[2] = {{.fd = input->fd, .events = POLLIN}, {.fd = input->interrupt->fd, .events = POLLIN}};
    ssize_t got;

    do {
        if (poll(wait, 2, -1) < 0 && errno != EINTR) {
            return STATUS_IO;
        }
        if (interrupt_check(input->interrupt)) {
            return STATUS_CLOSED;
        }
        got = read(input->fd, to, len);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    if (got < 0) {
        return file_status_from_errno(errno);
    }
    *read_len = (size_t)got;
    return STATUS_OK;
}

static enum status read_fully(struct input *input, char *to, size_t len, size_t *read_len)
{
    enum status status = STATUS_OK;
    size_t done = 0;
    size_t got = 1;

    while (done < len && got > 0 && status == STATUS_OK) {
        status = read_some(input, to + done, len - done, &got);
        if (status == STATUS_OK) {
            done += got;
        }
    }
    *read_len = done;
    return status;
}

enum status input_open(struct input *input, const char *path, struct interrupt *interrupt)
{
    struct stat facts;
    enum status status;

    *input = (struct input){.fd = STDIN_FILENO, .interrupt = interrupt};
    if (strcmp(path, "-") != 0) {
        input->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (input->fd < 0) {
            return file_status_from_errno(errno);
        }
    }
    if (fstat(input->fd, &facts) == 0 && S_ISREG(facts.st_mode)) {
        input->total_bytes = (uint64_t)facts.st_size;
    }
    status = read_fully(input, input->head, INPUT_HEAD_BYTES, &input->head_len);
    if (status != STATUS_OK) {
        input_close(input);
    }
    return status;
}

void input_close(struct input *input)
{
    if (input->fd != STDIN_FILENO) {
        close(input->fd);
    }
}

bool input_begins_with(const struct input *input, const char *magic)
{
    return slice_starts_with(slice_make(input->head, input->head_len), slice_of(magic));
}

enum status input_read(void *context, char *to, size_t len, size_t *read_len)
{
    struct input *input = context;
    size_t from_head = input->head_len - input->head_given;
    size_t rest = 0;
    enum status status;

    from_head = from_head < len ? from_head : len;
    memcpy(to, input->head + input->head_given, from_head);
    input->head_given += from_head;
    status = read_fully(input, to + from_head, len - from_head, &rest);
    *read_len = from_head + rest;
    input->read_bytes += *read_len;
    return status;
}
