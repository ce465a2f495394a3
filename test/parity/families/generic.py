"""What works on keys of all types: SORT by themselves and by other keys, DUMP's payloads, OBJECT, digests."""
import pathlib

PAYLOADS = [bytes.fromhex(line.split()[1]) for line in
            (pathlib.Path(__file__).resolve().parent.parent / "payloads.txt").read_text().splitlines()
            if line and line[0] != "#"]
NUMBERS = [b"3", b"1", b"2", b"10", b"-4", b"2.5", b"0", b"1e3", b"inf", b"-inf", b"0x10", b" 7"]
WORDS = [b"b", b"a", b"c", b"B", b"ab", b"", b"a\x00b", b"\xff", b"10", b"9"]
PATTERNS = [b"w:*", b"w:*", b"h:*->f", b"h:*->g", b"nosort", b"#", b"*", b"w:*->", b"h:*->f->x", b"w:*:x", b"", b"*->f"]


def element(d):
    roll = d.rng.random()
    return d.rng.choice(NUMBERS) if roll < 0.6 else d.rng.choice(WORDS) if roll < 0.65 else b"%d" % d.rng.randrange(12)


def name(d):
    return d.rng.choice([b"l:1", b"l:2", b"t:1", b"z:1", b"l:3", b"none", b"string"])


def elements(d, most=8):
    return [element(d) for _ in range(d.rng.randint(1, most))]


def fill(d):
    kind = d.rng.randrange(6)
    if kind == 0:
        return [b"rpush", d.rng.choice([b"l:1", b"l:2", b"l:3"])] + elements(d)
    if kind == 1:
        return [b"sadd", b"t:1"] + [e for e in elements(d) if b"\x00" not in e] + [b"1"]
    if kind == 2:
        return [b"zadd", b"z:1"] + [w for e in elements(d, 4) for w in (b"%d" % d.rng.randrange(-5, 5), e)]
    if kind == 3:
        return [b"set", b"w:" + element(d), d.rng.choice(NUMBERS + [b"x", b"b", b"a"]) if d.rng.random() < 0.1 else
                b"%d" % d.rng.randrange(20)]
    if kind == 4:
        return [b"hset", b"h:" + element(d), b"f", b"%d" % d.rng.randrange(9), b"g", d.rng.choice(WORDS)]
    return [b"del", d.rng.choice([b"l:1", b"l:2", b"t:1", b"z:1", b"l:3", b"w:1", b"h:1", b"string"])]


def is_total(words, key):
    """Whether the order follows from the words alone: not that of a set, nor that of equals, which Redis leaves to its
    hash tables and to its way of sorting."""
    return key != b"t:1" and not (b"BY" in words and b"ALPHA" in words)


def sort(d):
    key = name(d)
    words = []
    if d.rng.random() < 0.4:
        words += [b"BY", d.rng.choice(PATTERNS)]
    if d.rng.random() < 0.6:
        words += [b"ALPHA"]
    words += d.maybe(0.4, b"LIMIT", d.rng.choice([b"0", b"1", b"2", b"-1", b"100", b"x"]),
                     d.rng.choice([b"0", b"1", b"3", b"-1", b"-5", b"100", b"9223372036854775807", b"y"]))
    for _ in range(d.rng.choice([0, 0, 0, 1, 2])):
        words += [b"GET", d.rng.choice(PATTERNS)]
    words += d.maybe(0.3, d.rng.choice([b"DESC", b"ASC", b"desc"]))
    if not is_total(words, key):
        words = [b"ALPHA"] + d.maybe(0.5, b"DESC")
    if d.rng.random() < 0.2:
        return [b"sort_ro", key] + words
    return [b"sort", key] + words + d.maybe(0.3, b"STORE", d.rng.choice([b"l:2", b"l:3", b"t:2", b"string"]))


def restore(d):
    payload = d.rng.choice(PAYLOADS)
    roll = d.rng.random()
    if roll < 0.05:
        payload = payload[:-1]
    elif roll < 0.1:
        at = d.rng.randrange(len(payload))
        payload = payload[:at] + bytes([payload[at] ^ 1 << d.rng.randrange(8)]) + payload[at + 1:]
    words = [b"restore", d.key(), d.rng.choice([b"0", b"0", b"0", b"100000", b"-1", b"x", b"9223372036854775807"]), payload]
    words += d.maybe(0.6, b"REPLACE") + d.maybe(0.2, b"ABSTTL")
    words += d.maybe(0.1, d.rng.choice([b"IDLETIME", b"FREQ"]), d.rng.choice([b"1", b"-1", b"255", b"256", b"x"]))
    return words + d.maybe(0.03, b"FREQ", b"1") + d.maybe(0.03, b"BOGUS")


def command(d):
    makers = [
        lambda: fill(d), lambda: fill(d), lambda: fill(d), lambda: fill(d),
        lambda: sort(d), lambda: sort(d), lambda: sort(d),
        lambda: restore(d), lambda: restore(d),
        lambda: [b"dump", d.rng.choice([b"string", b"none", b"w:1"])],
        lambda: [b"set", b"string", d.value()],
        lambda: [b"lrange", d.rng.choice([b"l:2", b"l:3"]), b"0", b"-1"],
        lambda: [b"type", d.key()],
        lambda: [b"debug", b"digest-value", d.key(), name(d)],
        lambda: [b"debug", b"digest"],
        lambda: [b"object", d.rng.choice([b"encoding", b"encoding", b"refcount", b"freq", b"help"]), d.key()],
        lambda: [b"object", d.rng.choice([b"encoding", b"idletime", b"bogus"])] + d.maybe(0.7, name(d)) + d.maybe(0.1, b"x"),
        lambda: [b"command", b"getkeys", b"sort", b"a", b"store", b"b"] + d.maybe(0.5, b"by", b"store", b"store", b"c"),
        lambda: [b"command", b"getkeysandflags", d.rng.choice([b"sort", b"sort_ro"]), b"a"] + d.maybe(0.5, b"limit", b"1", b"2", b"STORE", b"b"),
        lambda: [b"debug", b"protocol", d.rng.choice([b"string", b"integer", b"double", b"bignum", b"null", b"array", b"set", b"map",
                                                      b"verbatim", b"true", b"false", b"bogus"])],
        lambda: [b"debug", d.rng.choice([b"error", b"log"]), d.value()] + d.maybe(0.1, b"x"),
        lambda: [b"debug", d.rng.choice([b"change-repl-id", b"pause-cron", b"object", b"sleep", b"htstats"])],
        lambda: [b"debug", b"populate", b"3", b"w"] if d.rng.random() < 0.1 else [b"debug", b"protocol"],
        lambda: [b"debug", b"htstats", b"99"], lambda: [b"debug", b"object", b"none"],
        lambda: [b"del"] + d.some_keys(2),
        lambda: [b"pexpiretime", d.key()],
        lambda: [b"flushall"] if d.rng.random() < 0.05 else [b"dbsize"],
    ]
    words = d.rng.choice(makers)()
    return words if words[0] in (b"sort", b"restore") else d.spoil(words)
