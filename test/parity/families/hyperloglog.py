"""HyperLogLogs: the same elements must give the same bytes, from sparse to dense, and odd values the same errors."""

HEADER = b"HYLL\x01\x00\x00\x00" + b"\x00" * 7 + b"\x80"
DENSE = b"HYLL\x00\x00\x00\x00" + b"\x00" * 7 + b"\x80"
ODD = [
    HEADER, HEADER + b"\x7f\xff", HEADER + b"\x7f\xfe", HEADER + b"\x7f\xff\x00", HEADER + b"\x80" * 16384,
    HEADER + b"\x80\x7f\xfe", HEADER + b"\x3f" * 256, HEADER + b"\xff" * 4096, HEADER + b"\x40\x00" * 16384,
    HEADER + b"\x7f\xff\x7f\xff", HEADER[:8] + b"\x07" + b"\x00" * 7 + b"\x7f\xff", DENSE + b"\x00" * 12288,
    DENSE + b"\xff" * 12288, DENSE + b"\x41\x10\x04" * 4096, DENSE + b"\x00" * 12287, DENSE + b"\x00" * 12289,
    HEADER[:15], b"HYLL\x02\x00\x00\x00" + b"\x00" * 12296, b"HYLX" + HEADER[4:] + b"\x7f\xff", b"", b"HYLL",
    HEADER + b"\x84" * 5 + b"\x7f\xfa", HEADER + b"\x80" + b"\x00" * 3 + b"\x81" * 5 + b"\x7f\xf1",
]


def element(d):
    roll = d.rng.random()
    if roll < 0.6:
        return b"%d" % d.rng.randrange(100000)
    if roll < 0.9:
        return bytes(d.rng.randrange(256) for _ in range(d.rng.randrange(24)))
    return d.value()


def elements(d):
    return [element(d) for _ in range(d.rng.choice([0, 1, 2, 3, 7, 30, 100]))]


def some(d):
    """Few keys, so that they grow from sparse to dense."""
    return d.rng.choice(d.keys[:6]) if d.rng.random() < 0.95 else d.key()


def odd(d):
    """A value that may be damaged."""
    key = d.rng.choice([b"odd:1", b"odd:2"])
    return d.rng.choice([
        lambda: [b"set", key, d.rng.choice(ODD)],
        lambda: [b"set", key, d.rng.choice(ODD)],
        lambda: [b"append", key, d.rng.choice([b"\x00", b"\x80", b"\xff", b""])],
        lambda: [b"pfadd", key] + elements(d),
        lambda: [b"pfadd", key] + elements(d),
        lambda: [b"setrange", key, b"%d" % d.rng.randint(0, 60), bytes([d.rng.randrange(256)])],
        lambda: [b"setbit", key, b"%d" % d.rng.randint(32, 400), d.rng.choice([b"0", b"1"])],
        lambda: [b"pfcount", key],
        lambda: [b"pfcount", key, some(d)],
        lambda: [b"pfmerge", some(d), key],
        lambda: [b"pfmerge", key, some(d)],
        lambda: [b"pfdebug", d.rng.choice([b"ENCODING", b"DECODE", b"TODENSE", b"GETREG"]), key],
        lambda: [b"get", key],
    ])()


def command(d):
    makers = [
        lambda: [b"pfadd", some(d)] + elements(d),
        lambda: [b"pfadd", some(d)] + elements(d),
        lambda: [b"pfadd", some(d)] + elements(d),
        lambda: [b"pfadd", some(d), element(d)],
        lambda: [b"pfcount", some(d)],
        lambda: [b"pfcount", some(d)],
        lambda: [b"pfcount"] + [some(d) for _ in range(d.rng.randint(1, 4))],
        lambda: [b"pfmerge"] + [some(d) for _ in range(d.rng.randint(1, 4))],
        lambda: [b"pfdebug", d.rng.choice([b"ENCODING", b"encoding", b"DECODE", b"decode"]), some(d)],
        lambda: [b"pfdebug", d.rng.choice([b"TODENSE", b"GETREG", b"bogus", b"help"]), some(d)]
        if d.rng.random() < 0.15 else [b"get", some(d)],
        lambda: [b"get", some(d)],
        lambda: [b"get", some(d)],
        lambda: [b"strlen", some(d)],
        lambda: odd(d),
        lambda: odd(d),
        lambda: [b"del", some(d)] if d.rng.random() < 0.4 else [b"get", some(d)],
        lambda: [b"pexpireat", some(d), b"4102444800000"],
        lambda: [b"pexpiretime", some(d)],
        lambda: [b"lpush", some(d), b"x"] if d.rng.random() < 0.05 else [b"type", some(d)],
        lambda: [b"config", b"set", b"hll-sparse-max-bytes", d.rng.choice([b"3000", b"100", b"0", b"20000", b"400"])]
        if d.rng.random() < 0.2 else [b"pfcount", some(d)],
        lambda: [b"command", b"getkeysandflags", b"pfmerge", d.key()] + d.some_keys(),
    ]
    words = d.rng.choice(makers)()
    if words[0] != b"config":
        words = d.spoil(words)
    if words[:3] == [b"command", b"getkeysandflags", b"pfmerge"] and len(words) < 5:
        words.append(b"key:1")  # redis-server refuses a specification of keys that has none.
    return words
