"""Keys: whatever they hold, in several databases, with expiry, renames, copies and walks."""


def expire_options(d):
    words = []
    for option in (b"NX", b"XX", b"GT", b"LT", b"BOGUS"):
        if d.rng.random() < 0.12:
            words.append(option)
    return words


def expire(d):
    name = d.rng.choice([b"expire", b"pexpire", b"expireat", b"pexpireat"])
    seconds = d.rng.randrange(100000, 10 ** 8)  # Two of one length would be compared by GT and LT to the millisecond.
    good = {b"expire": b"%d" % seconds, b"pexpire": b"%d" % (1000 * seconds), b"expireat": b"4102444800",
            b"pexpireat": b"4102444800000"}[name]
    amount = good if d.rng.random() < 0.7 else d.integer()
    if amount in (b"1", b"2", b"3", b"5", b"10", b"100") and name in (b"expire", b"pexpire"):
        amount = good  # Falls due during the run: the two servers' clocks would decide the reply.
    return [name, d.key(), amount] + expire_options(d)


def command(d):
    makers = [
        lambda: [b"set", d.key(), d.value()],
        lambda: [b"set", d.key(), d.value(), b"EX", b"100000"],
        lambda: [b"del"] + d.some_keys(),
        lambda: [b"unlink"] + d.some_keys(2),
        lambda: [b"exists"] + d.some_keys(),
        lambda: [b"type", d.key()],
        lambda: [b"touch"] + d.some_keys(),
        lambda: [b"rename", d.key(), d.key()],
        lambda: [b"renamenx", d.key(), d.key()],
        lambda: [b"copy", d.key(), d.key()] + d.maybe(0.4, b"DB", d.rng.choice([b"0", b"1", b"2", b"15", b"16", b"-1", b"x", b"3000000000"])) +
        d.maybe(0.4, b"REPLACE"),
        lambda: [b"move", d.key(), d.rng.choice([b"0", b"1", b"2", b"16", b"-1", b"a", b"99999999999"])],
        lambda: [b"keys", d.rng.choice([b"*", b"key:*", b"key:?", b"key:[1-3]", b"key:[^1]*", b"", b"k\\ey:1", b"long*", b"*:1*"])],
        lambda: [b"randomkey"],
        lambda: [b"dbsize"],
        lambda: expire(d),
        lambda: expire(d),
        lambda: [d.rng.choice([b"ttl", b"pttl", b"expiretime", b"pexpiretime"]), d.key()],
        lambda: [b"persist", d.key()],
        lambda: [b"select", d.rng.choice([b"0", b"0", b"1", b"2", b"16", b"-1", b"x"])],
        lambda: [b"swapdb", d.rng.choice([b"0", b"1", b"2", b"a", b"77"]), d.rng.choice([b"0", b"1", b"2", b"b", b"-5"])],
        lambda: [b"flushdb"] + d.maybe(0.3, b"ASYNC") + d.maybe(0.1, b"SYNC") if d.rng.random() < 0.2 else [b"dbsize"],
        lambda: [b"flushall"] + d.maybe(0.3, b"SYNC") if d.rng.random() < 0.1 else [b"dbsize"],
        lambda: [b"object", d.rng.choice([b"encoding", b"refcount", b"freq", b"help", b"bogus"]), d.key()],
        lambda: [b"scan", d.rng.choice([b"0", b"0", b"x", b"1x", b" 0", b""]), b"COUNT", b"10000"] + d.maybe(0.3, b"MATCH", b"key:*") + d.maybe(0.2, b"TYPE", b"string"),
        lambda: [b"scan", b"0", d.rng.choice([b"COUNT", b"MATCH", b"BOGUS"])] + d.maybe(0.7, d.integer()),
        lambda: [b"get", d.key()],
    ]
    return d.spoil(d.rng.choice(makers)())
