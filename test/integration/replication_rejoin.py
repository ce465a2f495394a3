#!/usr/bin/python3
"""Nodes that restart, cleanly or by kill -9, rejoin by themselves and by partial sync (P3, P4); chains, promotion and
demotion keep it so.

Usage: replication_rejoin.py HEARTH_SERVER"""
import glob
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests, wait_until  # noqa: E402
from replication import (assert_same_data, dataset, field, fill, follow, is_refused, offset, role_of, stat,  # noqa: E402
                         wait_caught_up, wait_link)

QUICK = ("--repl-ping-replica-period", "1", "--repl-timeout", "10")


def pair(binary, *arguments):
    master = Server(binary, *QUICK, *arguments)
    replica = Server(binary, *QUICK, *arguments)
    fill(master, 200)
    follow(replica, master)
    wait_caught_up(replica, master)
    assert stat(master, "sync_full") == 1
    return master, replica


def restart(server, how):
    getattr(server, how)()
    server.start()


def check_rejoin(binary, arguments=()):
    """Every way to restart, with writes that the stopped one misses; never a second full sync."""
    master, replica = pair(binary, *arguments)
    for round_number, how in enumerate(("stop", "kill", "stop", "kill")):
        getattr(replica, how)()
        fill(master, 300, prefix="missed%d" % round_number, db=round_number % 3)
        replica.start()
        wait_caught_up(replica, master)
        assert_same_data(master, replica)
    assert stat(master, "sync_full") == 1, "a restarted replica was synced in full"
    assert stat(master, "sync_partial_ok") >= 4
    for round_number, how in enumerate(("stop", "kill")):
        restart(master, how)
        fill(master, 100, prefix="after%d" % round_number)
        wait_caught_up(replica, master)
        assert_same_data(master, replica)
        assert role_of(master) == "master" and role_of(replica) == "slave"
        assert stat(master, "sync_full") == 0, "after %s of the master the replica was synced in full" % how
    for how in ("stop", "kill"):
        getattr(master, how)()
        getattr(replica, how)()
        replica.start()
        master.start()
        fill(master, 50, prefix="both-" + how)
        wait_caught_up(replica, master)
        assert_same_data(master, replica)
        assert stat(master, "sync_full") == 0


def test_rejoin_with_always(binary):
    check_rejoin(binary)


def test_rejoin_with_everysec(binary):
    check_rejoin(binary, ("--appendfsync", "everysec"))


def test_rejoin_is_quick(binary):
    master, replica = pair(binary)
    replica.stop()
    fill(master, 1000, prefix="missed")
    begin = time.monotonic()
    replica.start()
    wait_caught_up(replica, master)
    took = time.monotonic() - begin
    print("     replica caught up 1000 writes %.0f ms after its start" % (took * 1000))
    assert took < 5


def test_chain_restarts_in_the_middle(binary):
    master, middle = pair(binary)
    last = Server(binary, *QUICK)
    follow(last, middle)
    wait_caught_up(last, middle)
    assert field(middle, "connected_slaves") == "1" and field(master, "connected_slaves") == "1"
    for round_number, how in enumerate(("stop", "kill")):
        getattr(middle, how)()
        fill(master, 100, prefix="middle%d" % round_number)
        middle.start()
        wait_caught_up(last, master)
        assert_same_data(master, last)
        assert stat(middle, "sync_full") == 0
    assert stat(master, "sync_full") == 1
    assert field(last, "master_replid") == field(master, "master_replid")


def test_promotion_keeps_sisters_by_partial_sync(binary):
    master, one = pair(binary)
    two = Server(binary, *QUICK)
    follow(two, master)
    wait_caught_up(two, master)
    fill(master, 100, prefix="before")
    wait_caught_up(one, master)
    wait_caught_up(two, master)
    history = field(master, "master_replid")
    master.kill()
    with one.client() as client:
        assert client.call("REPLICAOF", "NO", "ONE") == "OK"
        info = client.info("replication")
        assert info["master_replid2"] == history and info["master_replid"] != history, info
        assert int(info["second_repl_offset"]) == int(info["master_repl_offset"]) + 1, info
        assert client.call("SET", "promoted", "yes") == "OK"
    follow(two, one)
    wait_caught_up(two, one)
    assert stat(one, "sync_full") == 0 and stat(one, "sync_partial_ok") == 1
    # The former master comes back as a replica; it has nothing of its own, so it too goes on by partial sync.
    master.start()
    follow(master, one)
    wait_caught_up(master, one)
    assert stat(one, "sync_full") == 0
    assert_same_data(one, two)
    assert_same_data(one, master)
    assert field(two, "master_replid") == field(one, "master_replid") == field(master, "master_replid")
    # All of it holds over restarts of everybody.
    for node in (one, two, master):
        node.kill()
    for node in (two, master, one):
        node.start()
    for node in (two, master):
        wait_caught_up(node, one)
        assert role_of(node) == "slave"
    assert role_of(one) == "master" and stat(one, "sync_full") == 0


def test_promotion_without_writes_can_be_taken_back(binary):
    master, replica = pair(binary)
    with replica.client() as client:
        assert client.call("REPLICAOF", "NO", "ONE") == "OK"
    fill(master, 50, prefix="meanwhile")
    follow(replica, master)
    wait_caught_up(replica, master)
    assert stat(master, "sync_full") == 1
    assert_same_data(master, replica)


def test_diverged_tail_is_saved_and_named(binary):
    master, replica = pair(binary)
    with replica.client() as client:
        assert client.call("REPLICAOF", "NO", "ONE") == "OK"
    fill(replica, 20, prefix="new-master")
    fill(master, 30, prefix="lonely")
    alone = dataset(master)
    begin = int(field(replica, "second_repl_offset")) - 1
    end = offset(master)
    follow(master, replica)
    wait_caught_up(master, replica)
    assert_same_data(master, replica)
    name = field(master, "hearth_diverged_log")
    assert name and name.startswith("diverged-") and name.endswith("-%d-%d.log" % (begin, end)), name
    saved = open(os.path.join(master.data, name), "rb").read()
    select = b"*2\r\n$6\r\nSELECT\r\n$1\r\n%d\r\n"
    assert saved.startswith(select % 0) and len(saved) == end - begin + len(select % 0)
    lost = [key for (db, key) in alone if key.startswith(b"lonely")]
    assert len(lost) == 30 and all(key in saved for key in lost)
    assert "ended at offset" in field(master, "hearth_full_sync_reason")
    assert len(glob.glob(os.path.join(master.data, "diverged-*"))) == 1


def test_a_tail_is_saved_though_two_promotions_lie_between(binary):
    """The new master knows the history before its own, and no other: ours, from two promotions ago, is a stranger's."""
    master, second = pair(binary)
    third = Server(binary, *QUICK)
    follow(third, second)
    wait_caught_up(third, master)
    with master.client() as client:
        assert client.call("WAIT", 1, 5000) == 1
    time.sleep(1.5)  # What its replicas have is kept.
    shared = offset(master)
    second.kill()
    fill(master, 30, prefix="lonely")
    master.kill()
    second.start()
    for server in (second, third):
        with server.client() as client:
            assert client.call("REPLICAOF", "NO", "ONE") == "OK"
            client.call("SET", "promoted", server.port)
        if server is second:
            wait_caught_up(third, second)
    follow(second, third)
    master.start()
    end = offset(master)
    follow(master, third)
    master.kill()  # Its part is remembered over restarts.
    master.start()
    wait_caught_up(master, third)
    assert_same_data(master, third)
    names = glob.glob(os.path.join(master.data, "diverged-*.log"))
    assert len(names) == 1, names
    begin, saved_end = (int(number) for number in os.path.basename(names[0])[:-len(".log")].split("-")[2:])
    assert begin <= shared and saved_end == end, (names, shared, end)
    saved = open(names[0], "rb").read()
    assert all(b"lonely:%d\r\n" % number in saved for number in range(30))
    assert glob.glob(os.path.join(second.data, "diverged-*.log")) == []
    assert glob.glob(os.path.join(third.data, "diverged-*.log")) == []


def test_absent_replica_is_remembered_over_restarts(binary):
    """The log is kept for a replica that is away, also by a master that has been stopped or killed meanwhile."""
    small = ("--repl-backlog-size", "64kb", "--log-segment-size", "1mb", "--repl-retention-max-time", "60",
             "--repl-timeout", "2")
    for how in ("stop", "kill"):
        master, replica = pair(binary, *small)
        wait_until(lambda: os.path.exists(os.path.join(master.data, "hearth.replicas")), "the replica to be kept in mind")
        wait_until(lambda: os.listdir(os.path.join(master.data, "snapshots")) == [],
                   "the payload to go, which holds the log too")
        replica.stop()
        time.sleep(1.5)
        restart(master, how)
        restart(master, how)
        for round_number in range(3):
            fill(master, 2500, prefix="missed%d" % round_number, size=1000)
            with master.client() as client:
                client.call("SAVE")
            time.sleep(1.1)  # Retention is decided each second.
        with master.client() as client:
            info = client.info("replication")
        assert int(info["repl_backlog_histlen"]) > 7000000, info
        replica.start()
        wait_caught_up(replica, master)
        assert_same_data(master, replica, (0,))
        assert stat(master, "sync_full") == 0 and stat(master, "sync_partial_ok") == 1
        # And who stays away for too long is lost all the same.
        replica.stop()
        time.sleep(1.5)
        getattr(master, how)()
        master.start(extra=("--repl-retention-max-time", "1"))
        fill(master, 2500, size=1000)
        with master.client() as client:
            client.call("SAVE")
        wait_until(lambda: "is lost at offset" in master.output(), "the replica to be given up")
        for node in (master, replica):
            node.stop()


def test_empty_unrelated_master_wipes_nobody(binary):
    holder = Server(binary, *QUICK)
    empty = Server(binary, *QUICK)
    fill(holder, 100)
    before = dataset(holder)
    follow(holder, empty)
    wait_until(lambda: field(holder, "hearth_full_sync_refused") == "1", "the refusal")
    assert "would wipe our 100 keys" in field(holder, "hearth_link_problem")
    assert dataset(holder) == before
    assert field(holder, "master_link_status") == "down"
    holder.kill()
    holder.start()
    wait_until(lambda: field(holder, "hearth_full_sync_refused") == "1", "the refusal after a restart")
    assert dataset(holder) == before
    with holder.client() as client:
        client.call("CONFIG", "SET", "repl-allow-wipe", "yes")
        client.call("REPLICAOF", "NO", "ONE")
    follow(holder, empty)
    wait_link(holder)
    assert dataset(holder) == {}


def test_everysec_replica_ahead_is_never_taken_for_equal(binary):
    """A master that may have lost bytes begins a new history; whoever was ahead of it is synced in full."""
    master, replica = pair(binary, "--appendfsync", "no")
    history = field(master, "master_replid")
    master.kill()
    master.start()
    wait_caught_up(replica, master)
    assert field(master, "master_replid2") == history or field(master, "master_replid") == history
    assert_same_data(master, replica)


def test_a_replica_of_nobody_takes_no_writes(binary):
    """Port 0, where nobody can listen, is how some take a server out of service."""
    server = Server(binary)
    with server.client() as client:
        assert client.call("REPLICAOF", "127.0.0.1", 0) == "OK"
        assert client.call("REPLICAOF", "127.0.0.1", 0) == "OK Already connected to specified master"
    assert is_refused(server, "SET", "k", "v") == "READONLY You can't write against a read only replica."
    restart(server, "kill")
    with server.client() as client:
        assert client.call("ROLE")[:3] == [b"slave", b"127.0.0.1", 0]
        assert client.call("REPLICAOF", "NO", "ONE") == "OK"
        assert client.call("SET", "k", "v") == "OK"


def test_replicas_refuse_writes_and_hide_nothing(binary):
    master, replica = pair(binary)
    assert is_refused(replica, "SET", "a", "b") == "READONLY You can't write against a read only replica."
    with replica.client() as client:
        role = client.call("ROLE")
        assert role[0] == b"slave" and role[1] == b"127.0.0.1" and role[2] == master.port, role
        assert role[3] == b"connected" and role[4] == offset(replica), role
    with master.client() as client:
        role = client.call("ROLE")
        assert role[0] == b"master" and role[2][0][0] == b"127.0.0.1", role
        assert role[2][0][1] == str(replica.port).encode(), role


def test_wait_counts_replicas_that_have_it_on_disk(binary):
    master, replica = pair(binary)
    with master.client() as client:
        client.call("SET", "waited", "for")
        assert client.call("WAIT", 1, 5000) == 1
        replica.stop()
        client.call("SET", "waited", "again")
        begin = time.monotonic()
        assert client.call("WAIT", 1, 300) == 0
        assert 0.25 < time.monotonic() - begin < 3


def test_the_link_leaves_from_its_source_address(binary):
    master = Server(binary, "--bind", "127.0.0.1 127.0.0.2")
    replica = Server(binary, "--bind-source-addr", "127.0.0.2")

    def link_comes_from(address):
        with master.client() as client:
            return any(" addr=%s:" % address in line for line in
                       client.call("CLIENT", "LIST", "TYPE", "REPLICA").decode().splitlines())

    with replica.client() as client:
        client.call("REPLICAOF", "127.0.0.1", master.port)
        wait_until(lambda: link_comes_from("127.0.0.2"), "the link from there")
        client.call("CONFIG", "SET", "bind-source-addr", "192.0.2.1")  # Nobody's: the link comes from anywhere.
        client.call("REPLICAOF", "NO", "ONE")
        client.call("REPLICAOF", "127.0.0.1", master.port)
        wait_until(lambda: link_comes_from("127.0.0.1"), "the link from anywhere")
    assert "cannot connect from bind-source-addr 192.0.2.1" in replica.output()


if __name__ == "__main__":
    run_tests([test_rejoin_with_always, test_rejoin_with_everysec, test_rejoin_is_quick,
               test_absent_replica_is_remembered_over_restarts,
               test_chain_restarts_in_the_middle, test_promotion_keeps_sisters_by_partial_sync,
               test_promotion_without_writes_can_be_taken_back, test_diverged_tail_is_saved_and_named,
               test_a_tail_is_saved_though_two_promotions_lie_between,
               test_empty_unrelated_master_wipes_nobody, test_everysec_replica_ahead_is_never_taken_for_equal,
               test_a_replica_of_nobody_takes_no_writes, test_replicas_refuse_writes_and_hide_nothing,
               test_wait_counts_replicas_that_have_it_on_disk, test_the_link_leaves_from_its_source_address],
              (sys.argv[1],))
