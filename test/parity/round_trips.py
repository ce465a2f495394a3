#!/usr/bin/python3
"""DUMP and RESTORE between redis-server and Hearth: every value goes there and back and stays the same.

    round_trips.py HEARTH_SERVER [SEED [COMMANDS]]

A random workload of all families on both servers; then each key's payload is restored on the other server and dumped
again. DEBUG DIGEST-VALUE says whether a value is the same. Where the value tells the form, the two servers' payloads must
be the same bytes."""
import importlib
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "support"))
from generate import Draw  # noqa: E402
from hearth import ReplyError, Server, run_tests  # noqa: E402

SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 11
COMMANDS = int(sys.argv[3]) if len(sys.argv) > 3 else 10000
DEBUG = ("--enable-debug-command", "yes")
DATA = ("bitmap", "geo", "hash", "hyperloglog", "list", "set", "stream", "string", "zset")
BATCH = 50
COPY = b"copy-"


def families():
    there = [path.stem for path in (HERE / "families").glob("[a-z]*.py")]
    return [importlib.import_module("families." + name) for name in DATA if name in there]


def commands(seed, count):
    draw = Draw(random.Random("%d" % seed), 100)
    found = families()
    return [draw.rng.choice(found).command(draw) for _ in range(count)]


def digests(client, keys):
    replies = client.pipeline([("DEBUG", "DIGEST-VALUE", key) for key in keys])
    return [reply[0] for reply in replies]


def payloads(client, keys):
    return client.pipeline([("DUMP", key) for key in keys])


def restore(client, keys, dumped):
    times = client.pipeline([("PEXPIRETIME", key) for key in keys])
    commands = [("RESTORE", COPY + key, max(time, 0), payload, "ABSTTL")
                for key, time, payload in zip(keys, times, dumped)]
    for command, reply in zip(commands, client.pipeline(commands)):
        assert reply == "OK", (command, reply)


def keys_of_same_value(redis, hearth):
    """What chance (SPOP) has made different is left out."""
    keys = sorted(set(redis.call("KEYS", "*")) & set(hearth.call("KEYS", "*")))
    both = zip(keys, digests(redis, keys), digests(hearth, keys))
    return [key for key, a, b in both if a == b]


def is_fixed(kind, encoding):
    """Not so are lists and streams, whose blocks show their past, and what has the order of a table: large sets, and
    hashes here once they have been larger than fits into a row."""
    return kind in ("string", "zset") or encoding == b"intset"


def check_round_trip(redis, hearth):
    keys = keys_of_same_value(redis, hearth)
    before = digests(redis, keys)
    from_redis, from_hearth = payloads(redis, keys), payloads(hearth, keys)
    restore(redis, keys, from_hearth)
    restore(hearth, keys, from_redis)
    copies = [COPY + key for key in keys]
    for server, name in ((redis, "redis"), (hearth, "hearth")):
        for key, a, b in zip(keys, before, digests(server, copies)):
            assert a == b, "%r differs after its way to %s" % (key, name)
    return list(zip(keys, from_redis, from_hearth))


def compare_bytes(redis, hearth, triples):
    """How many payloads are the same bytes, by type and encoding; fails where they have to be."""
    counts = {}
    for key, ours, theirs in triples:
        kind = redis.call("TYPE", key)
        encoding = redis.call("OBJECT", "ENCODING", key)
        same_form = encoding == hearth.call("OBJECT", "ENCODING", key)
        name = kind if kind == "string" else "%s %s" % (kind, encoding.decode())
        equal, total = counts.get(name, (0, 0))
        counts[name] = (equal + (ours == theirs), total + 1)
        if same_form and is_fixed(kind, encoding):
            assert ours == theirs, "%s %r:\n redis  %s\n hearth %s" % (name, key, ours.hex(), theirs.hex())
    return counts


def test_values_survive_the_way_between_servers(binary):
    redis, hearth = Server(None, *DEBUG, kind="redis"), Server(binary, "--appendfsync", "no", *DEBUG)
    sums = {}
    with redis.client() as a, hearth.client() as b:
        for round_number in range(max(1, COMMANDS // 2000)):
            script = commands(SEED * 1000 + round_number, 2000)
            for begin in range(0, len(script), BATCH):
                a.pipeline(script[begin:begin + BATCH])
                b.pipeline(script[begin:begin + BATCH])
            for name, (equal, total) in compare_bytes(a, b, check_round_trip(a, b)).items():
                sums[name] = (sums.get(name, (0, 0))[0] + equal, sums.get(name, (0, 0))[1] + total)
            a.call("FLUSHALL")
            b.call("FLUSHALL")
    for name, (equal, total) in sorted(sums.items()):
        print("     %-20s %5d payloads, %5d the same bytes" % (name, total, equal))


if __name__ == "__main__":
    run_tests([test_values_survive_the_way_between_servers], (sys.argv[1],))
