"""Hashes: fields and values of all shapes, small and large ones, numbers on their edges."""


def field(d):
    return d.rng.choice([b"f%d" % d.rng.randrange(6), b"", b"n", b"long" * 150, b"\x00\xff"])


def pairs(d, most=4):
    return [w for _ in range(d.rng.randint(1, most)) for w in (field(d), d.value())]


def command(d):
    key = d.key
    makers = [
        lambda: [b"hset", key()] + pairs(d),
        lambda: [b"hset", key(), b"f%d" % d.rng.randrange(300), d.value()],
        lambda: [b"hset", key()] + [w for i in range(150) for w in (b"big%d" % i, b"%d" % i)] if d.rng.random() < 0.05 else [b"hlen", key()],
        lambda: [b"hmset", key()] + pairs(d),
        lambda: [b"hsetnx", key(), field(d), d.value()],
        lambda: [b"hget", key(), field(d)],
        lambda: [b"hmget", key()] + [field(d) for _ in range(d.rng.randint(1, 4))],
        lambda: [b"hgetall", key()],
        lambda: [b"hkeys", key()],
        lambda: [b"hvals", key()],
        lambda: [b"hlen", key()],
        lambda: [b"hexists", key(), field(d)],
        lambda: [b"hstrlen", key(), field(d)],
        lambda: [b"hdel", key()] + [field(d) for _ in range(d.rng.randint(1, 4))],
        lambda: [b"hincrby", key(), b"n", d.integer()],
        lambda: [b"hincrby", key(), field(d), d.integer()],
        lambda: [b"hincrbyfloat", key(), b"n", d.float()],
        lambda: [b"hincrbyfloat", key(), field(d), d.float()],
        lambda: [b"hscan", key(), d.rng.choice([b"0", b"0", b"x"]), b"COUNT", b"10000"] + d.maybe(0.3, b"MATCH", b"f*"),
        lambda: [b"hscan", key(), b"0", d.rng.choice([b"COUNT", b"MATCH", b"TYPE"])] + d.maybe(0.7, d.integer()),
        lambda: [b"hrandfield", key()],
        lambda: [b"hrandfield", key(), d.rng.choice([b"0", b"1", b"3", b"-5", b"1000", b"x", b"-9223372036854775808"])] + d.maybe(0.4, b"WITHVALUES"),
        lambda: [b"del", key()],
        lambda: [b"set", key(), d.value()] if d.rng.random() < 0.3 else [b"type", key()],
        lambda: [b"rename", key(), key()],
        lambda: [b"copy", key(), key()] + d.maybe(0.5, b"REPLACE"),
        lambda: [b"object", b"encoding", key()],
    ]
    words = d.spoil(d.rng.choice(makers)())
    if words[0].lower() == b"hscan" and len(words) > 4 and words[3].upper() == b"COUNT" and words[4].isdigit() and int(words[4]) < 10000:
        words[4] = b"10000"  # Pages of a large hash end where each server's order has it.
    if words[0].lower() == b"hscan" and b"COUNT" not in [w.upper() for w in words]:
        words += [b"COUNT", b"10000"]
    return words
