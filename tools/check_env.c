/* LMDB 0.9.24 trusts its pages: on damaged ones it may stop by an assertion, or read outside of the file. So the walk
 * runs in a child; what it has found so far, and where it was, is in memory that both see. */
#include "base/clock.h"
#include "storage/env/env_check.h"
#include "tools/check.h"
#include "tools/owner.h"
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STUCK_US        120000000u /* A walk that sees no new row for so long goes in a circle. */
#define KEY_SHOWN_BYTES 64

/* What the child leaves behind. */
struct report {
    atomic_uint_fast64_t row_count;
    int table; /* Of the row that it looked at last. */
    unsigned char key[KEY_SHOWN_BYTES];
    size_t key_len;
    uint64_t problem_count;
    uint64_t shown_count;
    enum status open_status;
    enum status check_status;
    bool is_done;
    struct env_check_summary summary;
};

struct child {
    struct report *report;
    const char *path;
};

static void tell_problem(void *context, const char *text)
{
    struct child *child = context;

    child->report->problem_count++;
    if (child->report->shown_count < CHECK_PROBLEMS_SHOWN_MAX) {
        child->report->shown_count++;
        printf("%s: %s\n", child->path, text);
        fflush(stdout);
    }
}

static void note_row(void *context, enum table table, struct slice key)
{
    struct report *report = ((struct child *)context)->report;

    report->table = (int)table;
    report->key_len = key.len < KEY_SHOWN_BYTES ? key.len : KEY_SHOWN_BYTES;
    memcpy(report->key, key.data, report->key_len);
    atomic_fetch_add_explicit(&report->row_count, 1, memory_order_relaxed);
}

_Noreturn static void run_child(struct child *child)
{
    static const struct rlimit no_core = {.rlim_cur = 0, .rlim_max = 0};
    struct env_check_options options = {.on_problem = tell_problem, .on_row = note_row, .context = child};
    struct owner owner;
    struct env *env;

    (void)setrlimit(RLIMIT_CORE, &no_core);
    owner_begin(&owner, child->path); /* For the rest of this process. */
    child->report->open_status = env_open(child->path, true, &env);
    if (child->report->open_status == STATUS_OK) {
        child->report->check_status = env_check(env, &options, &child->report->summary);
        child->report->is_done = true;
        env_close(env);
    }
    fflush(stdout);
    _exit(0);
}

/* Wait for the child; one that makes no progress is ended. `*is_stuck` tells that. */
static int await_child(pid_t pid, const struct report *report, bool *is_stuck)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    uint64_t seen = 0;
    uint64_t seen_us = clock_monotonic_us();
    int outcome = 0;

    *is_stuck = false;
    while (waitpid(pid, &outcome, WNOHANG) == 0) {
        uint64_t now = atomic_load_explicit(&report->row_count, memory_order_relaxed);

        if (now != seen) {
            seen = now;
            seen_us = clock_monotonic_us();
        } else if (clock_monotonic_us() - seen_us > STUCK_US) {
            *is_stuck = true;
            kill(pid, SIGKILL);
        }
        nanosleep(&pause, NULL);
    }
    return outcome;
}

static void tell_death(struct check *check, const char *path, const struct report *report, const char *how)
{
    static const char *const tables[TABLE_COUNT] = {"meta", "keys", "fields", "scores", "expiry", "orphans"};
    char shown[KEY_SHOWN_BYTES + 1];

    for (size_t i = 0; i < report->key_len; i++) {
        shown[i] = '.';
        if (report->key[i] >= ' ' && report->key[i] < 0x7f) {
            shown[i] = (char)report->key[i];
        }
    }
    shown[report->key_len] = '\0';
    if (atomic_load(&report->row_count) == 0) {
        check_tell(check, path, "data.mdb is damaged: its reader %s before the first row", how);
    } else {
        check_tell(check, path, "data.mdb is damaged: its reader %s after row '%s' of table %s", how, shown,
                   tables[report->table]);
    }
}

static void take_report(struct check *check, const char *path, const struct report *report, struct check_env *env)
{
    const struct env_check_summary *summary = &report->summary;

    if (report->open_status == STATUS_CORRUPT) {
        check_tell(check, path, "data.mdb is damaged: LMDB does not open it, or its meta is unreadable");
    } else if (report->open_status != STATUS_OK || (report->check_status != STATUS_OK && report->problem_count == 0)) {
        check_unseen(check, path, "cannot be opened: %s",
                     status_name(report->open_status != STATUS_OK ? report->open_status : report->check_status));
    } else if (report->check_status == STATUS_OK) {
        env->is_done = true;
        env->is_clean = summary->is_clean;
        env->history = summary->history;
        env->position = summary->position;
        check_note(check, path,
                   "%" PRIu64 " keys, %" PRIu64 " rows of content, %" PRIu64
                   " to be purged, history %s, offset %" PRIu64,
                   summary->key_count, summary->row_counts[TABLE_FIELDS] + summary->row_counts[TABLE_SCORES],
                   summary->orphan_count, summary->history.id, summary->position.offset);
        if (summary->unchecked_count > 0) {
            check_note(check, path, "%" PRIu64 " values are of kinds that are not looked into",
                       summary->unchecked_count);
        }
    }
    if (report->problem_count > report->shown_count) {
        printf("%s: and %" PRIu64 " more problems\n", path, report->problem_count - report->shown_count);
    }
}

void check_env(struct check *check, const char *path, struct check_env *env)
{
    struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct child child = {.report = report, .path = path};
    char how[64];
    bool is_stuck;
    int outcome;
    pid_t pid;

    *env = (struct check_env){.is_done = false};
    if (report == MAP_FAILED) {
        check_unseen(check, path, "no memory");
        return;
    }
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        run_child(&child);
    }
    if (pid < 0) {
        check_unseen(check, path, "no process can be made");
        munmap(report, sizeof(*report));
        return;
    }
    outcome = await_child(pid, report, &is_stuck);
    if (is_stuck || !WIFEXITED(outcome) || WEXITSTATUS(outcome) != 0) {
        snprintf(how, sizeof(how), WIFSIGNALED(outcome) && !is_stuck ? "died by signal %d" : "goes in a circle",
                 WTERMSIG(outcome));
        tell_death(check, path, report, how);
    } else {
        take_report(check, path, report, env);
    }
    check->problem_count += report->problem_count;
    munmap(report, sizeof(*report));
}
