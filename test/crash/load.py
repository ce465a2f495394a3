"""Writes that show afterwards whether anything was lost, doubled or torn: the load of the crash tests.

Each writer has its own connection and keys:
  set     SET of a fresh key with a value made of it;
  count   INCR of one counter, so that a change applied twice shows;
  list    APPEND of the next number to one string, so that a hole, a doubling or a change of order shows;
  pair    MSET of two keys to one value, so that half a change shows;
  rank    ZADD of the next number to one sorted set, so that a member without its score, or a wrong rank, shows.
A reply says that the write is acknowledged. check() holds what is there against that.
"""
import random
import threading

import hearth

FILLER = b"f" * 300


class Writer(threading.Thread):
    def __init__(self, server, number, seed, most_writes=10 ** 9):
        super().__init__(daemon=True)
        self.server, self.number = server, number
        self.random = random.Random("%d %d" % (seed, number))
        self.most_writes = most_writes
        self.sent = {"set": 0, "count": 0, "list": 0, "pair": 0, "rank": 0}
        self.acknowledged = dict(self.sent)
        self.stopping = False

    def name(self, kind, *parts):
        return b":".join([kind.encode(), b"%d" % self.number] + [b"%d" % p for p in parts])

    def words(self, kind, i):
        if kind == "set":
            return (b"SET", self.name(kind, i), b"%d-" % i + FILLER)
        if kind == "count":
            return (b"INCR", self.name(kind))
        if kind == "list":
            return (b"APPEND", self.name(kind), b"%d," % i)
        if kind == "rank":
            return (b"ZADD", self.name(kind), b"%d" % i, b"m%d" % i)
        return (b"MSET", self.name(kind, 1), b"%d" % i, self.name(kind, 2), b"%d" % i)

    def run(self):
        """Write until told to stop or the server goes away; on reconnection go on where the server is."""
        try:
            with self.server.client(timeout_s=60) as client:
                for _ in range(self.most_writes):
                    if self.stopping:
                        return
                    batch = [self.random.choice(list(self.sent)) for _ in range(self.random.randint(1, 20))]
                    commands = []
                    for kind in batch:
                        commands.append(self.words(kind, self.sent[kind]))
                        self.sent[kind] += 1
                    client.socket.sendall(b"".join(client.encode(words) for words in commands))
                    for kind in batch:
                        reply = client.read()
                        if isinstance(reply, hearth.ReplyError):
                            raise AssertionError("write refused: %s" % reply)
                        self.acknowledged[kind] += 1
        except (OSError, EOFError):
            pass  # It was killed: what is not acknowledged by now may or may not be there.

    def stop(self):
        self.stopping = True
        self.join()

    def check(self, client):
        """Assert that all that was acknowledged is there, once and whole; then take the state as the new beginning."""
        sent, acknowledged = self.sent, self.acknowledged
        for start in range(0, acknowledged["set"], 500):
            numbers = range(start, min(start + 500, acknowledged["set"]))
            values = client.call("MGET", *[self.name("set", i) for i in numbers])
            for i, value in zip(numbers, values):
                assert value == b"%d-" % i + FILLER, "writer %d: acknowledged set %d is %r" % (self.number, i, value)
        count = int(client.call("GET", self.name("count")) or 0)
        assert acknowledged["count"] <= count <= sent["count"], "writer %d: count is %d, %d acknowledged, %d sent" % (
            self.number, count, acknowledged["count"], sent["count"])
        items = (client.call("GET", self.name("list")) or b"").split(b",")[:-1]
        assert items == [b"%d" % i for i in range(len(items))], "writer %d: a hole or a doubling in the list" % self.number
        assert acknowledged["list"] <= len(items) <= sent["list"], "writer %d: list has %d, %d acknowledged" % (
            self.number, len(items), acknowledged["list"])
        first, second = client.call("MGET", self.name("pair", 1), self.name("pair", 2))
        assert first == second, "writer %d: half a change: %r, %r" % (self.number, first, second)
        assert int(first or -1) + 1 >= acknowledged["pair"], "writer %d: pair is %r" % (self.number, first)
        self.check_ranks(client)
        for i in range(acknowledged["set"], sent["set"]):  # Not acknowledged: there or not, but never another value.
            value = client.call("GET", self.name("set", i))
            assert value in (None, b"%d-" % i + FILLER), "writer %d: set %d is %r" % (self.number, i, value)

    def check_ranks(self, client):
        key = self.name("rank")
        count = client.call("ZCARD", key)
        assert self.acknowledged["rank"] <= count <= self.sent["rank"], (
            "writer %d: sorted set has %d, %d acknowledged" % (self.number, count, self.acknowledged["rank"]))
        flat = client.call("ZRANGE", key, 0, -1, "WITHSCORES")
        assert flat == [word for i in range(count) for word in (b"m%d" % i, b"%d" % i)], (
            "writer %d: a sorted set that is not what was added" % self.number)
        for i in (0, count // 2, count - 1):
            if count > 0:
                assert client.call("ZRANK", key, b"m%d" % i) == i, "writer %d: a wrong rank" % self.number
                assert client.call("ZCOUNT", key, i, "+inf") == count - i, "writer %d: a wrong count" % self.number

    def successor(self, client):
        """A writer that goes on from the state which the server has."""
        heir = Writer(self.server, self.number, self.random.randrange(2 ** 30), self.most_writes)
        items = (client.call("GET", self.name("list")) or b"").split(b",")[:-1]
        heir.sent = {"set": self.sent["set"], "count": int(client.call("GET", self.name("count")) or 0),
                     "list": len(items), "pair": int(client.call("GET", self.name("pair", 1)) or -1) + 1,
                     "rank": client.call("ZCARD", self.name("rank"))}
        for i in range(self.acknowledged["set"], self.sent["set"]):
            client.call(*self.words("set", i))  # Fill what was cut off, so that all below is acknowledged.
        heir.acknowledged = dict(heir.sent)
        return heir


def start(server, count, seed):
    writers = [Writer(server, number, seed) for number in range(count)]
    for writer in writers:
        writer.start()
    return writers
