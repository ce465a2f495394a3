"""When two replies count as equal: byte for byte, but for what Redis itself leaves open.

Each relaxation is named for the commands that it holds for, with its reason.
"""

# Redis' order is that of its hash tables.
UNORDERED = {
    b"keys", b"smembers", b"sinter", b"sunion", b"sdiff", b"hkeys", b"hvals", b"command", b"config",
}
# Pairs in hash table order.
UNORDERED_PAIRS = {b"hgetall"}
# Pages in hash table order.
SCANS = {b"scan", b"hscan", b"sscan", b"zscan"}
SCANS_OF_PAIRS = {b"hscan", b"zscan"}
# Time passes between the two servers: integers may differ by this many units.
TIME_SLACK = {b"ttl": 1, b"pttl": 1500, b"expiretime": 1, b"pexpiretime": 1500}
# Random by contract: only the shape is compared.
RANDOM = {b"randomkey", b"srandmember", b"hrandfield", b"zrandmember", b"spop", b"time", b"lastsave"}


def sort_key(reply):
    return repr(reply)


def unordered(reply):
    kind, payload = reply
    if isinstance(payload, list):
        return (kind, sorted(payload, key=sort_key))
    return reply


def unordered_pairs(reply):
    kind, payload = reply
    if isinstance(payload, list) and len(payload) % 2 == 0:
        return (kind, sorted(zip(payload[::2], payload[1::2]), key=sort_key))
    return reply


def shape(reply):
    """Types and lengths alone: what a random choice leaves fixed."""
    kind, payload = reply
    return (kind, len(payload) if isinstance(payload, list) else None)


def same_page(a, b, is_pairs):
    """Pages of SCAN or its kin: elements in any order. Where a page ends is the servers' own affair, so only two that
    are both the last of one page's scan must hold the same."""
    pages = [reply[1] for reply in (a, b)]
    if not all(isinstance(page, list) and len(page) == 2 and isinstance(page[1][1], list) for page in pages):
        return a == b
    if any(page[0][1] != b"0" for page in pages):
        return True
    order = unordered_pairs if is_pairs else unordered
    return order(pages[0][1]) == order(pages[1][1])


def near(a, b, slack):
    if a[0] == b[0] == b":":
        x, y = int(a[1]), int(b[1])
        return x == y or (x > 0 and y > 0 and abs(x - y) <= slack)
    return a == b


def is_time(value):
    """A wall-clock time in ms."""
    return isinstance(value, bytes) and len(value) == 13 and value.isdigit()


def without_times(reply, of_pending):
    """XPENDING and XINFO: when and how long ago something was delivered or seen is left out; `of_pending` is of the
    former, whose entries are id, consumer, idle time, count."""
    kind, payload = reply
    if kind == b":" and is_time(payload):
        return (kind, b"time")
    if not isinstance(payload, list):
        return reply
    parts = [without_times(part, of_pending) for part in payload]
    if of_pending and len(parts) == 4 and parts[0][0] == b"$" and parts[2][0] == b":":
        parts[2] = (b":", b"idle")
    for i in range(len(parts) - 1):
        if parts[i] == (b"$", b"idle"):
            parts[i + 1] = (b":", b"idle")
    return (kind, parts)


def called(words):
    """The command that a script calls with the words that it was given."""
    if words[0] == b"eval" and b"(unpack(ARGV))" in words[1] and len(words) > 3:
        return words[3:]
    return words


LATER = {b"client|setinfo", b"waitaof"}  # Commands.


def is_one_command(word):
    return word[:1] in (b"+", b"-") and word[1:2] != b"@"


def without_order_of_commands(reply):
    """ACL rules: after the categories Redis names single commands in the order of its hash table. What is a later
    Redis' only Hearth can name."""
    kind, payload = reply
    if isinstance(payload, list):
        return (kind, [without_order_of_commands(part) for part in payload])
    if not isinstance(payload, bytes) or b"@all" not in payload:
        return reply
    parts = []
    for part in payload.split(b"("):
        rules = [rule for rule in part.split(b" ") if rule.rstrip(b")")[1:] not in LATER]
        parts += [rule for rule in rules if not is_one_command(rule.rstrip(b")"))]
        parts += sorted(rule.rstrip(b")") for rule in rules if is_one_command(rule.rstrip(b")")))
    return (kind, tuple(parts))


def equal(words, a, b):
    """Whether `a` and `b` are equal answers to the command `words`."""
    if a == b:
        return True
    words = called(words)
    name = words[0].lower()
    if [w.lower() for w in words[:2]] == [b"function", b"list"]:
        return unordered(a) == unordered(b)
    if a[0] == b"-" or b[0] == b"-":
        return False
    if name in TIME_SLACK:
        return near(a, b, TIME_SLACK[name])
    if name in UNORDERED:
        return unordered(a) == unordered(b)
    if name in SCANS:
        return same_page(a, b, name in SCANS_OF_PAIRS)
    if name in UNORDERED_PAIRS:
        return unordered_pairs(a) == unordered_pairs(b)
    if name in {b"xpending", b"xinfo"}:
        return without_times(a, name == b"xpending") == without_times(b, name == b"xpending")
    if name == b"acl" and words[1].lower() == b"genpass":
        return len(a[1]) == len(b[1])
    if name == b"acl" and words[1].lower() == b"cat":
        return unordered(a) == unordered(b)
    if name == b"acl":
        return without_order_of_commands(a) == without_order_of_commands(b)
    if name in RANDOM:
        return shape(a) == shape(b)
    return False
