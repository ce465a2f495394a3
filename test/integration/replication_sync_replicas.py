#!/usr/bin/python3
"""sync-replicas: what was acknowledged is on the replica's disk, so the loss of the whole master loses nothing; and what
becomes of held replies in every other case.

Usage: replication_sync_replicas.py HEARTH_SERVER"""
import pathlib
import shutil
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests, wait_until  # noqa: E402
from replication import (Proxy, Writer, assert_same_data, field, fill, follow, freeze, role_of, stat, thaw,  # noqa: E402
                         wait_caught_up, wait_link)

QUICK = ("--repl-timeout", "20", "--repl-ping-replica-period", "1")


def pair_of(binary, *arguments, replica_arguments=(), through_proxy=False):
    master = Server(binary, *QUICK, "--sync-replicas", "1", *arguments)
    replica = Server(binary, *QUICK, *replica_arguments)
    proxy = Proxy(master.port) if through_proxy else None
    follow(replica, proxy or master)
    wait_link(replica)
    with master.client() as client:
        client.call("SET", "first", "write")  # Answered once the replica has it.
    return (master, replica, proxy) if through_proxy else (master, replica)


class Held(threading.Thread):
    """A command whose reply may be held."""

    def __init__(self, server, *words):
        super().__init__(daemon=True)
        self.client = server.client(timeout_s=60)
        self.words = words
        self.reply = None
        self.error = None
        self.start()

    def run(self):
        try:
            self.reply = self.client.call(*self.words)
        except Exception as error:
            self.error = error

    def is_held(self, seconds=0.4):
        self.join(seconds)
        return self.is_alive()

    def answer(self):
        self.join(20)
        assert not self.is_alive() and self.error is None, (self.words, self.error)
        return self.reply


def test_loss_of_the_master_loses_nothing(binary):
    """The link breaks, the master goes on for a while, and is then lost with its disk."""
    for policies in (("always", "always"), ("everysec", "no"), ("no", "everysec")):
        master, replica, proxy = pair_of(binary, "--appendfsync", policies[0],
                                         replica_arguments=("--appendfsync", policies[1]), through_proxy=True)
        writers = [Writer(master, "%s %d" % (policies[0], i)) for i in range(4)]
        for writer in writers:
            writer.start()
        wait_until(lambda: all(len(writer.acknowledged) > 30 for writer in writers), "some writes")
        proxy.is_open = False
        proxy.cut()
        time.sleep(0.3)
        master.kill()
        shutil.rmtree(master.data)
        for writer in writers:
            writer.finish()
        replica.kill()  # What it said is on its disk.
        replica.start()
        with replica.client() as client:
            assert client.call("REPLICAOF", "NO", "ONE") == "OK"
        for writer in writers:
            writer.assert_all_there(replica)
        proxy.close()
        replica.stop()


def test_replies_and_what_reveals_them_wait(binary):
    master, replica = pair_of(binary)
    with master.client() as client:
        client.call("MSET", "k", "old", "other", "o")
        begin = time.monotonic()
        for number in range(50):
            client.call("SET", "counted", number)
        assert time.monotonic() - begin < 10  # Not a second for each: replicas are asked.
    freeze(replica)
    write = Held(master, "SET", "k", "new")
    assert write.is_held()
    reads = [Held(master, *words) for words in (("GET", "k"), ("DBSIZE",), ("EXISTS", "k"))]
    assert all(read.is_held(0.1) for read in reads)
    with master.client() as client:  # Whoever does not look there, and the operator, are served.
        assert client.call("GET", "other") == b"o"
        assert client.call("PING") == "PONG"
        assert client.info("replication")["sync_replicas_state"] == "in-sync"
        assert int(client.info("replication")["sync_replicas_held_bytes"]) > 0
        assert client.call("CONFIG", "GET", "sync-replicas") == [b"sync-replicas", b"1"]
        assert client.call("SAVE") == "OK"
        assert client.call("WAIT", 1, 50) == 1  # This client wrote nothing.
    assert write.is_alive()
    thaw(replica)
    assert write.answer() == "OK"
    assert [read.answer() for read in reads] == [b"new", 4, 1]


def test_policy_wait(binary):
    master, replica = pair_of(binary)
    freeze(replica)
    with master.client() as client:
        client.call("CONFIG", "SET", "sync-replicas-timeout", 200)
    write = Held(master, "SET", "k", "new")
    wait_until(lambda: field(master, "sync_replicas_state") == "late", "the replica to be late")
    assert write.is_alive() and field(master, "sync_replicas_late_count") == "1"
    with master.client() as client:
        info = client.info("replication")
        assert any("replies wait for 1 replicas since 200 ms" in value for key, value in info.items() if "event" in key)
        assert client.call("CONFIG", "SET", "sync-replicas", 0) == "OK"
    assert write.answer() == "OK" and field(master, "sync_replicas_state") == "off"
    # Switched on again, and a third node that does a full sync and takes its place.
    with master.client() as client:
        assert client.call("CONFIG", "SET", "sync-replicas", 1) == "OK"
    write = Held(master, "SET", "k", "newer")
    assert write.is_held()
    third = Server(binary, *QUICK)
    follow(third, master)
    assert write.answer() == "OK"
    with third.client() as client:
        assert client.call("GET", "k") == b"newer"


def test_policy_degrade(binary):
    master, replica = pair_of(binary, "--sync-replicas-policy", "degrade")
    assert field(master, "sync_replicas_last_degraded_time") == "0"
    freeze(replica)
    with master.client() as client:
        client.call("CONFIG", "SET", "sync-replicas-timeout", 300)
        begin = time.monotonic()
        assert client.call("SET", "k", "v") == "OK"
        assert time.monotonic() - begin > 0.15
        info = client.info("replication")
        assert info["sync_replicas_state"] == "degraded" and info["sync_replicas_degraded_count"] == "1", info
        assert abs(int(info["sync_replicas_last_degraded_time"]) - time.time()) < 10
        for number in range(10):
            client.call("SET", "k", number)
        assert client.info("replication")["sync_replicas_degraded_count"] == "1"  # None of them waited for that.
        client.call("CONFIG", "SET", "sync-replicas-timeout", 5000)
    thaw(replica)
    wait_until(lambda: field(master, "sync_replicas_state") == "in-sync", "the replica to be near again")
    freeze(replica)
    with master.client() as client:
        client.call("CONFIG", "SET", "sync-replicas-timeout", 300)
        begin = time.monotonic()
        assert client.call("SET", "k", "w") == "OK"
        assert time.monotonic() - begin > 0.15
    assert field(master, "sync_replicas_degraded_count") == "2"
    thaw(replica)


def test_demotion_does_not_let_go(binary):
    """A new master may lack what is held: its clients hear nothing, rather than OK."""
    master, replica = pair_of(binary)
    freeze(replica)
    write = Held(master, "SET", "k", "only here")
    read = Held(master, "GET", "k")
    assert write.is_held() and read.is_held(0.1)
    other = Server(binary, *QUICK)
    with other.client() as client:
        client.call("SET", "k", "other's")
    follow(master, other)
    for held in (write, read):
        held.join(10)
        assert isinstance(held.error, (EOFError, OSError)) and held.reply is None, (held.reply, held.error)
    thaw(replica)
    wait_caught_up(master, other)
    # A replica holds nothing, whatever is configured; promoted, it holds again, but for what it has.
    with master.client() as client:
        assert client.call("GET", "k") == b"other's" and client.info("replication")["sync_replicas_state"] == "off"
    replica.kill()
    with master.client() as client:
        assert client.call("REPLICAOF", "NO", "ONE") == "OK"
        assert client.call("GET", "k") == b"other's"
    write = Held(master, "SET", "k", "promoted")
    assert write.is_held()
    follow(other, master)
    assert write.answer() == "OK"


def test_restarted_master_shows_what_replicas_have(binary):
    """A write that was never acknowledged is on its disk: nobody may read it before a replica has it."""
    master, replica = pair_of(binary)
    freeze(replica)
    write = Held(master, "SET", "k", "unheard")
    assert write.is_held()
    master.kill()
    write.join(10)
    assert write.reply is None
    master.start()
    read = Held(master, "GET", "k")
    assert read.is_held()
    thaw(replica)
    assert read.answer() == b"unheard"
    # A shutdown does not wait for ever, and lets nothing go.
    freeze(replica)
    with master.client() as client:
        client.call("CONFIG", "SET", "shutdown-timeout", 0)
    write = Held(master, "SET", "k", "at the end")
    assert write.is_held()
    assert master.stop() == 0
    write.join(10)
    assert write.reply is None
    thaw(replica)


def test_failover_under_it(binary):
    master, replica = pair_of(binary, replica_arguments=("--sync-replicas", "1"))
    fill(master, 500)
    writers = [Writer(master, "writer %d" % i) for i in range(4)]
    for writer in writers:
        writer.start()
    wait_until(lambda: all(len(writer.acknowledged) > 20 for writer in writers), "some writes")
    with master.client() as client:
        assert client.call("FAILOVER") == "OK"
    wait_until(lambda: role_of(replica) == "master" and role_of(master) == "slave", "the roles to be swapped")
    for writer in writers:
        writer.finish()
        writer.assert_all_there(replica)
    with replica.client() as client:
        assert client.call("SET", "k", "v") == "OK"  # The old master is its replica by now.
    wait_caught_up(master, replica)
    assert_same_data(master, replica, (0,))
    assert stat(replica, "sync_full") == 0


def test_two_of_three(binary):
    master = Server(binary, *QUICK, "--sync-replicas", "2")
    replicas = [Server(binary, *QUICK) for _ in range(2)]
    write = Held(master, "SET", "k", "v")
    assert write.is_held(0.2)
    follow(replicas[0], master)
    wait_link(replicas[0])
    assert write.is_held(0.3)
    follow(replicas[1], master)
    assert write.answer() == "OK"
    for replica in replicas:
        with replica.client() as client:
            assert client.call("GET", "k") == b"v"


if __name__ == "__main__":
    run_tests([test_loss_of_the_master_loses_nothing, test_replies_and_what_reveals_them_wait, test_policy_wait,
               test_policy_degrade, test_demotion_does_not_let_go, test_restarted_master_shows_what_replicas_have,
               test_failover_under_it, test_two_of_three], (sys.argv[1],))
