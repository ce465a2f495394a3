#include "base/assert.h"
#include "base/diag.h"
#include <stdlib.h>

_Noreturn void assert_failed(const char *file, int line, const char *condition)
{
    diag(DIAG_WARNING, "Assertion failed at %s:%d: %s. The process stops here; the next start recovers from the log.",
         file, line, condition);
    abort();
}
