#include "server/opening.h"
#include "base/diag.h"

void opening_report_failure(const char *directory, enum status status, long holder_pid)
{
    switch (status) {
    case STATUS_BUSY:
        diag(DIAG_WARNING, "another server (pid %ld) has the data directory %s open", holder_pid, directory);
        break;
    case STATUS_INVALID:
        diag(DIAG_WARNING, "%s holds other files and no Hearth data: choose an empty or a new folder with --data-dir",
             directory);
        break;
    case STATUS_UNSUPPORTED:
        diag(DIAG_WARNING, "the data in %s has a format that this version (%s) does not know", directory,
             HEARTH_VERSION);
        break;
    case STATUS_CORRUPT:
        diag(DIAG_WARNING, "the data in %s is damaged, as told above; nothing was changed. hearth-check says more",
             directory);
        break;
    default:
        diag(DIAG_WARNING, "cannot open the data in %s: %s", directory, status_name(status)); /* Told above. */
        break;
    }
}
