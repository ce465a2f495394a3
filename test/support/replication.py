"""What tests of replication share: waiting for links, comparing data, and a proxy that breaks connections."""
import os
import select
import signal
import socket
import threading
import time

from hearth import Client, ReplyError, Server, wait_until


def link_is_up(replica):
    with replica.client() as client:
        return client.info("replication").get("master_link_status") == "up"


def offset(server):
    with server.client() as client:
        return int(client.info("replication")["master_repl_offset"])


def stat(server, name):
    with server.client() as client:
        return int(client.info("stats")[name])


def field(server, name):
    with server.client() as client:
        return client.info("replication").get(name)


def wait_link(replica, timeout_s=20.0):
    wait_until(lambda: link_is_up(replica), "link of port %d to be up" % replica.port, timeout_s)


def wait_caught_up(replica, master, timeout_s=30.0):
    """Wait until the link is up and the replica has all that the master had when this was called."""
    goal = offset(master)

    def caught_up():
        with replica.client() as client:
            info = client.info("replication")
            return info.get("master_link_status") == "up" and int(info["master_repl_offset"]) >= goal
    wait_until(caught_up, "replica %d at offset %d of %d" % (replica.port, goal, master.port), timeout_s)


def follow(replica, master):
    with replica.client() as client:
        assert client.call("REPLICAOF", "127.0.0.1", master.port).startswith("OK")


def fill(server, count, prefix="key", size=100, db=0):
    """`count` strings of about `size` bytes in pipelines."""
    with server.client() as client:
        if db:
            client.call("SELECT", db)
        for begin in range(0, count, 500):
            replies = client.pipeline([("SET", "%s:%d" % (prefix, i), ("%d-" % i) * (size // (len(str(i)) + 1) + 1))
                                       for i in range(begin, min(begin + 500, count))])
            assert all(reply == "OK" for reply in replies), replies[:3]


def stock_redis(*arguments):
    """Debian's redis-server with short times."""
    return Server(None, "--repl-ping-replica-period", "1", "--repl-diskless-sync-delay", "0", *arguments, kind="redis")


def mixed_fill(server, prefix="mixed"):
    """Databases, expiries, numbers, transactions."""
    with server.client() as client:
        for db in (0, 1, 2):
            client.call("SELECT", db)
            client.call("SET", prefix + ":number", 12345)
            client.call("SET", prefix + ":expiring", "soon", "EX", 10000)
            client.call("SET", prefix + ":empty", "")
            client.call("SET", prefix + ":binary", bytes(range(256)))
            client.call("SET", prefix + ":big", "x" * 200000)
            client.call("APPEND", prefix + ":big", "y")
            client.pipeline([("MULTI",), ("INCR", prefix + ":counter"), ("INCR", prefix + ":counter"), ("EXEC",)])
            sorted_set_fill(client, prefix)


def sorted_set_fill(client, prefix):
    """A small and a large sorted set, edited by what is logged as it came and by what is logged otherwise."""
    small, large = prefix + ":ranks", prefix + ":many ranks"
    client.call("ZADD", small, "-inf", "a", 1.5, "b", "1e300", "c" * 600, 0.1, "")
    client.call("ZADD", large, *[word for i in range(700) for word in (i % 9 / 7, "member %d" % i)])
    client.call("ZINCRBY", large, 0.3, "member 5")
    client.call("ZPOPMAX", large, 3)
    client.call("ZMPOP", 2, prefix + ":nothing", large, "MIN", "COUNT", 5)
    client.call("ZREMRANGEBYRANK", large, 100, 120)
    client.call("ZRANGESTORE", prefix + ":range", large, "(0", 1, "BYSCORE", "REV", "LIMIT", 3, 200)
    client.call("ZUNIONSTORE", prefix + ":union", 2, small, large, "WEIGHTS", 0.5, 3)


def value_of(client, key, kind):
    if kind == "string":
        return client.call("GET", key)
    if kind == "list":
        return client.call("LRANGE", key, 0, -1)
    if kind == "set":
        return sorted(client.call("SMEMBERS", key))
    if kind == "hash":
        flat = client.call("HGETALL", key)
        return sorted(zip(flat[::2], flat[1::2]))
    if kind == "zset":
        return client.call("ZRANGE", key, 0, -1, "WITHSCORES")
    if kind == "stream":
        return client.call("XRANGE", key, "-", "+")
    raise AssertionError("unknown type %r" % kind)


def dataset(server, databases=(0, 1, 2)):
    """All keys with type, value and expiry time, of these databases."""
    content = {}
    with server.client() as client:
        for db in databases:
            client.call("SELECT", db)
            keys = client.call("KEYS", "*")
            kinds = client.pipeline([("TYPE", key) for key in keys])
            expiries = client.pipeline([("PEXPIRETIME", key) for key in keys])
            strings = [key for key, kind in zip(keys, kinds) if kind == "string"]
            values = dict(zip(strings, client.pipeline([("GET", key) for key in strings])))
            for key, kind, expiry in zip(keys, kinds, expiries):
                value = values[key] if kind == "string" else value_of(client, key, kind)
                content[(db, key)] = (kind, value, expiry)
    return content


def assert_same_data(one, other, databases=(0, 1, 2)):
    a, b = dataset(one, databases), dataset(other, databases)
    if a != b:
        missing = [key for key in a if key not in b][:5]
        extra = [key for key in b if key not in a][:5]
        differ = [(key, a[key], b[key]) for key in a if key in b and a[key] != b[key]][:3]
        raise AssertionError("data differs: %d and %d keys, missing %r, extra %r, different %r"
                             % (len(a), len(b), missing, extra, differ))


def freeze(server):
    os.kill(server.process.pid, signal.SIGSTOP)


def thaw(server):
    os.kill(server.process.pid, signal.SIGCONT)


def role_of(server):
    with server.client() as client:
        return client.call("ROLE")[0].decode()


def is_refused(server, *words):
    """The error text of a command that must fail."""
    with server.client() as client:
        try:
            client.call(*words)
        except ReplyError as error:
            return str(error)
    raise AssertionError("%r was not refused" % (words,))


class Proxy:
    """A TCP proxy to a port that can cut its connections, hold bytes back, and cut after so many bytes came back."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs = []
        self.lock = threading.Lock()
        self.cut_after = None    # Bytes from the target; then the connection is cut, once.
        self.is_open = True      # Whether connections are taken.
        self.is_stopped = False
        self.passed = 0          # Bytes from the target, ever.
        self.connections = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.is_stopped:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.is_open:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            self.connections += 1
            with self.lock:
                self.pairs.append((near, far))
            threading.Thread(target=self.pump, args=(near, far), daemon=True).start()

    def pump(self, near, far):
        try:
            while True:
                ready, _, _ = select.select([near, far], [], [], 0.5)
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is far:
                        if self.cut_after is not None and len(data) >= self.cut_after:
                            near.sendall(data[:self.cut_after])
                            self.passed += self.cut_after
                            self.cut_after = None
                            self.end_gently(near)
                            return
                        if self.cut_after is not None:
                            self.cut_after -= len(data)
                        self.passed += len(data)
                    (far if source is near else near).sendall(data)
        except OSError:
            pass
        finally:
            near.close()
            far.close()

    @staticmethod
    def end_gently(near):
        """So that what was sent arrives: closing over unread bytes would reset the connection and drop it."""
        near.shutdown(socket.SHUT_WR)
        near.settimeout(5)
        while near.recv(65536):
            pass

    def cut(self):
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.is_stopped = True
        self.listener.close()
        self.cut()


class Writer(threading.Thread):
    """Writes with unique values until told to stop, through kills and restarts; remembers what was acknowledged.

    Each key is written once, so an acknowledged write is lost if and only if its key is missing."""

    def __init__(self, server, prefix, pause_s=0.0):
        super().__init__(daemon=True)
        self.server = server
        self.prefix = prefix
        self.pause_s = pause_s
        self.acknowledged = []
        self.is_done = False

    def run(self):
        number = 0
        client = None
        while not self.is_done:
            key = "%s:%d" % (self.prefix, number)
            number += 1
            try:
                if client is None:
                    client = self.server.client(timeout_s=10)
                if client.call("SET", key, key) == "OK":
                    self.acknowledged.append(key)
            except (OSError, EOFError, ReplyError):
                if client is not None:
                    client.close()
                client = None
                time.sleep(0.02)
            if self.pause_s:
                time.sleep(self.pause_s)
        if client is not None:
            client.close()

    def finish(self):
        self.is_done = True
        self.join(30)
        assert not self.is_alive()
        return self.acknowledged

    def assert_all_there(self, server):
        with server.client() as client:
            for begin in range(0, len(self.acknowledged), 1000):
                keys = self.acknowledged[begin:begin + 1000]
                values = client.call("MGET", *keys)
                lost = [key for key, value in zip(keys, values) if value != key.encode()]
                assert not lost, "%d acknowledged writes lost, first %r" % (len(lost), lost[0])


class FakeMaster(threading.Thread):
    """A master that says what the test wants: it answers the handshake of one replica after another.

    `answer(words)` gives the bytes for PSYNC; what is to come behind them is put into `stream` by send()."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked = []       # PSYNC's words, of each that came.
        self.connection = None
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                try:
                    self.serve(connection, stream)
                except (OSError, ValueError):
                    pass
                self.connection = None

    def serve(self, connection, stream):
        while True:
            line = stream.readline()
            if not line.startswith(b"*"):
                if not line:
                    return
                continue
            words = [stream.read(int(stream.readline()[1:]) + 2)[:-2].decode() for _ in range(int(line[1:]))]
            if words[0] == "PSYNC":
                self.asked.append(words[1:])
                connection.sendall(self.answer(words[1:]))
                self.connection = connection
            elif words[:2] != ["REPLCONF", "ACK"]:
                connection.sendall(b"+PONG\r\n" if words[0] == "PING" else b"+OK\r\n")

    def send(self, *commands):
        """Into the stream, once somebody follows."""
        wait_until(lambda: self.connection is not None, "a replica at the fake master")
        self.connection.sendall(b"".join(Client.encode(words) for words in commands))

    def close(self):
        self.listener.close()
        if self.connection is not None:
            self.connection.shutdown(socket.SHUT_RDWR)


def full_answer(history, offset, rdb=b"REDIS0010\xff" + bytes(8)):
    """+FULLRESYNC with an RDB file, by default an empty one."""
    return b"+FULLRESYNC %s %d\r\n$%d\r\n%s" % (history.encode(), offset, len(rdb), rdb)
