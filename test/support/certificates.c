#include "support/certificates.h"
#include "support/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void run(const char *folder, const char *command)
{
    char line[1024];

    (void)snprintf(line, sizeof(line), "cd %s && openssl %s 2>openssl.log >&2", folder, command);
    assert_int_equal(system(line), 0);
}

char *certificates_create(void)
{
    static const char *const commands[] = {
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=ca -keyout ca.key -out ca.crt",
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=node -keyout node.key -out node.csr",
        "x509 -req -in node.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out node.crt",
        "ec -in node.key -aes128 -passout pass:sesame -out locked.key",
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other -keyout other.key -out other.crt",
    };
    char *folder = scratch_create();

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        run(folder, commands[i]);
    }
    return folder;
}

const char *certificates_path(const char *folder, const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}
