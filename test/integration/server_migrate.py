#!/usr/bin/python3
"""MIGRATE between redis-server and Hearth in all directions: the same script gives the same replies and the same data.

Usage: server_migrate.py HEARTH_SERVER"""
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import ReplyError, Server, run_tests  # noqa: E402

DEBUG = ("--enable-debug-command", "yes")
TIMEOUT_MS = 2000


def start(kind, binary, *arguments, password=None):
    return Server(None if kind == "redis" else binary, *DEBUG, *arguments, kind=kind, password=password)


def attempt(client, *words):
    try:
        return client.call(*words)
    except ReplyError as error:
        return str(error)


def fill(client):
    """A value of each type, small and large, some with expiry."""
    client.call("SET", "string", "value")
    client.call("SET", "expiring", "soon", "PXAT", 4102444800000)
    client.call("SET", "long", b"\x00\xff" * 200000)
    client.call("RPUSH", "list", *range(5000))
    client.call("SADD", "integers", 1, 2, 3)
    client.call("SADD", "set", *("member-%d" % i for i in range(1000)))
    client.call("HSET", "hash", "f", "1", "g", "2")
    client.call("HSET", "large-hash", *(word for i in range(2000) for word in ("f%d" % i, "v" * (i % 50))))
    client.call("ZADD", "zset", "1.5", "a", "-inf", "b")
    client.call("ZADD", "large-zset", *(word for i in range(1000) for word in (i / 7, "m%d" % i)))


KEYS = ["string", "expiring", "long", "list", "integers", "set", "hash", "large-hash", "zset", "large-zset"]


def digests(client):
    return client.call("DEBUG", "DIGEST-VALUE", *KEYS)


def run_script(source, target):
    """The replies to every use of MIGRATE, with what it left on both sides."""
    replies = []
    place = ["127.0.0.1", target.port]
    with source.client() as a, target.client() as b:
        fill(a)
        before = digests(a)

        def migrate(*words):
            replies.append(attempt(a, "MIGRATE", *place, *words))
            replies.append((a.call("DBSIZE"), b.call("DBSIZE")))

        migrate("none", 0, TIMEOUT_MS)
        migrate("string", 0, TIMEOUT_MS, "COPY")
        migrate("string", 0, TIMEOUT_MS)
        migrate("string", 0, TIMEOUT_MS, "REPLACE")
        migrate("expiring", 0, 0)
        migrate("", 0, TIMEOUT_MS, "KEYS", *KEYS)
        migrate("", 0, TIMEOUT_MS, "KEYS", *KEYS)
        assert digests(b) == before, "data changed on its way"
        fill(a)
        migrate("", 0, TIMEOUT_MS, "KEYS", "string", "hash")
        b.call("DEL", "hash")
        migrate("", 0, TIMEOUT_MS, "KEYS", "string", "hash", "none", "zset")
        migrate("", 0, TIMEOUT_MS, "COPY", "REPLACE", "KEYS", *KEYS)
        migrate("string", 99, TIMEOUT_MS)
        migrate("string", 3, TIMEOUT_MS)
        migrate("list", 0, TIMEOUT_MS, "KEYS", "list")
        migrate("list", 0, TIMEOUT_MS, "BOGUS")
        migrate("list", 0, TIMEOUT_MS, "AUTH")
        migrate("list", 0, TIMEOUT_MS, "AUTH2", "user")
        migrate("list", 0, TIMEOUT_MS, "AUTH", "wrong")
        migrate("list", "x", TIMEOUT_MS)
        migrate("list", 0, "x")
        assert 0 <= b.call("PEXPIRETIME", "expiring") - 4102444800000 < 60000  # What was left goes, and takes its time.
        replies.append(a.call("COMMAND", "GETKEYS", "MIGRATE", "h", "1", "", "0", "1", "AUTH", "KEYS", "KEYS", "x", "y"))
        replies.append(a.call("COMMAND", "GETKEYS", "MIGRATE", "h", "1", "k", "0", "1"))
    return replies


def test_every_direction_is_as_between_two_redis(binary):
    expected = None
    for kinds in (("redis", "redis"), ("redis", "hearth"), ("hearth", "redis"), ("hearth", "hearth")):
        source, target = start(kinds[0], binary), start(kinds[1], binary)
        replies = run_script(source, target)
        expected = expected or replies
        for number, (reply, other) in enumerate(zip(replies, expected)):
            assert reply == other, "step %d from %s to %s: %r instead of %r" % (number, *kinds, reply, other)
        source.destroy()
        target.destroy()


def test_password_and_user_are_given(binary):
    source = start("hearth", binary)
    for kind in ("redis", "hearth"):
        target = start(kind, binary, "--requirepass", "secret", password="secret")
        with source.client() as a, target.client() as b:
            a.call("SET", "k", "v")
            place = ("MIGRATE", "127.0.0.1", target.port, "k", 0, TIMEOUT_MS)
            assert attempt(a, *place).startswith("ERR Target instance replied with error: NOAUTH")
            assert attempt(a, *place, "AUTH", "wrong").startswith("ERR Target instance replied with error: WRONGPASS")
            assert attempt(a, *place, "AUTH", "secret") == "OK"
            assert b.call("GET", "k") == b"v"
            a.call("SET", "k", "w")
            assert attempt(a, *place, "REPLACE", "AUTH2", "default", "secret") == "OK"
            assert b.call("GET", "k") == b"w" and a.call("EXISTS", "k") == 0
        target.destroy()


def test_a_silent_target_ends_in_time(binary):
    source = start("hearth", binary)
    listener = socket.create_server(("127.0.0.1", 0))
    closed_port = socket.create_server(("127.0.0.1", 0)).getsockname()[1]
    with source.client() as client:
        client.call("SET", "k", "v")
        begin = time.monotonic()
        assert attempt(client, "MIGRATE", "127.0.0.1", listener.getsockname()[1], "k", 0, 300) == \
            "IOERR error or timeout reading from target instance"
        assert 0.25 < time.monotonic() - begin < 5
        assert attempt(client, "MIGRATE", "127.0.0.1", closed_port, "k", 0, 300) == \
            "IOERR error or timeout connecting to the client"
        assert client.call("GET", "k") == b"v"
    listener.close()


def test_what_went_away_stays_away(binary):
    """Deletions are logged: a restart after kill -9 must not bring the keys back."""
    source, target = start("hearth", binary), start("redis", binary)
    with source.client() as client:
        fill(client)
        client.call("MIGRATE", "127.0.0.1", target.port, "", 0, TIMEOUT_MS, "KEYS", *KEYS[1:])
    source.kill()
    source.start()
    with source.client() as client:
        assert client.call("KEYS", "*") == [b"string"]


if __name__ == "__main__":
    run_tests([test_every_direction_is_as_between_two_redis, test_password_and_user_are_given,
               test_a_silent_target_ends_in_time, test_what_went_away_stays_away], (sys.argv[1],))
