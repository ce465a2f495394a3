#!/usr/bin/python3
"""docs/commands.md: every command of Redis 7.0 and what Hearth makes of it, asked from both servers.

    commands_page.py build/hearth-server           write it
    commands_page.py build/hearth-server --check   say whether it is as the servers have it

Which commands are there comes from the servers; what is written here is only why one is not, or how it differs.
"""
import argparse
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "commands.md"
sys.path.insert(0, str(ROOT / "test" / "support"))

from hearth import Server

GROUPS = {
    "string": "Strings", "bitmap": "Bitmaps", "hash": "Hashes", "list": "Lists", "set": "Sets",
    "sorted-set": "Sorted sets", "geo": "Geographic places", "hyperloglog": "HyperLogLog", "stream": "Streams",
    "generic": "Keys of any type", "transactions": "Transactions", "pubsub": "Publish and subscribe",
    "scripting": "Scripts and functions", "connection": "Connections", "server": "Server", "cluster": "Cluster",
}  # fmt: skip

# Not there on purpose. A container's reason holds for its subcommands.
ABSENT = {}

# There, and other than Redis for a reason.
DIFFERENT = {
    "bgrewriteaof": "Begins a checkpoint, which is what makes the log shorter.",
    "bgsave": "Begins a checkpoint: what changed is written to LMDB, without a fork.",
    "bitfield": "A number that would end beyond 512 MB is refused.",
    "cluster": "Refused as by Redis without cluster mode: one master holds all keys. Sharding past one machine: twemproxy before several masters.",
    "client|tracking": "Tells of SWAPDB, and of a stream's groups, too. No message stands amid a reply.",
    "debug": "DIGEST, DIGEST-VALUE (the same digits as Redis' of the same data), OBJECT, SLEEP, RELOAD, POPULATE (logged), "
    "PROTOCOL and others that tests use. Off by default, as in Redis.",
    "dump": "In Redis 7's forms and mostly the same bytes; large hashes and sets have another order, streams other blocks.",
    "lrem": "In a large list all that stays moves but the longest run between what goes.",
    "linsert": "In a large list the elements on the shorter side move, each into its neighbour's row.",
    "lolwut": "Tells the version; draws nothing.",
    "memory|stats": "Redis' figures, and those of the data on disk.",
    "migrate": "A connection for each command; none is kept for the next.",
    "sort": "ALPHA compares bytes, whatever the locale. What STORE stores is logged as DEL and RPUSH, and refused beyond 512 MB.",
    "del": "O(1) for a key of any size: its content is purged later.",
    "flushall": "O(1), `SYNC` or `ASYNC`.",
    "flushdb": "O(1), `SYNC` or `ASYNC`.",
    "geosearchstore": "Logged as the members that were stored, not to be searched again; refused if they take more than 512 MB.",
    "hrandfield": "At most 33,554,432 with repetition.",
    "srandmember": "At most 33,554,432 with repetition.",
    "zrandmember": "At most 33,554,432 with repetition.",
    "spop": "Refused if what goes and what stays take more than 512 MB each.",
    "exec": "A command that writes is refused once the changes before it take 512 MB.",
    "keys": "Costs what begins with the pattern's literal prefix, not the whole database.",
    "memory|usage": "Bytes of the key's rows in the tables, on disk or in memory.",
    "object|encoding": "What Redis would say of such a value, made anew: it has no past.",
    "module|load": "Fails: modules need Redis' insides.",
    "module|loadex": "Fails: modules need Redis' insides.",
    "object|idletime": "0: times of access are not kept, since nothing is evicted.",
    "pfcount": "The count is cached and logged as in Redis, but never by a replica itself.",
    "pfselftest": "A test of Hearth's own.",
    "psync": "Hearth's replicas get a compressed LMDB snapshot, Redis' replicas an RDB.",
    "replicaof": "OK when the new role is on disk; it holds over restarts.",
    "save": "A checkpoint of what changed since the last one; the log has everything anyway.",
    "scan": "`MATCH prefix*` costs what begins with the prefix.",
    "shutdown": "`NOSAVE` loses nothing: the next start replays the log.",
    "slaveof": "As REPLICAOF.",
    "unlink": "As DEL.",
    "waitaof": "The command log counts as the append-only file; it syncs at once for who waits, whatever `appendfsync` says.",
    "xclaim": "Logged with all ids that are alike in one `XCLAIM`; so are XREADGROUP and XAUTOCLAIM.",
    "xinfo|stream": "`radix-tree-nodes` is what Redis has where ids differ first in one byte: there is no such tree.",
    "xreadgroup": "At most 1,000,000 items of a stream at once. What it delivers again is logged, too, with its count.",
}  # fmt: skip

HEAD = """# Commands

All commands of Redis 7.0, by group, and what Hearth makes of each. This page is written by `tools/commands_page.py` from
what redis-server and hearth-server say of themselves; `COMMAND DOCS name` has the arguments. Replies and error texts are
Redis', byte for byte (`test/parity/`), but for what the last column tells.
"""


def pairs(items):
    return dict(zip(items[::2], items[1::2]))


def commands_of(server):
    """Every command and subcommand by full name: its group, version and summary."""
    found = {}

    def add(name, docs):
        docs = pairs(docs)
        found[name.decode()] = {key.decode(): docs[key].decode() for key in (b"group", b"since", b"summary")}
        found[name.decode()]["is_container"] = b"subcommands" in docs
        for inner, inner_docs in pairs(docs.get(b"subcommands", [])).items():
            add(inner, inner_docs)

    with server.client() as client:
        for name, docs in pairs(client.call("COMMAND", "DOCS")).items():
            add(name, docs)
    return found


def remark(name, is_there):
    if is_there:
        return DIFFERENT.get(name, "")
    return ABSENT.get(name) or ABSENT.get(name.split("|")[0]) or "Not yet."


def rows(redis, hearth, group):
    for name in sorted(set(redis) | set(hearth)):
        facts = redis.get(name) or hearth[name]
        parent = name.split("|")[0]
        if facts["group"] != group or (facts["is_container"] and name in hearth):
            continue  # A container that is there is told by its subcommands.
        if "|" in name and parent not in hearth:
            continue  # One that is not is told alone.
        note = remark(name, name in hearth)
        if name not in redis:
            note = ("Hearth's own. " if not facts["since"].startswith("7.") else "From Redis %s. " % facts["since"]) + note
        state = "yes" if name in hearth else "no"
        yield "| %s | %s | %s | %s | %s |" % (name.upper().replace("|", " "), state, facts["since"],
                                              facts["summary"].rstrip(".").replace("|", "\\|"), note.strip())


def page(redis, hearth):
    text = HEAD
    for group, title in GROUPS.items():
        lines = list(rows(redis, hearth, group))
        text += "\n## %s\n\n| command | there | since | what it does | remarks |\n|---|---|---|---|---|\n" % title
        text += "\n".join(lines) + "\n"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", help="path of hearth-server")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is stale")
    options = parser.parse_args()
    redis, hearth = commands_of(Server(kind="redis")), commands_of(Server(options.server))
    stale = sorted((set(DIFFERENT) - set(hearth)) | (set(ABSENT) & set(hearth)) | (set(ABSENT) - set(redis)))
    if stale:
        print("commands_page: remarks on %s do not hold any more" % ", ".join(stale))
        return 1
    unknown = {facts["group"] for facts in list(redis.values()) + list(hearth.values())} - set(GROUPS)
    if unknown:
        print("commands_page: unknown groups: %s" % ", ".join(sorted(unknown)))
        return 1
    text = page(redis, hearth)
    if not options.check:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        print("docs/commands.md is stale: tools/commands_page.py %s" % options.server)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
