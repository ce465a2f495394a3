#!/usr/bin/python3
"""Debian's redis-server as our master: its RDB in both forms and its stream, and live migration from it.

Usage: replication_stock_master.py HEARTH_SERVER"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests  # noqa: E402
from replication import Proxy, assert_same_data, fill, mixed_fill, stat, stock_redis, wait_caught_up  # noqa: E402

QUICK = ("--repl-ping-replica-period", "1", "--repl-timeout", "10")


def follow_stock(binary, *arguments):
    master = stock_redis(*arguments)
    fill(master, 2000)
    mixed_fill(master)
    proxy = Proxy(master.port)
    replica = Server(binary, *QUICK)
    with replica.client() as client:
        assert client.call("REPLICAOF", "127.0.0.1", proxy.port) == "OK"
    wait_caught_up(replica, master)
    assert_same_data(master, replica)
    fill(master, 500, prefix="streamed", db=1)
    mixed_fill(master, "streamed")
    wait_caught_up(replica, master)
    assert_same_data(master, replica)
    for how in ("cut", "stop", "kill"):
        if how == "cut":
            proxy.cut()
        else:
            getattr(replica, how)()
        fill(master, 100, prefix=how)
        if how != "cut":
            replica.start()
        wait_caught_up(replica, master)
        assert_same_data(master, replica)
    assert stat(master, "sync_full") == 1, "a restart cost a full sync"
    # Migration: promote ours, and let the stock one follow it by partial sync. A PING of its own after the promotion
    # would take the stock one past the point where the histories part.
    with master.client() as client:
        client.call("CONFIG", "SET", "repl-ping-replica-period", 3600)
    wait_caught_up(replica, master)
    with replica.client() as client:
        assert client.call("REPLICAOF", "NO", "ONE") == "OK"
        client.call("SET", "migrated", "yes")
    with master.client() as client:
        client.call("REPLICAOF", "127.0.0.1", replica.port)
    wait_caught_up(master, replica)
    assert_same_data(replica, master)
    assert stat(replica, "sync_full") == 0 and stat(replica, "sync_partial_ok") == 1
    proxy.close()


def test_we_follow_a_stock_master_with_a_length(binary):
    follow_stock(binary, "--repl-diskless-sync", "no")


def test_we_follow_a_stock_master_with_a_mark(binary):
    follow_stock(binary, "--repl-diskless-sync", "yes")


if __name__ == "__main__":
    run_tests([test_we_follow_a_stock_master_with_a_length, test_we_follow_a_stock_master_with_a_mark], (sys.argv[1],))
