#!/usr/bin/python3
"""Debian's redis-server as our replica, and redis-cli --rdb: RDB and the stream, and live migration away.

Usage: replication_stock_replica.py HEARTH_SERVER"""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests, wait_until  # noqa: E402
from replication import (Proxy, assert_same_data, field, fill, follow, mixed_fill, stat, stock_redis, wait_caught_up)  # noqa: E402

QUICK = ("--repl-ping-replica-period", "1", "--repl-timeout", "10")


def test_stock_replica_follows_us(binary):
    master = Server(binary, *QUICK)
    fill(master, 2000)
    mixed_fill(master)
    proxy = Proxy(master.port)
    replica = stock_redis()
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
    last = stock_redis()
    with last.client() as client:
        client.call("REPLICAOF", "127.0.0.1", middle.port)
    wait_caught_up(last, master)
    fill(master, 100, prefix="more", db=2)
    mixed_fill(master)
    wait_caught_up(last, master)
    assert_same_data(master, last)


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


def test_redis_cli_takes_an_rdb_without_keys(binary):
    """--functions-rdb, which gets the libraries alone, and --replica, which shows the stream: neither gets a key."""
    master = Server(binary, *QUICK)
    fill(master, 1000)
    code = "#!lua name=mine\nredis.register_function('f', function() return 1 end)"
    with master.client() as client:
        client.call("FUNCTION", "LOAD", code)
    port = str(master.port)
    path = os.path.join(master.folder, "functions.rdb")
    subprocess.run(["redis-cli", "-p", port, "--functions-rdb", path], check=True, timeout=30, stdout=subprocess.DEVNULL)
    done = subprocess.run(["redis-check-rdb", path], stdout=subprocess.PIPE, timeout=30, check=False)
    assert done.returncode == 0 and b"[info] 0 keys read" in done.stdout, done.stdout
    with open(path, "rb") as file:
        assert code.encode() in file.read()
    with subprocess.Popen(["redis-cli", "-p", port, "--replica"], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT) as shown:
        line = shown.stdout.readline()
        while not line.startswith("SYNC done"):
            assert "error" not in line, line
            line = shown.stdout.readline()
        with master.client() as client:
            client.pipeline([("SELECT", 3), ("SET", "seen", "by all")])
        lines = []
        while not lines or "seen" not in lines[-1]:
            lines.append(shown.stdout.readline().strip())
        shown.kill()
    assert lines[-2:] == ['"SELECT","3"', '"SET","seen","by all"'] and not any("key:" in line for line in lines), lines


if __name__ == "__main__":
    run_tests([test_stock_replica_follows_us, test_stock_replica_follows_our_replica, test_redis_cli_takes_an_rdb,
               test_redis_cli_takes_an_rdb_without_keys], (sys.argv[1],))
