"""Places: adding, single members, and searches of every form, near and far, at poles and at the date line."""

MEMBERS = [b"m%d" % i for i in range(150)] + [b"", b"m\x00x", b"long" * 150]
UNITS = [b"m", b"km", b"ft", b"mi", b"KM", b"Mi"]
# Where cells meet, wrap around or end, and where scores of the sets are the same.
LONGITUDES = [b"0", b"180", b"-180", b"179.9999", b"-179.9999", b"90", b"-90", b"13.361389", b"15.087269", b"45",
              b"0.0000001", b"-0"]
LATITUDES = [b"0", b"85.05112878", b"-85.05112878", b"85", b"-85", b"66", b"-67", b"81", b"38.115556", b"37.502669",
             b"45", b"-0"]
ODD = [b"", b"abc", b"nan", b"inf", b"-inf", b"181", b"-180.001", b"86", b"1e400", b" 1", b"0x10", b"1e1"]


def key(d):
    return d.rng.choice(d.keys[:4]) if d.rng.random() < 0.95 else d.key()


def member(d):
    return d.rng.choice(MEMBERS)


def coordinate(d, edges, most):
    roll = d.rng.random()
    if roll < 0.03:
        return d.rng.choice(ODD)
    if roll < 0.2:
        return d.rng.choice(edges)
    if roll < 0.6:
        return b"%.6f" % d.rng.uniform(10, 16)  # Near each other.
    return b"%.6f" % d.rng.uniform(-most, most)


def point(d):
    return [coordinate(d, LONGITUDES, 180), coordinate(d, LATITUDES, 85)]


def unit(d):
    return d.rng.choice(UNITS) if d.rng.random() < 0.97 else d.rng.choice([b"cm", b"", b"k"])


def length(d):
    roll = d.rng.random()
    if roll < 0.04:
        return d.rng.choice(ODD + [b"-1", b"-0.5"])
    if roll < 0.1:
        return d.rng.choice([b"0", b"1", b"1e9", b"20037726", b"5000000", b"0.0001"])
    return b"%.3f" % (10 ** d.rng.uniform(0, 4.5))


def places(d):
    return [w for _ in range(d.rng.choice([1, 1, 2, 5, 20, 80])) for w in point(d) + [member(d)]]


def options(d, chance=0.25):
    words = []
    for option in ([b"WITHDIST"], [b"WITHHASH"], [b"WITHCOORD"], [b"ASC"], [b"DESC"],
                   [b"COUNT", d.rng.choice([b"1", b"2", b"3", b"10", b"50", b"0", b"-1", b"x", b"99999999999"])],
                   [b"ANY"] if d.rng.random() < 0.3 else [b"COUNT", b"5", b"ANY"]):
        if d.rng.random() < chance:
            words.append(option)
    d.rng.shuffle(words)
    return [w for option in words for w in option]


def shape(d):
    words = [d.rng.choice([[b"FROMMEMBER", member(d)], [b"FROMLONLAT"] + point(d)]),
             d.rng.choice([[b"BYRADIUS", length(d), unit(d)], [b"BYBOX", length(d), length(d), unit(d)]])]
    if d.rng.random() < 0.06:
        words.append(d.rng.choice([[b"FROMMEMBER", member(d)], [b"FROMLONLAT"] + point(d),
                                   [b"BYRADIUS", length(d), unit(d)], [b"BYBOX", length(d), length(d), unit(d)]]))
    if d.rng.random() < 0.04:
        words.pop(d.rng.randrange(len(words)))
    words.append(options(d))
    d.rng.shuffle(words)
    return [w for part in words for w in part]


def destination(d, chance=0.3):
    return d.maybe(chance, d.rng.choice([b"STORE", b"STOREDIST", b"store"]), b"to:%d" % d.rng.randrange(3))


def command(d):
    makers = [
        lambda: [b"geoadd", key(d)] + d.maybe(0.2, d.rng.choice([b"NX", b"XX"])) + d.maybe(0.2, b"CH") + places(d),
        lambda: [b"geoadd", key(d)] + places(d),
        lambda: [b"geoadd", key(d), d.rng.choice([b"NX", b"nx", b"FOO"]), d.rng.choice([b"XX", b"ch"])] + places(d),
        lambda: [b"geodist", key(d), member(d), member(d)] + d.maybe(0.6, unit(d)) + d.maybe(0.05, b"x"),
        lambda: [b"geohash", key(d)] + [member(d) for _ in range(d.rng.randint(0, 5))],
        lambda: [b"geopos", key(d)] + [member(d) for _ in range(d.rng.randint(0, 5))],
        lambda: [b"geosearch", key(d)] + shape(d),
        lambda: [b"geosearch", key(d)] + shape(d),
        lambda: [b"geosearch", key(d)] + shape(d),
        lambda: [b"geosearchstore", b"to:%d" % d.rng.randrange(3), key(d)] + shape(d) + d.maybe(0.3, b"STOREDIST"),
        lambda: [b"georadius", key(d)] + point(d) + [length(d), unit(d)] + options(d),
        lambda: [b"georadius", key(d)] + point(d) + [length(d), unit(d)] + options(d, 0.06) + destination(d),
        lambda: [b"georadius_ro", key(d)] + point(d) + [length(d), unit(d)] + options(d) + destination(d, 0.05),
        lambda: [b"georadiusbymember", key(d), member(d), length(d), unit(d)] + options(d),
        lambda: [b"georadiusbymember", key(d), member(d), length(d), unit(d)] + options(d, 0.06) + destination(d),
        lambda: [b"georadiusbymember", key(d), member(d), length(d), unit(d)] + destination(d, 0.9) + destination(d, 0.9),
        lambda: [b"georadiusbymember_ro", key(d), member(d), length(d), unit(d)] + options(d) + destination(d, 0.05),
        lambda: [b"zrange", d.rng.choice([b"to:0", b"to:1", b"to:2"]), b"0", b"-1", b"WITHSCORES"],
        lambda: [b"zrange", key(d), b"0", b"-1", b"WITHSCORES"],
        lambda: [b"zadd", key(d), d.rng.choice([b"-1", b"1e30", b"inf", b"-inf", b"4503599627370496", b"12345.5",
                                                b"9223372036854775807", b"1e19", b"-1e19", b"0"]), member(d)]
        if d.rng.random() < 0.1 else [b"exists", key(d)],
        lambda: [b"del", key(d)] if d.rng.random() < 0.15 else [b"type", key(d)],
        lambda: [b"lpush", key(d), b"x"] if d.rng.random() < 0.03 else [b"zcard", key(d)],
        lambda: [b"command", b"getkeys", b"georadius", key(d)] + point(d) + [length(d), unit(d)] + destination(d, 0.6),
        lambda: [b"command", b"getkeysandflags", b"georadiusbymember", key(d), member(d), length(d), unit(d)] +
        d.maybe(0.6, b"STOREDIST", b"to:1") + d.maybe(0.6, b"STORE", b"to:2"),
        lambda: [b"pexpireat", b"to:1", b"4102444800000"],
    ]
    return d.spoil(d.rng.choice(makers)())
