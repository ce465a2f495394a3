#!/usr/bin/python3
"""The same writes give the same DEBUG DIGEST on redis-server, on Hearth, on its replica, after kill -9 of each, and
across full syncs from and to redis-server.

Usage: digests.py HEARTH_SERVER [SEED [COMMANDS]]"""
import importlib
import pathlib
import random
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE.parent / "parity"))
from generate import Draw  # noqa: E402
from hearth import Server, run_tests, wait_until  # noqa: E402
from replication import field, follow, stock_redis, wait_caught_up  # noqa: E402

SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 11
COMMANDS = int(sys.argv[3]) if len(sys.argv) > 3 else 20000
BATCH = 50
DEBUG = ("--enable-debug-command", "yes")
QUICK = ("--repl-ping-replica-period", "1", "--repl-timeout", "10") + DEBUG
FAMILIES = ("bitmap", "generic", "geo", "hash", "hyperloglog", "key", "list", "set", "stream", "string", "zset")
# What a Redis master does not tell its replicas: that a BITFIELD has grown a string and then failed, that a PFADD has
# found damage after its first elements, and at which length a HyperLogLog turned dense (here the log says so). And
# DEBUG has it take up another history.
FAMILIES_OF_REDIS = [name for name in FAMILIES if name not in ("bitmap", "generic", "hyperloglog")]


def families(names):
    there = [path.stem for path in (HERE.parent / "parity" / "families").glob("[a-z]*.py")]
    return [importlib.import_module("families." + name) for name in names if name in there]


class Workload:
    """Commands of all families in turn, the same to every server that is told them."""

    def __init__(self, name, names=FAMILIES, key_count=150):
        self.draw = Draw(random.Random("%d %s" % (SEED, name)), key_count)
        self.families = families(names)

    def batch(self):
        commands = []
        while len(commands) < BATCH:
            words = self.draw.rng.choice(self.families).command(self.draw)
            if words[0].lower() in (b"flushall", b"flushdb") and self.draw.rng.random() < 0.9:
                continue  # Some data is to gather.
            commands.append(words)
        return commands

    def run(self, clients, count):
        for _ in range(0, count, BATCH):
            commands = self.batch()
            for client in clients:
                client.pipeline(commands)


def digest(server):
    with server.client(timeout_s=60) as client:
        return client.call("DEBUG", "DIGEST")


def digests_by_key(server):
    """DEBUG DIGEST-VALUE of every key: to name the one that differs."""
    found = {}
    with server.client() as client:
        for db in range(16):
            client.call("SELECT", db)
            for key in client.call("KEYS", "*"):
                found[(db, key)] = client.call("DEBUG", "DIGEST-VALUE", key)[0]
    return found


def assert_same_digest(one, other, what):
    """Equal, soon: keys that fall due go at slightly different times."""
    try:
        wait_until(lambda: digest(one) == digest(other), what, timeout_s=5, pause_s=0.05)
    except AssertionError:
        a, b = digests_by_key(one), digests_by_key(other)
        differ = [key for key in sorted(set(a) | set(b)) if a.get(key) != b.get(key)]
        raise AssertionError("%s: digests %s and %s, %d keys of %d and %d differ, first %r"
                             % (what, digest(one), digest(other), len(differ), len(a), len(b), differ[:5])) from None


def restart_killed(server):
    server.kill()
    server.start()


def test_workload_gives_one_digest_everywhere(binary):
    redis = stock_redis(*DEBUG)
    master = Server(binary, *QUICK)
    replica = Server(binary, *QUICK)
    follow(replica, master)
    workload = Workload("everywhere")
    clients = [redis.client(), master.client()]
    parts = 6
    for part in range(parts):
        workload.run(clients, COMMANDS // parts)
        assert_same_digest(redis, master, "redis and master after part %d" % part)
        if part == parts // 2:
            with master.client() as client:
                client.call("DEBUG", "RELOAD")  # What follows changes rows that lie in LMDB.
    wait_caught_up(replica, master)
    assert_same_digest(redis, replica, "redis and replica")
    for client in clients:
        client.close()
    restart_killed(master)
    assert_same_digest(redis, master, "redis and master after kill -9")
    restart_killed(replica)
    assert_same_digest(redis, replica, "redis and replica after kill -9")
    wait_caught_up(replica, master)
    assert_same_digest(master, replica, "master and replica at the end")


def test_replay_sees_keys_that_were_live_when_it_was_logged(binary):
    """A time that has passed since must not take the key away before the logged commands that found it."""
    server = Server(binary, *QUICK)
    with server.client() as client:
        client.pipeline([("SET", "a", "1"), ("PEXPIRE", "a", 300), ("RENAME", "a", "b"), ("PERSIST", "b"),
                         ("SET", "c", "1"), ("GETEX", "c", "PXAT", client.call("TIME")[0] + b"999"), ("PERSIST", "c")])
    before = digest(server)
    server.kill()
    time.sleep(1.0)  # Until both times have passed.
    server.start()
    assert digest(server) == before
    with server.client() as client:
        assert client.call("GET", "b") == b"1" and client.call("PTTL", "c") == -1


def test_a_trim_to_nothing_is_told_to_replicas(binary):
    """Whole nodes go, also one whose newest item was deleted, and then no first item is left to trim to."""
    master = Server(binary, *QUICK)
    replica = Server(binary, *QUICK)
    follow(replica, master)
    with master.client() as client:
        client.pipeline([("XADD", "s", "%d-0" % i, "f", "v") for i in (1, 2, 3, 9)])
        client.call("XDEL", "s", "9-0")
        assert client.call("XTRIM", "s", "MINID", "~", "10") == 3
    wait_caught_up(replica, master)
    assert_same_digest(master, replica, "master and replica after XTRIM")
    before = digest(master)
    restart_killed(master)
    assert digest(master) == before


def test_a_due_key_that_was_not_asked_for_is_an_object_still(binary):
    for server in (stock_redis(*DEBUG), Server(binary, *DEBUG)):
        with server.client() as client:
            client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")
            client.pipeline([("SET", "k", "v", "PX", "1")])
            time.sleep(0.01)
            objects = client.pipeline([("DEBUG", "OBJECT", "k"), ("GET", "k"), ("DEBUG", "OBJECT", "k")])
        assert "serializedlength:" in objects[0], objects
        assert objects[1] is None and str(objects[2]) == "ERR no such key", objects


def test_another_history_keeps_the_data(binary):
    """DEBUG CHANGE-REPL-ID in the midst of writes: replica and restart go over it."""
    master = Server(binary, *QUICK)
    replica = Server(binary, *QUICK)
    follow(replica, master)
    wait_caught_up(replica, master)
    with master.client() as client:
        client.pipeline([("SET", "a", "1"), ("DEBUG", "CHANGE-REPL-ID"), ("SET", "b", "2")])
        assert client.call("GET", "b") == b"2"
    assert_same_digest(master, replica, "master and replica over a change of histories")
    before = digest(master)
    restart_killed(master)
    assert digest(master) == before


def test_full_sync_from_redis_keeps_the_digest(binary):
    redis = stock_redis(*DEBUG)
    workload = Workload("from redis", FAMILIES_OF_REDIS)
    with redis.client() as client:
        workload.run([client], COMMANDS // 2)
    replica = Server(binary, *QUICK)
    follow(replica, redis)
    wait_caught_up(replica, redis)
    assert_same_digest(redis, replica, "redis and its replica after full sync")
    with redis.client() as client:
        workload.run([client], COMMANDS // 4)
    wait_caught_up(replica, redis)
    assert_same_digest(redis, replica, "redis and its replica after its stream")
    restart_killed(replica)
    assert_same_digest(redis, replica, "redis and its replica after kill -9")


def test_full_sync_to_redis_keeps_the_digest(binary):
    master = Server(binary, *QUICK)
    workload = Workload("to redis")
    with master.client() as client:
        workload.run([client], COMMANDS // 2)
    replica = stock_redis(*DEBUG)
    follow(replica, master)
    wait_until(lambda: field(replica, "master_link_status") == "up", "redis to follow")
    wait_caught_up(replica, master)
    assert_same_digest(master, replica, "master and redis after full sync")
    with master.client() as client:
        workload.run([client], COMMANDS // 4)
    wait_caught_up(replica, master)
    assert_same_digest(master, replica, "master and redis after its stream")


if __name__ == "__main__":
    run_tests([test_workload_gives_one_digest_everywhere, test_replay_sees_keys_that_were_live_when_it_was_logged,
               test_a_trim_to_nothing_is_told_to_replicas,
               test_a_due_key_that_was_not_asked_for_is_an_object_still, test_another_history_keeps_the_data,
               test_full_sync_from_redis_keeps_the_digest, test_full_sync_to_redis_keeps_the_digest], (sys.argv[1],))
