#!/usr/bin/python3
"""TLS on replicas' links: first syncs, streams and cuts, between our nodes and with stock Redis on either side; who is
trusted; Sentinel.

Usage: replication_tls.py HEARTH_SERVER"""
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Client, Server, free_port, run_tests, wait_until  # noqa: E402
from replication import (Proxy, assert_same_data, field, fill, link_is_up, mixed_fill, role_of, stat, wait_caught_up)  # noqa: E402
from tls import Certificates, TlsServer, follow_tls  # noqa: E402

certificates = Certificates()
QUICK = ("--repl-ping-replica-period", "1", "--repl-timeout", "10", "--tls-replication", "yes")
STOCK = QUICK + ("--repl-diskless-sync-delay", "0")


def node(binary, *arguments):
    return TlsServer(certificates, binary, *QUICK, *arguments)


def stock(*arguments):
    return TlsServer(certificates, None, *STOCK, *arguments, kind="redis")


def links_of(server):
    """Local ports of the replicas' connections."""
    with server.client() as client:
        return [int(line.split("laddr=127.0.0.1:")[1].split()[0])
                for line in client.call("CLIENT", "LIST", "TYPE", "replica").decode().splitlines()]


def test_full_sync_stream_and_resume(binary):
    master = node(binary)
    fill(master, 20000, size=500)
    mixed_fill(master)
    proxy = Proxy(master.tls_port)
    replica, chained = node(binary), node(binary)
    with replica.client() as client:
        client.call("REPLICAOF", "127.0.0.1", proxy.port)
    follow_tls(chained, replica)
    wait_caught_up(replica, master)
    wait_caught_up(chained, master)
    assert links_of(master) == [master.tls_port]
    info = dict(pair.split("=") for pair in field(master, "slave0").split(","))
    assert info["port"] == str(replica.tls_port), info  # What others are to connect to.
    assert_same_data(master, replica)
    for number in range(3):
        fill(master, 2000, prefix="streamed%d" % number, size=2000)
        proxy.cut()
        mixed_fill(master, "mixed%d" % number)
        wait_caught_up(replica, master)
    wait_caught_up(chained, master)
    assert_same_data(master, replica)
    assert_same_data(master, chained)
    assert stat(master, "sync_full") == 1 and stat(master, "sync_partial_ok") >= 3
    with master.client() as client:
        client.call("SET", "waited", "for")
        assert client.call("WAIT", 1, 5000) == 1
    # Restarts of both sides.
    replica.kill()
    fill(master, 500, prefix="missed")
    replica.start()
    wait_caught_up(replica, master)
    master.kill()
    master.start()
    fill(master, 500, prefix="later")
    wait_caught_up(replica, master)
    assert_same_data(master, replica)
    assert stat(replica, "sync_full") <= 1
    proxy.close()


def test_a_transfer_that_breaks_goes_on(binary):
    master = node(binary, "--repl-full-sync-max-rate", "2mb")
    fill(master, 1000)
    with master.client() as client:
        for number in range(40):
            client.call("SET", "random:%d" % number, os.urandom(100000))
    proxy = Proxy(master.tls_port)
    replica = node(binary)
    with replica.client() as client:
        client.call("REPLICAOF", "127.0.0.1", proxy.port)
        wait_until(lambda: int(client.info("replication").get("master_sync_read_bytes", 0)) > 500000, "half a transfer")
    proxy.cut()
    wait_caught_up(replica, master)
    assert_same_data(master, replica)
    assert "begins at byte 0 of" in replica.output(1 << 20)
    assert replica.output(1 << 20).count("begins at byte") == 2
    proxy.close()


def test_the_link_changes_sides_while_it_runs(binary):
    """From plain to TLS and back by CONFIG SET: connections that are made from then on."""
    master = node(binary)
    replica = TlsServer(certificates, binary, "--repl-timeout", "10")
    with replica.client() as client:
        client.call("REPLICAOF", "127.0.0.1", master.port)
        wait_caught_up(replica, master)
        assert links_of(master) == [master.port]
        assert client.call("CONFIG", "SET", "tls-replication", "yes") == "OK"
        client.call("REPLICAOF", "127.0.0.1", master.tls_port)
        wait_caught_up(replica, master)
        assert links_of(master) == [master.tls_port]
        assert client.call("CONFIG", "SET", "tls-replication", "no") == "OK"
        client.call("REPLICAOF", "127.0.0.1", master.port)
        wait_caught_up(replica, master)
    assert stat(master, "sync_full") == 1


def test_a_master_that_nobody_knows_is_refused(binary):
    impostor = TlsServer(certificates, binary, "--tls-cert-file", certificates.path("other.crt"), "--tls-key-file",
                         certificates.path("other.key"), "--tls-auth-clients", "no")
    replica = node(binary)
    follow_tls(replica, impostor)
    problem = wait_until(lambda: field(replica, "hearth_link_problem"), "a problem")
    assert "TLS: certificate verify failed" in problem, problem
    assert not link_is_up(replica)
    with impostor.client() as client:
        assert client.info("stats")["sync_full"] == "0"


def test_a_replica_that_nobody_knows_is_refused(binary):
    master = node(binary)
    stranger = TlsServer(certificates, binary, *QUICK, "--tls-client-cert-file", certificates.path("other.crt"),
                         "--tls-client-key-file", certificates.path("other.key"))
    follow_tls(stranger, master)
    wait_until(lambda: field(stranger, "hearth_link_problem"), "a problem")
    assert not link_is_up(stranger) and links_of(master) == []
    with stranger.client() as client:  # Certificates that are known: it goes on by itself.
        client.call("CONFIG", "SET", "tls-client-cert-file", certificates.path("node.crt"), "tls-client-key-file",
                    certificates.path("node.key"))
    wait_caught_up(stranger, master)


def test_certificates_may_change_while_a_connect_is_under_way(binary):
    """The handshake is made with those that are there when it begins. Nobody accepts, so that the connect hangs until
    there is room in the queue."""
    def put(name):
        for suffix in (".crt", ".key"):
            shutil.copy(certificates.path(name + suffix), certificates.path("changing" + suffix))
    put("other")
    stranger = TlsServer(certificates, binary, *QUICK, "--tls-client-cert-file", certificates.path("changing.crt"),
                         "--tls-client-key-file", certificates.path("changing.key"))
    put("node")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates.path("ca.crt"))
    context.load_cert_chain(certificates.path("node.crt"), certificates.path("node.key"))
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.socket() as listener, stranger.client() as client:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        blocker = socket.create_connection(listener.getsockname())
        client.call("REPLICAOF", "127.0.0.1", listener.getsockname()[1])
        wait_until(lambda: client.call("ROLE")[3] == b"connecting", "the connect")
        client.call("CONFIG", "SET", "tls-session-cache-size", 1000)  # Has the files read again.
        assert client.call("ROLE")[3] == b"connecting"
        listener.accept()[0].close()
        listener.settimeout(15)
        with context.wrap_socket(listener.accept()[0], server_side=True) as stream:
            assert stream.recv(100).startswith(b"*1\r\n$4\r\nPING")
            assert ("commonName", "node") in stream.getpeercert()["subject"][0]
        blocker.close()


def test_plain_against_tls_fails_and_says_so(binary):
    master = node(binary)
    replica = node(binary)
    with replica.client() as client:
        client.call("REPLICAOF", "127.0.0.1", master.port)  # TLS to the plain port.
    problem = wait_until(lambda: field(replica, "hearth_link_problem"), "a problem")
    assert problem.startswith("TLS: "), problem
    with replica.client() as client:
        client.call("CONFIG", "SET", "tls-replication", "no")
        client.call("REPLICAOF", "127.0.0.1", master.tls_port)  # And the other way round.
    wait_until(lambda: field(replica, "hearth_link_problem"), "a problem")
    assert not link_is_up(replica)


def test_stock_replica_follows_us(binary):
    master = node(binary)
    fill(master, 5000, size=1000)
    mixed_fill(master)
    replica = stock()
    follow_tls(replica, master)
    wait_caught_up(replica, master)
    fill(master, 500, prefix="streamed", db=1)
    wait_caught_up(replica, master)
    assert_same_data(master, replica)
    assert links_of(master) == [master.tls_port]


def test_we_follow_a_stock_master(binary):
    master = stock()
    fill(master, 5000, size=1000)
    mixed_fill(master)
    replica = node(binary)
    follow_tls(replica, master)
    wait_caught_up(replica, master)
    fill(master, 500, prefix="streamed", db=1)
    wait_caught_up(replica, master)
    assert_same_data(master, replica)


def test_sentinel_fails_over_with_tls_alone(binary):
    if shutil.which("redis-sentinel") is None:
        print("redis-sentinel is not installed")
        return
    nodes = []
    for _ in range(2):
        server = TlsServer(certificates, binary, *QUICK, start=False)
        path = os.path.join(server.folder, "hearth.conf")
        with open(path, "w") as file:
            words = server.arguments + ["--port", "0", "--dir", server.data]
            for name, value in zip(words[::2], words[1::2]):
                file.write("%s %s\n" % (name.removeprefix("--"), value))
            if nodes:
                file.write("replicaof 127.0.0.1 %d\n" % nodes[0].tls_port)
        server.command = lambda binary=server.binary, path=path: [binary, path]
        server.arguments = []
        server.client = server.tls_client
        nodes.append(server.start())
    master, replica = nodes
    wait_caught_up(replica, master)
    port = free_port()
    path = os.path.join(master.folder, "sentinel.conf")
    with open(path, "w") as file:
        words = certificates.arguments() + ["--port", "0", "--tls-port", str(port), "--tls-replication", "yes", "--dir",
                                            master.folder]
        for name, value in zip(words[::2], words[1::2]):
            file.write("%s %s\n" % (name.removeprefix("--"), value))
        file.write("sentinel monitor hearth 127.0.0.1 %d 1\nsentinel down-after-milliseconds hearth 1000\n"
                   "sentinel failover-timeout hearth 5000\n" % master.tls_port)
    process = subprocess.Popen(["redis-sentinel", path], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        def ask(*words):
            with Client(port, tls=certificates.client()) as client:
                return client.call("SENTINEL", *words)
        wait_until(lambda: len(ask("REPLICAS", "hearth")) == 1, "Sentinel to know all", 40)
        with master.client() as client:
            client.call("SET", "a", "1")
            assert client.call("WAIT", 1, 5000) == 1
        master.kill()
        wait_until(lambda: int(ask("GET-MASTER-ADDR-BY-NAME", "hearth")[1]) == replica.tls_port, "the failover", 40)
        wait_until(lambda: role_of(replica) == "master", "the promotion")
        master.start()
        wait_caught_up(master, replica, 40)
        with master.client() as client:
            assert client.call("GET", "a") == b"1"
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    run_tests([test_full_sync_stream_and_resume, test_a_transfer_that_breaks_goes_on,
               test_the_link_changes_sides_while_it_runs, test_a_master_that_nobody_knows_is_refused,
               test_certificates_may_change_while_a_connect_is_under_way, test_a_replica_that_nobody_knows_is_refused, test_plain_against_tls_fails_and_says_so,
               test_stock_replica_follows_us, test_we_follow_a_stock_master, test_sentinel_fails_over_with_tls_alone],
              sys.argv[1:2])
