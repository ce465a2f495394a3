#include "server/families.h"
#include "server/cmd_hash.h"
#include "server/cmd_key.h"
#include "server/cmd_list.h"
#include "server/cmd_set.h"
#include "server/cmd_string.h"
#include <stddef.h>

const struct command *const families[] = {
    string_commands,
    key_commands,
    key_expire_commands,
    key_scan_commands,
    key_object_commands,
    hash_commands,
    list_commands,
    list_move_commands,
    set_commands,
    set_algebra_commands,
    NULL,
};
