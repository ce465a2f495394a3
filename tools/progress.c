#include "tools/progress.h"

#include "base/clock.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_CELLS       30
#define BAR_PERIOD_US   100000u
#define LINE_PERIOD_US  10000000u
#define WORTH_A_LINE_US 2000000u

void progress_format_bytes(char text[16], uint64_t bytes)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1024;
        unit++;
    }
    snprintf(text, 16, unit == 0 || value >= 99.95 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

void progress_begin(struct progress *progress, const char *verb, bool is_quiet)
{
    uint64_t now_us = clock_monotonic_us();

    *progress = (struct progress){
        .verb = verb,
        .is_quiet = is_quiet,
        .is_terminal = isatty(STDERR_FILENO) != 0,
        .begun_us = now_us,
        .shown_us = now_us,
    };
}

/* "12.3 MB/s, 4 s left" of what has been measured so far. */
static void format_speed(const struct progress *progress, uint64_t now_us, uint64_t total_bytes, char *text,
                         size_t room)
{
    double seconds = (double)(now_us - progress->begun_us) / 1e6;
    double speed = seconds <= 0 ? 0 : (double)progress->done_bytes / seconds;
    char speed_text[16];

    progress_format_bytes(speed_text, (uint64_t)speed);
    if (total_bytes > progress->done_bytes && speed > 0) {
        snprintf(text, room, "%s/s, %.0f s left", speed_text, (double)(total_bytes - progress->done_bytes) / speed);
    } else {
        snprintf(text, room, "%s/s", speed_text);
    }
}

static void draw_bar(struct progress *progress, const char *done, uint64_t total_bytes, const char *speed)
{
    char bar[BAR_CELLS + 1];
    uint64_t cells = total_bytes == 0 ? 0 : progress->done_bytes * BAR_CELLS / total_bytes;

    cells = cells > BAR_CELLS ? BAR_CELLS : cells;
    memset(bar, '.', BAR_CELLS);
    memset(bar, '#', cells);
    bar[BAR_CELLS] = '\0';
    if (total_bytes == 0) {
        fprintf(stderr, "\r%s %s, %s\033[K", progress->verb, done, speed);
    } else {
        fprintf(stderr, "\r%s [%s] %3u %%, %s, %s\033[K", progress->verb, bar,
                (unsigned)(progress->done_bytes * 100 / total_bytes), done, speed);
    }
    fflush(stderr);
    progress->is_drawn = true;
}

static void show(struct progress *progress, uint64_t now_us, uint64_t total_bytes)
{
    char done[16];
    char speed[48];

    progress->shown_us = now_us;
    progress_format_bytes(done, progress->done_bytes);
    format_speed(progress, now_us, total_bytes, speed, sizeof(speed));
    if (progress->is_terminal) {
        draw_bar(progress, done, total_bytes, speed);
    } else if (total_bytes == 0) {
        fprintf(stderr, "%s: %s, %s\n", progress->verb, done, speed);
    } else {
        fprintf(stderr, "%s: %u %%, %s, %s\n", progress->verb, (unsigned)(progress->done_bytes * 100 / total_bytes),
                done, speed);
    }
}

void progress_update(struct progress *progress, uint64_t done_bytes, uint64_t total_bytes)
{
    uint64_t now_us;

    progress->done_bytes = done_bytes;
    if (progress->is_quiet) {
        return;
    }
    now_us = clock_monotonic_us();
    if (now_us - progress->shown_us >= (progress->is_terminal ? BAR_PERIOD_US : LINE_PERIOD_US)) {
        show(progress, now_us, total_bytes);
    }
}

void progress_end(struct progress *progress)
{
    uint64_t now_us = clock_monotonic_us();
    char done[16];
    char speed[48];

    if (progress->is_drawn) {
        fputs("\r\033[K", stderr);
    }
    if (!progress->is_quiet && now_us - progress->begun_us >= WORTH_A_LINE_US) {
        progress_format_bytes(done, progress->done_bytes);
        format_speed(progress, now_us, 0, speed, sizeof(speed));
        fprintf(stderr, "%s: %s in %.1f s, %s\n", progress->verb, done, (double)(now_us - progress->begun_us) / 1e6,
                speed);
    }
}
