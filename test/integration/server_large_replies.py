#!/usr/bin/python3
"""Replies of millions of elements: what a client has not read yet does not stay in the server's memory.

    server_large_replies.py build/hearth-server [MEMBERS]
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from hearth import Client, Server, run_tests, wait_until

MEMBERS = 300000
MEMBER = b"member:%012d:with some bytes that make the reply large"  # 61 bytes, 67 in the reply.


def fill(client, members):
    for begin in range(0, members, 5000):
        numbers = range(begin, min(begin + 5000, members))
        replies = client.pipeline([["SADD", "set"] + [MEMBER % i for i in numbers]])
        assert replies == [len(numbers)], replies


def ask(server, *words):
    """Ask, and read nothing yet but the first line: the reply is ready then."""
    client = server.client(timeout_s=120)
    client.socket.sendall(Client.encode(words))
    return client, client.stream.readline()


def read_members(client, count):
    total = set()
    for _ in range(count):
        total.add(client.read())
    return total


def test_an_unread_reply_is_not_in_memory(binary, members):
    server = Server(binary, "--appendfsync", "no", "--checkpoint-memory", "8mb")
    with server.client(timeout_s=120) as client:
        fill(client, members)
        assert len(client.call("SRANDMEMBER", "set", "1000")) == 1000
        before = server.memory()
        waiting = [ask(server, "SMEMBERS", "set") for _ in range(3)]
        assert all(line == b"*%d\r\n" % members for _, line in waiting)
        grown = server.memory() - before
        size = 67 * members
        print("     3 replies of %.0f MB wait unread: %.1f MB more of the server's own memory, resident %.0f MB" %
              (size / 1e6, grown / 1e6, server.memory("VmRSS") / 1e6))
        assert grown < 3 * 10e6 + 8e6, "the server's own memory grew by %d bytes" % grown
        # Later writes are not in a reply that was made before them.
        assert client.call("SREM", "set", MEMBER % 0, MEMBER % (members - 1)) == 2
        assert client.call("SADD", "set", "later") == 1
        for reader, _ in waiting:
            got = read_members(reader, members)
            assert len(got) == members and b"later" not in got and MEMBER % 0 in got
            assert reader.call("PING") == "PONG"  # And nothing else came.
        assert client.call("SCARD", "set") == members - 1
    assert server.stop() == 0


def test_every_whole_collection_is_kept_out_of_memory(binary, members):
    server = Server(binary, "--appendfsync", "no", "--checkpoint-memory", "8mb")
    with server.client(timeout_s=120) as client:
        for begin in range(0, members, 5000):
            chosen = [MEMBER % i for i in range(begin, begin + 5000)]
            client.call("HSET", "hash", *[word for member in chosen for word in (member, "v")])
            client.call("RPUSH", "list", *chosen)
            client.call("ZADD", "zset", *[word for i, member in enumerate(chosen) for word in (i, member)])
            client.call("MSET", *[word for member in chosen for word in (member, "v")])
        for words, count in ((["HGETALL", "hash"], 2 * members), (["HKEYS", "hash"], members), (["HVALS", "hash"], members),
                             (["LRANGE", "list", 0, -1], members), (["ZRANGE", "zset", 0, -1], members),
                             (["ZRANGE", "zset", "-inf", "+inf", "BYSCORE"], members), (["KEYS", "*"], members + 3)):
            before = server.memory()
            reader, line = ask(server, *words)
            grown = server.memory() - before
            assert line == b"*%d\r\n" % count, line
            assert grown < 16e6, "%s: the server's own memory grew by %d bytes" % (words[0], grown)
            reader.close()  # Without reading: the file goes with the connection.
            assert client.call("PING") == "PONG"
    assert server.stop() == 0


def test_keys_and_nested_replies_are_whole(binary, members):
    """A reply whose length is known at its end only, one in a transaction, and RESP3."""
    server = Server(binary, "--appendfsync", "no")
    count = members // 2
    with server.client(timeout_s=120) as client:
        for begin in range(0, count, 5000):
            client.pipeline([["SET", MEMBER % i, "x"] for i in range(begin, begin + 5000)])
        reader, line = ask(server, "KEYS", "*")
        assert line == b"*%d\r\n" % count, line
        assert len(read_members(reader, count)) == count
        fill(client, count)
        client.call("HELLO", "3")
        assert client.pipeline([["MULTI"], ["SMEMBERS", "set"], ["PING"], ["SMEMBERS", "set"]])[0] == "OK"
        first, pong, second = client.call("EXEC")
        assert pong == "PONG" and len(first) == count and first == second
    assert server.stop() == 0


def test_the_limit_counts_what_is_on_disk(binary, members):
    server = Server(binary, "--appendfsync", "no", "--client-output-buffer-limit", "normal 10mb 0 0")
    with server.client(timeout_s=120) as client:
        fill(client, members)
        with server.client() as greedy:
            greedy.socket.sendall(Client.encode(["SMEMBERS", "set"]))
            wait_until(lambda: int(client.info("stats")["client_output_buffer_limit_disconnections"]) == 1, "the limit")
        assert client.call("PING") == "PONG"
    assert server.stop() == 0


if __name__ == "__main__":
    count = int(sys.argv[2]) if len(sys.argv) > 2 else MEMBERS
    run_tests([test_an_unread_reply_is_not_in_memory,
               test_every_whole_collection_is_kept_out_of_memory, test_keys_and_nested_replies_are_whole,
               test_the_limit_counts_what_is_on_disk], (sys.argv[1], count))
