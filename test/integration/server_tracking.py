#!/usr/bin/python3
"""Client-side caching where one server alone does not show it: on replicas, over full syncs, with expiry by itself, with
a full table, and a cache that is compared with the data all the while.

Usage: server_tracking.py HEARTH_SERVER"""
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests, wait_until  # noqa: E402


def track(server, *options, protocol=3):
    client = server.client()
    if protocol == 3:
        client.call("HELLO", "3")
    client.call("CLIENT", "TRACKING", "ON", *options)
    return client


def link(binary, master, *arguments):
    replica = Server(binary, "--replicaof", "127.0.0.1 %d" % master.port, *arguments)
    with replica.client() as client:
        wait_until(lambda: client.info("replication")["master_link_status"] == "up", "the link")
    return replica


def test_a_replicas_clients_hear_of_the_masters_changes(binary):
    master = Server(binary)
    replica = link(binary, master)
    with master.client() as writer, track(replica) as reader, track(replica, "BCAST", "PREFIX", "p") as prefix:
        assert reader.call("MGET", "k", "l", "m") == [None] * 3
        writer.call("SET", "k", "1")
        assert reader.read() == [b"invalidate", [b"k"]]
        assert reader.call("GET", "k") == b"1"
        writer.pipeline([["MULTI"], ["SET", "p1", "1"], ["INCR", "l"], ["EXEC"]])
        assert reader.read() == [b"invalidate", [b"l"]]
        assert prefix.read() == [b"invalidate", [b"p1"]]
        writer.call("SET", "m", "1", "PX", "30")
        assert reader.read() == [b"invalidate", [b"m"]]
        assert reader.call("EXISTS", "m", "nothing") >= 0
        assert reader.read() == [b"invalidate", [b"m"]]  # The master's deletion.
        writer.call("FLUSHALL")
        assert reader.read() == prefix.read() == [b"invalidate", None]


def test_a_full_sync_invalidates_everything(binary):
    first, second = Server(binary), Server(binary)
    with second.client() as client:
        client.call("SET", "k", "second")
    with first.client() as client:
        client.call("SET", "k", "first")
    replica = link(binary, first, "--repl-allow-wipe", "yes")
    with track(replica) as reader, replica.client() as operator:
        wait_until(lambda: operator.call("GET", "k") == b"first", "the first master's data")
        assert reader.call("GET", "k") == b"first"
        operator.call("REPLICAOF", "127.0.0.1", str(second.port))
        assert reader.read() == [b"invalidate", None]
        wait_until(lambda: operator.call("GET", "k") == b"second", "the second master's data")
        assert operator.info()["tracking_total_keys"] == "0"


def test_keys_that_expire_by_themselves_are_told(binary):
    server = Server(binary)
    with track(server) as reader, track(server, "BCAST", "NOLOOP") as prefix, server.client() as writer:
        writer.call("SET", "k", "1", "PX", "50")
        assert prefix.read() == [b"invalidate", [b"k"]]
        reader.call("EXISTS", "k")
        assert reader.read() == prefix.read() == [b"invalidate", [b"k"]]
        assert writer.call("DBSIZE") == 0


def test_a_full_table_forgets_keys_and_says_so(binary):
    server = Server(binary, "--tracking-table-max-keys", "100")
    with track(server) as reader, server.client() as other:
        assert other.call("CONFIG", "GET", "tracking-table-max-keys") == [b"tracking-table-max-keys", b"100"]
        keys = ["key%d" % i for i in range(150)]
        assert reader.call("MGET", *keys) == [None] * 150
        told = [reader.read()[1][0].decode() for _ in range(50)]
        assert sorted(told) == sorted(keys[:50])  # Those that stood there longest.
        assert other.info()["tracking_total_keys"] == "100"
        other.call("CONFIG", "SET", "tracking-table-max-keys", "90")
        assert [reader.read()[1][0].decode() for _ in range(10)] == keys[50:60]


def test_a_restart_begins_with_nobody(binary):
    """Tracking is of a connection: nothing of it outlives the server."""
    server = Server(binary)
    with track(server) as reader:
        reader.call("GET", "k")
    server.kill()
    server.start()
    with server.client() as client:
        info = client.info()
        assert [info["tracking_clients"], info["tracking_total_keys"]] == ["0", "0"]


class Cache:
    """A client that keeps what it has read until it is told, by another connection."""

    def __init__(self, server, *options):
        self.listener = server.client()
        listener_id = self.listener.call("CLIENT", "ID")
        self.listener.call("SUBSCRIBE", "__redis__:invalidate")
        self.client = track(server, "REDIRECT", listener_id, *options, protocol=2)
        self.kept = {}

    def take_messages(self):
        """All that were sent by now: they stand before PING's answer."""
        self.listener.socket.sendall(self.listener.encode(["PING"]))
        while True:
            message = self.listener.read()
            if message == [b"pong", b""]:
                return
            for key in self.kept.copy() if message[2] is None else message[2]:
                self.kept.pop(key, None)

    def read(self, keys):
        self.kept.update(zip(keys, self.client.call("MGET", *keys)))

    def close(self):
        self.client.close()
        self.listener.close()


def some_writes(rng, keys):
    kind = rng.randrange(7)
    key = rng.choice(keys)
    if kind == 0:
        return [["MULTI"], ["INCR", b"n"], ["DEL", key, rng.choice(keys)], ["EXEC"]]
    if kind == 1 and rng.random() < 0.1:
        return [["FLUSHALL"]]
    return [[["DEL", key], ["SET", key, "1", "PX", "3"], ["RENAME", key, rng.choice(keys)], ["APPEND", key, "x"],
             ["COPY", key, rng.choice(keys), "REPLACE"], ["SET", key, rng.random()], ["GETDEL", key]][kind]]


def test_a_cache_keeps_nothing_stale(binary):
    """Random writes and expiries; whatever redirected caches keep when they have read all messages is in the data."""
    server = Server(binary, "--tracking-table-max-keys", "30")
    rng = random.Random(5)
    keys = [b"k%d" % i for i in range(40)] + [b"n"]
    caches = [Cache(server), Cache(server, "OPTOUT"), Cache(server, "BCAST"), Cache(server, "BCAST", "PREFIX", "k", "PREFIX", "n")]
    kept = 0
    with server.client() as writer:
        for _ in range(150):
            for _ in range(rng.randrange(4)):
                writer.pipeline(some_writes(rng, keys))
            for cache in caches:
                cache.take_messages()
                cache.read(rng.sample(keys, 5))
        writer.pipeline([["PERSIST", key] for key in keys])
        data = dict(zip(keys, writer.call("MGET", *keys)))
        for cache in caches:
            cache.take_messages()
            stale = {key: (value, data[key]) for key, value in cache.kept.items() if value != data[key]}
            assert not stale, stale
            kept += len(cache.kept)
            cache.close()
        assert kept > 40 and writer.info()["expired_keys"] != "0", kept


if __name__ == "__main__":
    run_tests([value for name, value in sorted(globals().items()) if name.startswith("test_")], sys.argv[1:])
