#!/usr/bin/python3
"""hearth-dump over the network: against a server that breaks transfers as told, and against redis-server."""
import os
import socket
import subprocess
import threading
import unittest

from redis_case import RedisCase
from tool_case import ToolCase


def read_request(file):
    """One RESP request as a list of texts; None at the end."""
    line = file.readline()
    if not line:
        return None
    words = []
    for _ in range(int(line[1:])):
        length = int(file.readline()[1:])
        words.append(file.read(length).decode())
        file.read(2)
    return words


class Server:
    """Serves the files of `plan`, one a connection: (content, name, bytes to send before the cut or None)."""

    def __init__(self, plan, password=None):
        self.plan = plan
        self.password = password
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = str(self.listener.getsockname()[1])
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        for content, name, cut in self.plan:
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rb") as file:
                try:
                    self.serve(connection, file, content, name, cut)
                except OSError:
                    pass
        self.listener.close()

    def serve(self, connection, file, content, name, cut):
        start = 0
        is_allowed = self.password is None
        while (words := read_request(file)) is not None:
            self.requests.append(words)
            if words[0] == "AUTH":
                is_allowed = words[-1] == self.password
                connection.sendall(b"+OK\r\n" if is_allowed else b"-WRONGPASS no\r\n")
            elif not is_allowed:
                connection.sendall(b"-NOAUTH Authentication required.\r\n")
            elif words[1:2] == ["hearth-snapshot-resume"]:
                if words[2] == name:
                    start = int(words[3])
                connection.sendall(b"+OK\r\n")
            elif words[0] == "PSYNC":
                break
            else:
                connection.sendall(b"+OK\r\n")
        else:
            return
        if content is None:
            connection.sendall(b"-" + name.encode() + b"\r\n")
            return
        connection.sendall(b"+FULLRESYNC " + b"a" * 40 + b" 123\r\n\n\n")
        connection.sendall(f"$hearth-snapshot {name} {len(content)} {start}\r\n".encode())
        end = len(content) if cut is None else cut
        for at in range(start, end, 50000):
            connection.sendall(content[at:min(at + 50000, end)])


class DumpFromServer(ToolCase):
    def setUp(self):
        super().setUp()
        self.source = self.make_data("source")
        self.tool("hearth-dump", "--data-dir", self.source, "--output", self.path("made"), "--quiet")
        self.content = self.read("made")
        self.name = self.content[-32:-16].hex()

    def dump(self, server, *options, code=0, output=None):
        return self.tool("hearth-dump", "--host", "127.0.0.1", "--port", server.port, "--output",
                         output or self.path("got"), *options, code=code)

    def test_a_transfer_is_saved_as_it_came(self):
        server = Server([(self.content, self.name, None)])
        done = self.dump(server)
        self.assertEqual(self.read("got"), self.content)
        self.assertIn("offset 2000", done.stderr)
        self.assertIn(["REPLCONF", "capa", "hearth-snapshot"], server.requests)
        self.assertIn(["REPLCONF", "hearth-snapshot-only", "1"], server.requests)
        self.assertEqual(server.requests[-1], ["PSYNC", "?", "-1"])

    def test_a_broken_transfer_goes_on_from_its_byte(self):
        server = Server([(self.content, self.name, 1000), (self.content, self.name, 1001),
                         (self.content, self.name, None)])
        self.dump(server)
        self.assertEqual(self.read("got"), self.content)
        self.assertIn(["REPLCONF", "hearth-snapshot-resume", self.name, "1000"], server.requests)
        self.assertIn(["REPLCONF", "hearth-snapshot-resume", self.name, "1001"], server.requests)

    def test_a_broken_stream_goes_on_too(self):
        server = Server([(self.content, self.name, 1000), (self.content, self.name, None)])
        self.assertEqual(self.dump(server, output="-").stdout, self.content)

    def test_another_snapshot_begins_anew(self):
        self.tool("tools-sample", "commit", self.source, "5", "9")
        self.tool("hearth-dump", "--data-dir", self.source, "--output", self.path("newer"), "--quiet")
        newer = self.read("newer")
        plan = [(self.content, self.name, 5000), (newer, newer[-32:-16].hex(), None)]
        self.dump(Server(plan))
        self.assertEqual(self.read("got"), newer)
        os.remove(self.path("got"))
        done = self.dump(Server(plan), output="-", code=1)
        self.assertIn("no longer has the snapshot", done.stderr)

    def test_damage_on_the_way_is_found_and_leaves_nothing(self):
        bad = self.content[:7000] + bytes([self.content[7000] ^ 1]) + self.content[7001:]
        done = self.dump(Server([(bad, self.name, None)]), code=1)
        self.assertIn("does not verify: block 0 at byte 192: checksum mismatch", done.stderr)
        self.assertEqual(self.names(), ["made", "source"])

    def test_the_password_is_given(self):
        password = self.write("password", b"secret\n")
        server = Server([(self.content, self.name, None)], "secret")
        self.dump(server, "--password-file", password, "--user", "bob")
        self.assertIn(["AUTH", "bob", "secret"], server.requests)
        wrong = self.write("wrong", b"guess\n")
        os.remove(self.path("got"))
        done = self.dump(Server([(self.content, self.name, None)], "secret"), "--password-file", wrong, code=1)
        self.assertIn("refuses the password: WRONGPASS", done.stderr)
        done = self.dump(Server([(self.content, self.name, None)], "secret"), code=1)
        self.assertIn("NOAUTH", done.stderr)
        self.assertFalse(os.path.exists(self.path("got")))

    def test_refusals_and_absence_are_said(self):
        self.assertIn("ERR no", self.dump(Server([(None, "ERR no", None)]), code=1).stderr)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = str(listener.getsockname()[1])
        done = self.tool("hearth-dump", "--host", "127.0.0.1", "--port", port, "--output", self.path("got"), code=1)
        self.assertIn("cannot connect", done.stderr)
        self.assertEqual(self.names(), ["made", "source"])


class DumpFromRedis(RedisCase):
    def test_an_rdb_is_saved_and_a_snapshot_refused(self):
        for index, options in enumerate((("--repl-diskless-sync", "no"), ("--repl-diskless-sync-delay", "0"))):
            port, client = self.start_redis(*options)
            for i in range(3000):
                client("SET", f"key{i}", f"value{i}")
            done = self.tool("hearth-dump", "--host", "127.0.0.1", "--port", port, "--output", self.path("got"), code=1)
            self.assertIn("--format rdb", done.stderr)
            self.tool("hearth-dump", "--host", "127.0.0.1", "--port", port, "--format", "rdb", "--output",
                      self.path(f"{index}.rdb"))
            checked = subprocess.run(["redis-check-rdb", self.path(f"{index}.rdb")], capture_output=True, timeout=30)
            self.assertIn(b"RDB looks OK", checked.stdout)
            self.assertIn(b"3000 keys read", checked.stdout)


if __name__ == "__main__":
    unittest.main()
