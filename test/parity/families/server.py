"""What a server answers that has no cluster and no modules, and what CONFIG SET refuses."""

LINES = """
CLUSTER|CLUSTER INFO|CLUSTER NODES|CLUSTER SLOTS|CLUSTER SHARDS|CLUSTER MYID|CLUSTER KEYSLOT a|CLUSTER KEYSLOT
CLUSTER COUNTKEYSINSLOT 1|CLUSTER GETKEYSINSLOT 1 1|CLUSTER HELP|CLUSTER FOO|CLUSTER RESET|CLUSTER RESET HARD
CLUSTER MEET a 1|CLUSTER MEET a|CLUSTER ADDSLOTS 1 2|CLUSTER SETSLOT 1 NODE x|CLUSTER FAILOVER|CLUSTER LINKS
READONLY|READWRITE|ASKING|READONLY x|ASKING x
RESTORE-ASKING|RESTORE-ASKING k 0|RESTORE-ASKING k 0 x|RESTORE-ASKING k -1 x|RESTORE-ASKING k 0 x REPLACE
MODULE|MODULE LIST|MODULE LIST x|MODULE LOAD /x|MODULE LOAD|MODULE LOADEX /x|MODULE LOADEX /x CONFIG a b
MODULE UNLOAD x|MODULE HELP|MODULE FOO
LOLWUT|LOLWUT VERSION|LOLWUT VERSION x|LOLWUT VERSION 7|LOLWUT x y
CONFIG GET maxclients|CONFIG GET HZ hz|CONFIG GET h*z HZ|CONFIG GET nosuch|CONFIG GET hz timeout|CONFIG SET hz 20 hz 30|CONFIG SET hz|CONFIG SET nosuch 1
CONFIG SET hz 20 nosuch 1|CONFIG SET timeout x|CONFIG SET hz 20 timeout x|CONFIG SET port 1 daemonize yes
CONFIG SET maxmemory x|CONFIG SET maxmemory -1|CONFIG SET maxmemory-policy foo|CONFIG SET maxmemory-samples 0
CONFIG SET maxmemory-clients 101%|CONFIG SET maxmemory-clients 10%|CONFIG GET maxmemory-clients
CONFIG SET maxmemory-clients 1gb|CONFIG SET maxmemory-clients x|CONFIG SET maxmemory-clients -1
CONFIG SET maxmemory-clients 0%|CONFIG SET maxmemory-clients 0|CONFIG SET maxmemory 100gb|CONFIG GET maxmemory
CONFIG SET maxmemory 0|CONFIG SET maxmemory-policy allkeys-lru|CONFIG GET maxmemory-policy
CONFIG SET maxmemory-policy noeviction|CONFIG SET tracking-table-max-keys -1|CONFIG SET tracking-table-max-keys 5
CONFIG GET tracking-table-max-keys|CONFIG GET enable-module-command|CONFIG SET enable-module-command yes
CONFIG GET bind-source-addr|CONFIG SET bind-source-addr 127.0.0.1|CONFIG SET bind-source-addr ""
CLIENT NO-EVICT|CLIENT NO-EVICT ON|CLIENT NO-EVICT OFF|CLIENT NO-EVICT x|CLIENT NO-TOUCH ON
"""
COMMANDS = [[b"" if word == '""' else word.encode() for word in line.split()]
            for line in LINES.replace("\n", "|").split("|") if line]


def command(d):
    words = d.rng.choice(COMMANDS)
    return d.spoil(list(words)) if words[0] in (b"CLUSTER", b"MODULE") else words
