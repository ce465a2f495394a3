#!/usr/bin/python3
"""Groups of streams are the same on a master, its replica and a redis-server behind it, after kill -9, full syncs both
ways, and hearth-check finds nothing.

Usage: server_streams.py HEARTH_SERVER [SEED [COMMANDS]]"""
import importlib
import pathlib
import random
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE.parent / "parity"))
from generate import Draw  # noqa: E402
from hearth import Server, run_tests, wait_until  # noqa: E402
from replication import follow, stock_redis, wait_caught_up  # noqa: E402

SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 5
COMMANDS = int(sys.argv[3]) if len(sys.argv) > 3 else 6000
BATCH = 50
family = importlib.import_module("families.stream")


class Workload:
    """Commands on streams and their groups."""

    def __init__(self, name):
        self.draw = Draw(random.Random("%d %s" % (SEED, name)), 8)

    def run(self, client, count):
        for _ in range(0, count, BATCH):
            client.pipeline([self.command() for _ in range(BATCH)])

    def command(self):
        """Most of what takes whole streams and groups away is left out: something is to be pending."""
        while True:
            words = family.command(self.draw)
            if words[0] not in (b"del", b"rename", b"copy") and b"destroy" not in words or self.draw.rng.random() < 0.1:
                return words


def pairs(reply):
    return {name.decode(): value for name, value in zip(reply[::2], reply[1::2])}


def describe_group(reply):
    """Everything but when consumers were seen, which is not logged for its own sake."""
    group = pairs(reply)
    consumers = [pairs(consumer) for consumer in group["consumers"]]
    return (group["name"], group["last-delivered-id"], group["entries-read"], group["lag"], group["pel-count"],
            group["pending"], [(c["name"], c["pel-count"], c["pending"]) for c in consumers])


def streams(server):
    """All streams with all that XINFO tells of them."""
    found = {}
    with server.client() as client:
        for key in sorted(client.call("KEYS", "*")):
            if client.call("TYPE", key) != "stream":
                continue
            facts = pairs(client.call("XINFO", "STREAM", key, "FULL", "COUNT", 0))
            groups = [describe_group(group) for group in facts.pop("groups")]
            for name in ("radix-tree-keys", "radix-tree-nodes"):
                facts.pop(name)
            found[key] = (facts, sorted(groups))
    return found


def assert_same(one, other, what):
    """Equal, and not for want of content."""
    wait_until(lambda: streams(one) == streams(other), what, timeout_s=5, pause_s=0.05)
    here = streams(one)
    assert any(group[4] > 0 for _, groups in here.values() for group in groups), "nothing is pending: " + what


def restart_killed(server):
    server.kill()
    server.start()


def check(binary, server):
    """hearth-check on the stopped server's folder."""
    program = pathlib.Path(binary).resolve().parent / "hearth-check"
    run = subprocess.run([str(program), server.data], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_groups_survive_kills_and_reach_replicas(binary):
    master = Server(binary, "--appendfsync", "no")
    replica = Server(binary, "--appendfsync", "no")
    follow(replica, master)
    work = Workload("replica")
    for part in range(3):
        with master.client() as client:
            work.run(client, COMMANDS // 3)
        wait_caught_up(replica, master)
        assert_same(master, replica, "master and replica after part %d" % part)
        before = streams(master)
        restart_killed(master)
        assert streams(master) == before, "the master after kill -9, part %d" % part
        restart_killed(replica)
        assert_same(master, replica, "the replica after kill -9, part %d" % part)
    for server in (master, replica):
        server.stop()
        check(binary, server)


def test_a_new_replica_gets_groups_by_full_sync(binary):
    master = Server(binary, "--appendfsync", "no")
    with master.client() as client:
        Workload("full").run(client, COMMANDS // 2)
    replica = Server(binary)
    follow(replica, master)
    wait_caught_up(replica, master)
    assert_same(master, replica, "a replica after its full sync")


def test_groups_go_to_redis(binary):
    master = Server(binary, "--appendfsync", "no")
    work = Workload("to redis")
    with master.client() as client:
        work.run(client, COMMANDS // 2)
    redis = stock_redis("--repl-diskless-sync-delay", "0")
    follow(redis, master)
    wait_caught_up(redis, master)
    assert_same(master, redis, "redis after a full sync")
    with master.client() as client:
        work.run(client, COMMANDS // 2)
    wait_caught_up(redis, master)
    assert_same(master, redis, "redis after the stream")


def test_groups_come_from_redis(binary):
    redis = stock_redis("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
    work = Workload("from redis")
    with redis.client() as client:
        work.run(client, COMMANDS // 2)
    replica = Server(binary)
    follow(replica, redis)
    wait_caught_up(replica, redis)
    assert_same(redis, replica, "a replica of redis after a full sync")


if __name__ == "__main__":
    run_tests([test_groups_survive_kills_and_reach_replicas, test_a_new_replica_gets_groups_by_full_sync,
               test_groups_go_to_redis, test_groups_come_from_redis], (sys.argv[1],))
