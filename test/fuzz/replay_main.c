/* Runs a fuzzer over the files of its corpus, each whole and each cut at every length (of its first 512 bytes), so that
 * a plain ctest guards what fuzzing once found. Usage: replay-x FOLDER */
#include "base/file.h"
#include "base/memory.h"
#include "fuzz.h"

#include <stdio.h>

#define FILE_BYTES_MAX (64u << 20)
#define CUTS_MAX       512

struct replay {
    const char *folder;
    unsigned file_count;
    enum status status;
};

/* A block of exactly its size, so that a sanitizer sees a read past the end. */
static void run(const char *text, size_t len)
{
    uint8_t *copy = memory_copy(text, len);

    LLVMFuzzerTestOneInput(copy, len);
    memory_free(copy);
}

static void replay_file(void *context, const char *name)
{
    struct replay *replay = context;
    char *path = file_join(replay->folder, name);
    char *text;
    size_t len;
    enum status status = file_read_whole(file_system_posix(), path, FILE_BYTES_MAX, &text, &len);

    memory_free(path);
    if (status != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", name, status_name(status));
        replay->status = status;
        return;
    }
    for (size_t cut = 0; cut < len && cut < CUTS_MAX; cut++) {
        run(text, cut);
    }
    run(text, len);
    memory_free(text);
    replay->file_count++;
}

int main(int argc, char **argv)
{
    struct replay replay = {0};

    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    replay.folder = argv[1];
    if (file_list(file_system_posix(), argv[1], replay_file, &replay) != STATUS_OK || replay.file_count == 0) {
        fprintf(stderr, "%s: no corpus there\n", argv[1]);
        return 1;
    }
    printf("%u files replayed\n", replay.file_count);
    return replay.status == STATUS_OK ? 0 : 1;
}
