"""Sets: members of all shapes, small and large ones, algebra between them."""


def member(d):
    return d.rng.choice([b"m%d" % d.rng.randrange(8), b"%d" % d.rng.randrange(8), b"", b"long" * 150, b"\x00\xff"])


def members(d, most=5):
    return [member(d) for _ in range(d.rng.randint(1, most))]


def command(d):
    key = d.key
    makers = [
        lambda: [b"sadd", key()] + members(d),
        lambda: [b"sadd", key()] + members(d),
        lambda: [b"sadd", key()] + [b"%d" % i for i in range(d.rng.choice([100, 600]))] if d.rng.random() < 0.05 else [b"scard", key()],
        lambda: [b"srem", key()] + members(d),
        lambda: [b"sismember", key(), member(d)],
        lambda: [b"smismember", key()] + members(d),
        lambda: [b"scard", key()],
        lambda: [b"smembers", key()],
        lambda: [b"smove", key(), key(), member(d)],
        lambda: [b"srandmember", key()] + d.maybe(0.6, d.rng.choice([b"0", b"1", b"3", b"-4", b"1000", b"x", b"-9223372036854775808"])),
        lambda: [b"spop", key(), d.rng.choice([b"0", b"1000", b"-1", b"x"])],
        lambda: [d.rng.choice([b"sinter", b"sunion", b"sdiff"])] + d.some_keys(),
        lambda: [d.rng.choice([b"sinterstore", b"sunionstore", b"sdiffstore"]), key()] + d.some_keys(),
        lambda: [b"sintercard", d.rng.choice([b"1", b"2", b"2", b"0", b"5", b"x"])] + d.some_keys(2) + d.maybe(0.4, b"LIMIT", d.rng.choice([b"0", b"1", b"2", b"-1", b"y"])),
        lambda: [b"sscan", key(), d.rng.choice([b"0", b"0", b"x"]), b"COUNT", b"10000"] + d.maybe(0.3, b"MATCH", b"m*"),
        lambda: [b"del", key()],
        lambda: [b"set", key(), d.value()] if d.rng.random() < 0.3 else [b"type", key()],
        lambda: [b"copy", key(), key()] + d.maybe(0.5, b"REPLACE"),
    ]
    words = d.spoil(d.rng.choice(makers)())
    if words[0].lower() == b"spop" and len(words) == 2:
        words = [b"scard", words[1]]  # What chance takes would leave the servers with different sets.
    return words
