"""Streams: ids on the edges, trims by whole nodes and exact, deletions, ranges both ways, reads; groups, what they have
pending, claims. Idle times that decide are 0 or far away, since time passes between the two servers."""

FIELDS = [b"f", b"temperature", b"7", b"", b"-5", b"long" * 30]
FUTURE = 9999999999999  # Ids of these keys lie ahead of the clock, so that "*" counts on from them.


def key(d):
    return d.rng.choice([b"s:%d" % d.rng.randrange(5), b"s:0", b"s:1", b"plain"]) if d.rng.random() < 0.97 else d.key()


def ms(d):
    return d.rng.randrange(1, 40)


def good_id(d):
    return b"%d-%d" % (ms(d), d.rng.randrange(4))


def stream_id(d):
    if d.rng.random() < 0.8:
        return d.rng.choice([good_id(d), good_id(d), b"%d" % ms(d)])
    return d.rng.choice([
        b"0", b"0-0", b"0-1", b"-", b"+", b"$", b">", b"*", b"18446744073709551615", b"18446744073709551616",
        b"18446744073709551615-18446744073709551615", b"5-18446744073709551615", b"1-", b"-1", b"1-2-3", b"abc", b"",
        b" 1-1", b"+1-1", b"01-01", b"1-*", b"(5", b"1-1 ", b"1-1\x00x", b"9" * 130, b"9223372036854775807-1",
    ])


def edge(d):
    roll = d.rng.random()
    if roll < 0.3:
        return d.rng.choice([b"-", b"+"])
    if roll < 0.45:
        return b"(" + stream_id(d)
    return stream_id(d)


def new_id(d):
    """Mostly ids that go up, as the connection goes on."""
    d.clock = getattr(d, "clock", 0) + 1
    roll = d.rng.random()
    if roll < 0.5:
        return b"%d-%d" % (d.clock // 3, d.clock)
    if roll < 0.75:
        return b"%d-*" % (d.clock // 3)
    if roll < 0.8:
        return b"%d" % (d.clock // 3)
    return stream_id(d).replace(b"*", b"7")


def pairs(d):
    roll = d.rng.random()
    if roll < 0.4:
        return [b"f", b"%d" % d.rng.randrange(10 ** d.rng.randrange(1, 12))]
    words = []
    for _ in range(d.rng.randint(1, 3)):
        words += [d.rng.choice(FIELDS), d.value()]
    return words


def trim(d):
    words = [d.rng.choice([b"MAXLEN", b"maxlen", b"MINID"])]
    words += d.maybe(0.7, d.rng.choice([b"~", b"~", b"=", b"!"] if d.rng.random() < 0.2 else [b"~", b"~", b"="]))
    if words[0] == b"MINID":
        words.append(b"%d" % (getattr(d, "clock", 0) // 3 - d.rng.randrange(40)) if d.rng.random() < 0.8 else stream_id(d))
    else:
        words.append(b"%d" % d.rng.choice([0, 1, 3, 10, 25, 60, 120]) if d.rng.random() < 0.9 else d.integer())
    return words + d.maybe(0.25, b"LIMIT", d.rng.choice([b"0", b"1", b"5", b"10", b"200", b"-1", b"x"]))


def xadd(d):
    words = [b"xadd", key(d)] + d.maybe(0.1, b"NOMKSTREAM")
    words += trim(d) if d.rng.random() < 0.12 else []
    return words + [new_id(d)] + pairs(d)


def future(d):
    d.future = getattr(d, "future", 0) + 1
    name = b"f:%d" % d.rng.randrange(2)
    if d.rng.random() < 0.3:
        return [b"xadd", name, b"%d-%d" % (FUTURE, d.future * 100)] + pairs(d)
    return [b"xadd", name, b"NOMKSTREAM", b"*"] + pairs(d)


def count(d, chance=0.5):
    return d.maybe(chance, b"COUNT", d.rng.choice([b"0", b"1", b"2", b"5", b"-1", b"x", b"1000"]))


def xread(d):
    names = [key(d) for _ in range(d.rng.randint(1, 3))]
    ids = [d.rng.choice([b"0", b"0-0", b"$", stream_id(d), b"%d" % (getattr(d, "clock", 0) // 3 - 2)]) for _ in names]
    return [b"xread"] + count(d, 0.7) + [b"STREAMS"] + names + ids


def xsetid(d):
    words = [b"xsetid", key(d), new_id(d)]
    words += d.maybe(0.4, b"ENTRIESADDED", d.rng.choice([b"0", b"3", b"100", b"-1", b"x", b"100000"]))
    return words + d.maybe(0.4, b"MAXDELETEDID", stream_id(d))


def xdel(d):
    now = getattr(d, "clock", 0)
    ids = []
    for _ in range(d.rng.randint(1, 6)):
        at = now - d.rng.randrange(60)
        ids.append(b"%d-%d" % (at // 3, at) if d.rng.random() < 0.9 else stream_id(d))
    return [b"xdel", key(d)] + ids


def group(d):
    return d.rng.choice([b"g1", b"g1", b"g2", b"g3", b"longgroup" * 70]) if d.rng.random() < 0.95 else b""


def consumer(d):
    return d.rng.choice([b"alice", b"alice", b"bob", b"carol", b"", b"longconsumer" * 60])


def recent_id(d):
    at = getattr(d, "clock", 0) - d.rng.randrange(40)
    return b"%d-%d" % (at // 3, at) if d.rng.random() < 0.93 else stream_id(d)


def recent_ids(d, most=5):
    return [recent_id(d) for _ in range(d.rng.randint(1, most))]


def idle(d):
    return d.rng.choice([b"0", b"0", b"0", b"0", b"1000000000", b"-1", b"x"])


def xgroup(d):
    name = key(d)
    roll = d.rng.random()
    reads = d.maybe(0.3, b"ENTRIESREAD", d.rng.choice([b"0", b"1", b"3", b"50", b"-1", b"-2", b"x"]))
    at = d.rng.choice([b"0", b"$", recent_id(d), stream_id(d)])
    if roll < 0.45:
        return [b"xgroup", b"create", name, group(d), at] + d.maybe(0.6, b"MKSTREAM") + reads
    if roll < 0.65:
        return [b"xgroup", b"setid", name, group(d), at] + reads
    if roll < 0.75:
        return [b"xgroup", b"createconsumer", name, group(d), consumer(d)]
    if roll < 0.87:
        return [b"xgroup", b"delconsumer", name, group(d), consumer(d)]
    if roll < 0.95:
        return [b"xgroup", b"destroy", name, group(d)]
    return [b"xgroup", d.rng.choice([b"help", b"bogus", b"create", b"HELP"])] + d.maybe(0.3, name)


def xreadgroup(d):
    names = [key(d) for _ in range(d.rng.randint(1, 2))]
    ids = [d.rng.choice([b">", b">", b">", b">", b"0", recent_id(d), stream_id(d)]) for _ in names]
    words = [b"xreadgroup", b"GROUP", group(d), consumer(d)] + count(d, 0.8) + d.maybe(0.1, b"NOACK")
    return words + [b"STREAMS"] + names + ids


def xclaim(d):
    words = [b"xclaim", key(d), group(d), consumer(d), idle(d)] + recent_ids(d)
    words += d.maybe(0.2, b"IDLE", d.rng.choice([b"0", b"5", b"-5", b"x", b"9223372036854775807"]))
    words += d.maybe(0.2, b"TIME", d.rng.choice([b"0", b"1000", b"-1", b"x", b"99999999999999"]))
    words += d.maybe(0.3, b"RETRYCOUNT", d.rng.choice([b"0", b"7", b"-1", b"x"]))
    words += d.maybe(0.4, b"FORCE") + d.maybe(0.3, b"JUSTID")
    return words + d.maybe(0.15, b"LASTID", recent_id(d)) + d.maybe(0.03, b"BOGUS")


def xautoclaim(d):
    words = [b"xautoclaim", key(d), group(d), consumer(d), idle(d), d.rng.choice([b"0", b"-", edge(d), recent_id(d)])]
    return words + d.maybe(0.5, b"COUNT", d.rng.choice([b"1", b"2", b"5", b"0", b"-1", b"x", b"9223372036854775807"])) + d.maybe(0.3, b"JUSTID")


def xpending(d):
    words = [b"xpending", key(d), group(d)]
    if d.rng.random() < 0.3:
        return words
    words += d.maybe(0.2, b"IDLE", idle(d)) + [edge(d), edge(d)] if d.rng.random() < 0.3 else [b"-", b"+"]
    if len(words) == 2:
        words = [b"xpending", key(d), group(d)] + d.maybe(0.3, b"IDLE", idle(d)) + words
    return words + [d.rng.choice([b"10", b"1", b"0", b"-1", b"x", b"1000"])] + d.maybe(0.4, consumer(d))


def xinfo(d):
    name = key(d)
    return [b"xinfo"] + d.rng.choice([
        [b"stream", name], [b"stream", name, b"FULL"], [b"stream", name, b"FULL", b"COUNT", d.rng.choice([b"0", b"1", b"-1", b"x", b"100"])],
        [b"groups", name], [b"groups", name], [b"consumers", name, group(d)], [b"help"], [b"bogus"], [b"stream"],
        [b"stream", name, b"BOGUS"],
    ])


def group_command(d):
    makers = [
        (6, lambda: xgroup(d)),
        (14, lambda: xreadgroup(d)),
        (7, lambda: [b"xack", key(d), group(d)] + recent_ids(d)),
        (6, lambda: xclaim(d)),
        (5, lambda: xautoclaim(d)),
        (6, lambda: xpending(d)),
        (8, lambda: xinfo(d)),
    ]
    return d.rng.choices([m for _, m in makers], [w for w, _ in makers])[0]()


def stream_command(d):
    rng = d.rng
    makers = [
        (30, lambda: xadd(d)),
        (4, lambda: future(d)),
        (3, lambda: [b"xlen", key(d)]),
        (8, lambda: [b"xrange", key(d), edge(d), edge(d)] + count(d)),
        (8, lambda: [b"xrevrange", key(d), edge(d), edge(d)] + count(d)),
        (2, lambda: [b"xrange", key(d), b"-", b"+"]),
        (8, lambda: xdel(d)),
        (5, lambda: [b"xtrim", key(d)] + trim(d)),
        (6, lambda: xread(d)),
        (2, lambda: xsetid(d)),
        (1, lambda: [b"del", key(d)]),
        (1, lambda: [b"copy", key(d), key(d)] + d.maybe(0.5, b"REPLACE")),
        (1, lambda: [b"rename", key(d), key(d)]),
        (1, lambda: [b"object", b"encoding", key(d)]),
        (1, lambda: [b"type", key(d)]),
        (1, lambda: [b"set", b"plain", b"x"]),
        (2, lambda: [b"config", b"set", b"stream-node-max-entries", rng.choice([b"0", b"1", b"3", b"10", b"100"])]),
        (1, lambda: [b"config", b"set", b"stream-node-max-bytes", rng.choice([b"0", b"100", b"4096", b"1000"])]),
    ]
    return rng.choices([m for _, m in makers], [w for w, _ in makers])[0]()


def command(d):
    return d.spoil(group_command(d) if d.rng.random() < 0.45 else stream_command(d))
