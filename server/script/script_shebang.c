#include "server/script/script_shebang.h"
#include "base/buf.h"
#include "base/resp_read.h"

static const struct {
    const char *name;
    uint32_t flag;
} flags[] = {
    {"no-writes", SCRIPT_NO_WRITES},
    {"allow-oom", SCRIPT_ALLOW_OOM},
    {"allow-stale", SCRIPT_ALLOW_STALE},
    {"no-cluster", SCRIPT_NO_CLUSTER},
    {"allow-cross-slot-keys", SCRIPT_ALLOW_CROSS_SLOT_KEYS},
};
#define FLAG_COUNT (sizeof(flags) / sizeof(flags[0]))

uint32_t script_flag_find(struct slice name)
{
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        if (slice_equal(name, slice_of(flags[i].name))) {
            return flags[i].flag;
        }
    }
    return 0;
}

const char *script_flag_at(size_t index, uint32_t *flag)
{
    if (index >= FLAG_COUNT) {
        return NULL;
    }
    *flag = flags[index].flag;
    return flags[index].name;
}

static bool fail(struct buf *error, const char *text, struct slice word)
{
    buf_put_text(error, text);
    buf_put(error, word);
    return false;
}

/* "no-writes,allow-stale" */
static bool read_flags(struct slice list, uint32_t *found, struct buf *error)
{
    for (;;) {
        const char *comma = list.len == 0 ? NULL : memchr(list.data, ',', list.len);
        struct slice name = comma == NULL ? list : slice_first(list, (size_t)(comma - list.data));
        uint32_t flag = script_flag_find(name);

        if (flag == 0) {
            return fail(error, "ERR Unexpected flag in script shebang: ", name);
        }
        *found |= flag;
        if (comma == NULL) {
            return true;
        }
        list = slice_after(list, name.len + 1);
    }
}

static bool read_words(const struct slice *words, size_t count, uint32_t *found, struct buf *error)
{
    const struct slice prefix = slice_of("flags=");

    if (count == 0 || !slice_equal(words[0], slice_of("#!lua"))) {
        return fail(error, "ERR Unexpected engine in script shebang: ", count == 0 ? slice_empty() : words[0]);
    }
    for (size_t i = 1; i < count; i++) {
        if (!slice_starts_with(words[i], prefix)) {
            return fail(error, "ERR Unknown lua shebang option: ", words[i]);
        }
        if (words[i].len > prefix.len && !read_flags(slice_after(words[i], prefix.len), found, error)) {
            return false;
        }
    }
    return true;
}

/* Split the line with the rules of inline requests, which are those of Redis' configuration: quotes and escapes. The
 * line's end is part of `line`. */
static bool split(struct resp_reader *reader, struct slice line)
{
    const struct resp_limits limits = {.bulk_bytes_max = UINT64_MAX};
    size_t consumed;

    resp_reader_init(reader);
    return resp_read(reader, line, &limits, &consumed) == RESP_COMMAND;
}

bool script_shebang_read(struct slice body, uint32_t *found, size_t *line_len, struct buf *error)
{
    const char *newline;
    struct resp_reader reader;
    bool is_good;

    *found = SCRIPT_TELLS_NOTHING;
    *line_len = 0;
    if (!slice_starts_with(body, slice_of("#!"))) {
        return true;
    }
    newline = memchr(body.data, '\n', body.len);
    if (newline == NULL) {
        return fail(error, "ERR Invalid script shebang", slice_empty());
    }
    *found = 0;
    *line_len = (size_t)(newline - body.data); /* Without its end, so that lines are counted as they stand. */
    is_good = split(&reader, slice_first(body, *line_len + 1))
                  ? read_words(reader.argv, reader.argc, found, error)
                  : fail(error, "ERR Invalid engine in script shebang", slice_empty());
    resp_reader_release(&reader);
    return is_good;
}

/* --- Libraries --- */

static bool read_library_words(const struct slice *words, size_t count, struct script_library_line *line,
                               struct buf *error)
{
    const struct slice prefix = slice_of("name=");
    bool has_name = false;

    if (count == 0) {
        return fail(error, "ERR Invalid library metadata", slice_empty());
    }
    for (size_t i = 1; i < count; i++) {
        if (!slice_starts_with(words[i], prefix)) {
            return fail(error, "ERR Invalid metadata value given: ", words[i]);
        }
        if (has_name) {
            return fail(error, "ERR Invalid metadata value, name argument was given multiple times", slice_empty());
        }
        has_name = true;
        line->name = slice_after(words[i], prefix.len);
    }
    if (!has_name) {
        return fail(error, "ERR Library name was not given", slice_empty());
    }
    line->engine = slice_after(words[0], 2);
    return true;
}

/* Where the split words stand in `code`: quotes apart, a word is there as it is. */
static struct slice place_in(struct slice code, struct slice word)
{
    const char *at = word.len == 0 ? code.data : memmem(code.data, code.len, word.data, word.len);

    return at == NULL ? slice_empty() : slice_make(at, word.len);
}

bool script_shebang_read_library(struct slice code, struct script_library_line *line, struct buf *error)
{
    const char *newline = code.len == 0 ? NULL : memchr(code.data, '\n', code.len);
    struct resp_reader reader;
    bool is_good;

    if (!slice_starts_with(code, slice_of("#!"))) {
        return fail(error, "ERR Missing library metadata", slice_empty());
    }
    if (newline == NULL) {
        return fail(error, "ERR Invalid library metadata", slice_empty());
    }
    line->line_len = (size_t)(newline - code.data);
    is_good = split(&reader, slice_first(code, line->line_len + 1))
                  ? read_library_words(reader.argv, reader.argc, line, error)
                  : fail(error, "ERR Invalid library metadata", slice_empty());
    if (is_good) {
        line->engine = place_in(code, line->engine);
        line->name = place_in(code, line->name);
    }
    resp_reader_release(&reader);
    return is_good;
}
