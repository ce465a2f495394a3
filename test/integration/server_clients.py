#!/usr/bin/python3
"""Clients and the server: authentication, transactions, waiting, limits, and what a kill -9 leaves of all that.

Usage: server_clients.py HEARTH_SERVER"""
import os
import pathlib
import re
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Client, ReplyError, Server, error_of, free_port, is_closed, run_tests, wait_until  # noqa: E402
from replication import stock_redis  # noqa: E402


def test_password(binary):
    server = Server(binary, "--requirepass", "secret", start=False)
    server.start(wait=False)
    server.password = "secret"
    server.wait_ready()
    with Client(server.port) as client:
        assert error_of(client, "GET", "a") == "NOAUTH Authentication required."
        assert error_of(client, "AUTH", "wrong").startswith("WRONGPASS")
        assert error_of(client, "HELLO", "3").startswith("NOAUTH HELLO")
        assert error_of(client, "PING") == "NOAUTH Authentication required."
        assert client.call("AUTH", "default", "secret") == "OK"
        assert client.call("SET", "a", "1") == "OK"
        assert client.call("CONFIG", "SET", "requirepass", "") == "OK"
    with Client(server.port) as client:
        assert client.call("GET", "a") == b"1"


def test_a_password_is_not_cut_at_a_zero_byte(binary):
    server = Server(binary)
    with server.client() as client:
        assert "NUL" in error_of(client, "CONFIG", "SET", "requirepass", b"open\0sesame")
        assert client.call("CONFIG", "GET", "requirepass") == [b"requirepass", b""]


def test_unauthenticated_requests_are_kept_small(binary):
    server = Server(binary, "--requirepass", "secret", start=False)
    server.start(wait=False)
    server.password = "secret"
    server.wait_ready()
    for request, error in ((b"*11\r\n", b"unauthenticated multibulk length"),
                           (b"*2\r\n$3\r\nGET\r\n$16385\r\n", b"unauthenticated bulk length")):
        with Client(server.port) as client:
            client.socket.sendall(request)
            assert error in client.stream.read(), request


def test_what_is_protected_is_so_before_auth(binary):
    """As redis-server says it."""
    server = Server(binary, "--requirepass", "secret", start=False)
    server.start(wait=False)
    server.password = "secret"
    server.wait_ready()
    with Client(server.port) as client:
        assert error_of(client, "DEBUG", "SLEEP", "0").startswith("ERR DEBUG command not allowed.")


def test_hello_switches_the_protocol(binary):
    server = Server(binary)
    with server.client() as client:
        hello = client.call("HELLO", "3", "SETNAME", "me")
        assert hello["proto"] == 3 and hello["server"] == b"redis" and hello["role"] == b"master", hello
        assert client.call("CLIENT", "GETNAME") == b"me"
        assert isinstance(client.call("CONFIG", "GET", "port"), dict)
        assert error_of(client, "HELLO", "4") == "NOPROTO unsupported protocol version"
        assert client.call("RESET") == "RESET"
        assert client.call("CONFIG", "GET", "port")[0] == b"port"


def test_transaction_is_all_or_nothing_across_a_kill(binary):
    """Pairs are written in transactions; after each kill no pair may be half there."""
    server = Server(binary)
    for round_number in range(4):
        with server.client() as client:
            def write():
                try:
                    for i in range(100000):
                        client.pipeline([["MULTI"], ["SET", "left:%d" % i, round_number], ["SELECT", 1],
                                         ["SET", "right:%d" % i, round_number], ["SELECT", 0], ["EXEC"]])
                except (OSError, EOFError):
                    pass
            writer = threading.Thread(target=write)
            writer.start()
            time.sleep(0.3)
            server.kill()
            writer.join()
        server.start()
        with server.client() as client:
            left = client.call("DBSIZE")
            client.call("SELECT", 1)
            right = client.call("DBSIZE")
            assert left == right > 0, (left, right)
            values = client.pipeline([["GET", "right:%d" % i] for i in range(right)])
            client.call("SELECT", 0)
            assert values == client.pipeline([["GET", "left:%d" % i] for i in range(left)])


def test_watch(binary):
    server = Server(binary)
    with server.client() as one, server.client() as two:
        one.call("SET", "a", "1")
        assert one.call("WATCH", "a", "absent") == "OK"
        one.call("MULTI")
        one.call("INCR", "a")
        assert one.call("EXEC") == [2]
        one.call("WATCH", "a")
        two.call("SET", "a", "10")
        one.call("MULTI")
        one.call("INCR", "a")
        assert one.call("EXEC") is None
        one.call("WATCH", "absent")
        two.call("FLUSHALL")
        one.call("MULTI")
        assert one.call("EXEC") == []
        one.call("SET", "a", "1", "PX", "30")
        one.call("WATCH", "a")
        time.sleep(0.06)
        one.call("MULTI")
        one.call("PING")
        assert one.call("EXEC") is None
        one.call("WATCH", "a")
        two.call("SET", "a", "1")
        one.call("UNWATCH")
        one.call("MULTI")
        one.call("PING")
        assert one.call("EXEC") == ["PONG"]


def test_bad_command_discards_the_transaction(binary):
    server = Server(binary)
    with server.client() as client:
        replies = client.pipeline([["MULTI"], ["SET", "a", "1"], ["NOSUCH"], ["EXEC"], ["GET", "a"]])
        assert str(replies[3]) == "EXECABORT Transaction discarded because of previous errors."
        assert replies[4] is None
        replies = client.pipeline([["MULTI"], ["SET", "a", "1"], ["INCR", "a", "b"], ["DISCARD"], ["EXEC"]])
        assert replies[3] == "OK" and str(replies[4]) == "ERR EXEC without MULTI"
        replies = client.pipeline([["MULTI"], ["SET", "a", "x"], ["INCR", "a"], ["SET", "b", "y"], ["EXEC"]])
        assert replies[4][0] == "OK" and isinstance(replies[4][1], ReplyError) and replies[4][2] == "OK"


def test_pause_lets_writers_wait_and_readers_go_on(binary):
    server = Server(binary)
    with server.client() as one, server.client() as two:
        one.call("SET", "a", "1")
        one.call("CLIENT", "PAUSE", "60000", "WRITE")
        two.socket.sendall(two.encode(["SET", "a", "2"]))
        assert one.call("GET", "a") == b"1"
        time.sleep(0.2)
        assert one.call("GET", "a") == b"1"
        one.call("CLIENT", "UNPAUSE")
        assert two.read() == "OK"
        assert one.call("GET", "a") == b"2"
        one.call("CLIENT", "PAUSE", "60000", "WRITE")
        two.socket.sendall(two.encode(["PUBLISH", "channel", "message"])) # It replicates, so it waits as well.
        wait_until(lambda: one.info("clients")["blocked_clients"] == "1", "the message to wait")
        one.call("CLIENT", "UNPAUSE")
        assert two.read() == 0
        one.call("CLIENT", "PAUSE", "300")
        begin = time.monotonic()
        assert two.call("GET", "a") == b"2"
        assert 0.15 < time.monotonic() - begin < 5


def test_reply_off_and_skip(binary):
    server = Server(binary)
    with server.client() as client:
        client.socket.sendall(b"".join(client.encode(words) for words in (
            ["CLIENT", "REPLY", "SKIP"], ["SET", "a", "1"], ["GET", "a"], ["CLIENT", "REPLY", "OFF"], ["GET", "a"], ["GET", "a"],
            ["CLIENT", "REPLY", "ON"], ["PING"])))
        assert [client.read() for _ in range(3)] == [b"1", "OK", "PONG"]


def test_kill_closes_whom_it_names(binary):
    server = Server(binary)
    with server.client() as one, server.client() as two, server.client() as three:
        two_id = two.call("CLIENT", "ID")
        assert one.call("CLIENT", "KILL", "ID", two_id) == 1
        assert is_closed(two)
        assert one.call("CLIENT", "KILL", "TYPE", "normal") == 1
        assert is_closed(three)
        assert one.call("CLIENT", "KILL", "ID", one.call("CLIENT", "ID"), "SKIPME", "no") == 1
        assert is_closed(one)


def test_too_many_clients(binary):
    server = Server(binary, "--maxclients", "4")
    first = server.client()
    wait_until(lambda: first.info("clients")["connected_clients"] == "1", "the start's own client to be gone")
    clients = [first] + [server.client() for _ in range(3)]
    for client in clients:
        assert client.call("PING") == "PONG"
    extra = server.client()
    assert extra.stream.read() == b"-ERR max number of clients reached\r\n"
    clients[0].close()
    wait_until(lambda: server.client().call("PING") == "PONG", "a free place")


def test_maxclients_is_what_the_system_can_give(binary):
    server = Server(binary)
    with server.client() as first:
        assert first.call("CONFIG", "SET", "maxclients", "2") == "OK"
        second = server.client()
        assert second.call("PING") == "PONG"
        with server.client() as third:
            assert third.stream.read() == b"-ERR max number of clients reached\r\n"
        assert first.call("CONFIG", "SET", "maxclients", "3") == "OK"
        with server.client() as third:
            assert third.call("PING") == "PONG"
        refusal = error_of(first, "CONFIG", "SET", "maxclients", "4000000000")
        possible = re.fullmatch(r"ERR CONFIG SET failed \(possibly related to argument 'maxclients'\) - The operating "
                                r"system is not able to handle the specified number of clients, try with (\d+)", refusal)
        assert possible, refusal
        assert first.call("CONFIG", "GET", "maxclients") == [b"maxclients", b"3"]
        assert first.call("CONFIG", "SET", "maxclients", possible[1]) == "OK"
    server = Server(binary, "--maxclients", "4000000000")
    with server.client() as client:
        assert client.call("CONFIG", "GET", "maxclients") == [b"maxclients", possible[1].encode()]
        assert client.info("clients")["maxclients"] == possible[1]


def test_idle_clients_are_closed(binary):
    server = Server(binary, "--timeout", "1")
    with server.client() as idle, server.client() as monitor:
        idle.call("PING")
        monitor.call("MONITOR")
        begin = time.monotonic()
        assert is_closed(idle)
        assert 0.9 < time.monotonic() - begin < 10
        with server.client() as client:
            client.call("PING")
        assert "PING" in monitor.read().upper()


def test_clients_that_are_served_are_not_idle(binary):
    server = Server(binary, "--timeout", "2")
    with server.client() as other:
        other.call("SET", "big", "x" * (8 << 20))
        with server.client() as waiter, server.client() as slow:
            waiter.socket.sendall(waiter.encode(["BLPOP", "list", "0"]))
            slow.socket.sendall(slow.encode(["GET", "big"]) * 10)
            for _ in range(15):  # Takes 4 s, of which each has some bytes.
                other.call("PING")
                assert len(slow.stream.read(5 << 20)) == 5 << 20
                time.sleep(0.25)
            other.call("RPUSH", "list", "element")
            assert waiter.read() == [b"list", b"element"]
            time.sleep(1)
            assert waiter.call("PING") == "PONG"


def test_monitor_hides_passwords(binary):
    server = Server(binary)
    with server.client() as monitor, server.client() as client:
        monitor.call("MONITOR")
        client.call("SET", "a b", "\x01\n\"")
        error_of(client, "AUTH", "default", "hunter2")
        error_of(client, "HELLO", "3", "AUTH", "default", "hunter3")
        client.call("GET", "a b")
        lines = [monitor.read() for _ in range(4)]
        assert lines[0].endswith('"SET" "a b" "\\x01\\n\\""'), lines
        assert lines[1].endswith('"AUTH" "(redacted)" "(redacted)"'), lines
        assert "hunter" not in "".join(lines) and lines[3].endswith('"GET" "a b"'), lines


def test_monitor_shows_commands_as_redis_does(binary):
    """After they ran: EXEC behind what it ran, SELECT in its new database; and a monitor itself touches no keys."""
    shown = []
    for server in (Server(binary), stock_redis()):
        with server.client() as monitor, server.client() as client:
            monitor.call("MONITOR")
            client.pipeline([("SELECT", 2), ("SELECT", 99), ("MULTI",), ("SELECT", 3), ("SET", "a", 1), ("EXEC",),
                             ("GET",), ("LPUSH", "a", "x"), ("BLPOP", "none", "0.01"), ("RESET",),
                             ("EVAL", "return redis.call('incr', KEYS[1])", 1, "by script"), ("PING",)])
            lines = [monitor.read()]
            while '"PING"' not in lines[-1]:
                lines.append(monitor.read())
            shown.append([re.sub(r"^[\d.]+ \[(\d+) (lua|\d)\S*", r"\1 \2", line) for line in lines])
            refusal = error_of(monitor, "GET", "a")
            assert refusal == "ERR Replica can't interact with the keyspace", refusal
    assert shown[0] == shown[1], shown


def test_large_values_and_pieces(binary):
    server = Server(binary)
    value = os.urandom(1 << 20) * 20
    with server.client(60) as client:
        assert client.call("SET", "big", value) == "OK"
        assert client.call("GET", "big") == value
        request = client.encode(["SET", "small", "x" * 100]) + client.encode(["GET", "small"])
        for i in range(len(request)):
            client.socket.sendall(request[i:i + 1])
        assert client.read() == "OK" and client.read() == b"x" * 100
        assert client.call("DEL", "big") == 1


def test_long_pipeline_is_read_while_nobody_listens(binary):
    """The client writes everything before it reads anything."""
    server = Server(binary)
    count = 300000
    with server.client(60) as client:
        client.socket.sendall(client.encode(["INCR", "n"]) * count)
        for i in range(count):
            assert client.read() == i + 1


def test_client_that_never_reads_is_closed_at_the_limit(binary):
    server = Server(binary, "--client-output-buffer-limit", "normal", "1mb", "0", "0")
    with server.client() as client, server.client() as other:
        other.call("SET", "big", "x" * 100000)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        try:
            for _ in range(400):
                client.socket.sendall(client.encode(["GET", "big"]))
        except OSError:
            pass
        wait_until(lambda: other.info("stats")["client_output_buffer_limit_disconnections"] == "1", "the close")
        assert other.call("PING") == "PONG"


def test_one_reply_beyond_the_limit_closes_the_client(binary):
    """As it is put together, not only when the client does not read it."""
    server = Server(binary, "--client-output-buffer-limit", "normal", "100kb", "0", "0")
    with server.client() as client, server.client() as other:
        client.pipeline([("RPUSH", "list", "x" * 1000) for _ in range(150)])
        client.socket.sendall(client.encode(["LRANGE", "list", "0", "-1"]))
        assert is_closed(client)
        assert other.call("LLEN", "list") == 150


def test_replayed_commands_are_counted_by_replicas_only(binary):
    master = Server(binary)
    replica = Server(binary, "--replicaof", "127.0.0.1 %d" % master.port)
    with master.client() as client:
        client.call("SET", "a", "1")
        assert client.call("WAIT", "1", "20000") == 1
    with replica.client() as client:
        client.call("CONFIG", "RESETSTAT")
    with master.client() as client:
        client.call("APPEND", "a", "1")
        assert client.call("WAIT", "1", "20000") == 1
    with replica.client() as client:
        assert client.info("commandstats")["cmdstat_append"].startswith("calls=1,")
    master.kill()
    master.start()
    with master.client() as client:
        assert "cmdstat_append" not in client.info("commandstats")


def test_huge_announced_lengths_cost_nothing(binary):
    server = Server(binary)
    with server.client() as watcher:
        before = int(watcher.info("memory")["used_memory"])
        clients = [server.client() for _ in range(50)]
        for client in clients:
            client.socket.sendall(b"*1000000\r\n$3\r\nSET\r\n$536870912\r\nstart")
        time.sleep(0.3)
        assert int(watcher.info("memory")["used_memory"]) - before < 16 << 20
        assert error_of(watcher, "PING") == "PONG"
        for client in clients:
            client.close()


def test_protocol_errors_are_told_before_the_close(binary):
    server = Server(binary)
    for request, error in ((b"*1\r\n+PING\r\n", b"-ERR Protocol error: expected '$', got '+'\r\n"),
                           (b"*x\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
                           (b"SET \"a\r\n", b"-ERR Protocol error: unbalanced quotes in request\r\n")):
        with server.client() as client:
            client.socket.sendall(b"PING\r\n" + request + b"PING\r\n")
            assert client.stream.read() == b"+PONG\r\n" + error, request


def test_config_set_is_all_or_nothing(binary):
    server = Server(binary)
    with server.client() as client:
        assert error_of(client, "CONFIG", "SET", "maxclients", "50", "port", "99999").startswith("ERR CONFIG SET failed")
        assert client.call("CONFIG", "GET", "maxclients") == [b"maxclients", b"10000"]
        assert client.call("CONFIG", "SET", "maxclients", "50", "timeout", "7") == "OK"
        assert client.call("CONFIG", "GET", "timeout", "maxclients")[1::2] in ([b"7", b"50"], [b"50", b"7"])


def listening_inode(port):
    with open("/proc/net/tcp") as sockets:
        fields = [line.split() for line in sockets]
    return next(f[9] for f in fields if f[1].endswith(":%04X" % port) and f[3] == "0A")


def test_sockets_that_are_in_place_stay_open(binary):
    """Port and bind are one matter: what is right by the first need not be closed for the second."""
    server = Server(binary)
    with server.client() as client:
        before = listening_inode(server.port)
        assert client.call("CONFIG", "SET", "port", server.port) == "OK"
        assert listening_inode(server.port) == before
        assert client.call("CONFIG", "SET", "port", server.port, "bind", "127.0.0.1") == "OK"
        assert listening_inode(server.port) != before
        server.port = free_port()
        assert client.call("CONFIG", "SET", "port", server.port, "bind", "127.0.0.1") == "OK"
    with server.client() as client:
        assert client.call("PING") == "PONG"


def test_wait_ends_at_its_time_or_when_told(binary):
    server = Server(binary)
    with server.client() as client, server.client() as other:
        number = client.call("CLIENT", "ID")
        client.socket.sendall(client.encode(["SET", "a", "1"]) + client.encode(["WAIT", "1", "200"]) +
                              client.encode(["GET", "a"]))
        begin = time.monotonic()
        assert client.read() == "OK" and client.read() == 0 and client.read() == b"1"
        assert time.monotonic() - begin > 0.15
        client.socket.sendall(client.encode(["WAIT", "1", "0"]) + client.encode(["GET", "a"]))
        wait_until(lambda: other.info("clients")["blocked_clients"] == "1", "the wait")
        assert other.call("CLIENT", "UNBLOCK", number, "ERROR") == 1
        assert str(client.read()).startswith("UNBLOCKED") and client.read() == b"1"
        client.socket.sendall(client.encode(["WAIT", "1", "0"]))
        wait_until(lambda: other.info("clients")["blocked_clients"] == "1", "the wait")
        client.close()
        wait_until(lambda: other.info("clients")["blocked_clients"] == "0", "the end of the wait")


if __name__ == "__main__":
    run_tests([value for name, value in sorted(globals().items()) if name.startswith("test_")], sys.argv[1:])
