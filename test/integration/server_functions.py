#!/usr/bin/python3
"""Functions are data: there after kill -9, checkpoints and restores, on replicas of both kinds, and from a stock master.

Usage: server_functions.py HEARTH_SERVER"""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Client, Server, error_of, run_tests, wait_until  # noqa: E402
from replication import follow, stock_redis, wait_caught_up  # noqa: E402


def library(name, text="return '%s'"):
    return "#!lua name=%s\nredis.register_function('f_%s', function(keys, args) %s end)" % (
        name, name, text % name if "%" in text else text)


def names(client):
    return sorted(dict(zip(entry[::2], entry[1::2]))[b"library_name"].decode() for entry in client.call("FUNCTION", "LIST"))


def tool(binary, name, *arguments):
    path = os.path.join(os.path.dirname(os.path.abspath(binary)), name)
    done = subprocess.run([path, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_they_survive_kill_and_checkpoint(binary):
    server = Server(binary)
    with server.client() as client:
        for name in ("a", "b", "c"):
            assert client.call("FUNCTION", "LOAD", library(name)) == name.encode()
        client.call("SAVE")  # Some are in LMDB when they change.
        client.call("FUNCTION", "DELETE", "b")
        client.call("FUNCTION", "LOAD", "REPLACE", library("c", "return 'new'"))
        client.call("FUNCTION", "LOAD", library("d"))
        client.call("FLUSHALL")
    server.kill()
    server.start()
    with server.client() as client:
        assert names(client) == ["a", "c", "d"]
        assert [client.call("FCALL", "f_" + name, 0) for name in ("a", "c", "d")] == [b"a", b"new", b"d"]
        assert client.info("memory")["number_of_libraries"] == "3"
        client.call("SAVE")
    server.stop()
    tool(binary, "hearth-check", server.data)
    server.start()
    with server.client() as client:
        assert names(client) == ["a", "c", "d"]
        client.call("FUNCTION", "FLUSH")
    server.kill()
    server.start()
    with server.client() as client:
        assert names(client) == []
        client.call("FUNCTION", "LOAD", library("e"))
    server.kill()
    server.start()
    with server.client() as client:
        assert names(client) == ["e"]


def test_restored_ones_are_logged(binary):
    server = Server(binary)
    with server.client() as client:
        client.call("FUNCTION", "LOAD", library("a"))
        client.call("FUNCTION", "LOAD", library("b"))
        payload = client.call("FUNCTION", "DUMP")
        client.call("FUNCTION", "FLUSH")
        client.call("FUNCTION", "LOAD", library("b", "return 'old'"))
        assert error_of(client, "FUNCTION", "RESTORE", payload) == "ERR Library b already exists"
        assert names(client) == ["b"]
        client.call("FUNCTION", "RESTORE", payload, "REPLACE")
    server.kill()
    server.start()
    with server.client() as client:
        assert names(client) == ["a", "b"] and client.call("FCALL", "f_b", 0) == b"b"
        client.call("FUNCTION", "LOAD", library("c"))
        client.call("FUNCTION", "RESTORE", payload, "FLUSH")
        assert names(client) == ["a", "b"]


def test_replicas_of_both_kinds_have_them(binary):
    master = Server(binary, "--repl-ping-replica-period", "1")
    with master.client() as client:
        client.call("FUNCTION", "LOAD", library("before"))
        client.call("FUNCTION", "LOAD", library("gone"))
        client.call("SET", "k", "v")
    replica = Server(binary)
    follow(replica, master)
    stock = stock_redis()
    with stock.client() as client:
        client.call("REPLICAOF", "127.0.0.1", master.port)
    for other in (replica, stock):
        wait_caught_up(other, master)
        with other.client() as client:
            assert names(client) == ["before", "gone"], names(client)
    with master.client() as client:
        client.call("FUNCTION", "DELETE", "gone")
        client.call("FUNCTION", "LOAD", library("streamed", "return redis.call('set', keys[1], 'x')"))
        client.call("FUNCTION", "LOAD", "#!lua name=reads\nredis.register_function{function_name='f_reads', flags={'no-writes'}, "
                                        "callback=function(keys) return redis.call('get', keys[1]) end}")
        client.call("FCALL", "f_streamed", 1, "k")
    for other in (replica, stock):
        wait_caught_up(other, master)
        with other.client() as client:
            assert names(client) == ["before", "reads", "streamed"]
            assert error_of(client, "FCALL", "f_before", 0).startswith("READONLY")  # It does not say what it does.
            assert client.call("FCALL", "f_reads", 1, "k") == b"x"
            assert client.call("GET", "k") == b"x"
            assert error_of(client, "FUNCTION", "FLUSH").startswith("READONLY")
            assert error_of(client, "FCALL", "f_streamed", 1, "k").startswith("READONLY")


def test_they_come_from_a_stock_master(binary):
    stock = stock_redis()
    with stock.client() as client:
        client.call("FUNCTION", "LOAD", library("old"))
        client.call("SET", "k", "v")
    server = Server(binary)
    with server.client() as client:
        client.call("FUNCTION", "LOAD", library("mine"))
    follow(server, stock)
    wait_caught_up(server, stock)
    with server.client() as client:
        wait_until(lambda: names(client) == ["old"], "the master's libraries in place of ours")
        with stock.client() as master:
            master.call("FUNCTION", "LOAD", library("new"))
        wait_until(lambda: names(client) == ["new", "old"], "a library of the stream")
        assert client.call("GET", "k") == b"v"


def test_backups_have_them(binary):
    server = Server(binary)
    with server.client() as client:
        client.call("FUNCTION", "LOAD", library("kept"))
        client.call("SET", "k", "v")
        client.call("SAVE")
    snapshot = os.path.join(server.folder, "snapshot")
    rdb = os.path.join(server.folder, "dump.rdb")
    tool(binary, "hearth-dump", "--data-dir", server.data, "--output", snapshot)
    tool(binary, "hearth-dump", "--data-dir", server.data, "--format", "rdb", "--output", rdb)
    lines = os.path.join(server.folder, "lines")
    tool(binary, "hearth-dump", "--data-dir", server.data, "--format", "jsonl", "--output", lines)
    with open(lines) as found:
        assert json.loads(found.readline()) == {"library": library("kept")}
    for source in (snapshot, rdb):
        restored = Server(binary, start=False)
        tool(binary, "hearth-restore", "--data-dir", restored.data, source)
        restored.start()
        with restored.client() as client:
            assert names(client) == ["kept"] and client.call("FCALL", "f_kept", 0) == b"kept"
    os.rename(rdb, os.path.join(server.folder, "stock.rdb"))
    stock = Server(None, "--dbfilename", "stock.rdb", kind="redis", folder=server.folder)
    with stock.client() as client:
        assert names(client) == ["kept"]


def test_a_slow_function_is_killed(binary):
    server = Server(binary, "--busy-reply-threshold", "50")
    with server.client() as client:
        client.call("FUNCTION", "LOAD", library("slow", "while true do end"))
    runner = server.client()
    runner.socket.sendall(Client.encode(["FCALL", "f_slow", 0, "word"]))
    with server.client() as client:
        wait_until(lambda: error_of(client, "PING") == "BUSY Redis is busy running a script. You can only call FUNCTION "
                                                       "KILL or SHUTDOWN NOSAVE.", "a slow function")
        stats = client.call("FUNCTION", "STATS")
        assert stats[1][:4] == [b"name", b"f_slow", b"command", [b"FCALL", b"f_slow", b"0", b"word"]], stats
        assert error_of(client, "SCRIPT", "KILL").startswith("BUSY")
        assert client.call("FUNCTION", "KILL") == "OK"
        assert str(runner.read()).startswith("ERR Script killed by user with FUNCTION KILL.")
        assert client.call("FUNCTION", "STATS")[1] is None


if __name__ == "__main__":
    run_tests([value for name, value in sorted(globals().items()) if name.startswith("test_")], sys.argv[1:])
