#include "server/request/families.h"
#include "server/commands/cmd_acl.h"
#include "server/commands/cmd_bitmap.h"
#include "server/commands/cmd_config.h"
#include "server/commands/cmd_connection.h"
#include "server/commands/cmd_dump.h"
#include "server/commands/cmd_geo.h"
#include "server/commands/cmd_hash.h"
#include "server/commands/cmd_hyperloglog.h"
#include "server/commands/cmd_key.h"
#include "server/commands/cmd_list.h"
#include "server/commands/cmd_pubsub.h"
#include "server/commands/cmd_replication.h"
#include "server/commands/cmd_script.h"
#include "server/commands/cmd_server.h"
#include "server/commands/cmd_set.h"
#include "server/commands/cmd_sort.h"
#include "server/commands/cmd_stream.h"
#include "server/commands/cmd_string.h"
#include "server/commands/cmd_transaction.h"
#include "server/commands/cmd_zset.h"
#include <stddef.h>

/* A line each, so that families added at the same time do not meet. */
/* clang-format off */
const struct command *const families[] = {
    string_commands,
    string_part_commands,
    string_number_commands,
    key_commands,
    key_expire_commands,
    key_scan_commands,
    key_object_commands,
    dump_commands,
    migrate_commands,
    sort_commands,
    bitmap_commands,
    bitfield_commands,
    hash_commands,
    hash_walk_commands,
    geo_commands,
    geo_search_commands,
    hyperloglog_commands,
    list_commands,
    list_move_commands,
    list_block_commands,
    set_commands,
    set_algebra_commands,
    stream_commands,
    stream_read_commands,
    stream_readgroup_commands,
    stream_group_commands,
    stream_claim_commands,
    stream_info_commands,
    zset_commands,
    zset_range_commands,
    zset_remove_commands,
    zset_block_commands,
    zset_walk_commands,
    zset_algebra_commands,
    transaction_commands,
    connection_commands,
    client_commands,
    server_commands,
    config_commands,
    acl_commands,
    command_commands,
    observe_commands,
    script_commands,
    function_commands,
    memory_commands,
    module_commands,
    cluster_commands,
    debug_commands,
    replication_commands,
    pubsub_commands,
    NULL,
};
/* clang-format on */
