"""Sorted sets: scores on the edges, equal scores, small and large sets, ranges of all kinds, algebra with sets, too.

Keys "lex:N" hold members of one score only, since ranges by member are not defined for others."""

SCORES = [b"0", b"1", b"-1", b"2", b"3", b"1.5", b"-1.5", b"0.1", b"0.2", b"1e10", b"1e-10", b"inf", b"-inf", b"+inf",
          b"3.14159265358979", b"0x10", b".5", b"5.", b"1e21", b"123456789012345678", b"9007199254740993", b"1e300",
          b"4.9e-324", b"1e15", b"1e17", b"-1e17", b"4503599627370497.5"]
BAD_SCORES = [b"nan", b"abc", b"", b"1.5abc", b" 1", b"1 ", b"1e400", b"1e-400", b"(1", b"--1", b"NX"]
BOUNDS = [b"-inf", b"+inf", b"inf", b"(0", b"(1", b"(-inf", b"(inf", b"(1.5", b"(0.1", b"(-1", b"0x10", b"(0x10"]
BAD_BOUNDS = [b"", b"(", b" 1", b"1 ", b"abc", b"nan", b"(nan", b"((1", b"1e999", b"1\x002", b"[1"]
MEMBERS = [b"", b"\x00", b"\xff", b"\x00\xff", b"long" * 150, b"x" * 464, b"x" * 464 + b"a", b"x" * 479, b"x" * 480,
           b"x" * 500, b"x" * 490 + b"y", b"x" * 64, b"x" * 65, b"10", b"-5"]


def score(d):
    if d.rng.random() < 0.03:
        return d.rng.choice(BAD_SCORES)
    return d.rng.choice(SCORES) if d.rng.random() < 0.5 else b"%d" % d.rng.randint(-4, 8)


def member(d):
    if d.rng.random() < 0.1:
        return b"m%d" % d.rng.randrange(1000)
    return d.rng.choice(MEMBERS) if d.rng.random() < 0.25 else b"m%d" % d.rng.randrange(12)


def lex_member(d):
    return d.rng.choice(MEMBERS) if d.rng.random() < 0.3 else b"%c%d" % (d.rng.choice(b"abcxy"), d.rng.randrange(5))


def pairs(d, most=5):
    return [word for _ in range(d.rng.randint(1, most)) for word in (score(d), member(d))]


def lex_key(d):
    return b"lex:%d" % d.rng.randrange(4)


def bound(d):
    roll = d.rng.random()
    if roll < 0.05:
        return d.rng.choice(BAD_BOUNDS)
    return d.rng.choice(BOUNDS) if roll < 0.4 else score(d)


def lex_bound(d):
    roll = d.rng.random()
    if roll < 0.05:
        return d.rng.choice([b"", b"a", b"[", b"(", b"-inf", b"+a", b"--", b"1"])
    if roll < 0.4:
        return d.rng.choice([b"-", b"+"])
    return d.rng.choice([b"[", b"("]) + lex_member(d)


def rank(d):
    roll = d.rng.random()
    if roll < 0.1:
        return d.integer()
    return d.good_integer(-15, 15) if roll < 0.8 else d.good_integer(-1000, 1000)


def limit(d, chance=0.4):
    return d.maybe(chance, b"LIMIT", d.rng.choice([b"0", b"0", b"1", b"2", b"7", b"-1", b"x"]),
                   d.rng.choice([b"0", b"1", b"3", b"-1", b"-1", b"1000", b"x"]))


def add_options(d):
    words = []
    for word in (b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR"):
        words += d.maybe(0.12, word)
    d.rng.shuffle(words)
    return words


def many(d):
    """A set that outgrows the small forms of both servers."""
    count = d.rng.choice([100, 128, 129, 300, 1000])
    step = d.rng.choice([0, 1, 7, 0.5])
    return [word for i in range(count) for word in (b"%g" % (i * step % 50), b"m%d" % i)]


def scores_option(d):
    return d.maybe(0.5, b"WITHSCORES")


def weight(d, is_store):
    """What is stored must not become -0: see known_differences.negative_zero."""
    if is_store:
        return d.rng.choice([b"1", b"2", b"0.5", b"1e10", b"inf"]) if d.rng.random() < 0.98 else d.rng.choice(BAD_SCORES)
    return score(d)


def algebra_options(d, count, is_store):
    words = d.maybe(0.4, b"WEIGHTS", *[weight(d, is_store) for _ in range(count)])
    return words + d.maybe(0.4, b"AGGREGATE", d.rng.choice([b"sum", b"MIN", b"max", b"max", b"avg"]))


def operands(d, key):
    keys = [key() for _ in range(d.rng.randint(1, 4))]
    count = len(keys) if d.rng.random() < 0.93 else d.rng.choice([0, -1, 1, 5])
    return (b"%d" % count if d.rng.random() < 0.98 else b"x", keys)


def algebra(d, key):
    name = d.rng.choice([b"zunion", b"zinter", b"zdiff"])
    count, keys = operands(d, key)
    is_store = d.rng.random() < 0.5
    words = [name + b"store", key()] if is_store else [name]
    words += [count] + keys
    if name != b"zdiff" or d.rng.random() < 0.05:
        words += algebra_options(d, len(keys), is_store)
    return words + (scores_option(d) if not is_store or d.rng.random() < 0.05 else [])


def intercard(d, key):
    count, keys = operands(d, key)
    return [b"zintercard", count] + keys + d.maybe(0.4, b"LIMIT", d.rng.choice([b"0", b"1", b"2", b"-1", b"y"]))


def zrange(d, key, is_store):
    words = [b"zrangestore", key()] if is_store else [b"zrange"]
    by = d.rng.choice([b"", b"BYSCORE", b"BYLEX"])
    if by == b"BYLEX":
        words += [lex_key(d), lex_bound(d), lex_bound(d), by]
    elif by == b"BYSCORE":
        words += [key(), bound(d), bound(d), by]
    else:
        words += [key(), rank(d), rank(d)]
    words += d.maybe(0.4, b"REV") + limit(d, 0.3 if by else 0.05)
    return words + (scores_option(d) if not is_store or d.rng.random() < 0.05 else [])


def editing(d, key):
    return [
        lambda: [b"zadd", key()] + add_options(d) + pairs(d),
        lambda: [b"zadd", key()] + pairs(d),
        lambda: [b"zadd", key(), b"INCR", score(d), member(d)],
        lambda: [b"zadd", lex_key(d)] + [word for _ in range(4) for word in (b"0", lex_member(d))],
        lambda: [b"zadd", key()] + many(d) if d.rng.random() < 0.08 else [b"zcard", key()],
        lambda: [b"zincrby", key(), score(d), member(d)],
        lambda: [b"zrem", key()] + [member(d) for _ in range(d.rng.randint(1, 4))],
        lambda: [d.rng.choice([b"zpopmin", b"zpopmax"]), key()] +
                d.maybe(0.6, d.rng.choice([b"0", b"1", b"3", b"1000", b"-1", b"x"])),
        lambda: [d.rng.choice([b"bzpopmin", b"bzpopmax"])] + d.some_keys(3) +
        [d.rng.choice([b"0.001", b"0.0001", b"1e-3", b"-1", b"x"])],
        lambda: [b"bzmpop", b"0.001", b"2", key(), key(), d.rng.choice([b"MIN", b"max", b"mid"])] +
        d.maybe(0.6, b"COUNT", d.rng.choice([b"1", b"2", b"9", b"0", b"-1", b"x"])),
        lambda: [b"zmpop", b"2", key(), key(), d.rng.choice([b"MIN", b"max", b"mid"])] +
                d.maybe(0.5, b"COUNT", d.rng.choice([b"1", b"3", b"1000", b"0", b"-1", b"x"])),
        lambda: [b"zremrangebyrank", key(), rank(d), rank(d)],
        lambda: [b"zremrangebyscore", key(), bound(d), bound(d)],
        lambda: [b"zremrangebylex", lex_key(d), lex_bound(d), lex_bound(d)],
        lambda: zrange(d, key, True),
        lambda: algebra(d, key),
        lambda: [b"sadd", key(), member(d), member(d)] if d.rng.random() < 0.3 else [b"zcard", key()],
        lambda: [b"del", key()],
        lambda: [b"set", key(), d.value()] if d.rng.random() < 0.2 else [b"type", key()],
        lambda: [b"copy", key(), key()] + d.maybe(0.5, b"REPLACE"),
        lambda: [b"rename", key(), key()],
    ]


def reading(d, key):
    return [
        lambda: [b"zscore", key(), member(d)],
        lambda: [b"zmscore", key()] + [member(d) for _ in range(d.rng.randint(1, 3))],
        lambda: [b"zcard", key()],
        lambda: [d.rng.choice([b"zrank", b"zrevrank"]), key(), member(d)],
        lambda: [b"zcount", key(), bound(d), bound(d)],
        lambda: [b"zlexcount", lex_key(d), lex_bound(d), lex_bound(d)],
        lambda: zrange(d, key, False),
        lambda: zrange(d, key, False),
        lambda: [b"zrange", key(), b"0", b"-1", b"WITHSCORES"],
        lambda: [b"zrevrange", key(), rank(d), rank(d)] + scores_option(d),
        lambda: [d.rng.choice([b"zrangebyscore", b"zrevrangebyscore"]), key(), bound(d), bound(d)] + scores_option(d) +
                limit(d),
        lambda: [d.rng.choice([b"zrangebylex", b"zrevrangebylex"]), lex_key(d), lex_bound(d), lex_bound(d)] + limit(d),
        lambda: [b"zrandmember", key()] +
                d.maybe(0.6, d.rng.choice([b"0", b"1", b"3", b"-4", b"1000", b"x", b"-9223372036854775808"])) +
                d.maybe(0.3, b"WITHSCORES"),
        lambda: [b"zscan", key(), d.rng.choice([b"0", b"0", b"x"]), b"COUNT", b"10000"] + d.maybe(0.3, b"MATCH", b"m*"),
        lambda: intercard(d, key),
        lambda: [b"object", b"encoding", key()],
        lambda: [b"zadd", key()] + pairs(d),
    ]


def command(d):
    makers = editing(d, d.key) if d.rng.random() < 0.5 else reading(d, d.key)
    words = d.spoil(d.rng.choice(makers)())
    if words[0].lower() == b"zrange" and any(word.lower() == b"bylex" for word in words[4:]) and \
            not words[1].startswith(b"lex:"):
        words[1] = b"lex:0"
    return words
