"""Where Hearth answers otherwise than Redis 7.0 on purpose. Each with its reason; docs/commands.md repeats them."""
import compare


def is_known(words, redis, hearth):
    """Whether this difference is one of the listed ones."""
    return any(rule(compare.called(words), redis, hearth) for rule in RULES)


def raw_encoding(words, redis, hearth):
    """Redis remembers that a short string was once grown in place ("raw"); the value on disk has no such past."""
    return ([w.lower() for w in words[:2]] == [b"object", b"encoding"] and redis[1] in (b"raw", b"embstr", b"int") and
            hearth[1] in (b"embstr", b"int"))


def grown_encoding(words, redis, hearth):
    """Redis keeps the large form of a collection that has become small again; the value as it is now decides here."""
    return ([w.lower() for w in words[:2]] == [b"object", b"encoding"] and redis[1] in (b"hashtable", b"skiplist") and
            hearth[1] in (b"listpack", b"intset"))


def without_negative_zero(reply):
    kind, payload = reply
    if isinstance(payload, list):
        return (kind, [without_negative_zero(item) for item in payload])
    return (kind, b"0" if payload == b"-0" else payload)


def negative_zero(words, redis, hearth):
    """Both keep the sign of a score of -0 in large sorted sets and drop it in small ones, but draw the line at other
    sizes."""
    return words[0].lower().startswith(b"z") and without_negative_zero(redis) == without_negative_zero(hearth)


def scanned_scores(words, redis, hearth):
    """ZSCAN shows whole scores as integers in Redis' small form, which a set that was once large no longer has there."""
    def scores(reply):
        cursor, page = reply[1]
        words = [payload for _, payload in page[1]]
        return cursor, {member: float(score) for member, score in zip(words[::2], words[1::2])}

    return (words[0].lower() == b"zscan" and isinstance(redis[1], list) and isinstance(hearth[1], list) and
            scores(redis) == scores(hearth))


def radix_tree_nodes(words, redis, hearth):
    """XINFO STREAM: there is no radix tree here; its count of nodes is what it would be for ids that differ first in one
    byte."""
    if words[0].lower() != b"xinfo" or not isinstance(redis[1], list) or not isinstance(hearth[1], list):
        return False
    replies = [(kind, list(parts)) for kind, parts in (redis, hearth)]
    for _, parts in replies:
        for i in range(len(parts) - 1):
            if parts[i] == (b"$", b"radix-tree-nodes"):
                parts[i + 1] = (b":", b"some")
    return compare.equal(words, *replies)


def long_errors(words, redis, hearth):
    """Errors are cut at 1,023 bytes, whatever keys they name."""
    return redis[0] == hearth[0] == b"-" and len(hearth[1]) == 1023 and redis[1].startswith(hearth[1])


def idle_time(words, redis, hearth):
    """Times of access are not kept, since nothing is evicted: every key counts as just used."""
    return ([w.lower() for w in words[:2]] == [b"object", b"idletime"] and redis[0] == b":" and hearth == (b":", b"0"))


def sorted_ties(words, redis, hearth):
    """SORT ALPHA compares C strings where it does not store, so members that differ behind a zero byte are ties, and
    whichever comes first is chance; they are ordered by all of their bytes here."""
    def cut(reply):
        return (reply[0], [(kind, payload.split(b"\0")[0] if isinstance(payload, bytes) else payload)
                           for kind, payload in reply[1]])

    return (words[0].lower() in (b"sort", b"sort_ro") and isinstance(redis[1], list) and isinstance(hearth[1], list) and
            cut(redis) == cut(hearth) and sorted(redis[1]) == sorted(hearth[1]))


def object_details(words, redis, hearth):
    """DEBUG OBJECT: where a value lies and when it was last used are told in the server's own terms."""
    def shared(reply):
        return [word for word in reply[1].split() if word.startswith((b"encoding:", b"serializedlength:"))]

    return ([w.lower() for w in words[:2]] == [b"debug", b"object"] and redis[0] == hearth[0] == b"+" and
            shared(redis) == shared(hearth))


RULES = [sorted_ties, object_details, idle_time, raw_encoding, grown_encoding, negative_zero, scanned_scores, radix_tree_nodes, long_errors]
