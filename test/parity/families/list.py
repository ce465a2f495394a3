"""Lists: both ends, indexes on the edges, small and large ones, moves between them, and what does not wait for long."""


def element(d):
    return d.rng.choice([b"a", b"b", b"c", b"%d" % d.rng.randrange(4), b"", d.value()])


def index(d):
    return d.integer() if d.rng.random() < 0.2 else b"%d" % d.rng.randint(-6, 6)


def end(d):
    return d.rng.choice([b"LEFT", b"RIGHT", b"left", b"Right", b"MIDDLE"] if d.rng.random() < 0.1 else [b"LEFT", b"RIGHT"])


def timeout(d):
    """Short ones, since a single client waits in vain; and what is none."""
    return d.rng.choice([b"0.001", b"0.0001", b"1e-3", b".002", b"0x1p-10"] if d.rng.random() < 0.8 else
                        [b"-1", b"-0.1", b"", b"a", b"nan", b"-inf", b"inf", b"1e40", b" 1", b"0.001 ", b"9223372036854775.9"])


def command(d):
    key = d.key
    makers = [
        lambda: [d.rng.choice([b"lpush", b"rpush"]), key()] + [element(d) for _ in range(d.rng.randint(1, 5))],
        lambda: [d.rng.choice([b"lpush", b"rpush"]), key()] + [element(d) for _ in range(d.rng.randint(1, 5))],
        lambda: [d.rng.choice([b"lpush", b"rpush"]), key()] + [b"%d" % i for i in range(200)] if d.rng.random() < 0.06 else [b"llen", key()],
        lambda: [d.rng.choice([b"lpushx", b"rpushx"]), key(), element(d)],
        lambda: [d.rng.choice([b"lpop", b"rpop"]), key()],
        lambda: [d.rng.choice([b"lpop", b"rpop"]), key(), index(d)],
        lambda: [b"llen", key()],
        lambda: [b"lrange", key(), index(d), index(d)],
        lambda: [b"lrange", key(), b"0", b"-1"],
        lambda: [b"lindex", key(), index(d)],
        lambda: [b"lset", key(), index(d), element(d)],
        lambda: [b"linsert", key(), d.rng.choice([b"BEFORE", b"AFTER", b"before", b"AROUND"]), element(d), element(d)],
        lambda: [b"lrem", key(), index(d), element(d)],
        lambda: [b"ltrim", key(), index(d), index(d)],
        lambda: [b"lpos", key(), element(d)] + d.maybe(0.4, b"RANK", index(d)) + d.maybe(0.4, b"COUNT", index(d)) + d.maybe(0.3, b"MAXLEN", index(d)),
        lambda: [b"lmove", key(), key(), end(d), end(d)],
        lambda: [b"rpoplpush", key(), key()],
        lambda: [b"lmpop", d.rng.choice([b"1", b"2", b"2", b"0", b"9", b"x"])] + d.some_keys(2) + [end(d)] + d.maybe(0.5, b"COUNT", index(d)),
        lambda: [d.rng.choice([b"blpop", b"brpop"])] + d.some_keys(3) + [timeout(d)],
        lambda: [b"blmove", key(), key(), end(d), end(d), timeout(d)],
        lambda: [b"brpoplpush", key(), key(), timeout(d)],
        lambda: [b"blmpop", timeout(d), d.rng.choice([b"1", b"2", b"2", b"0", b"9", b"x"])] + d.some_keys(2) + [end(d)] + d.maybe(0.5, b"COUNT", index(d)),
        lambda: [b"del", key()],
        lambda: [b"set", key(), d.value()] if d.rng.random() < 0.3 else [b"type", key()],
        lambda: [b"copy", key(), key()] + d.maybe(0.5, b"REPLACE"),
    ]
    return d.spoil(d.rng.choice(makers)())
