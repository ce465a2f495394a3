"""Where Hearth answers otherwise than Redis 7.0 on purpose. Each with its reason; docs/commands.md repeats them."""


def is_known(words, redis, hearth):
    """Whether this difference is one of the listed ones."""
    return any(rule(words, redis, hearth) for rule in RULES)


def raw_encoding(words, redis, hearth):
    """Redis remembers that a short string was once grown in place ("raw"); the value on disk has no such past."""
    return ([w.lower() for w in words[:2]] == [b"object", b"encoding"] and redis[1] in (b"raw", b"embstr", b"int") and
            hearth[1] in (b"embstr", b"int"))


def grown_encoding(words, redis, hearth):
    """Redis keeps the large form of a collection that has become small again; the value as it is now decides here."""
    return ([w.lower() for w in words[:2]] == [b"object", b"encoding"] and redis[1] in (b"hashtable", b"skiplist") and
            hearth[1] in (b"listpack", b"intset"))


RULES = [raw_encoding, grown_encoding]
