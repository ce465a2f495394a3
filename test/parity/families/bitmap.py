"""Bitmaps: bits, counts, searches, combinations and numbers of any width, in short strings and in long ones."""

OFFSETS = [b"0", b"1", b"7", b"8", b"9", b"63", b"64", b"127", b"130000", b"131071", b"131072", b"130944", b"400001",
           b"4294967295", b"4294967296", b"-1", b"abc", b"", b"01", b"+1"]
FORMS = [b"u1", b"i1", b"u8", b"i8", b"u7", b"i13", b"u16", b"i16", b"u32", b"i32", b"u63", b"i63", b"i64", b"u64",
         b"i65", b"u0", b"i0", b"u", b"x8", b"I8", b"u08", b"", b"i-1", b"u8 ", b"i8\x00z"]
NUMBERS = [b"0", b"1", b"-1", b"127", b"128", b"-128", b"-129", b"255", b"256", b"32767", b"-32768", b"65535",
           b"2147483647", b"-2147483648", b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808",
           b"abc"]
LONG = [b"\x00" * 20000, b"\xff" * 20000, b"\xff" * 40000 + b"\x0f", b"\x00" * 33000 + b"\x10", b"\xaa\x55" * 9000]


def offset(d):
    if d.rng.random() < 0.6:
        return b"%d" % d.rng.randint(0, 300)
    chosen = d.rng.choice(OFFSETS)
    # The largest offset makes a value of half a gigabyte in redis-server.
    return chosen if chosen != b"4294967295" or d.rng.random() < 0.01 else b"131073"


def position(d):
    roll = d.rng.random()
    if roll < 0.55:
        return b"%d" % d.rng.randint(-40, 40)
    if roll < 0.85:
        return b"%d" % d.rng.randint(-330000, 330000)
    return d.integer()


def field(d):
    form = d.rng.choice(FORMS[:13]) if d.rng.random() < 0.93 else d.rng.choice(FORMS)
    roll = d.rng.random()
    if roll < 0.3:
        at = b"#%d" % d.rng.randint(0, 30)
    elif roll < 0.33:
        at = d.rng.choice([b"#", b"#-1", b"#a", b"#9223372036854775807", b"#4611686018427387904", b"#5000"])
    elif roll < 0.9:
        at = b"%d" % d.rng.randint(0, 300)
    else:
        at = offset(d)
    return [form, at if at != b"4294967295" else b"131070"]


def number(d):
    return d.rng.choice(NUMBERS) if d.rng.random() < 0.6 else b"%d" % d.rng.randint(-300, 300)


def operations(d, only_reads=False):
    words = []
    for _ in range(d.rng.randint(0, 4)):
        roll = d.rng.random()
        if only_reads or roll < 0.3:
            words += [b"GET"] + field(d)
        elif roll < 0.5:
            words += [b"OVERFLOW", d.rng.choice([b"WRAP", b"sat", b"FAIL", b"fail", b"SAT", b"wrap", b"none"])
                      if d.rng.random() < 0.2 else d.rng.choice([b"WRAP", b"SAT", b"FAIL"])]
        elif roll < 0.75:
            words += [b"SET"] + field(d) + [number(d)]
        else:
            words += [b"INCRBY"] + field(d) + [number(d)]
    return words


def unit(d):
    return d.maybe(0.5, d.rng.choice([b"BYTE", b"BIT", b"bit", b"byte", b"BITS"]) if d.rng.random() < 0.3
                   else d.rng.choice([b"BYTE", b"BIT"]))


def value(d):
    roll = d.rng.random()
    if roll < 0.25:
        return d.rng.choice(LONG)
    if roll < 0.5:
        return d.rng.choice([b"\xff" * 10, b"\x00" * 9, b"\xff\xf0\x00", b"\x00\xff", b""])
    return d.value()


def command(d):
    makers = [
        lambda: [b"setbit", d.key(), offset(d), d.rng.choice([b"0", b"1", b"1", b"2", b"-1", b"x"])
                 if d.rng.random() < 0.2 else d.rng.choice([b"0", b"1"])],
        lambda: [b"setbit", d.key(), b"%d" % d.rng.randint(0, 200), d.rng.choice([b"0", b"1"])],
        lambda: [b"getbit", d.key(), offset(d)],
        lambda: [b"bitcount", d.key()],
        lambda: [b"bitcount", d.key(), position(d), position(d)] + unit(d),
        lambda: [b"bitcount", d.key(), position(d)],
        lambda: [b"bitpos", d.key(), d.rng.choice([b"0", b"1"])],
        lambda: [b"bitpos", d.key(), d.rng.choice([b"0", b"1"]), position(d)],
        lambda: [b"bitpos", d.key(), d.rng.choice([b"0", b"1"]), position(d), position(d)] + unit(d),
        lambda: [b"bitpos", d.key(), d.integer(), position(d), position(d)] + unit(d),
        lambda: [b"bitop", d.rng.choice([b"AND", b"OR", b"XOR", b"and", b"xor", b"or"]), d.key()] + d.some_keys(),
        lambda: [b"bitop", b"NOT", d.key()] + d.some_keys(2 if d.rng.random() < 0.1 else 1),
        lambda: [b"bitop", d.word(), d.key()] + d.some_keys(2),
        lambda: [b"bitfield", d.key()] + operations(d),
        lambda: [b"bitfield", d.key()] + operations(d),
        lambda: [b"bitfield_ro", d.key()] + operations(d, d.rng.random() < 0.8),
        lambda: [b"command", b"getkeysandflags", b"bitfield", d.key()] + operations(d),
        lambda: [b"command", b"getkeysandflags", b"bitop", b"and", d.key()] + d.some_keys(),
        lambda: [b"set", d.key(), value(d)],
        lambda: [b"set", d.key(), value(d)],
        lambda: [b"get", d.key()],
        lambda: [b"strlen", d.key()],
        lambda: [b"exists", d.key()],
        lambda: [b"del", d.key()],
        lambda: [b"pexpireat", d.key(), b"4102444800000"],
        lambda: [b"pexpiretime", d.key()],
        lambda: [b"lpush", d.key(), b"x"] if d.rng.random() < 0.2 else [b"type", d.key()],
    ]
    words = d.rng.choice(makers)()
    if words[0] in (b"get", b"bitop") and d.rng.random() < 0.5:
        words = [b"bitcount", d.key()]
    return d.spoil(words)
