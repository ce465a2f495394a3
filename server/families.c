#include "server/families.h"
#include "server/cmd_bitmap.h"
#include "server/cmd_config.h"
#include "server/cmd_connection.h"
#include "server/cmd_dump.h"
#include "server/cmd_geo.h"
#include "server/cmd_hash.h"
#include "server/cmd_hyperloglog.h"
#include "server/cmd_key.h"
#include "server/cmd_list.h"
#include "server/cmd_pubsub.h"
#include "server/cmd_replication.h"
#include "server/cmd_server.h"
#include "server/cmd_set.h"
#include "server/cmd_sort.h"
#include "server/cmd_stream.h"
#include "server/cmd_string.h"
#include "server/cmd_transaction.h"
#include "server/cmd_zset.h"
#include <stddef.h>

/* A line each, so that families added at the same time do not meet. */
/* clang-format off */
const struct command *const families[] = {
    string_commands,
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
    command_commands,
    observe_commands,
    function_commands,
    memory_commands,
    debug_commands,
    replication_commands,
    pubsub_commands,
    NULL,
};
/* clang-format on */
