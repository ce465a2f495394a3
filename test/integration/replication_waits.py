#!/usr/bin/python3
"""WAIT and WAITAOF: whose disks have a client's writes.

Usage: replication_waits.py HEARTH_SERVER"""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, is_closed, run_tests, wait_until  # noqa: E402
from replication import field, follow, freeze, is_refused, offset, stock_redis, thaw, wait_caught_up, wait_link  # noqa: E402

QUICK = ("--repl-timeout", "10")  # No ping comes between.
POLICIES = ("always", "everysec", "no")


def pair_of(binary, policy, replica_policy):
    master = Server(binary, *QUICK, "--appendfsync", policy)
    replica = Server(binary, *QUICK, "--appendfsync", replica_policy)
    follow(replica, master)
    wait_caught_up(replica, master)
    wait_until(lambda: "state=online" in field(master, "slave0"), "the replica to be online")
    return master, replica


def timed(client, *words):
    begin = time.monotonic()
    return client.call(*words), time.monotonic() - begin


def test_our_own_disk(binary):
    for policy in POLICIES:
        server = Server(binary, "--appendfsync", policy)
        with server.client() as client:
            assert client.call("WAITAOF", 1, 0, 0) == [1, 0]  # Nothing was written.
            for number in range(20):
                client.call("SET", "k", number)
                reply, seconds = timed(client, "WAITAOF", 1, 0, 5000)
                assert reply == [1, 0] and seconds < 0.6, (policy, reply, seconds)
            client.call("SET", "k", "w")
            reply, seconds = timed(client, "WAITAOF", 0, 1, 100)
            assert reply[1] == 0 and 0.09 < seconds < 2, (policy, reply, seconds)
        server.stop()


def test_disks_of_replicas(binary):
    """They say at once what is on their disks, whatever their own appendfsync promises, and not only each second."""
    for policy, replica_policy in (("always", "always"), ("always", "no"), ("everysec", "everysec"), ("no", "no")):
        master, replica = pair_of(binary, policy, replica_policy)
        before = offset(master)
        with master.client() as client:
            begin = time.monotonic()
            for number in range(10):
                client.call("SET", "k", number)
                assert client.call("WAITAOF", 1, 1, 5000) == [1, 1]
            seconds = time.monotonic() - begin
            assert seconds < 5, (policy, replica_policy, seconds)
            assert client.pipeline([("MULTI",), ("SET", "k", "in"), ("WAITAOF", 1, 1, 0), ("EXEC",)])[3][1] in (
                [0, 0], [0, 1], [1, 0], [1, 1])  # At once, whatever it is.
        assert offset(master) - before < 11 * 40, "the questions are in the log"
        freeze(replica)
        with master.client() as client:
            client.call("SET", "k", "unheard")
            assert client.call("WAITAOF", 1, 1, 200) == [1, 0]
        thaw(replica)
        for node in (master, replica):
            node.stop()


def test_stock_replicas_have_no_disk(binary):
    """Redis 7.0 acknowledges what it has executed: good for WAIT, and no word of its disk."""
    master = Server(binary, *QUICK)
    replica = stock_redis()
    follow(replica, master)
    wait_caught_up(replica, master)
    with master.client() as client:
        client.call("SET", "k", "v")
        reply, seconds = timed(client, "WAIT", 1, 5000)
        assert reply == 1 and seconds < 0.9, (reply, seconds)
        assert client.call("WAITAOF", 1, 1, 200) == [1, 0]


def test_wait_hears_of_acknowledgements_at_once(binary):
    master, _ = pair_of(binary, "always", "always")
    with master.client() as client:
        begin = time.monotonic()
        for number in range(20):
            client.call("SET", "k", number)
            assert client.call("WAIT", 1, 5000) == 1
        seconds = time.monotonic() - begin
        assert seconds < 1.5, "20 rounds took %.2f s" % seconds  # It was one tick of 0.1 s for each.


def test_shutdown_waits_in_its_command(binary):
    master, replica = pair_of(binary, "always", "always")
    freeze(replica)
    with master.client() as first, master.client() as second, master.client() as other:
        other.call("SET", "k", "v")
        for client in (first, second):
            client.socket.sendall(client.encode(["SHUTDOWN", "NOSAVE"]) + client.encode(["PING"]))
        wait_until(lambda: other.info("clients")["blocked_clients"] == "2", "both callers to wait")
        assert other.call("SHUTDOWN", "ABORT") == "OK"
        for client in (first, second):
            assert str(client.read()) == "ERR Errors trying to SHUTDOWN. Check logs."
            assert client.read() == "PONG"
        assert other.call("SET", "k", "w") == "OK"
        other.call("CONFIG", "SET", "shutdown-timeout", 3)
        first.socket.sendall(first.encode(["SHUTDOWN"]))
        begin = time.monotonic()
        time.sleep(2.5)
        second.socket.sendall(second.encode(["SHUTDOWN"]))
        assert is_closed(first) and time.monotonic() - begin < 5  # The second one gives no more time.
        thaw(replica)
        assert master.process.wait(20) == 0


def test_refusals(binary):
    master = Server(binary)
    integer = "ERR value is not an integer or out of range"
    for words, text in ((("x", 0, 0), integer), ((2, 0, 0), "ERR value is out of range, value must between 0 and 1"),
                        ((-1, 0, 0), "ERR value is out of range, value must between 0 and 1"),
                        ((0, -1, 0), "ERR value is out of range, must be positive"),
                        ((0, "x", 0), "ERR value is out of range, must be positive"),
                        ((0, 0, "x"), "ERR timeout is not an integer or out of range"),
                        ((0, 0, -1), "ERR timeout is negative"),
                        ((0, 0), "ERR wrong number of arguments for 'waitaof' command")):
        assert is_refused(master, "WAITAOF", *words) == text, words
    replica = Server(binary, "--enable-debug-command", "yes")
    follow(replica, master)
    wait_link(replica)
    assert is_refused(replica, "DEBUG", "POPULATE", 10).startswith("READONLY ")
    assert is_refused(replica, "WAITAOF", 0, 0, 0) == (
        "ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and "
        "are not propagated.")


if __name__ == "__main__":
    run_tests([test_our_own_disk, test_disks_of_replicas, test_stock_replicas_have_no_disk,
               test_wait_hears_of_acknowledgements_at_once, test_shutdown_waits_in_its_command, test_refusals], (sys.argv[1],))
