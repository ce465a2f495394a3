"""A redis-server of a test's own, and a client that speaks just enough RESP."""
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import unittest

from tool_case import BUILD, ToolCase


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
    def setUp(self):
        super().setUp()
        self.processes = {}

    def start_redis(self, *options, files=None):
        """Start redis-server in the folder `files`; returns its port and a client."""
        return self.start("redis-server", "--dir", files or self.folder, "--save", "", *options)

    def start_hearth(self, directory, *options):
        """Start hearth-server on a data directory; returns its port and a client."""
        return self.start(os.path.join(BUILD, "hearth-server"), "--data-dir", directory, *options)

    def start(self, *words):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with open(self.path(f"log-{port}"), "wb") as log:
            process = subprocess.Popen([*words, "--port", str(port), "--bind", "127.0.0.1"], stdout=log,
                                       stderr=subprocess.STDOUT)
        self.processes[str(port)] = process
        self.addCleanup(self.stop, str(port))
        for _ in range(200):
            if process.poll() is not None:
                self.fail(f"{words[0]} ended: " + self.read(f"log-{port}").decode())
            try:
                client = Client(port)
                self.addCleanup(client.close)
                if self.is_ready(client):
                    return str(port), client
            except OSError:
                pass
            time.sleep(0.05)
        self.fail(f"{words[0]} does not listen")

    def stop(self, port, signal_number=signal.SIGTERM):
        """End a server and wait until it is gone."""
        process = self.processes.pop(port, None)
        if process is not None:
            process.send_signal(signal_number)
            process.wait(timeout=60)

    @staticmethod
    def is_ready(client):
        try:
            return client("PING") == b"PONG"
        except RuntimeError as error:
            return str(error).startswith("NOAUTH")


def fill(client, seed):
    """Data of every type, on both sides of the limits between encodings."""
    chance = random.Random(seed)

    def noise(length):
        return bytes(chance.randrange(256) for _ in range(length))

    strings = [b"", b"0", b"-1", b"127", b"128", b"-129", b"32767", b"-32769", b"2147483647", b"-2147483649",
               b"9223372036854775807", b"007", b"1.5", b"a" * 20, b"a" * 21, b"abc" * 1000, noise(63), noise(64),
               noise(16383), noise(16384), noise(100000), b"x" * 300000, "héllo ☃ 𝄞".encode(), b"\x00\xff\"\\\n"]
    for index, value in enumerate(strings):
        client("SET", f"string:{index}", value)
    client("SET", noise(30), "binary key")
    client("SET", b"k" * 20000, "long key")
    client("SET", "due", "later", "PXAT", "4102444800123")
    items = strings[:16] + [noise(chance.randrange(70)) for _ in range(20)]
    for count in (1, 5, 36):
        client("RPUSH", f"list:{count}", *items[:count])
        client("SADD", f"set:{count}", *items[:count])
        client("HSET", f"hash:{count}", *[word for i, item in enumerate(items[:count]) for word in (item, i)])
        client("ZADD", f"zset:{count}", *[word for i, item in enumerate(items[:count]) for word in (i * 1.25 - 3, item)])
    client("RPUSH", "list:mixed", "a", noise(20000), 5, -4000, 70000, -9000000, 5000000000, "b" * 5000, noise(4000))
    client("RPUSH", "list:many", *range(3000))
    for name, width in (("small", 10), ("middle", 100000), ("large", 10**12)):
        client("SADD", f"intset:{name}", *[chance.randrange(-width, width) for _ in range(100)])
    client("SADD", "set:many", *range(1000))
    client("HSET", "hash:many", *[word for i in range(2000) for word in (f"field{i}", i)])
    client("HSET", "hash:long", "field", noise(500))
    client("ZADD", "zset:many", *[word for i in range(2000) for word in (chance.uniform(-1e9, 1e9), f"member{i}")])
    client("ZADD", "zset:ends", "inf", "a", "-inf", "b", "0", "c", "1e300", "d", "-0.1", "e", "3", "f")
    fill_streams(client, chance)
    client("SELECT", 5)
    client("SET", "elsewhere", "5")


def fill_streams(client, chance):
    for i in range(1, 300):
        fields = ["a", i, "b", "x" * (i % 50)] if i % 7 else [f"f{i}", i, "g", "", "h", -i]
        client("XADD", "stream", f"{1000 + i // 3}-{i}", *fields)
    for i in range(1, 300, 4):
        client("XDEL", "stream", f"{1000 + i // 3}-{i}")
    client("XGROUP", "CREATE", "stream", "group", "0")
    client("XGROUP", "CREATE", "stream", "late", "$")
    client("XREADGROUP", "GROUP", "group", "alice", "COUNT", "20", "STREAMS", "stream", ">")
    client("XREADGROUP", "GROUP", "group", "bob", "COUNT", "7", "STREAMS", "stream", ">")
    client("XREADGROUP", "GROUP", "group", "alice", "COUNT", "3", "STREAMS", "stream", "0")
    client("XGROUP", "CREATECONSUMER", "stream", "group", "idle")
    client("XACK", "stream", "group", f"{1000}-{2}")
    client("XADD", "stream:empty", "5-1", "a", "b")
    client("XDEL", "stream:empty", "5-1")
    client("XADD", "stream:negative", "18446744073709551615-1", "a", "b")
    client("XADD", "stream:wide", "1-1", *[chance.randrange(1000) for _ in range(400)])
