#!/usr/bin/python3
"""Limits of what clients may cost: each is set, reached, and acts, and no other client notices.

Usage: server_limits.py HEARTH_SERVER"""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Client, ReplyError, Server, run_tests, wait_until  # noqa: E402

MB = 1 << 20


def begin_long_string(client, length, sent):
    """A request that announces a string and sends only part of it: it waits in memory."""
    client.socket.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % length + b"x" * sent)


def ids(watcher):
    return [line.split()[0][3:] for line in watcher.call("CLIENT", "LIST").decode().splitlines()]


def fields_of(watcher, client_id):
    line = watcher.call("CLIENT", "LIST", "ID", client_id).decode()
    return dict(word.split("=", 1) for word in line.split())


def test_clients_that_cost_the_most_are_closed(binary):
    server = Server(binary)
    with server.client() as watcher, server.client() as small, server.client() as large, server.client() as spared:
        small_id, large_id, spared_id = (str(c.call("CLIENT", "ID")) for c in (small, large, spared))
        spared.call("CLIENT", "NO-EVICT", "ON")
        begin_long_string(small, 20 * MB, MB)
        begin_long_string(large, 20 * MB, 4 * MB)
        begin_long_string(spared, 20 * MB, 6 * MB)
        for client_id, length in ((small_id, MB), (large_id, 4 * MB), (spared_id, 6 * MB)):
            wait_until(lambda: int(fields_of(watcher, client_id)["qbuf"]) > length, "part of a request")
        costs = [int(fields_of(watcher, client_id)["tot-mem"]) for client_id in (small_id, large_id, spared_id)]
        assert MB < costs[0] < costs[1], costs
        watcher.call("CONFIG", "SET", "maxmemory-clients", str(costs[0] + costs[1] - MB))
        wait_until(lambda: large_id not in ids(watcher), "the end of the largest client")
        assert small_id in ids(watcher) and spared_id in ids(watcher)
        watcher.call("CONFIG", "SET", "maxmemory-clients", "1mb")
        wait_until(lambda: small_id not in ids(watcher), "the end of the next one")
        assert spared_id in ids(watcher)
        assert watcher.info()["evicted_clients"] == "2"


def test_a_percentage_is_of_maxmemory(binary):
    server = Server(binary, "--maxmemory-clients", "10%")
    with server.client() as watcher, server.client() as client:
        client_id = str(client.call("CLIENT", "ID"))
        assert watcher.call("CONFIG", "GET", "maxmemory-clients") == [b"maxmemory-clients", b"10%"]
        begin_long_string(client, 20 * MB, 4 * MB)
        wait_until(lambda: int(fields_of(watcher, client_id)["qbuf"]) > 4 * MB - 1, "the request")
        watcher.call("CONFIG", "SET", "maxmemory", "100mb")
        assert client_id in ids(watcher)
        watcher.call("CONFIG", "SET", "maxmemory", "20mb")
        wait_until(lambda: client_id not in ids(watcher), "the end of the client")
    assert "CONFIG SET maxmemory is kept and told" in server.output()


def test_a_request_beyond_the_query_buffer_limit_closes_its_client(binary):
    server = Server(binary, "--client-query-buffer-limit", "1mb")
    with server.client() as watcher, server.client() as client:
        client_id = str(client.call("CLIENT", "ID"))
        try:
            begin_long_string(client, 20 * MB, 3 * MB)
        except OSError:
            pass  # Closed while it was sent.
        wait_until(lambda: client_id not in ids(watcher), "the end of the client")
        assert watcher.info()["client_query_buffer_limit_disconnections"] == "1"


def test_a_string_beyond_proto_max_bulk_len_is_refused(binary):
    server = Server(binary, "--proto-max-bulk-len", "1mb")
    with server.client() as client, server.client() as other:
        assert client.call("SET", "k", "x" * MB) == "OK"
        begin_long_string(client, MB + 1, 0)
        assert str(client.read()) == "ERR Protocol error: invalid bulk length"
        other.call("CONFIG", "SET", "proto-max-bulk-len", "2mb")
        assert other.call("SET", "k", "x" * (MB + 1)) == "OK"


def test_a_stranger_who_does_not_read_is_not_heard(binary):
    """Before AUTH little is kept for a client: neither memory nor disk is for who floods and never reads."""
    server = Server(binary, "--requirepass", "secret", start=False)
    server.start(wait=False)
    server.password = "secret"
    server.wait_ready()
    with server.client() as watcher, Client(server.port, timeout_s=1) as stranger:
        stranger_id = ids(watcher)[-1]
        sent = 0
        try:
            while sent < 100 * MB:
                sent += stranger.socket.send(b"PING\r\n" * 10000)
        except TimeoutError:
            pass
        assert sent < 100 * MB
        assert int(fields_of(watcher, stranger_id)["omem"]) < MB, fields_of(watcher, stranger_id)
        assert int(fields_of(watcher, stranger_id)["qbuf"]) < MB, fields_of(watcher, stranger_id)
        for _ in range(sent // 6):
            assert str(stranger.read()) == "NOAUTH Authentication required."


def test_output_limits_are_of_a_class(binary):
    """Subscribers have their own; a soft one acts after its seconds, for who is above it all the while."""
    server = Server(binary, "--client-output-buffer-limit", "pubsub 4mb 1mb 1", "normal 0 0 0")
    with server.client() as watcher, server.client() as quick, server.client() as slow, server.client() as normal:
        quick_id, slow_id = (str(c.call("CLIENT", "ID")) for c in (quick, slow))
        quick.call("SUBSCRIBE", "quick")
        slow.call("SUBSCRIBE", "slow")
        watcher.call("SET", "k", "x" * MB)
        normal.socket.sendall(normal.encode(["GET", "k"]) * 10)  # Nobody reads it; the class has no limit.
        for _ in range(20):  # Some of it is in the sockets.
            watcher.call("PUBLISH", "quick", "x" * MB)
            if quick_id not in ids(watcher):
                break
        assert quick_id not in ids(watcher)
        while int(fields_of(watcher, slow_id)["omem"]) < MB + MB // 2:
            watcher.call("PUBLISH", "slow", "x" * (MB // 2))
        begin = time.monotonic()
        wait_until(lambda: slow_id not in ids(watcher), "the end of the slow subscriber")
        assert time.monotonic() - begin > 0.9
        assert watcher.info()["client_output_buffer_limit_disconnections"] == "2"
        assert all(len(normal.read()) == MB for _ in range(10))


def test_what_client_list_tells_of_memory(binary):
    server = Server(binary)
    with server.client() as watcher, server.client() as client:
        client_id = str(client.call("CLIENT", "ID"))
        idle = fields_of(watcher, client_id)
        client.pipeline([["MULTI"], ["SET", "k", "x" * 100000]])
        queued = fields_of(watcher, client_id)
        assert int(queued["multi-mem"]) > 100000 and int(queued["tot-mem"]) > int(idle["tot-mem"]) + 100000
        client.pipeline([["EXEC"], ["GET", "k"]])
        assert int(fields_of(watcher, client_id)["rbp"]) >= 100000
        begin_long_string(client, 500000, 200000)
        wait_until(lambda: int(fields_of(watcher, client_id)["qbuf"]) > 200000, "part of a request")
        part = fields_of(watcher, client_id)
        assert int(part["argv-mem"]) > 0 and int(part["tot-mem"]) >= int(part["qbuf"]) + int(part["qbuf-free"])


def test_what_a_client_waits_with_and_subscribes_to_costs(binary):
    server = Server(binary)
    with server.client() as watcher:
        prefixes = [["CLIENT", "TRACKING", "ON", "REDIRECT", watcher.call("CLIENT", "ID"), "BCAST", "PREFIX",
                     "a prefix that is longer than those of others:%04d:" % i] for i in range(2000)]
        for commands in ([["BLPOP", "k" * 100000, 0]], [["WATCH", *("%d" % i for i in range(2000))]],
                         [["SUBSCRIBE", *("channel:%d" % i for i in range(2000))]], prefixes):
            what = commands[0][0]
            with server.client() as client:
                client_id = str(client.call("CLIENT", "ID"))
                before = int(fields_of(watcher, client_id)["tot-mem"])
                client.socket.sendall(b"".join(client.encode(words) for words in commands))
                wait_until(lambda: int(fields_of(watcher, client_id)["tot-mem"]) > before + 100000, what)
                time.sleep(4)  # By then the buffers of an idle client are gone.
                assert int(fields_of(watcher, client_id)["tot-mem"]) > before + 100000, what


if __name__ == "__main__":
    run_tests([value for name, value in sorted(globals().items()) if name.startswith("test_")], sys.argv[1:])
