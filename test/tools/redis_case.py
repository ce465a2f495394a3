"""A redis-server of a test's own, and a client that speaks just enough RESP."""
import shutil
import socket
import subprocess
import time
import unittest

from tool_case import ToolCase


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))

    def read(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == b"-1":
                return None
            content = self.file.read(int(rest) + 2)
            return content[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        raise RuntimeError(f"not RESP: {line!r}")

    def __call__(self, *words):
        self.send(*words)
        return self.read()


@unittest.skipUnless(shutil.which("redis-server"), "no redis-server")
class RedisCase(ToolCase):
    def start_redis(self, *options, files=None):
        """Start redis-server in the folder `files`; returns its port and a client."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        process = subprocess.Popen(["redis-server", "--port", str(port), "--dir", files or self.folder, "--save", "",
                                    "--bind", "127.0.0.1", *options], stdout=subprocess.PIPE)

        def stop():
            process.terminate()
            process.communicate()
        self.addCleanup(stop)
        for _ in range(200):
            if process.poll() is not None:
                self.fail("redis-server ended: " + process.stdout.read().decode())
            try:
                client = Client(port)
                self.addCleanup(client.close)
                if self.is_ready(client):
                    return str(port), client
            except OSError:
                pass
            time.sleep(0.05)
        self.fail("redis-server does not listen")

    @staticmethod
    def is_ready(client):
        try:
            return client("PING") == b"PONG"
        except RuntimeError:
            return False
