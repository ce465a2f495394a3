#!/usr/bin/python3
"""Debian's redis-server as our replica and as our master, and redis-cli --rdb: live migration both ways.

Usage: replication_stock.py HEARTH_SERVER"""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests, wait_until  # noqa: E402
from replication import (Proxy, assert_same_data, field, fill, follow, stat, wait_caught_up)  # noqa: E402

QUICK = ("--repl-ping-replica-period", "1", "--repl-timeout", "10")


def stock(*arguments):
    return Server(None, "--repl-ping-replica-period", "1", "--repl-diskless-sync-delay", "0", *arguments, kind="redis")


def mixed_fill(server, prefix="mixed"):
    """Databases, expiries, numbers, transactions."""
    with server.client() as client:
        for db in (0, 1, 2):
            client.call("SELECT", db)
            client.call("SET", prefix + ":number", 12345)
            client.call("SET", prefix + ":expiring", "soon", "EX", 10000)
            client.call("SET", prefix + ":empty", "")
            client.call("SET", prefix + ":binary", bytes(range(256)))
            client.call("SET", prefix + ":big", "x" * 200000)
            client.call("APPEND", prefix + ":big", "y")
            client.pipeline([("MULTI",), ("INCR", prefix + ":counter"), ("INCR", prefix + ":counter"), ("EXEC",)])


def test_stock_replica_follows_us(binary):
    master = Server(binary, *QUICK)
    fill(master, 2000)
    mixed_fill(master)
    proxy = Proxy(master.port)
    replica = stock()
    with replica.client() as client:
        client.call("REPLICAOF", "127.0.0.1", proxy.port)
    wait_caught_up(replica, master)
    assert_same_data(master, replica)
    fill(master, 500, prefix="streamed", db=1)
    mixed_fill(master, "streamed")
    wait_caught_up(replica, master)
    assert_same_data(master, replica)
    info = dict(pair.split("=") for pair in field(master, "slave0").split(","))
    assert info["state"] == "online" and info["port"] == str(replica.port), info
    # A cut: it goes on by partial sync.
    for round_number in range(3):
        proxy.cut()
        fill(master, 100, prefix="cut%d" % round_number)
        wait_caught_up(replica, master)
        assert_same_data(master, replica)
    assert stat(master, "sync_full") == 1 and stat(master, "sync_partial_ok") == 3
    with master.client() as client:
        client.call("SET", "waited", "for")
        assert client.call("WAIT", 1, 5000) == 1
    proxy.close()


def test_stock_replica_follows_our_replica(binary):
    master = Server(binary, *QUICK)
    middle = Server(binary, *QUICK)
    follow(middle, master)
    wait_caught_up(middle, master)
    fill(master, 100, db=2)
    wait_caught_up(middle, master)
    last = stock()
    with last.client() as client:
        client.call("REPLICAOF", "127.0.0.1", middle.port)
    wait_caught_up(last, master)
    fill(master, 100, prefix="more", db=2)
    mixed_fill(master)
    wait_caught_up(last, master)
    assert_same_data(master, last)


def follow_stock(binary, *arguments):
    master = stock(*arguments)
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
    # Migration: promote ours, and let the stock one follow it by partial sync.
    with replica.client() as client:
        assert client.call("REPLICAOF", "NO", "ONE") == "OK"
        client.call("SET", "migrated", "yes")
    with master.client() as client:
        client.call("REPLICAOF", "127.0.0.1", replica.port)
    wait_caught_up(master, replica)
    assert_same_data(replica, master)
    proxy.close()


def test_we_follow_a_stock_master_with_a_length(binary):
    follow_stock(binary, "--repl-diskless-sync", "no")


def test_we_follow_a_stock_master_with_a_mark(binary):
    follow_stock(binary, "--repl-diskless-sync", "yes")


def test_redis_cli_takes_an_rdb(binary):
    master = Server(binary, *QUICK)
    fill(master, 1000)
    mixed_fill(master)
    path = os.path.join(master.folder, "taken.rdb")
    subprocess.run(["redis-cli", "-p", str(master.port), "--rdb", path], check=True, timeout=30,
                   stdout=subprocess.DEVNULL)
    done = subprocess.run(["redis-check-rdb", path], stdout=subprocess.PIPE, timeout=30, check=False)
    assert done.returncode == 0 and b"RDB looks OK" in done.stdout, done.stdout
    loaded = Server(None, "--dbfilename", "taken.rdb", kind="redis", folder=master.folder)
    assert_same_data(master, loaded)
    wait_until(lambda: field(master, "connected_slaves") == "0", "redis-cli to be gone")
    loaded.kill()


if __name__ == "__main__":
    run_tests([test_stock_replica_follows_us, test_stock_replica_follows_our_replica,
               test_we_follow_a_stock_master_with_a_length, test_we_follow_a_stock_master_with_a_mark,
               test_redis_cli_takes_an_rdb], (sys.argv[1],))
