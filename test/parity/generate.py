"""What families of commands draw from: keys, values and numbers that sit on the edges."""

INTEGERS = [
    b"0", b"1", b"-1", b"2", b"3", b"5", b"10", b"100", b"-100", b"9223372036854775807", b"-9223372036854775808",
    b"9223372036854775808", b"-9223372036854775809", b"2147483647", b"2147483648", b"-2147483649", b"4294967296",
    b"+1", b" 1", b"1 ", b"01", b"-0", b"", b"abc", b"1.0", b"1e3", b"0x10", b"536870911", b"536870912",
]
FLOATS = INTEGERS + [
    b"1.5", b"-1.5", b"0.1", b"3.14159265358979", b"1e10", b"1e-10", b"1e400", b"-1e400", b"inf", b"-inf", b"nan",
    b"+inf", b"infinity", b"0x1p3", b".5", b"5.", b"1.5abc", b"1e", b"123456789012345678901234567890", b"2.0e+2",
]
VALUES = [
    b"", b"a", b"abc", b"hello world", b"\x00", b"\xff\xfe", b"line\r\nbreak", b"x" * 44, b"x" * 45, b"10", b"-5",
    b"3.25", b"1e3", b"00012", b"y" * 300, b"z" * 20000, b"foobar", b"ohmytext", b"mynewtext",
]
WORDS = [b"NX", b"XX", b"GT", b"LT", b"GET", b"EX", b"PX", b"EXAT", b"PXAT", b"KEEPTTL", b"PERSIST", b"CH", b"INCR",
         b"BOGUS", b"LIMIT", b"COUNT", b"MATCH", b"REPLACE", b"DB", b"", b"withscores"]


def mixed_case(rng, word):
    return bytes(rng.choice((c, c ^ 0x20)) if 65 <= (c & ~0x20) <= 90 else c for c in word)


class Draw:
    """A seeded source of arguments. Families take what they need from it."""

    def __init__(self, rng, key_count=12):
        self.rng = rng
        self.keys = [b"key:%d" % i for i in range(key_count)] + [b"", b"k\x00y", b"long" * 200]

    def key(self):
        return self.rng.choice(self.keys)

    def some_keys(self, most=4):
        return [self.key() for _ in range(self.rng.randint(1, most))]

    def value(self):
        return self.rng.choice(VALUES) if self.rng.random() < 0.7 else b"v%d" % self.rng.randrange(10 ** 6)

    def integer(self):
        return self.rng.choice(INTEGERS) if self.rng.random() < 0.6 else b"%d" % self.rng.randint(-20, 20)

    def good_integer(self, low=-20, high=20):
        return b"%d" % self.rng.randint(low, high)

    def float(self):
        return self.rng.choice(FLOATS) if self.rng.random() < 0.7 else b"%.3f" % self.rng.uniform(-50, 50)

    def word(self):
        return self.rng.choice(WORDS)

    def maybe(self, chance, *words):
        return list(words) if self.rng.random() < chance else []

    def spoil(self, words):
        """Now and then break a command: drop, add, double or swap a word, change case."""
        roll = self.rng.random()
        if roll < 0.03 and len(words) > 1:
            words = words[:-1]
        elif roll < 0.06:
            words = words + [self.word()]
        elif roll < 0.08 and len(words) > 2:
            i = self.rng.randrange(1, len(words))
            words = words[:i] + [self.word()] + words[i + 1:]
        elif roll < 0.12:
            words = [mixed_case(self.rng, words[0])] + words[1:]
        return words
