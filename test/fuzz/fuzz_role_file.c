/* Any text as hearth.auto.conf. What is taken for a role, written anew, reads as the same role. */
#include "base/assert.h"
#include "base/buf.h"
#include "fuzz.h"
#include "replication/role_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct role role;
    struct role again;
    struct buf text;
    unsigned line;

    if (role_parse(slice_make(data, len), &role, &line) != STATUS_OK) {
        return 0;
    }
    buf_init(&text, BUF_NO_CEILING);
    role_format(&role, &text);
    ASSERT(role_parse(buf_slice(&text), &again, &line) == STATUS_OK);
    ASSERT(role.is_replica == again.is_replica && role.port == again.port && strcmp(role.host, again.host) == 0);
    ASSERT(role.promoted_at == again.promoted_at && strcmp(role.promoted_from, again.promoted_from) == 0);
    buf_release(&text);
    return 0;
}
