#!/usr/bin/python3
"""What a node says and does in each of its roles, beside a stock Redis server in the same one.

Usage: replication_roles.py HEARTH_SERVER"""
import os
import pathlib
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Client, Server, run_tests, wait_until  # noqa: E402
from replication import (FakeMaster, assert_same_data, field, fill, follow, freeze, is_refused, stat, stock_redis, thaw,  # noqa: E402
                         wait_caught_up, wait_link)  # noqa: E402


def test_a_replica_never_becomes_writable(binary):
    """Local writes of a replica would be in no log: whoever asks for them is told so, at once, and by CONFIG GET."""
    master = Server(binary)
    replica = Server(binary, "--replica-read-only", "no")
    assert "replica-read-only no is not supported" in replica.output(), replica.output()
    follow(replica, master)
    wait_link(replica)
    for name in ("replica-read-only", "slave-read-only"):
        problem = is_refused(replica, "CONFIG", "SET", name, "no")
        assert problem.startswith("ERR CONFIG SET failed (possibly related to argument '%s') - " % name), problem
        assert problem.endswith("write to its master, or promote it with REPLICAOF NO ONE"), problem
    assert is_refused(replica, "SET", "k", "v").startswith("READONLY")
    with replica.client() as client:
        assert client.call("CONFIG", "GET", "replica-read-only") == [b"replica-read-only", b"yes"]
        assert client.call("CONFIG", "SET", "replica-read-only", "yes") == "OK"
        assert client.info("replication")["slave_read_only"] == "1"


def test_a_master_whose_keys_are_all_in_the_log_is_not_empty(binary):
    """P7 looks at what a full sync brings: a master with data that no checkpoint has seen yet must not pass for empty."""
    master = Server(binary)
    replica = Server(binary)
    for server, value in ((master, "master's"), (replica, "replica's")):
        with server.client() as client:
            client.call("SET", "k", value)
    follow(replica, master)
    wait_link(replica)
    with replica.client() as client:
        wait_until(lambda: client.call("GET", "k") == b"master's", "the master's value")
    # Nor for as empty as it was when another replica came.
    master = Server(binary)
    first = Server(binary)
    follow(first, master)
    wait_link(first)
    with master.client() as client:
        client.call("SET", "k", "master's")
    follow(replica, master)
    wait_link(replica)
    # And one that was emptied a moment ago is empty, though the checkpoint is not.
    emptied = Server(binary)
    with emptied.client() as client:
        client.call("SET", "k", "gone")
        client.call("SAVE")
        client.call("FLUSHALL")
    follow(replica, emptied)
    wait_until(lambda: field(replica, "hearth_full_sync_refused") == "1", "the refusal")
    with replica.client() as client:
        assert client.call("GET", "k") == b"master's"


def test_a_paused_replica_applies_nothing_as_in_redis(binary):
    masters = [stock_redis(), Server(binary, "--repl-ping-replica-period", "1")]
    replicas = [stock_redis(), Server(binary)]
    for replica, master in zip(replicas, masters):
        follow(replica, master)
        wait_link(replica)
        wait_until(lambda: "state=online" in field(master, "slave0"), "the replica to be online")
        for mode in ("WRITE", "ALL"):
            with replica.client() as client, master.client() as writer:
                client.call("CLIENT", "PAUSE", 1500, mode)
                writer.call("SET", "k", mode)
                time.sleep(0.6)
                if mode == "WRITE":
                    assert client.call("GET", "k") is None, replica.kind
                assert writer.call("WAIT", 1, 100) == 0, replica.kind
                wait_until(lambda: client.call("GET", "k") == mode.encode(), "the end of the pause")
                wait_until(lambda: writer.call("WAIT", 1, 1000) == 1, "the acknowledgement")
        with replica.client() as client, master.client() as writer:
            client.call("CLIENT", "PAUSE", 100000, "WRITE")
            writer.call("SET", "k", "unpaused")
            client.call("CLIENT", "UNPAUSE")
            wait_until(lambda: client.call("GET", "k") == b"unpaused", "the end of the pause", timeout_s=5)


def fields_of(server):
    """Names of Redis' fields in INFO replication, in their order."""
    with server.client() as client:
        lines = client.call("INFO", "replication").decode().splitlines()
    return [line.split(":")[0] for line in lines if ":" in line and not line.startswith(("hearth_", "sync_replicas"))]


def test_info_has_the_fields_of_redis_in_each_state(binary):
    masters = [stock_redis("--repl-backlog-size", "1mb"), Server(binary)]
    replicas = [stock_redis(), Server(binary)]

    def assert_same(servers, state):
        redis, hearth = [fields_of(server) for server in servers]
        assert redis == hearth, (state, redis, hearth)
    assert_same(masters, "master")
    for replica, master in zip(replicas, masters):
        follow(replica, master)
        wait_link(replica)
        with master.client() as client:
            client.call("CONFIG", "SET", "min-replicas-to-write", 1)
            wait_until(lambda: client.info("replication")["min_slaves_good_slaves"] == "1", "the replica to be good")
    assert_same(masters, "master with a replica")
    assert_same(replicas, "link up")
    for master in masters:
        master.kill()
    for replica in replicas:
        wait_until(lambda: field(replica, "master_link_status") == "down", "the link to be down")
    assert_same(replicas, "link down")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for replica in replicas:
            with replica.client() as client:
                client.call("REPLICAOF", "127.0.0.1", silent.getsockname()[1])
            wait_until(lambda: replica.client().call("ROLE")[3] == b"handshake", "the handshake")
        assert_same(replicas, "handshake")


def test_a_replica_that_is_late_does_not_count(binary):
    """min-replicas-max-lag is about the last sign of life, min-replicas-to-write about how many have given one."""
    master = Server(binary, "--min-replicas-to-write", "1", "--min-replicas-max-lag", "1")
    assert is_refused(master, "SET", "k", "v") == "NOREPLICAS Not enough good replicas to write."
    replica = Server(binary, "--replica-announced", "no", "--replica-announce-port", "7777")
    follow(replica, master)
    with master.client() as client:
        wait_until(lambda: client.call("SET", "k", "v") == "OK", "a good replica")
    assert "port=7777" in field(master, "slave0") and field(replica, "replica_announced") == "0"
    freeze(replica)
    time.sleep(2.2)
    assert is_refused(master, "SET", "k", "v") == "NOREPLICAS Not enough good replicas to write."
    thaw(replica)
    with master.client() as client:
        wait_until(lambda: client.call("SET", "k", "v") == "OK", "a good replica")


def link_problem(server):
    return field(server, "hearth_link_problem") or ""


def assert_is_down(servers, seconds=1.5):
    """None of them ever says that its link is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for server in servers:
            assert field(server, "master_link_status") == "down", server.port
        time.sleep(0.02)
    for server in servers:
        assert "NOMASTERLINK Can't SYNC while not connected with my master" in link_problem(server), link_problem(server)


def test_nobody_is_its_own_master(binary):
    """REPLICAOF itself, or two each other: as in Redis the links are down, as nobody has a master to tell of."""
    alone = Server(binary)
    fill(alone, 10)
    follow(alone, alone)
    assert_is_down([alone])
    one, other = Server(binary), Server(binary)
    fill(one, 10, prefix="one")
    follow(other, one)
    wait_caught_up(other, one)
    follow(one, other)  # One after the other, while the first link is up.
    wait_until(lambda: field(other, "master_link_status") == "down", "the ring to be open")
    assert_is_down([one, other])
    with other.client() as client:
        assert client.call("REPLICAOF", "NO", "ONE") == "OK"
    wait_caught_up(one, other)
    assert stat(other, "sync_full") == 0
    with other.client() as client, one.client() as second:
        assert second.call("REPLICAOF", "NO", "ONE") == "OK"
        client.socket.sendall(client.encode(("REPLICAOF", "127.0.0.1", one.port)))  # Both at once.
        second.socket.sendall(second.encode(("REPLICAOF", "127.0.0.1", other.port)))
        assert client.read() == "OK" and second.read() == "OK"
    assert_is_down([one, other])


def test_who_asks_a_replica_without_a_master_comes_again(binary):
    """As in Redis, also who could go on by a partial sync; but a tool that wants the data alone gets it."""
    master = Server(binary)
    middle, last = Server(binary), Server(binary)
    follow(middle, master)
    follow(last, middle)
    fill(master, 10)
    wait_caught_up(last, master)
    master.stop()
    wait_until(lambda: field(middle, "master_link_status") == "down", "the link to be down")
    last.stop()
    last.start()
    assert_is_down([last], 0.5)
    path = os.path.join(last.folder, "dumped.snapshot")
    dump = os.path.join(os.path.dirname(binary), "hearth-dump")
    subprocess.run([dump, "--host", "127.0.0.1", "--port", str(middle.port), "--output", path], check=True, capture_output=True)
    assert os.path.getsize(path) > 0
    master.start()
    begin = time.monotonic()
    wait_link(middle)
    wait_caught_up(last, master)
    assert time.monotonic() - begin < 3
    assert stat(middle, "sync_full") == 1 and stat(middle, "sync_partial_ok") >= 1


def test_who_followed_a_history_that_is_gone_is_not_kept_in_mind(binary):
    """Its offset would hold back the log of the new data."""
    master = Server(binary)
    middle, last = Server(binary, "--repl-ping-replica-period", "1"), Server(binary)
    follow(middle, master)
    follow(last, middle)
    fill(master, 1000)
    wait_caught_up(last, master)

    def kept():
        with open(os.path.join(middle.data, "hearth.replicas")) as file:
            return file.read()
    wait_until(lambda: ":%d " % last.port in kept(), "the replica to be kept in mind")
    freeze(last)
    master.kill()
    other = Server(binary, start=False, port=master.port)
    other.start()
    fill(other, 10, prefix="other")
    wait_caught_up(middle, other)
    assert stat(other, "sync_full") == 1
    time.sleep(2.5)
    assert ":%d " % last.port not in kept(), kept()
    thaw(last)
    wait_caught_up(last, other)
    assert_same_data(last, other, (0,))


def test_a_stream_that_breaks_at_once_is_no_success(binary):
    """It is tried ever less often, and its ups and downs do not drive out what else happened."""
    master = FakeMaster(lambda words: b"+CONTINUE %s\r\n" % (b"a" * 40) + Client.encode(("EXEC",)))
    replica = Server(binary)
    follow(replica, master)
    wait_until(lambda: master.asked, "the first try")
    time.sleep(3)
    assert 4 <= len(master.asked) <= 8, len(master.asked)
    with replica.client() as client:
        events = [value for name, value in client.info("replication").items() if name.startswith("hearth_event")]
    assert any("replica of" in event for event in events), events
    assert sum("is up at offset" in event for event in events) <= 2, events
    assert sum("EXEC without MULTI" in event for event in events) == 1, events
    master.close()


def test_another_master_ends_a_full_sync(binary):
    """REPLICAOF while a full sync comes in: the new master's data is what is taken, and nothing is left of the other."""
    slow = Server(binary, "--repl-full-sync-max-rate", "200000")
    fill(slow, 3000, size=1000)
    other = Server(binary)
    fill(other, 10, prefix="other")
    replica = Server(binary)
    follow(replica, slow)
    wait_until(lambda: field(replica, "master_sync_in_progress") == "1", "the full sync")
    follow(replica, other)
    wait_caught_up(replica, other)
    assert_same_data(replica, other, (0,))
    with replica.client() as client:
        assert client.call("REPLICAOF", "NO", "ONE") == "OK"
    follow(replica, slow)
    wait_until(lambda: field(replica, "master_sync_in_progress") == "1", "the full sync")
    with replica.client() as client:
        assert client.call("REPLICAOF", "NO", "ONE") == "OK"
        assert client.call("SET", "k", "v") == "OK" and client.call("DBSIZE") == 11


if __name__ == "__main__":
    run_tests([test_a_replica_never_becomes_writable, test_a_master_whose_keys_are_all_in_the_log_is_not_empty,
               test_a_paused_replica_applies_nothing_as_in_redis, test_info_has_the_fields_of_redis_in_each_state,
               test_a_replica_that_is_late_does_not_count, test_nobody_is_its_own_master,
               test_who_asks_a_replica_without_a_master_comes_again,
               test_who_followed_a_history_that_is_gone_is_not_kept_in_mind,
               test_a_stream_that_breaks_at_once_is_no_success, test_another_master_ends_a_full_sync], (sys.argv[1],))
