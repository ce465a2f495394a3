#!/usr/bin/python3
"""Clients that wait, beyond what redis-server can be compared in: what replicas and the log get, crashes, crowds.

    server_blocking.py build/hearth-server
"""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from hearth import Server, run_tests, wait_until

# What is served right away, and what waits first: words, and what makes it ready.
CASES = [
    (["BLPOP", "l", 0], ["RPUSH", "l", "a", "b"]),
    (["BRPOP", "x", "l", 0], ["RPUSH", "l", "a", "b"]),
    (["BLMPOP", 0, 2, "x", "l", "LEFT", "COUNT", 9], ["RPUSH", "l", "a", "b"]),
    (["BLMOVE", "l", "m", "LEFT", "RIGHT", 0], ["RPUSH", "l", "a", "b"]),
    (["BRPOPLPUSH", "l", "m", 0], ["RPUSH", "l", "a", "b"]),
    (["BZPOPMIN", "z", 0], ["ZADD", "z", 1, "a", 2, "b"]),
    (["BZPOPMAX", "x", "z", 0], ["ZADD", "z", 1, "a", 2, "b"]),
    (["BZMPOP", 0, 1, "z", "MAX", "COUNT", 9], ["ZADD", "z", 1, "a", 2, "b"]),
]
EFFECTS = {"lpop", "rpop", "lmove", "rpoplpush", "zpopmin", "zpopmax"}


def send(client, words):
    client.socket.sendall(client.encode(words))


def blocked_count(client):
    return int(client.info("clients")["blocked_clients"])


def wait_blocked(client, count):
    wait_until(lambda: blocked_count(client) == count, "%d waiting clients" % count, pause_s=0.0005)


def content(client):
    """What the keys hold, for comparing servers."""
    found = {}
    for key in sorted(client.call("KEYS", "*")):
        kind = client.call("TYPE", key)
        found[key] = client.call("LRANGE", key, 0, -1) if kind == "list" else client.call("ZRANGE", key, 0, -1)
    return found


def run_cases(client, waiter):
    """Each case twice: with something there, and with somebody who waits for it."""
    for words, fill in CASES:
        client.call(*fill)
        waiter.call(*words)
        client.call("DEL", "l", "z")
        send(waiter, words)
        wait_blocked(client, 1)
        client.call(*fill)
        waiter.read()


def test_replicas_get_effects_alone(binary):
    """A stock replica counts what it was sent: no command that waits, and every effect."""
    master = Server(binary)
    stock = Server(kind="redis")
    client, replica, waiter = master.client(), stock.client(), master.client()
    replica.call("REPLICAOF", "127.0.0.1", master.port)
    wait_until(lambda: replica.info("replication")["master_link_status"] == "up", "the link")
    run_cases(client, waiter)
    wait_until(lambda: content(replica) == content(client), "the replica to have all")
    commands = {name.split("_")[1] for name in replica.info("commandstats")}
    assert EFFECTS <= commands, "missing: %s" % (EFFECTS - commands)
    assert not {name for name in commands if name.startswith(("bl", "br", "bz"))}, commands


def test_served_reply_outlives_kill_9(binary):
    """Whoever was served has its element, and it is nowhere else, whatever happens right after."""
    server = Server(binary, "--appendfsync", "always")
    for number in range(5):
        client, waiter = server.client(), server.client()
        send(waiter, ["BLMOVE", "l", "done", "LEFT", "RIGHT", 0])
        wait_blocked(client, 1)
        send(client, ["RPUSH", "l", number])
        assert waiter.read() == b"%d" % number
        server.kill()
        server.start()
        with server.client() as after:
            assert after.call("LRANGE", "done", 0, -1) == [b"%d" % n for n in range(number + 1)]
            assert after.call("EXISTS", "l") == 0


def test_crowd_is_served_in_order(binary):
    """Hundreds of clients, one push: each gets the element of its place in the line."""
    server = Server(binary)
    client = server.client()
    crowd = []
    for place in range(500):
        crowd.append(server.client())
        send(crowd[-1], ["BLPOP", "l", 0])
        wait_blocked(client, place + 1)
    client.call("RPUSH", "l", *range(500))
    assert [int(waiter.read()[1]) for waiter in crowd] == list(range(500))
    assert blocked_count(client) == 0 and client.call("EXISTS", "l") == 0


def test_replica_refuses_to_wait_and_a_demoted_master_hangs_up(binary):
    master, node = Server(binary), Server(binary)
    client, waiter = node.client(), node.client()
    send(waiter, ["BLPOP", "l", 0])
    wait_blocked(client, 1)
    client.call("REPLICAOF", "127.0.0.1", master.port)
    reply = waiter.read()
    assert str(reply).startswith("UNBLOCKED "), reply
    try:
        waiter.read()
        raise AssertionError("still connected")
    except EOFError:
        pass
    wait_until(lambda: client.info("replication")["master_link_status"] == "up", "the link")
    with node.client() as other:
        for words, _ in CASES:
            send(other, words)
            assert str(other.read()).startswith("READONLY "), words


def test_waiting_for_many_keys_costs_what_they_are(binary):
    """Not their square, which would be half a minute."""
    server = Server(binary)
    keys = ["key:%d" % i for i in range(200000)]
    with server.client() as client, server.client() as lists, server.client() as streams:
        begin = time.monotonic()
        send(lists, ["BLPOP", *keys, 0])
        send(streams, ["XREAD", "BLOCK", 0, "STREAMS", *("stream:" + key for key in keys), *("$" for _ in keys)])
        wait_blocked(client, 2)
        client.call("RPUSH", keys[-1], "element")
        client.call("XADD", "stream:" + keys[-1], "1-1", "field", "value")
        assert lists.read() == [keys[-1].encode(), b"element"]
        assert streams.read() == [[b"stream:" + keys[-1].encode(), [[b"1-1", [b"field", b"value"]]]]]
        assert time.monotonic() - begin < 20


def test_shutdown_does_not_wait_for_who_waits(binary):
    server = Server(binary)
    client, waiter = server.client(), server.client()
    send(waiter, ["BLPOP", "l", 0])
    send(waiter, ["PING"])
    wait_blocked(client, 1)
    assert server.stop(10) == 0


if __name__ == "__main__":
    run_tests([test_replicas_get_effects_alone, test_served_reply_outlives_kill_9, test_crowd_is_served_in_order,
               test_replica_refuses_to_wait_and_a_demoted_master_hangs_up,
               test_waiting_for_many_keys_costs_what_they_are, test_shutdown_does_not_wait_for_who_waits], sys.argv[1:2])
