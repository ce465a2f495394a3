#!/usr/bin/python3
"""TLS for clients: who is let in, what changes while it runs, what goes through, and peers that misbehave.

Usage: server_tls.py HEARTH_SERVER"""
import os
import pathlib
import random
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Client, Server, error_of, free_port, run_tests, wait_until  # noqa: E402
from tls import Certificates, TlsServer  # noqa: E402

certificates = Certificates()
REFUSAL = "ERR CONFIG SET failed (possibly related to argument '%s') - Unable to update TLS configuration. Check server logs."


def is_let_in(connect):
    try:
        with connect() as client:
            return client.call("PING") == "PONG"
    except (OSError, EOFError):
        return False


def resident_bytes(server):
    with open("/proc/%d/statm" % server.process.pid) as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def descriptors(server):
    return len(os.listdir("/proc/%d/fd" % server.process.pid))


def test_both_ports_serve_the_same(binary):
    server = TlsServer(certificates, binary)
    with server.client() as plain, server.tls_client() as tls:
        assert plain.call("SET", "a", "1") == "OK" and tls.call("GET", "a") == b"1"
        assert tls.call("HELLO", "3")["proto"] == 3
        lines = plain.call("CLIENT", "LIST").decode().splitlines()
        assert sorted(line.split("laddr=")[1].split()[0] for line in lines) == sorted(
            "127.0.0.1:%d" % port for port in (server.port, server.tls_port))
        assert plain.info("server")["tcp_port"] == str(server.port)


def test_without_the_plain_port(binary):
    server = TlsServer(certificates, binary, "--port", "0", start=False)
    server.client = server.tls_client
    server.start()
    with server.tls_client() as client:
        assert client.info("server")["tcp_port"] == str(server.tls_port)  # As Redis tells it.
        assert client.call("CONFIG", "GET", "port") == [b"port", b"0"]
    try:
        Client(server.port)
        assert False, "the plain port is open"
    except ConnectionRefusedError:
        pass


def test_who_must_show_a_certificate(binary):
    server = TlsServer(certificates, binary)
    for policy, outcome in (("yes", (True, False, False)), ("optional", (True, True, False)), ("no", (True, True, True))):
        with server.client() as client:
            assert client.call("CONFIG", "SET", "tls-auth-clients", policy) == "OK"
        assert tuple(is_let_in(lambda n=name: server.tls_client(n)) for name in ("node", None, "other")) == outcome, policy
    assert not is_let_in(lambda: Client(server.tls_port, timeout_s=3))  # No TLS.


def test_password_and_protocols(binary):
    server = TlsServer(certificates, binary, "--requirepass", "sesame", "--tls-protocols", "TLSv1.2", start=False)
    server.password = "sesame"
    server.start()
    with Client(server.tls_port, tls=certificates.client()) as client:
        assert error_of(client, "GET", "a") == "NOAUTH Authentication required."
    with server.tls_client() as client:
        assert client.socket.version() == "TLSv1.2"
        assert client.call("CONFIG", "SET", "tls-protocols", "TLSv1.3") == "OK"
        assert client.call("PING") == "PONG"  # Who is in stays in.
    with server.tls_client() as client:
        assert client.socket.version() == "TLSv1.3"
    assert not is_let_in(lambda: server.tls_client(version=ssl.TLSVersion.TLSv1_2))
    with server.client() as client:
        client.call("CONFIG", "SET", "tls-protocols", "", "tls-ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384",
                    "tls-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256")
    with server.tls_client() as client:
        assert client.socket.cipher()[0] == "TLS_CHACHA20_POLY1305_SHA256"
    with server.tls_client(version=ssl.TLSVersion.TLSv1_2) as client:
        assert client.socket.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"


def subject_of(server):
    context = certificates.client()
    with Client(server.tls_port, tls=context) as client:
        return dict(pair[0] for pair in client.socket.getpeercert()["subject"])["commonName"]


def test_certificates_are_changed_while_it_runs(binary):
    certificates.sign("second")
    server = TlsServer(certificates, binary)
    assert subject_of(server) == "node"
    with server.client() as client, server.tls_client() as old:
        pair = ("tls-cert-file", certificates.path("second.crt"), "tls-key-file", certificates.path("second.key"))
        assert client.call("CONFIG", "SET", *pair) == "OK"
        assert subject_of(server) == "second"
        assert old.call("PING") == "PONG"
        for name, value in (("tls-cert-file", "/nowhere.crt"), ("tls-cert-file", certificates.path("node.crt")),
                            ("tls-key-file", certificates.path("node.key")), ("tls-ca-cert-file", ""),
                            ("tls-ca-cert-file", certificates.path("node.key")), ("tls-protocols", "SSLv3"),
                            ("tls-ciphers", "NONE-SUCH"), ("tls-ciphersuites", "NONE-SUCH"), ("tls-cert-file", ""),
                            ("tls-dh-params-file", certificates.path("ca.crt"))):
            before = client.call("CONFIG", "GET", "tls-*")
            assert error_of(client, "CONFIG", "SET", name, value) == REFUSAL % name, (name, value)
            assert client.call("CONFIG", "GET", "tls-*") == before
        assert subject_of(server) == "second"
        assert error_of(client, "CONFIG", "SET", "tls-auth-clients", "maybe").endswith(
            "argument(s) must be one of the following: no, yes, optional")
        # The same name again reads a file that was renewed.
        shutil.copy(certificates.path("node.crt"), certificates.path("second.crt"))
        shutil.copy(certificates.path("node.key"), certificates.path("second.key"))
        assert client.call("CONFIG", "SET", "tls-cert-file", certificates.path("second.crt")) == "OK"
        assert subject_of(server) == "node"


def test_the_port_is_opened_moved_and_closed(binary):
    server = Server(binary)
    tls_port, other_port = free_port(), free_port()
    with server.client() as client:
        assert error_of(client, "CONFIG", "SET", "tls-port", tls_port) == REFUSAL % "tls-port"
        names = certificates.arguments()
        client.call("CONFIG", "SET", *[name.removeprefix("--") for name in names])
        assert client.call("CONFIG", "SET", "tls-port", tls_port) == "OK"
        assert is_let_in(lambda: Client(tls_port, tls=certificates.client()))
        assert client.call("CONFIG", "SET", "tls-port", other_port) == "OK"
        assert is_let_in(lambda: Client(other_port, tls=certificates.client()))
        assert not is_let_in(lambda: Client(tls_port, tls=certificates.client()))
        with socket.create_server(("127.0.0.1", 0)) as taken:
            assert "Unable to listen on this port" in error_of(client, "CONFIG", "SET", "tls-port",
                                                               taken.getsockname()[1])
        assert is_let_in(lambda: Client(other_port, tls=certificates.client()))
        assert client.call("CONFIG", "SET", "tls-port", 0) == "OK"
        assert not is_let_in(lambda: Client(other_port, tls=certificates.client()))


def test_a_start_without_what_it_needs_is_refused(binary):
    for arguments, reason in ((["--tls-port", free_port()], "no tls-cert-file is configured"),
                              (["--tls-replication", "yes"], "no tls-cert-file is configured"),
                              (["--tls-port", free_port()] + certificates.arguments("nobody"), "nobody.crt")):
        server = Server(binary, *arguments, start=False).start(wait=False)
        assert server.process.wait(20) == 1
        assert reason in server.output(), server.output()
        assert not os.path.exists(os.path.join(server.data, "log"))


def test_a_locked_key(binary):
    certificates.make("ec -in node.key -aes128 -passout pass:sesame -out locked.key")
    locked = ["--tls-key-file", certificates.path("locked.key")]
    server = TlsServer(certificates, binary, *locked, "--tls-key-file-pass", "sesame")
    assert is_let_in(server.tls_client)
    assert "sesame" not in server.output()


def test_sessions_are_resumed_unless_told_not_to(binary):
    server = TlsServer(certificates, binary)

    def resumes(version):
        context = certificates.client(version=version)
        session = None
        for _ in range(2):
            with context.wrap_socket(socket.create_connection(("127.0.0.1", server.tls_port)), session=session) as peer:
                peer.sendall(b"PING\r\n")
                assert peer.recv(100) == b"+PONG\r\n"
                session, reused = peer.session, peer.session_reused
        return reused

    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert resumes(version)
    with server.client() as client:
        client.call("CONFIG", "SET", "tls-session-caching", "no")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert not resumes(version)


def test_large_values_and_pipelines(binary):
    server = TlsServer(certificates, binary)
    value = random.Random(1).randbytes(20 << 20)
    with server.tls_client() as client:
        assert client.call("SET", "large", value) == "OK"
        assert client.call("GET", "large") == value
        for version in range(3):
            assert client.pipeline([["SET", "key:%d" % i, "x" * (i % 3000)] for i in range(5000)]) == ["OK"] * 5000
            replies = client.pipeline([["GET", "key:%d" % i] for i in range(5000)])
            assert [len(reply) for reply in replies] == [i % 3000 for i in range(5000)]


def test_a_slow_reader_and_a_slow_writer(binary):
    """Small buffers on the client's side, and both directions full at once."""
    server = TlsServer(certificates, binary)
    with server.tls_client() as client:
        client.call("SET", "value", "v" * 1000000)
    bare = socket.socket()
    bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    bare.connect(("127.0.0.1", server.tls_port))
    with certificates.client().wrap_socket(bare) as peer:
        request = Client.encode(["GET", "value"]) * 30
        for begin in range(0, len(request), 7):
            peer.sendall(request[begin:begin + 7])
        time.sleep(0.5)
        with server.client() as client:
            assert client.call("PING") == "PONG"
        expected = (b"$1000000\r\n" + b"v" * 1000000 + b"\r\n") * 30
        received = bytearray()
        while len(received) < len(expected):
            received += peer.recv(100000)
        assert received == expected


def test_what_a_writer_is_told_is_on_disk(binary):
    """Holds do not care what they hold back: killed at any time, each acknowledged write is there."""
    server = TlsServer(certificates, binary)
    for round_number in range(3):
        acknowledged = 0
        timer = threading.Timer(0.5, server.kill)
        with server.tls_client() as client:
            timer.start()
            try:
                while True:
                    client.pipeline([["SET", "%d:%d" % (round_number, acknowledged + i), "x"] for i in range(10)])
                    acknowledged += 10
            except (OSError, EOFError):
                pass
        timer.join()
        server.start()
        with server.tls_client() as client:
            assert acknowledged > 0
            assert client.call("EXISTS", *["%d:%d" % (round_number, i) for i in range(acknowledged)]) == acknowledged


def test_parked_and_blocked_clients(binary):
    server = TlsServer(certificates, binary)
    with server.client() as plain, server.tls_client() as tls:
        plain.call("CLIENT", "PAUSE", "400", "WRITE")
        # One record, of which the first command parks the client.
        assert tls.pipeline([["SET", "a", "1"], ["GET", "a"], ["SET", "b", "2"], ["GET", "b"]]) == ["OK", b"1", "OK", b"2"]
        tls.socket.sendall(Client.encode(["BLPOP", "list", "5"]) + Client.encode(["PING"]))
        time.sleep(0.1)
        plain.call("RPUSH", "list", "x")
        assert tls.read() == [b"list", b"x"] and tls.read() == "PONG"
        tls.socket.sendall(Client.encode(["PING"]) + Client.encode(["QUIT"]) + Client.encode(["PING"]))
        assert tls.read() == "PONG" and tls.read() == "OK"
        assert tls.socket.recv(100) == b""  # An end that is said, and no cut.


def test_maxclients_and_protected_mode_count_here_too(binary):
    server = TlsServer(certificates, binary, "--maxclients", "3")
    with server.tls_client(), server.tls_client(), server.client() as third:
        assert third.call("PING") == "PONG"
        assert not is_let_in(server.tls_client)
        assert int(third.info("stats")["rejected_connections"]) == 1
        third.call("CONFIG", "SET", "maxclients", "10")


def garbage(kind):
    return {"bytes": random.Random(2).randbytes(3000), "plain": Client.encode(["PING"]) * 50,
            "http": b"GET / HTTP/1.1\r\n\r\n", "hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40),
            "nothing": b""}[kind]


def test_garbage_is_refused_and_costs_nothing(binary):
    server = TlsServer(certificates, binary)

    def storm(count):
        for number in range(count):
            with socket.create_connection(("127.0.0.1", server.tls_port), timeout=10) as peer:
                try:
                    peer.sendall(garbage(("bytes", "plain", "http", "hello", "nothing")[number % 5]))
                except OSError:
                    pass
    begin = time.monotonic()
    storm(500)
    memory, open_files = resident_bytes(server), descriptors(server)
    storm(2000)
    elapsed = time.monotonic() - begin
    wait_until(lambda: descriptors(server) <= open_files, "descriptors to be closed")
    # As many as may be under way at once, which is less than 2000 that were lost would take. Sanitizers keep what was
    # freed for a while; they find what was not at the end.
    assert resident_bytes(server) < memory + (300 if "asan" in binary else 12) * (1 << 20), (memory, resident_bytes(server))
    lines = server.output(1 << 20).count("no TLS connection")
    assert 1 <= lines <= elapsed + 2, "%d lines in %.1f s" % (lines, elapsed)
    assert is_let_in(server.tls_client)
    assert server.stop() == 0


def test_streams_that_are_cut_or_damaged(binary):
    server = TlsServer(certificates, binary)
    for number in range(60):
        bare = socket.create_connection(("127.0.0.1", server.tls_port), timeout=10)
        outgoing, incoming = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = certificates.client().wrap_bio(incoming, outgoing)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                bare.sendall(outgoing.read())
                incoming.write(bare.recv(65536))
        tls.write(Client.encode(["SET", "cut", "x" * 5000]))
        record = bytearray(outgoing.read())
        if number % 2:
            record[random.Random(number).randrange(5, len(record))] ^= 1
        bare.sendall(record[:len(record) - number % 3 * 100])
        bare.close()
    with server.tls_client() as client:
        assert client.call("PING") == "PONG"
        assert client.call("EXISTS", "cut") == 1  # Those that were whole.
        wait_until(lambda: client.info("clients")["connected_clients"] == "1", "the others to be gone")
    assert server.stop() == 0


def test_handshakes_that_stall_are_bounded(binary):
    server = TlsServer(certificates, binary)
    begin = time.monotonic()
    peers = []
    for number in range(600):
        peers.append(socket.create_connection(("127.0.0.1", server.tls_port), timeout=20))
        peers[-1].sendall(garbage("hello")[:number % 11])
    wait_until(lambda: is_let_in(server.tls_client), "a client among those that stall")
    with server.client() as client:
        assert client.info("clients")["connected_clients"] == "1"
    assert descriptors(server) < 600
    for peer in peers:  # Some to make room, the rest because their time is over.
        try:
            while peer.recv(1000):
                pass
        except ConnectionResetError:
            pass
        peer.close()
    assert time.monotonic() - begin < 25
    assert is_let_in(server.tls_client)


def test_stock_tools(binary):
    server = TlsServer(certificates, binary)
    port = ["-p", str(server.tls_port)] + certificates.tool_arguments()
    run = lambda *command: subprocess.run(command, check=True, capture_output=True, timeout=60).stdout.decode()  # noqa: E731
    assert run("redis-cli", *port, "SET", "a", "1") == "OK\n"
    assert run("redis-cli", *port, "-3", "GET", "a") == "1\n"
    assert "0 errors" not in run("redis-benchmark", *port, "-n", "2000", "-q", "-t", "set,get", "-P", "8")
    with server.client() as client:
        assert int(client.info("commandstats")["cmdstat_set"].split("calls=")[1].split(",")[0]) == 2001
    path = os.path.join(server.folder, "copy.rdb")
    run("redis-cli", *port, "--rdb", path)
    with open(path, "rb") as file:
        assert file.read(5) == b"REDIS"


if __name__ == "__main__":
    run_tests([test_both_ports_serve_the_same, test_without_the_plain_port, test_who_must_show_a_certificate,
               test_password_and_protocols, test_certificates_are_changed_while_it_runs,
               test_the_port_is_opened_moved_and_closed, test_a_start_without_what_it_needs_is_refused,
               test_a_locked_key, test_sessions_are_resumed_unless_told_not_to, test_large_values_and_pipelines,
               test_a_slow_reader_and_a_slow_writer, test_what_a_writer_is_told_is_on_disk, test_parked_and_blocked_clients,
               test_maxclients_and_protected_mode_count_here_too, test_garbage_is_refused_and_costs_nothing,
               test_streams_that_are_cut_or_damaged, test_handshakes_that_stall_are_bounded, test_stock_tools],
              sys.argv[1:2])
