/* Words of Redis Cluster. One master holds all keys here, so they are refused as Redis refuses them where cluster mode
 * is off: clients that try them know that answer. */
#include "server/commands/cmd_server.h"
#include "server/request/reply.h"

static enum status run_refused(struct call *call, struct reply *reply)
{
    (void)call;
    return reply_error(reply, "ERR This instance has cluster support disabled");
}

#define ASKS_NODE    (COMMAND_ADMIN | COMMAND_STALE)
#define CHANGES_NODE (ASKS_NODE | COMMAND_NO_ASYNC_LOADING)

#define ROW(name_, since_, arity_, flags_, tips_, summary_, complexity_)                                               \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = since_, .complexity = complexity_, .group = "cluster",            \
        .arity = arity_, .flags = COMMAND_REVEALS_NOTHING | (flags_), .tips = tips_, .run = run_refused                \
    }

static const struct command cluster_subcommands[] = {
    ROW("addslots", "3.0.0", -3, CHANGES_NODE, NULL, "Assign new hash slots to receiving node",
        "O(N) where N is the total number of hash slot arguments"),
    ROW("addslotsrange", "7.0.0", -4, CHANGES_NODE, NULL, "Assign new hash slots to receiving node",
        "O(N) where N is the total number of the slots between the start slot and end slot arguments."),
    ROW("bumpepoch", "3.0.0", 2, CHANGES_NODE, "nondeterministic_output", "Advance the cluster config epoch", "O(1)"),
    ROW("count-failure-reports", "3.0.0", 3, ASKS_NODE, "nondeterministic_output",
        "Return the number of failure reports active for a given node",
        "O(N) where N is the number of failure reports"),
    ROW("countkeysinslot", "3.0.0", 3, COMMAND_STALE, NULL,
        "Return the number of local keys in the specified hash slot", "O(1)"),
    ROW("delslots", "3.0.0", -3, CHANGES_NODE, NULL, "Set hash slots as unbound in receiving node",
        "O(N) where N is the total number of hash slot arguments"),
    ROW("delslotsrange", "7.0.0", -4, CHANGES_NODE, NULL, "Set hash slots as unbound in receiving node",
        "O(N) where N is the total number of the slots between the start slot and end slot arguments."),
    ROW("failover", "3.0.0", -2, CHANGES_NODE, NULL, "Forces a replica to perform a manual failover of its master.",
        "O(1)"),
    ROW("flushslots", "3.0.0", 2, CHANGES_NODE, NULL, "Delete a node's own slots information", "O(1)"),
    ROW("forget", "3.0.0", 3, CHANGES_NODE, NULL, "Remove a node from the nodes table", "O(1)"),
    ROW("getkeysinslot", "3.0.0", 4, COMMAND_STALE, "nondeterministic_output",
        "Return local key names in the specified hash slot", "O(log(N)) where N is the number of requested keys"),
    ROW("help", "5.0.0", 2, COMMAND_LOADING | COMMAND_STALE, NULL, "Show helpful text about the different subcommands",
        "O(1)"),
    ROW("info", "3.0.0", 2, COMMAND_STALE, "nondeterministic_output", "Provides info about Redis Cluster node state",
        "O(1)"),
    ROW("keyslot", "3.0.0", 3, COMMAND_STALE, NULL, "Returns the hash slot of the specified key",
        "O(N) where N is the number of bytes in the key"),
    ROW("links", "7.0.0", 2, COMMAND_STALE, "nondeterministic_output",
        "Returns a list of all TCP links to and from peer nodes in cluster",
        "O(N) where N is the total number of Cluster nodes"),
    ROW("meet", "3.0.0", -4, CHANGES_NODE, NULL, "Force a node cluster to handshake with another node", "O(1)"),
    ROW("myid", "3.0.0", 2, COMMAND_STALE, NULL, "Return the node id", "O(1)"),
    ROW("nodes", "3.0.0", 2, COMMAND_STALE, "nondeterministic_output", "Get Cluster config for the node",
        "O(N) where N is the total number of Cluster nodes"),
    ROW("replicas", "5.0.0", 3, ASKS_NODE, "nondeterministic_output", "List replica nodes of the specified master node",
        "O(1)"),
    ROW("replicate", "3.0.0", 3, CHANGES_NODE, NULL, "Reconfigure a node as a replica of the specified master node",
        "O(1)"),
    ROW("reset", "3.0.0", -2, COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_STALE, NULL, "Reset a Redis Cluster node",
        "O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side effect."),
    ROW("saveconfig", "3.0.0", 2, CHANGES_NODE, NULL, "Forces the node to save cluster state on disk", "O(1)"),
    ROW("set-config-epoch", "3.0.0", 3, CHANGES_NODE, NULL, "Set the configuration epoch in a new node", "O(1)"),
    ROW("setslot", "3.0.0", -4, CHANGES_NODE, NULL, "Bind a hash slot to a specific node", "O(1)"),
    ROW("shards", "7.0.0", 2, COMMAND_STALE, "nondeterministic_output", "Get array of cluster slots to node mappings",
        "O(N) where N is the total number of cluster nodes"),
    ROW("slaves", "3.0.0", 3, ASKS_NODE, "nondeterministic_output", "List replica nodes of the specified master node",
        "O(1)"),
    ROW("slots", "3.0.0", 2, COMMAND_STALE, "nondeterministic_output", "Get array of Cluster slot to node mappings",
        "O(N) where N is the total number of Cluster nodes"),
    {.name = NULL},
};

#define CONNECTION_ROW(name_, flags_, summary_)                                                                        \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = "3.0.0", .complexity = "O(1)", .group = "cluster", .arity = 1,    \
        .flags = COMMAND_FAST | COMMAND_REVEALS_NOTHING | (flags_), .categories = CATEGORY_CONNECTION,                 \
        .run = run_refused                                                                                             \
    }

const struct command cluster_commands[] = {
    {.name = "cluster",
     .summary = "A container for cluster commands",
     .since = "3.0.0",
     .complexity = "Depends on subcommand.",
     .group = "cluster",
     .arity = -2,
     .subcommands = cluster_subcommands},
    CONNECTION_ROW("asking", 0, "Sent by cluster clients after an -ASK redirect"),
    CONNECTION_ROW("readonly", COMMAND_LOADING | COMMAND_STALE,
                   "Enables read queries for a connection to a cluster replica node"),
    CONNECTION_ROW("readwrite", COMMAND_LOADING | COMMAND_STALE,
                   "Disables read queries for a connection to a cluster replica node"),
    {.name = NULL},
};
