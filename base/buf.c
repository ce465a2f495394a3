#include "base/buf.h"
#include "base/assert.h"
#include "base/memory.h"
#include "base/spill.h"
#include <stdarg.h>
#include <stdio.h>

#define CAPACITY_MIN ((size_t)64)

void buf_init(struct buf *buf, size_t ceiling)
{
    *buf = (struct buf){.ceiling = ceiling};
}

/* Free the block, wherever it is. */
static void drop_block(struct buf *buf)
{
    if (buf->spill == NULL) {
        memory_free(buf->memory);
        return;
    }
    spill_close(buf->spill);
    memory_free(buf->spill);
    buf->spill = NULL;
}

void buf_release(struct buf *buf)
{
    drop_block(buf);
    *buf = (struct buf){.ceiling = buf->ceiling, .spill_folder = buf->spill_folder};
}

void buf_allow_spill(struct buf *buf, const char *folder)
{
    buf->spill_folder = folder;
}

size_t buf_memory_bytes(const struct buf *buf)
{
    return buf->spill == NULL ? buf->capacity : 0;
}

bool buf_lacks_file(const struct buf *buf)
{
    return buf->len > BUF_MEMORY_BYTES_MAX && buf->spill_folder != NULL && buf->spill == NULL;
}

bool buf_is_lost(const struct buf *buf)
{
    return buf->spill != NULL && buf->spill->fd < 0;
}

static void compact(struct buf *buf)
{
    memmove(buf->memory, buf->memory + buf->start, buf->len);
    buf->start = 0;
}

/* Twice the old capacity, so that appending costs a constant each byte, but no more than the ceiling asks for. */
static size_t choose_capacity(const struct buf *buf, size_t needed)
{
    size_t doubled = buf->capacity > SIZE_MAX / 2 ? SIZE_MAX : buf->capacity * 2;

    if (doubled > buf->ceiling) {
        doubled = buf->ceiling;
    }
    if (buf->spill_folder != NULL && needed <= BUF_MEMORY_BYTES_MAX && doubled > BUF_MEMORY_BYTES_MAX) {
        doubled = BUF_MEMORY_BYTES_MAX;
    }
    if (doubled < CAPACITY_MIN) {
        doubled = CAPACITY_MIN;
    }
    return doubled > needed ? doubled : needed;
}

/* Move to a block of `capacity` bytes. Content at the start goes through realloc, which moves the pages of a large
 * block and not their bytes; else only the content is copied. */
static enum status move(struct buf *buf, size_t capacity)
{
    char *memory;

    if (buf->start == 0 && buf->spill == NULL) {
        memory = memory_try_resize(buf->memory, capacity);
        if (memory == NULL) {
            return STATUS_NO_MEMORY;
        }
    } else {
        ASSERT(buf->memory != NULL); /* Something was consumed from it. */
        memory = memory_try_allocate(capacity);
        if (memory == NULL) {
            return STATUS_NO_MEMORY;
        }
        memcpy(memory, buf->memory + buf->start, buf->len);
        drop_block(buf);
        buf->start = 0;
    }
    buf->memory = memory;
    buf->capacity = capacity;
    return STATUS_OK;
}

static enum status begin_spill(struct buf *buf, size_t needed)
{
    struct spill *spill = memory_allocate(sizeof(*spill));
    enum status status = spill_open(spill, buf->spill_folder, needed);

    if (status != STATUS_OK) {
        memory_free(spill);
        return status;
    }
    if (buf->len > 0) {
        memcpy(spill->memory, buf->memory + buf->start, buf->len);
    }
    drop_block(buf);
    buf->spill = spill;
    buf->start = 0;
    return STATUS_OK;
}

/* Make room in a file, and let go of what stands there: it is read from the front when its time comes. */
static enum status make_room_in_file(struct buf *buf, size_t extra)
{
    size_t end = buf->start + buf->len + extra;
    enum status status = buf->spill == NULL ? begin_spill(buf, buf->len + extra) : spill_grow(buf->spill, end);

    if (status != STATUS_OK && buf->spill != NULL) {
        status = spill_lose(buf->spill, end);
    }
    if (status == STATUS_OK) {
        buf->memory = buf->spill->memory;
        buf->capacity = buf->spill->capacity;
        spill_rest(buf->spill, buf->start + buf->len);
    }
    return status;
}

static enum status make_room(struct buf *buf, size_t extra)
{
    size_t needed;

    if (extra > buf->ceiling - buf->len) {
        return STATUS_TOO_BIG;
    }
    needed = buf->len + extra;
    /* Compacting moves no more bytes than were consumed since the last time, so it too costs a constant each byte. */
    if (buf->memory != NULL && needed <= buf->capacity && buf->start >= buf->len) {
        compact(buf);
        return STATUS_OK;
    }
    if (buf->spill_folder != NULL && needed > BUF_MEMORY_BYTES_MAX && make_room_in_file(buf, extra) == STATUS_OK) {
        return STATUS_OK;
    }
    return move(buf, choose_capacity(buf, needed));
}

enum status buf_reserve(struct buf *buf, size_t extra, char **tail)
{
    if (__builtin_expect(buf->capacity - buf->start - buf->len < extra || extra > buf->ceiling - buf->len ||
                             buf->memory == NULL,
                         0)) {
        enum status status = make_room(buf, extra);

        if (status != STATUS_OK) {
            return status;
        }
    }
    *tail = buf->memory + buf->start + buf->len;
    return STATUS_OK;
}

void buf_commit(struct buf *buf, size_t len)
{
    ASSERT(len <= buf->capacity - buf->start - buf->len);
    buf->len += len;
}

enum status buf_append(struct buf *buf, struct slice bytes)
{
    char *tail;
    enum status status = buf_reserve(buf, bytes.len, &tail);

    if (status != STATUS_OK) {
        return status;
    }
    if (bytes.len > 0) {
        memcpy(tail, bytes.data, bytes.len);
    }
    buf->len += bytes.len;
    return STATUS_OK;
}

char *buf_put_space(struct buf *buf, size_t len)
{
    char *tail;
    enum status status = buf_reserve(buf, len, &tail);

    ASSERT(status == STATUS_OK);
    return tail;
}

void buf_put(struct buf *buf, struct slice bytes)
{
    char *tail = buf_put_space(buf, bytes.len);

    if (bytes.len > 0) {
        memcpy(tail, bytes.data, bytes.len);
    }
    buf->len += bytes.len;
}

void buf_put_text(struct buf *buf, const char *text)
{
    buf_put(buf, slice_of(text));
}

void buf_put_byte(struct buf *buf, char byte)
{
    *buf_put_space(buf, 1) = byte;
    buf->len++;
}

void buf_put_format(struct buf *buf, const char *format, ...)
{
    size_t room = 128;

    for (;;) {
        char *tail = buf_put_space(buf, room);
        va_list arguments;
        int len;

        va_start(arguments, format);
        len = vsnprintf(tail, room, format, arguments);
        va_end(arguments);
        ASSERT(len >= 0);
        if ((size_t)len < room) {
            buf->len += (size_t)len;
            return;
        }
        room = (size_t)len + 1;
    }
}

void buf_consume(struct buf *buf, size_t len)
{
    size_t end = buf->start + len;

    ASSERT(len <= buf->len);
    if (buf->spill != NULL && (len == buf->len || end / SPILL_STEP_BYTES != buf->start / SPILL_STEP_BYTES)) {
        spill_rest(buf->spill, end);
    }
    buf->len -= len;
    buf->start = buf->len == 0 ? 0 : end;
}

void buf_truncate(struct buf *buf, size_t len)
{
    ASSERT(len <= buf->len);
    buf->len = len;
    if (len == 0) {
        buf->start = 0;
    }
}

void buf_clear(struct buf *buf)
{
    buf_truncate(buf, 0);
}

void buf_shrink(struct buf *buf, size_t keep_bytes)
{
    if (buf->capacity <= keep_bytes || buf->len > keep_bytes) {
        return;
    }
    if (keep_bytes == 0) {
        buf_release(buf);
        return;
    }
    /* A refusal leaves the larger block, which is no error. */
    (void)!move(buf, keep_bytes);
}
