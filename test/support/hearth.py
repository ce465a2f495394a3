"""Servers and clients for tests that run whole processes. Standard library only.

Every server lives in a folder of its own under a temporary one, on a free loopback port, and is ended by its pid. A test
that fails prints what its servers said.
"""
import atexit
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

servers = []  # All that were made, in order: a failing test shows what its own said.
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, timeout_s=20.0, pause_s=0.01):
    """Wait until `condition()` is true; connection errors and error replies count as false.

    Returns its value, raises after the time."""
    deadline = time.monotonic() + timeout_s
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (OSError, EOFError, ReplyError) as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError("waited %.0f s in vain for %s (last: %r)" % (timeout_s, what, last))
        time.sleep(pause_s)


class ReplyError(Exception):
    """An error reply; its text is the message."""


class Client:
    """RESP2 and RESP3 replies as Python values: str for simple strings, bytes for bulk strings, ReplyError raised (or
    returned inside arrays and pipelines)."""

    def __init__(self, port, timeout_s=20.0, password=None, tls=None):
        """`tls` is an ssl.SSLContext; None speaks as it is."""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket)
        self.stream = self.socket.makefile("rb", buffering=1 << 16)
        if password is not None:
            self.call("AUTH", password)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.stream.close()
        finally:
            self.socket.close()

    @staticmethod
    def encode(words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)

    def read(self):
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return ReplyError(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        if kind == b",":
            return float(rest)
        if kind == b"#":
            return rest == b"t"
        if kind == b"_" or rest == b"-1":
            return None
        if kind in b"$=!":
            return self.stream.read(int(rest) + 2)[:-2]
        if kind in b"*~>":
            return [self.read() for _ in range(int(rest))]
        if kind == b"%":
            return {key if not isinstance(key, bytes) else key.decode(errors="replace"): self.read()
                    for key in (self.read() for _ in range(int(rest)))}
        raise ValueError("unknown reply %r" % line)

    def call(self, *words):
        self.socket.sendall(self.encode(words))
        reply = self.read()
        if isinstance(reply, ReplyError):
            raise reply
        return reply

    def pipeline(self, commands):
        """All at once; replies in order, errors among them."""
        self.socket.sendall(b"".join(self.encode(words) for words in commands))
        return [self.read() for _ in commands]

    def info(self, section="everything"):
        """INFO's fields as a dictionary of texts."""
        text = self.call("INFO", section).decode()
        return dict(line.split(":", 1) for line in text.splitlines() if line and line[0] != "#" and ":" in line)


class Server:
    """One server process that can be killed and started again over the same folder.

    `kind` is "hearth" or "redis" (Debian's redis-server). `arguments` follow the ones that every server gets."""

    def __init__(self, binary=None, *arguments, kind="hearth", folder=None, port=None, password=None, env=None,
                 start=True):
        self.kind = kind
        self.binary = os.path.abspath(binary) if binary else "redis-server"
        self.arguments = [str(a) for a in arguments]
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="hearth-test-")
        self.port = port or free_port()
        self.password = password
        self.env = env
        self.process = None
        servers.append(self)
        atexit.register(self.destroy)
        if start:
            self.start()

    @property
    def data(self):
        return os.path.join(self.folder, "data")

    @property
    def output_path(self):
        return os.path.join(self.folder, "output")

    def command(self):
        if self.kind == "redis":
            return [self.binary, "--port", str(self.port), "--dir", self.folder, "--save", ""]
        return [self.binary, "--port", str(self.port), "--data-dir", self.data]

    def start(self, wait=True, env=None, extra=()):
        """Start, and by default wait until it answers."""
        assert self.process is None or self.process.poll() is not None, "already running"
        environment = dict(os.environ, **(self.env or {}), **(env or {}))
        with open(self.output_path, "ab") as output:
            self.process = subprocess.Popen(self.command() + self.arguments + list(extra), stdout=output,
                                            stderr=subprocess.STDOUT, env=environment, cwd=self.folder)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout_s=30.0):
        def answers():
            if self.process.poll() is not None:
                raise AssertionError("server ended with %d:\n%s" % (self.process.returncode, self.output()))
            with self.client() as client:
                try:
                    return client.call("PING") == "PONG"
                except ReplyError as error:  # redis-server is up before its data is.
                    if not str(error).startswith("LOADING"):
                        raise
                    return False
        wait_until(answers, "server on port %d" % self.port, timeout_s, pause_s=0.005)

    def client(self, timeout_s=20.0):
        return Client(self.port, timeout_s, self.password)

    def output(self, tail=4000):
        try:
            with open(self.output_path, errors="replace") as output:
                return output.read()[-tail:]
        except FileNotFoundError:
            return ""

    def memory(self, field="RssAnon"):
        """Bytes of /proc/pid/status: what is the process' own, not the pages of a file."""
        with open("/proc/%d/status" % self.process.pid) as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9."""
        if self.is_running():
            self.process.kill()
        self.process.wait()

    def stop(self, timeout_s=30.0):
        """SIGTERM: a clean stop. Returns the exit code."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def destroy(self):
        if self.is_running():
            self.process.kill()
            self.process.wait()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def error_of(client, *words):
    """The reply; the text of an error."""
    try:
        return client.call(*words)
    except ReplyError as error:
        return str(error)


def is_closed(client):
    """Wait for the server's next byte: True if it closes instead."""
    try:
        return client.stream.read(1) == b""
    except ConnectionError:
        return True


def run_tests(tests, arguments=()):
    """Call each test function with `arguments`; print a line each, and servers' output where one fails. For __main__."""
    failed = 0
    for test in tests:
        begin = time.monotonic()
        servers_before = len(servers)
        try:
            test(*arguments)
            print("ok   %s (%.1f s)" % (test.__name__, time.monotonic() - begin))
        except Exception as error:
            failed += 1
            traceback.print_exc()
            print("FAIL %s: %s" % (test.__name__, error))
            for server in servers[servers_before:]:
                print("--- %s on port %d said:\n%s" % (server.kind, server.port, server.output()))
        finally:
            for server in servers[servers_before:]:
                server.destroy()
            sys.stdout.flush()
    print("%d passed, %d failed" % (len(tests) - failed, failed))
    sys.exit(1 if failed else 0)
