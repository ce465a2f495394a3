#include "server/crash_report.h"
#include "base/diag.h"
#include "base/number.h"
#include <execinfo.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define FRAMES_MAX  64
#define STACK_BYTES ((size_t)64 * 1024) /* backtrace() wants some of it. */

/* What the handlers may read: set once, before a signal can come. */
static const char *mapped_path = "";

/* Handlers have a stack of their own: the loop's may be what ran over. Other threads use theirs. */
static char handler_stack[STACK_BYTES];

/* From here on only calls that are safe in a signal handler. */

static void say(const char *text)
{
    (void)!write(diag_descriptor(), text, strlen(text));
}

static void on_bus_error(int number)
{
    (void)number;
    say("the disk failed, or the file was cut, under the memory map of ");
    say(mapped_path);
    say(": stopping; the log has every acknowledged write\n");
    _exit(1);
}

static void on_crash(int number)
{
    const char *name = sigabbrev_np(number);
    char digits[NUMBER_INTEGER_TEXT_MAX];
    void *frames[FRAMES_MAX];

    (void)signal(number, SIG_DFL);
    say("\n=== Hearth " HEARTH_VERSION " crashed by signal: ");
    (void)number_format_int64(digits, number);
    say(digits);
    say(" (SIG");
    say(name == NULL ? "?" : name);
    say("). What was acknowledged is in the log, and the next start has it. Where it happened, newest call first\n"
        "(addr2line -f -e hearth-server OFFSET says more):\n");
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), diag_descriptor());
    say("=== end of the report\n");
    (void)raise(number); /* It is blocked now, and ends the process when this returns. */
}

/* Here any call may be made again. */

void crash_report_install(const char *data_path)
{
    static const int crashes[] = {SIGSEGV, SIGFPE, SIGILL, SIGABRT};
    const stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof(handler_stack)};
    struct sigaction action = {.sa_handler = on_bus_error, .sa_flags = SA_ONSTACK};
    struct sigaction before;
    void *frame;

    mapped_path = data_path;
    (void)backtrace(&frame, 1); /* The first call loads a library, which a handler must not. */
    (void)sigaltstack(&stack, NULL);
    (void)sigaction(SIGBUS, &action, NULL);
    action.sa_handler = on_crash;
    for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
        if (sigaction(crashes[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) {
            (void)sigaction(crashes[i], &action, NULL);
        }
    }
}
