"""Writes whose every prefix is known: random commands beside the naive model of what they do.

A step is one command, or one transaction. `Model.changes[i]` holds what step i changes, so the data after any number of
steps can be made; values stand in it as replication.dataset() reads them from a server.
"""
import random
import time

FAR_MS = 4102444800000  # The year 2100.
KEYS = 24
SHORT_MS = 40  # The longest life of a key that is to fall due.


class Scores(dict):
    """A sorted set: member to score."""


class Entries(dict):
    """A stream: id to fields and values. It stays when it is empty."""


def forms(value):
    """What a server's answer to this value is: its type and content."""
    if isinstance(value, bytes):
        return "string", value
    if isinstance(value, list):
        return "list", list(value)
    if isinstance(value, set):
        return "set", sorted(value)
    if isinstance(value, Entries):
        return "stream", [[b"%d-0" % number, fields] for number, fields in value.items()]
    if isinstance(value, Scores):
        return "zset", [item for member, score in sorted(value.items(), key=lambda pair: (pair[1], pair[0]))
                        for item in (member, b"%d" % score)]
    return "hash", sorted(value.items())


class Model:
    def __init__(self):
        self.data = {}      # (db, key): [value, expiry]
        self.changes = []   # For each step {(db, key): (type, content, expiry) or None}.
        self.touched = set()

    def put(self, key, value, expiry=-1):
        self.data[key] = [value, expiry]
        self.touched.add(key)

    def drop(self, key):
        self.data.pop(key, None)
        self.touched.add(key)

    def end_step(self):
        change = {}
        for key in self.touched:
            held = self.data.get(key)
            change[key] = forms(held[0]) + (held[1],) if held else None
        self.touched.clear()
        self.changes.append(change)

    def after(self, count):
        """All data after `count` steps."""
        data = {}
        for change in self.changes[:count]:
            data.update(change)
        return {key: held for key, held in data.items() if held is not None}


def matching_prefix(changes, least, most, found):
    """The least number of steps, of those from `least` to `most`, after which the data is `found`; None if there is none."""
    data = {}
    for change in changes[:least]:
        data.update(change)
    wrong = {key for key in set(data) | set(found) if data.get(key) != found.get(key)}
    for count in range(least, most + 1):
        if not wrong:
            return count
        for key, held in (changes[count] if count < len(changes) else {}).items():
            data[key] = held
            (wrong.discard if held == found.get(key) else wrong.add)(key)
    return None


def describe_difference(changes, count, found):
    data = {}
    for change in changes[:count]:
        data.update(change)
    keys = [key for key in set(data) | set(found) if data.get(key) != found.get(key)]
    return "%d keys differ from the data after step %d: %s" % (
        len(keys), count, ", ".join("%s is %.60r instead of %.60r" % (key, found.get(key), data.get(key))
                                    for key in sorted(keys)[:4]))


class Workload:
    """Chooses steps; each method makes commands of one kind and does the same to the model."""

    def __init__(self, seed, most_bytes=30000, databases=2):
        self.draw = random.Random("workload %s" % seed)
        self.model = Model()
        self.most_bytes = most_bytes
        self.databases = databases
        self.db = 0
        self.entry = 1  # Of all streams: the last id given.

    def key(self, kind):
        return (self.db, b"%s:%d" % (kind, self.draw.randrange(KEYS)))

    def bytes(self, most=None):
        draw = self.draw
        length = draw.choice((1, 10, 100, 100, 1000, 5000, most or self.most_bytes))
        return draw.randbytes(draw.randint(0, length))

    def value(self, key, empty):
        held = self.model.data.get(key)
        return held if held else [empty, -1]

    def set(self):
        key = self.key(b"s")
        value = self.bytes()
        self.model.put(key, value)
        return (b"SET", key[1], value)

    def set_expiring(self):
        key = self.key(b"s")
        value = self.bytes(100)
        expiry = FAR_MS + self.draw.randrange(10 ** 6)
        self.model.put(key, value, expiry)
        return (b"SET", key[1], value, b"PXAT", expiry)

    def set_short(self):
        """Gone, and its removal logged, soon after; and never seen afterwards, whether that was logged or not.

        Nothing else is done to such keys but SET, which does not depend on whether the time has come."""
        key = self.key(b"e")
        if self.draw.random() < 0.5:
            value = self.bytes(100)
            self.model.put(key, value)
            return (b"SET", key[1], value)
        self.model.drop(key)
        return (b"SET", key[1], b"soon", b"PXAT", int(time.time() * 1000) + self.draw.randint(1, SHORT_MS))

    def expire(self):
        key = self.key(self.draw.choice((b"s", b"h", b"l")))
        expiry = FAR_MS + self.draw.randrange(10 ** 6)
        if key in self.model.data:
            self.model.put(key, self.model.data[key][0], expiry)
        return (b"PEXPIREAT", key[1], expiry)

    def append(self):
        key = self.key(b"a")
        value = self.bytes(300)
        held, expiry = self.value(key, b"")
        self.model.put(key, held + value, expiry)
        return (b"APPEND", key[1], value)

    def increment(self):
        key = self.key(b"n")
        held, expiry = self.value(key, b"0")
        self.model.put(key, b"%d" % (int(held) + 1), expiry)
        return (b"INCR", key[1])

    def mset(self):
        words = [b"MSET"]
        for _ in range(self.draw.randint(1, 5)):
            key, value = self.key(b"s"), self.bytes(500)
            self.model.put(key, value)
            words += [key[1], value]
        return tuple(words)

    def delete(self):
        key = self.key(self.draw.choice((b"s", b"h", b"l", b"t", b"a", b"z", b"x")))
        self.model.drop(key)
        return (b"DEL", key[1])

    def rename(self):
        old, new = self.key(b"a"), self.key(b"a")
        if old in self.model.data:
            held = self.model.data[old]
            if old != new:
                self.model.drop(old)
                self.model.put(new, *held)
        return (b"RENAME", old[1], new[1])

    def hset(self):
        key = self.key(b"h")
        held, expiry = self.value(key, {})
        held = dict(held)
        words = [b"HSET", key[1]]
        for _ in range(self.draw.randint(1, 20)):
            field, value = b"f%d" % self.draw.randrange(300), self.bytes(200)
            held[field] = value
            words += [field, value]
        self.model.put(key, held, expiry)
        return tuple(words)

    def hdel(self):
        key = self.key(b"h")
        held, expiry = self.value(key, {})
        fields = [b"f%d" % self.draw.randrange(300) for _ in range(20)]
        held = {field: value for field, value in held.items() if field not in fields}
        self.model.put(key, held, expiry) if held else self.model.drop(key)
        return (b"HDEL", key[1]) + tuple(fields)

    def push(self):
        key = self.key(b"l")
        held, expiry = self.value(key, [])
        items = [self.bytes(50) for _ in range(self.draw.randint(1, 6))]
        self.model.put(key, held + items, expiry)
        return (b"RPUSH", key[1]) + tuple(items)

    def pop(self):
        key = self.key(b"l")
        held, expiry = self.value(key, [])
        self.model.put(key, held[1:], expiry) if held[1:] else self.model.drop(key)
        return (b"LPOP", key[1])

    def add(self):
        key = self.key(b"t")
        held, expiry = self.value(key, set())
        items = [b"m%d" % self.draw.randrange(400) for _ in range(self.draw.randint(1, 30))]
        self.model.put(key, held | set(items), expiry)
        return (b"SADD", key[1]) + tuple(items)

    def discard(self):
        key = self.key(b"t")
        held, expiry = self.value(key, set())
        items = [b"m%d" % self.draw.randrange(400) for _ in range(20)]
        held = held - set(items)
        self.model.put(key, held, expiry) if held else self.model.drop(key)
        return (b"SREM", key[1]) + tuple(items)

    def zadd(self):
        key = self.key(b"z")
        held, expiry = self.value(key, Scores())
        held = Scores(held)
        words = [b"ZADD", key[1]]
        for _ in range(self.draw.randint(1, 30)):
            member, score = b"m%d" % self.draw.randrange(400), self.draw.randrange(1000)
            held[member] = score
            words += [score, member]
        self.model.put(key, held, expiry)
        return tuple(words)

    def zremove(self):
        key = self.key(b"z")
        held, expiry = self.value(key, Scores())
        low, high = sorted(self.draw.randrange(1000) for _ in range(2))
        held = Scores((member, score) for member, score in held.items() if not low <= score <= high)
        self.model.put(key, held, expiry) if held else self.model.drop(key)
        return (b"ZREMRANGEBYSCORE", key[1], low, high)

    def xadd(self):
        key = self.key(b"x")
        held, expiry = self.value(key, Entries())
        self.entry += 1
        fields = [word for i in range(self.draw.randint(1, 4)) for word in (b"f%d" % i, self.bytes(100))]
        self.model.put(key, Entries({**held, self.entry: fields}), expiry)
        return (b"XADD", key[1], b"%d-0" % self.entry) + tuple(fields)

    def xdel(self):
        key = self.key(b"x")
        if key not in self.model.data:
            return (b"XDEL", key[1], b"1-0")
        held, expiry = self.value(key, Entries())
        numbers = [number for number in held if self.draw.random() < 0.3]
        self.model.put(key, Entries((n, fields) for n, fields in held.items() if n not in numbers), expiry)
        return (b"XDEL", key[1], b"1-0") + tuple(b"%d-0" % number for number in numbers)

    def flush(self):
        for key in list(self.model.data):
            self.model.drop(key)
        return (self.draw.choice((b"FLUSHALL", b"FLUSHALL")),)

    def single(self):
        kinds = ((self.set, 10), (self.set_expiring, 2), (self.set_short, 2), (self.expire, 2), (self.append, 6),
                 (self.increment, 4), (self.mset, 3), (self.delete, 2), (self.rename, 1), (self.hset, 6), (self.hdel, 2),
                 (self.push, 5), (self.pop, 3), (self.add, 4), (self.discard, 2),
                 (self.zadd, 5), (self.zremove, 2), (self.xadd, 5), (self.xdel, 2))
        return self.draw.choices([k for k, _ in kinds], [w for _, w in kinds])[0]()

    def step(self):
        """The commands of the next step; one of them, or MULTI to EXEC. SELECT before them changes nothing."""
        commands = []
        if self.databases > 1 and self.draw.random() < 0.1:
            self.db = self.draw.randrange(self.databases)
            commands.append((b"SELECT", self.db))
        if self.draw.random() < 0.006:
            commands.append(self.flush())
        elif self.draw.random() < 0.15:
            commands.append((b"MULTI",))
            commands += [self.single() for _ in range(self.draw.randint(2, 8))]
            commands.append((b"EXEC",))
        else:
            commands.append(self.single())
        self.model.end_step()
        return commands


class Load:
    """Runs a workload over one connection in pipelines, and marks in the trace, by the two names, how many steps were sent
    and how many acknowledged. A name may be None."""

    def __init__(self, client, marks, workload, names=("sent", "acknowledged")):
        self.client, self.marks, self.workload = client, marks, workload
        self.names = names
        self.count = 0

    def mark(self, name, count):
        if name:
            self.marks.add(**{name: count})

    def run(self, steps, deepest=16):
        while steps > 0:
            depth = min(steps, self.workload.draw.randint(1, deepest))
            self.send([self.workload.step() for _ in range(depth)])
            steps -= depth

    def run_one(self, key, value):
        """One step more: SET, in the database of `key`."""
        self.workload.db = key[0]
        self.workload.model.put(key, value)
        self.workload.model.end_step()
        self.send([[(b"SELECT", key[0]), (b"SET", key[1], value)]])

    def send(self, batches):
        self.mark(self.names[0], self.count + len(batches))
        self.client.socket.sendall(b"".join(self.client.encode(words) for batch in batches for words in batch))
        for batch in batches:
            for words in batch:
                reply = self.client.read()
                if isinstance(reply, Exception) and words[0] != b"RENAME":
                    raise AssertionError("%r was refused: %s" % (words[:2], reply))
            self.count += 1
            self.mark(self.names[1], self.count)
