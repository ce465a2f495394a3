#!/usr/bin/python3
"""HTTP: metrics, health and the status page of whole servers, and what the port does not do.

Usage: server_http.py HEARTH_SERVER"""
import http.client
import pathlib
import re
import socket
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import ReplyError, Server, free_port, run_tests, wait_until  # noqa: E402
from replication import follow, wait_caught_up, wait_link  # noqa: E402

SAMPLE = re.compile(r'([a-z_]+)(\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def start(binary, *arguments, **named):
    server = Server(binary, "--http-port", free_port(), *arguments, **named)
    server.http_port = int(server.arguments[1])
    return server


def get(server, path, method="GET"):
    """Status and text of a page."""
    request = urllib.request.Request("http://127.0.0.1:%d%s" % (server.http_port, path), method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def metrics_of(server):
    """{(name, labels): value}, having checked the format: each sample in a family that was begun with HELP and TYPE, no
    family twice, no sample twice."""
    status, text = get(server, "/metrics")
    assert status == 200 and text.endswith("\n")
    families, samples, family = set(), {}, None
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("# HELP "):
            family = line.split()[2]
            assert family not in families, "family %s twice" % family
            families.add(family)
            assert re.fullmatch(r"# TYPE %s (gauge|counter|histogram)" % family, lines[number + 1]), lines[number + 1]
        elif not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            name = match.group(1)
            assert name == family or re.sub("_(bucket|sum|count)$", "", name) == family, line
            key = (name, tuple(LABEL.findall(match.group(3) or "")))
            assert key not in samples, line
            samples[key] = float(match.group(4))
    return samples


def sample(metrics, name, **labels):
    """The one sample of that name whose labels have these values."""
    found = [value for (known, pairs), value in metrics.items()
             if known == name and all(dict(pairs).get(label) == text for label, text in labels.items())]
    assert len(found) == 1, (name, labels, found)
    return found[0]


def test_off_by_default_and_then_on_the_loopback_only(binary):
    server = Server(binary)
    with server.client() as client:
        assert client.call("CONFIG", "GET", "http-*") == [b"http-port", b"0", b"http-bind", b"127.0.0.1 -::1"]
        server.http_port = free_port()
        assert client.call("CONFIG", "SET", "http-port", server.http_port) == "OK"
        assert get(server, "/healthz") == (200, "ok: master\n")
        taken = socket.create_server(("127.0.0.1", 0))
        try:
            client.call("CONFIG", "SET", "http-port", taken.getsockname()[1])
            assert False, "a taken port was taken"
        except ReplyError as error:
            assert "http-port" in str(error) and "Unable to listen on this port" in str(error), error
        assert get(server, "/healthz") == (200, "ok: master\n")  # The old one is back.
        assert client.call("CONFIG", "SET", "http-port", 0) == "OK"
    try:
        get(server, "/healthz")
        assert False, "still there"
    except urllib.error.URLError:
        pass


def test_metrics_say_what_info_says(binary):
    server = start(binary)
    with server.client() as client:
        for number in range(50):
            client.call("SET", "key:%d" % number, "value")
        client.call("EXPIRE", "key:1", 1000)
        client.pipeline([["GET", "key:1"], ["GET", "absent"], ["LPUSH", "key:1", "x"], ["NO-SUCH-COMMAND"]])
        client.call("SELECT", 3)
        client.call("SET", "other", "1")
        client.call("SAVE")
        metrics = metrics_of(server)
        info = client.info()
    assert sample(metrics, "redis_up") == 1
    assert sample(metrics, "redis_instance_info", role="master", tcp_port=str(server.port)) == 1
    assert sample(metrics, "redis_connected_clients") == 1
    assert sample(metrics, "redis_commands_total", cmd="set") == 51
    assert sample(metrics, "redis_commands_failed_calls_total", cmd="lpush") == 1
    assert sample(metrics, "redis_commands_duration_seconds_total", cmd="set") > 0
    assert sample(metrics, "redis_commands_latencies_usec_bucket", cmd="set", le="+Inf") == 51
    assert sample(metrics, "redis_commands_latencies_usec_count", cmd="set") == 51
    assert sample(metrics, "redis_errors_total", err="WRONGTYPE") == 1
    assert sample(metrics, "redis_db_keys", db="db0") == 50 and sample(metrics, "redis_db_keys", db="db3") == 1
    assert sample(metrics, "redis_db_keys_expiring", db="db0") == 1
    assert sample(metrics, "redis_keyspace_misses_total") == 1
    for name, field in (("redis_keyspace_hits_total", "keyspace_hits"),
                        ("redis_master_repl_offset", "master_repl_offset"),
                        ("hearth_log_end_offset_bytes", "log_end_offset"),
                        ("hearth_log_durable_offset_bytes", "log_durable_offset"),
                        ("hearth_log_released_offset_bytes", "hearth_released_offset"),
                        ("hearth_log_syncs_total", "log_sync_count"),
                        ("hearth_checkpoints_total", "checkpoint_count"),
                        ("hearth_checkpoint_offset_bytes", "checkpoint_offset"),
                        ("redis_rdb_last_save_timestamp_seconds", "rdb_last_save_time"),
                        ("redis_process_id", "process_id")):
        assert sample(metrics, name) == int(info[field]), (name, sample(metrics, name), info[field])
    assert sample(metrics, "hearth_log_sync_seconds_total") >= sample(metrics, "hearth_log_last_sync_seconds") > 0
    assert sample(metrics, "hearth_disk_size_bytes") > sample(metrics, "hearth_disk_free_bytes") > 0


def test_replication_is_told_from_both_ends(binary):
    master = start(binary)
    replica = start(binary)
    follow(replica, master)
    wait_link(replica)
    with master.client() as client:
        client.call("SET", "a", "1")
    wait_caught_up(replica, master)
    end = sample(metrics_of(master), "redis_master_repl_offset")
    wait_until(lambda: sample(metrics_of(master), "redis_connected_slave_offset_bytes",
                              slave_port=str(replica.port)) >= end, "the acknowledgement")
    metrics = metrics_of(master)
    assert sample(metrics, "hearth_replica_lag_bytes", slave_state="online") == 0
    assert sample(metrics, "redis_connected_slave_lag_seconds", slave_ip="127.0.0.1") <= 2
    assert sample(metrics, "redis_connected_slaves") == 1 and sample(metrics, "redis_replica_resyncs_full") == 1
    metrics = metrics_of(replica)
    assert sample(metrics, "redis_instance_info", role="slave") == 1
    assert sample(metrics, "redis_master_link_up", master_port=str(master.port)) == 1
    page = get(master, "/")[1]
    assert "127.0.0.1:%d" % replica.port in page and "0 B behind" in page
    page = get(replica, "/")[1]
    assert "127.0.0.1:%d" % master.port in page and "link up" in page and "this node, a replica" in page


def test_health_follows_the_link_where_stale_data_is_not_served(binary):
    master = Server(binary)
    replica = start(binary, "--replica-serve-stale-data", "no", "--replicaof", "127.0.0.1 %d" % master.port)
    wait_link(replica)
    assert get(replica, "/healthz") == (200, "ok: replica, the link to the master is up\n")
    master.kill()
    status, text = wait_until(lambda: [answer for answer in [get(replica, "/healthz")] if answer[0] == 503],
                              "the link to be down")[0]
    assert "link to the master is down" in text and "replica-serve-stale-data is no" in text, text
    assert sample(metrics_of(replica), "hearth_healthy") == 0
    with replica.client() as client:
        client.call("CONFIG", "SET", "replica-serve-stale-data", "yes")
    status, text = get(replica, "/healthz")
    assert status == 200 and "what it has is served" in text, text
    assert sample(metrics_of(replica), "redis_master_link_up") == 0


def test_methods_and_paths(binary):
    server = start(binary)
    for path in ("/", "/metrics", "/healthz"):
        connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=10)
        connection.request("HEAD", path)
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read() == b"" and int(answer.headers["Content-Length"]) > 0
        connection.request("GET", path + "?x=1")  # On the same connection.
        answer = connection.getresponse()
        assert answer.status == 200 and len(answer.read()) == int(answer.headers["Content-Length"])
        connection.close()
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert get(server, path, method)[0] == 405
    for path in ("/x", "//", "/metrics/", "/%2e%2e/", "/etc/passwd"):
        assert get(server, path)[0] == 404, path


def test_no_data_and_no_password_is_shown(binary):
    server = start(binary, "--requirepass", "sesame-1", "--masterauth", "sesame-2", start=False)
    server.password = "sesame-1"
    server.start()
    with server.client() as client:
        client.call("SET", "secret-key", "secret-value")
        client.call("CLIENT", "SETNAME", "secret-name")
        pages = "".join(get(server, path)[1] for path in ("/", "/metrics", "/healthz"))
    assert "secret" not in pages and "sesame" not in pages


def test_requests_are_bounded_in_size(binary):
    server = start(binary)
    for request in (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n",
                    b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: %s\r\n" % (i, b"x" * 100) for i in range(200)) + b"\r\n",
                    b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100000,
                    b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"\0\1\2\3\r\n\r\n", b"*1\r\n$4\r\nPING\r\n"):
        with socket.create_connection(("127.0.0.1", server.http_port), timeout=10) as peer:
            try:
                peer.sendall(request)
                answer = peer.recv(65536)
            except ConnectionError:
                answer = b""
            assert answer == b"" or answer.split()[1][:1] == b"4", (request[:40], answer[:80])
    assert get(server, "/healthz")[0] == 200


def test_connections_are_bounded_in_number_and_do_not_leak(binary):
    """More than are let in at a time, who say nothing: the rest waits, and comes in when they leave. Clients of the other
    port do not notice."""
    server = start(binary)
    peers = [socket.create_connection(("127.0.0.1", server.http_port), timeout=10) for _ in range(40)]
    with server.client() as client:
        assert client.call("PING") == "PONG"
    late = peers.pop()
    late.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
    late.settimeout(0.5)
    try:
        assert not late.recv(100), "let in beyond the bound"
    except socket.timeout:
        pass
    for peer in peers:
        peer.close()
    late.settimeout(10)
    assert late.recv(100).startswith(b"HTTP/1.1 200")
    late.close()
    for _ in range(200):
        assert get(server, "/healthz")[0] == 200


def test_silent_peers_are_shown_out(binary):
    server = start(binary)
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=20) as peer:
        peer.sendall(b"GET / HT")
        begin = time.monotonic()
        while peer.recv(100):
            pass
        assert 8 < time.monotonic() - begin < 15


def test_a_port_that_is_taken_is_an_error_at_the_start(binary):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = Server(binary, "--http-port", taken.getsockname()[1], start=False)
        server.start(wait=False)
        assert server.process.wait(20) == 1
        assert "port %d: Address already in use" % taken.getsockname()[1] in server.output()


if __name__ == "__main__":
    run_tests([test_off_by_default_and_then_on_the_loopback_only, test_metrics_say_what_info_says,
               test_replication_is_told_from_both_ends, test_health_follows_the_link_where_stale_data_is_not_served,
               test_methods_and_paths, test_no_data_and_no_password_is_shown, test_requests_are_bounded_in_size,
               test_connections_are_bounded_in_number_and_do_not_leak, test_silent_peers_are_shown_out,
               test_a_port_that_is_taken_is_an_error_at_the_start], sys.argv[1:2])
