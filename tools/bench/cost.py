"""What a command costs on a collection of a thousand members and on one of a million: ratios of microseconds.

A ratio near 1 says that the cost does not grow with the collection. Redis' is beside it."""
import time

from side_by_side import benchmark, pair, send_all, shown

VALUE = b"x" * 20
BATCH = 1000
WRITES = 20000  # Of a row: what grows or shrinks does so by that much.

MAKERS = {
    "hash": lambda i: (b"field:%012d" % i, VALUE),
    "set": lambda i: (b"member:%012d" % i,),
    "zset": lambda i: (b"%d" % i, b"member:%012d" % i),
    "list": lambda i: (b"element:%012d" % i,),
}
ADDERS = {"hash": b"HSET", "set": b"SADD", "zset": b"ZADD", "list": b"RPUSH", "stream": b"XADD"}


def rows(size):
    """Title, and words for redis-benchmark, where __rand_int__ is a number below `size`, or below `new` where given."""
    new = 10 ** 9
    return [
        ("HGET", ["HGET", "hash", "field:__rand_int__"], size),
        ("HSET", ["HSET", "hash", "field:__rand_int__", "y" * 20], size),
        ("SISMEMBER", ["SISMEMBER", "set", "member:__rand_int__"], size),
        ("SRANDMEMBER", ["SRANDMEMBER", "set"], size),
        ("SADD, new members", ["SADD", "set", "member:__rand_int__"], new),
        ("SPOP", ["SPOP", "set"], size),
        ("ZSCORE", ["ZSCORE", "zset", "member:__rand_int__"], size),
        ("ZRANK", ["ZRANK", "zset", "member:__rand_int__"], size),
        ("ZRANGE by index, 10 from the middle", ["ZRANGE", "zset", size // 2, size // 2 + 9], size),
        ("ZCOUNT of the middle half", ["ZCOUNT", "zset", size // 4, size * 3 // 4], size),
        ("ZADD, new scores", ["ZADD", "zset", "__rand_int__", "member:__rand_int__"], size),
        ("LINDEX near the end", ["LINDEX", "list", -10], size),
        ("LPUSH", ["LPUSH", "list", "y" * 20], size),
        ("RPOP", ["RPOP", "list"], size),
        ("XADD", ["XADD", "stream", "*", "field", "y" * 20], size),
        ("EXPIRE", ["EXPIRE", "hash", 100000], size),
    ]


def fill(server, size):
    for kind, make in MAKERS.items():
        if server.has(ADDERS[kind].decode()):
            send_all(server, ([ADDERS[kind], kind.encode()] + [word for i in range(begin, min(begin + BATCH, size))
                                                               for word in make(i)] for begin in range(0, size, BATCH)))
    if server.has("XADD"):
        send_all(server, ([b"XADD", b"stream", b"*", b"field", VALUE] for _ in range(size)), 1000)
    if server.kind == "hearth":
        server.ask("SAVE")


def rename(server, times=2000):
    """Microseconds to rename the hash and back, one request at a time."""
    with server.client() as client:
        begin = time.monotonic()
        for _ in range(times):
            client.call("RENAME", "hash", "other")
            client.call("RENAME", "other", "hash")
        return (time.monotonic() - begin) * 1e6 / (2 * times)


def delete(server, times=5):
    """Microseconds until DEL of a copy of the hash is answered: the best of some."""
    best = float("inf")
    with server.client() as client:
        for _ in range(times):
            client.call("COPY", "hash", "copy")
            begin = time.monotonic()
            client.call("DEL", "copy")
            best = min(best, (time.monotonic() - begin) * 1e6)
    return best


def measure(server, size, rounds):
    """Microseconds of each row."""
    cost = {}
    fill(server, size)
    for title, words, range_end in rows(size):
        if not server.has(words[0]):
            continue
        runs = [benchmark(server, words, WRITES, 16, range_end)[0] for _ in range(rounds)]
        cost[title] = 1e6 / max(runs)
    cost["RENAME, one at a time"] = rename(server)
    cost["DEL of all, one at a time"] = delete(server)
    return cost


def show(binary, sizes, rounds):
    costs = {}
    for size in sizes:
        for server in pair(binary, "everysec"):
            try:
                costs[server.kind, size] = measure(server, size, rounds)
            finally:
                server.destroy()
    small, large = sizes
    print("%-40s %11s %11s %8s %12s" % ("us: %d and %d members" % sizes, "hearth", "", "ratio", "redis' ratio"))
    for title, base in costs["hearth", small].items():
        ratios = [costs[kind, large][title] / costs[kind, small][title] for kind in ("hearth", "redis")]
        print("%-40s %11s %11s %8.2f %12.2f" % (title, shown(base), shown(costs["hearth", large][title]), *ratios))
    missing = sorted(set(costs["redis", small]) - set(costs["hearth", small]))
    if missing:
        print("left out, as they are not there: " + ", ".join(missing))
