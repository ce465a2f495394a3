"""Strings: every command of the group, with every option and the edges of its numbers."""

FAR_SECONDS = [b"100000", b"4102444800", b"0", b"-1", b"abc", b"9223372036854775807", b"9223372036854775"]


def expiry(d):
    unit = d.rng.choice([b"EX", b"PX", b"EXAT", b"PXAT"])
    good = {b"EX": b"100000", b"PX": b"100000000", b"EXAT": b"4102444800", b"PXAT": b"4102444800000"}[unit]
    return [unit, good if d.rng.random() < 0.7 else d.rng.choice(FAR_SECONDS)]


def set_options(d):
    words = []
    for option in ([b"NX"], [b"XX"], [b"GET"], [b"KEEPTTL"], expiry(d)):
        if d.rng.random() < 0.2:
            words += option
    return words


def command(d):
    choice = d.rng.randrange
    makers = [
        lambda: [b"set", d.key(), d.value()] + set_options(d),
        lambda: [b"set", d.key(), d.integer()],
        lambda: [b"get", d.key()],
        lambda: [b"setnx", d.key(), d.value()],
        lambda: [b"setex", d.key(), d.rng.choice(FAR_SECONDS), d.value()],
        lambda: [b"psetex", d.key(), d.rng.choice(FAR_SECONDS), d.value()],
        lambda: [b"getset", d.key(), d.value()],
        lambda: [b"getdel", d.key()],
        lambda: [b"getex", d.key()] + d.maybe(0.6, *expiry(d)) + d.maybe(0.2, b"PERSIST"),
        lambda: [b"mget"] + d.some_keys(),
        lambda: [b"mset"] + [w for k in d.some_keys() for w in (k, d.value())],
        lambda: [b"msetnx"] + [w for k in d.some_keys(2) for w in (k, d.value())],
        lambda: [b"append", d.key(), d.value()],
        lambda: [b"strlen", d.key()],
        lambda: [b"getrange", d.key(), d.integer(), d.integer()],
        lambda: [b"substr", d.key(), d.good_integer(), d.good_integer()],
        lambda: [b"setrange", d.key(), d.good_integer(-2, 40000), d.value()],
        lambda: [b"setrange", d.key(), d.integer() if choice(2) else b"536870912", d.rng.choice([b"", b"q"])]
        if choice(4) == 0 else [b"strlen", d.key()],
        lambda: [b"incr", d.key()],
        lambda: [b"decr", d.key()],
        lambda: [b"incrby", d.key(), d.integer()],
        lambda: [b"decrby", d.key(), d.integer()],
        lambda: [b"incrbyfloat", d.key(), d.float()],
        lambda: [b"lcs", d.key(), d.key()] + d.maybe(0.4, b"IDX") + d.maybe(0.3, b"LEN") +
        d.maybe(0.3, b"MINMATCHLEN", d.good_integer(-1, 5)) + d.maybe(0.3, b"WITHMATCHLEN"),
        lambda: [b"del", d.key()],
        lambda: [b"ttl", d.key()],
    ]
    words = d.rng.choice(makers)()
    if words[0] == b"setrange" and words[2] in (b"2147483647", b"536870911", b"536870910"):
        words[2] = b"536870912"  # The largest lengths that are allowed cost half a gigabyte a command.
    return d.spoil(words)
