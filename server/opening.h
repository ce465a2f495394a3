/* What the operator is told when a server's parts cannot be opened. */
#ifndef SERVER_OPENING_H
#define SERVER_OPENING_H

#include "base/status.h"

/* store_open() of `directory` has failed with `status`, errno, and `holder_pid` where another process has it. */
void opening_report_failure(const char *directory, enum status status, long holder_pid);

#endif
