#!/usr/bin/python3
"""Messages: to whom they go, across replicas, and keyspace events that tell of durable changes only.

Usage: server_pubsub.py HEARTH_SERVER"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests, wait_until  # noqa: E402


def hear(client, count):
    return [client.read() for _ in range(count)]


def test_channels_and_patterns(binary):
    server = Server(binary)
    with server.client() as one, server.client() as two:
        one.socket.sendall(one.encode(["SUBSCRIBE", "a", "b", "a"]) + one.encode(["PSUBSCRIBE", "a*"]))
        assert hear(one, 4) == [[b"subscribe", b"a", 1], [b"subscribe", b"b", 2], [b"subscribe", b"a", 2],
                                [b"psubscribe", b"a*", 3]]
        assert two.call("PUBLISH", "a", "x") == 2
        assert hear(one, 2) == [[b"message", b"a", b"x"], [b"pmessage", b"a*", b"a", b"x"]]
        assert two.call("PUBSUB", "NUMSUB", "a", "c") == [b"a", 1, b"c", 0]
        assert two.call("PUBSUB", "NUMPAT") == 1
        one.close()
        wait_until(lambda: two.call("PUBSUB", "CHANNELS") == [], "the end of the subscriptions")


def test_messages_reach_the_replicas_clients(binary):
    master = Server(binary)
    replica = Server(binary, "--replicaof", "127.0.0.1 %d" % master.port)
    with master.client() as publisher, replica.client() as subscriber, replica.client() as other:
        wait_until(lambda: other.info("replication")["master_link_status"] == "up", "the link")
        wait_until(lambda: "slave0" in publisher.info("replication"), "the feed")
        subscriber.call("SUBSCRIBE", "news")
        assert publisher.call("PUBLISH", "news", "one") == 0
        assert subscriber.read() == [b"message", b"news", b"one"]
        before = other.info("replication")["master_repl_offset"]
        assert other.call("PUBLISH", "news", "two") == 1
        assert subscriber.read() == [b"message", b"news", b"two"]
        assert other.info("replication")["master_repl_offset"] == before


def test_keyspace_events(binary):
    server = Server(binary, "--notify-keyspace-events", "KEA")
    with server.client() as subscriber, server.client() as client:
        subscriber.call("PSUBSCRIBE", "__key*")
        client.call("SET", "k", "v", "PX", "20")
        events = [event[2:] for event in hear(subscriber, 4)]
        assert events == [[b"__keyspace@0__:k", b"set"], [b"__keyevent@0__:set", b"k"],
                          [b"__keyspace@0__:k", b"expire"], [b"__keyevent@0__:expire", b"k"]], events
        assert [event[2:] for event in hear(subscriber, 2)] == [[b"__keyspace@0__:k", b"expired"],
                                                                [b"__keyevent@0__:expired", b"k"]]
        client.call("CONFIG", "SET", "notify-keyspace-events", "")
        client.call("SET", "k", "v")
        client.call("CONFIG", "SET", "notify-keyspace-events", "Kg")
        client.call("DEL", "k")
        assert subscriber.read()[2:] == [b"__keyspace@0__:k", b"del"]


def test_pushes_come_though_replies_do_not(binary):
    server = Server(binary)
    with server.client() as one, server.client() as two:
        one.socket.sendall(one.encode(["CLIENT", "REPLY", "OFF"]) + one.encode(["SUBSCRIBE", "a"]) +
                           one.encode(["PING"]) + one.encode(["PSUBSCRIBE", "a*"]))
        assert hear(one, 2) == [[b"subscribe", b"a", 1], [b"psubscribe", b"a*", 2]]
        assert two.call("PUBLISH", "a", "x") == 2
        assert hear(one, 2) == [[b"message", b"a", b"x"], [b"pmessage", b"a*", b"a", b"x"]]
        one.socket.sendall(one.encode(["UNSUBSCRIBE"]) + one.encode(["PUNSUBSCRIBE"]) + one.encode(["GET"]) +
                           one.encode(["CLIENT", "REPLY", "ON"]))
        assert hear(one, 3) == [[b"unsubscribe", b"a", 1], [b"punsubscribe", b"a*", 0], "OK"]
        one.socket.sendall(one.encode(["CLIENT", "REPLY", "SKIP"]) + one.encode(["SSUBSCRIBE", "s"]) +
                           one.encode(["SUNSUBSCRIBE"]))
        assert hear(one, 2) == [[b"ssubscribe", b"s", 1], [b"sunsubscribe", b"s", 0]]


if __name__ == "__main__":
    run_tests([value for name, value in sorted(globals().items()) if name.startswith("test_")], sys.argv[1:])
