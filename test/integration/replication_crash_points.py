#!/usr/bin/python3
"""A node dies at each named point of a role change and of a full sync: it starts again by itself, keeps or completes what
it was doing, and leaves no temporary files.

Usage: replication_crash_points.py HEARTH_SERVER"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests, wait_until  # noqa: E402
from replication import assert_same_data, field, fill, role_of, stat, wait_caught_up, wait_link  # noqa: E402

QUICK = ("--repl-ping-replica-period", "1", "--repl-timeout", "10")


def call_and_die(server, *words):
    """A command during which the server is expected to be killed."""
    try:
        with server.client() as client:
            client.call(*words)
    except (OSError, EOFError):
        pass
    server.process.wait(20)


def ends(server):
    return not server.is_running()


def follow_and_die(replica, master):
    try:
        with replica.client() as client:
            client.call("REPLICAOF", "127.0.0.1", master.port)
    except (OSError, EOFError):
        pass
    wait_until(lambda: ends(replica), "the crash")


def no_leftovers(server):
    for folder in ("incoming", "snapshots"):
        path = os.path.join(server.data, folder)
        names = [name for name in os.listdir(path) if not name.endswith(".snapshot")] if os.path.isdir(path) else []
        assert names == [], (folder, names)


def test_replica_dies_during_a_full_sync(binary):
    master = Server(binary, *QUICK)
    fill(master, 3000)
    for point in ("replica_link.payload.after", "install.unpack.before", "install.unpack.after",
                  "replica_link.replace.before", "store.swap.aside.after", "store.swap.marker.after",
                  "store.swap.rename.after", "store.swap.unmark.before", "replica_link.replace.after"):
        replica = Server(binary, *QUICK, env={"HEARTH_CRASH_POINT": point}, start=False)
        fill_before = Server(binary, *QUICK, folder=replica.folder, port=replica.port)
        fill(fill_before, 50, prefix="old")
        fill_before.stop()
        replica.start()
        follow_and_die(replica, master)
        replica.env = None
        replica.start()
        with replica.client() as client:
            count = client.call("DBSIZE")
        assert count in (50, 3000), "neither the old nor the new data after %s: %d keys" % (point, count)
        wait_caught_up(replica, master)
        assert_same_data(master, replica)
        no_leftovers(replica)
        replica.stop()


def test_master_dies_while_making_a_payload(binary):
    for point in ("full_sync.make.before", "full_sync.make.after"):
        master = Server(binary, *QUICK)
        fill(master, 2000)
        master.stop()
        replica = Server(binary, *QUICK)
        master.start(env={"HEARTH_CRASH_POINT": point})
        with replica.client() as client:
            client.call("REPLICAOF", "127.0.0.1", master.port)
        wait_until(lambda: ends(master), "the crash at " + point)
        master.start()
        wait_caught_up(replica, master)
        assert_same_data(master, replica)
        no_leftovers(master)


def test_master_dies_while_it_writes_down_its_replicas(binary):
    for point in ("replication.replicas.write.before", "replication.replicas.write.after"):
        master = Server(binary, *QUICK, env={"HEARTH_CRASH_POINT": point})
        replica = Server(binary, *QUICK)
        try:
            with replica.client() as client:
                client.call("REPLICAOF", "127.0.0.1", master.port)
            wait_until(lambda: ends(master), "the crash at " + point)
        finally:
            master.env = None
        master.start()
        wait_caught_up(replica, master)
        assert stat(master, "sync_full") == 0, point
        wait_until(lambda: os.path.exists(os.path.join(master.data, "hearth.replicas")), "the file")
        for node in (master, replica):
            node.stop()


def test_role_change_is_all_or_nothing(binary):
    for point, followed in (("role.write.before", False), ("role.write.after", True)):
        master = Server(binary, *QUICK)
        fill(master, 100)
        replica = Server(binary, *QUICK)
        replica.stop()
        replica.start(env={"HEARTH_CRASH_POINT": point})
        call_and_die(replica, "REPLICAOF", "127.0.0.1", master.port)
        replica.start()
        assert role_of(replica) == ("slave" if followed else "master"), point
        if followed:
            wait_caught_up(replica, master)


def test_promotion_never_goes_on_under_the_old_history(binary):
    for point in ("role.write.after", "replication.promote.between"):
        master = Server(binary, *QUICK)
        replica = Server(binary, *QUICK)
        fill(master, 100)
        with replica.client() as client:
            client.call("REPLICAOF", "127.0.0.1", master.port)
        wait_caught_up(replica, master)
        replica.stop()
        replica.start(env={"HEARTH_CRASH_POINT": point})
        wait_link(replica)
        call_and_die(replica, "REPLICAOF", "NO", "ONE")
        replica.start()
        assert role_of(replica) == "master", point
        assert field(replica, "master_replid") != field(master, "master_replid"), point
        assert field(replica, "master_replid2") == field(master, "master_replid"), point
        # The former master can still go on from it.
        with master.client() as client:
            client.call("REPLICAOF", "127.0.0.1", replica.port)
        wait_caught_up(master, replica)
        assert stat(replica, "sync_full") == 0


if __name__ == "__main__":
    run_tests([test_replica_dies_during_a_full_sync, test_master_dies_while_making_a_payload,
               test_master_dies_while_it_writes_down_its_replicas,
               test_role_change_is_all_or_nothing, test_promotion_never_goes_on_under_the_old_history], (sys.argv[1],))
