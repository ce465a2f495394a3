"""Clients that wait for items of streams, alone and as groups, and what ends their wait.

Ids are given as 5-*, which counts on from the last one: "*" alone would differ with the clock.
"""

RELEASE = [b"XADD", b"a", b"9-*", b"released", b"1"]

SCRIPTS = {
    "one item serves all readers": """
        a: XREAD BLOCK 0 STREAMS s $
        b: XREAD COUNT 5 BLOCK 0 STREAMS s 0
        c: XREAD BLOCK 0 STREAMS s 7-1
        p: XADD s 5-* f 1
        p: XADD s 7-1 f 2
        p: XADD s 7-2 f 3
    """,
    "the last id is that of the first call": """
        p: XADD s 5-1 f 0
        a: XREAD BLOCK 0 STREAMS s $
        p: XDEL s 5-1
        p: MULTI | XADD s 5-2 f 1 | XADD s 5-3 f 2 | EXEC
        b: XREAD BLOCK 0 STREAMS s $ t
        b: XREAD BLOCK 0 STREAMS s t $ $
        p: XADD t 1-1 f 3
    """,
    "the key that became ready first": """
        a: XREAD BLOCK 0 STREAMS s t 0 0
        p: MULTI | XADD t 1-1 f 1 | XADD s 1-1 f 2 | EXEC
        a: XREAD BLOCK 0 STREAMS s t u 1 1 $
        p: XADD u 3-3 f 3
    """,
    "who need not wait": """
        p: XADD s 1-1 f 1
        p: XADD s 1-2 f 2
        a: XREAD BLOCK 0 COUNT 1 STREAMS s t 0 0
        a: XREAD BLOCK 0 STREAMS t s $ 1-1
        a~ XREAD BLOCK 10 STREAMS t s $ 1-2
        a~ XREAD BLOCK 10 STREAMS s s 1-2 $
        a: MULTI | XREAD BLOCK 0 STREAMS t $ | XREAD BLOCK 0 STREAMS s 1-1 | EXEC
        a: XREAD BLOCK -1 STREAMS s $
        a: XREAD BLOCK x STREAMS s $
        a: XREAD BLOCK 9223372036854775807 STREAMS s $
    """,
    "another type, and none": """
        a: XREAD BLOCK 0 STREAMS s $
        p: SET s string
        p: DEL s
        p: RPUSH s x
        p: DEL s
        p: XADD s 1-1 f 1
        p: SET t string
        a: XREAD BLOCK 0 STREAMS s t $ $
    """,
    "a stream that becomes one by other means": """
        p: XADD t 5-5 f 1
        a: XREAD BLOCK 0 STREAMS s 0
        p: XGROUP CREATE s g $ MKSTREAM
        p: XADD s NOMKSTREAM 6-6 f 2
        p: XLEN s
    """,
    "what a transaction takes back": """
        a: XREAD BLOCK 0 STREAMS s $
        p: MULTI | XADD s 1-1 f 1 | DEL s | EXEC
        p: XADD s 1-1 f 1
    """,
    "a group's items go to one each": """
        p: XGROUP CREATE s g $ MKSTREAM
        a: XREADGROUP GROUP g alice COUNT 1 BLOCK 0 STREAMS s >
        b: XREADGROUP GROUP g bob COUNT 1 BLOCK 0 STREAMS s >
        c: XREADGROUP GROUP g carol BLOCK 0 STREAMS s >
        p: MULTI | XADD s 1-1 f 1 | XADD s 1-2 f 2 | EXEC
        p: XADD s 1-3 f 3
        p: XPENDING s g
        p: XINFO GROUPS s
    """,
    "history and what is new": """
        p: XGROUP CREATE s g $ MKSTREAM
        a: XREADGROUP GROUP g alice BLOCK 0 STREAMS s 0
        p: XADD s 1-1 f 1
        a: XREADGROUP GROUP g alice BLOCK 0 NOACK STREAMS s >
        a: XREADGROUP GROUP g alice BLOCK 0 NOACK STREAMS s >
        p: XADD s 1-2 f 1
        a: XREADGROUP GROUP g alice BLOCK 0 STREAMS s 0
        a~ XREADGROUP GROUP g alice BLOCK 10 STREAMS s >
        p: XPENDING s g
        p: XINFO GROUPS s
        a: MULTI | XREADGROUP GROUP g alice BLOCK 0 STREAMS s > | EXEC
    """,
    "the group goes": """
        p: XGROUP CREATE s g $ MKSTREAM
        p: XGROUP CREATE s h $
        a: XREADGROUP GROUP g alice BLOCK 0 STREAMS s >
        b: XREADGROUP GROUP h bob BLOCK 0 STREAMS s >
        c: XREAD BLOCK 0 STREAMS s $
        p: XGROUP DESTROY s g
        p: XGROUP DESTROY s g
        p: XADD s 1-1 f 1
    """,
    "the stream goes": """
        p: XGROUP CREATE s g $ MKSTREAM
        a: XREADGROUP GROUP g alice BLOCK 0 STREAMS s >
        b: XREAD BLOCK 0 STREAMS s $
        p: DEL s
        p: XGROUP CREATE s g $ MKSTREAM
        a: XREADGROUP GROUP g alice BLOCK 0 STREAMS s >
        p: SET s string
        p: DEL s
        p: XADD s 1-1 f 1
    """,
    "the stream goes by other ways": """
        p: XGROUP CREATE s g $ MKSTREAM
        a: XREADGROUP GROUP g alice BLOCK 0 STREAMS s >
        p: RENAME s t
        a: XREADGROUP GROUP g alice BLOCK 0 STREAMS t >
        p: FLUSHALL
        p: XGROUP CREATE s g $ MKSTREAM
        a: XREADGROUP GROUP g alice BLOCK 0 STREAMS s >
        p: MULTI | DEL s | SADD s x | EXEC
        p: DEL s
        p: XGROUP CREATE s g $ MKSTREAM
        a: XREADGROUP GROUP g alice BLOCK 0 STREAMS s >
        p: MULTI | DEL s | XGROUP CREATE s g $ MKSTREAM | EXEC
        p: XADD s 1-1 f 1
    """,
    "nobody waits for a group that is not there": """
        a: XREADGROUP GROUP g alice BLOCK 0 STREAMS s >
        p: XADD s 1-1 f 1
        a: XREADGROUP GROUP g alice BLOCK 0 STREAMS s >
        a: XREADGROUP GROUP g alice BLOCK 0 STREAMS s $
        a: XREADGROUP BLOCK 0 STREAMS s >
        a: XREAD GROUP g alice BLOCK 0 STREAMS s >
        a: XREAD BLOCK 0 STREAMS s >
    """,
    "told to go": """
        p: XGROUP CREATE s g $ MKSTREAM
        a: XREADGROUP GROUP g alice BLOCK 0 STREAMS s >
        b: XREAD BLOCK 0 STREAMS s t $ $
        p: CLIENT UNBLOCK @a
        p: CLIENT UNBLOCK @b ERROR
        b: XREAD BLOCK 0 STREAMS s $
        b closes
        p: XADD s 1-1 f 1
    """,
    "a transaction that watches": """
        w: WATCH s
        p: XADD s 1-1 f 1
        w: MULTI | PING | EXEC
        p: XGROUP CREATE s g 0
        w: WATCH s
        a: XREADGROUP GROUP g alice COUNT 1 BLOCK 0 STREAMS s >
        p: XTRIM s MAXLEN 0
        w: MULTI | PING | EXEC
    """,
    "events": """
        p: XADD s 1-1 f 1
        p: XADD s MAXLEN 1 1-2 f 1
        p: XTRIM s MAXLEN 0
        p: XTRIM s MAXLEN 0
        p: XADD s 1-3 f 1
        p: XDEL s 1-3 1-4
        p: XSETID s 9-9
        p: XGROUP CREATE s g 0
        p: XGROUP CREATECONSUMER s g a
        p: XGROUP CREATECONSUMER s g a
        p: XGROUP SETID s g 0
        p: XADD s 9-10 f 1
        p: XREADGROUP GROUP g b STREAMS s >
        p: XCLAIM s g c 0 9-10
        p: XAUTOCLAIM s g d 0 0
        p: XACK s g 9-10
        p: XGROUP DELCONSUMER s g a
        p: XGROUP DELCONSUMER s g a
        p: XGROUP DESTROY s g
        p: COPY s t
        p: RENAME t u
        p: DEL s u
    """,
}


def keys(rng, most=2):
    return [rng.choice([b"a", b"b", b"c"]) for _ in range(rng.randint(1, most))]


def write(rng):
    key = keys(rng, 1)[0]
    return rng.choice([
        [b"XADD", key, b"5-*", b"f", b"%d" % rng.randrange(100)],
        [b"XADD", key, b"5-*", b"f", b"%d" % rng.randrange(100)],
        [b"XADD", key, b"MAXLEN", b"2", b"5-*", b"f", b"v"],
        [b"XGROUP", b"CREATE", key, rng.choice([b"g", b"h"]), rng.choice([b"0", b"$"]), b"MKSTREAM"],
        [b"XGROUP", b"DESTROY", key, rng.choice([b"g", b"h"])],
        [b"XDEL", key, b"5-%d" % rng.randrange(6)],
        [b"XACK", key, b"g", b"5-%d" % rng.randrange(6)],
        [b"XAUTOCLAIM", key, b"g", b"bob", b"0", b"0"],
        [b"DEL", key],
        [b"SET", key, b"string"] if rng.random() < 0.3 else [b"XLEN", key],
        [b"XINFO", b"GROUPS", key],
        [b"XPENDING", key, b"g"],
    ])


def wait(rng):
    names = keys(rng)
    count = [b"COUNT", b"%d" % rng.randint(1, 3)] if rng.random() < 0.4 else []
    if rng.random() < 0.5:
        return [b"XREAD"] + count + [b"BLOCK", b"0", b"STREAMS"] + names + [rng.choice([b"$", b"$", b"5-3"]) for _ in names]
    noack = [b"NOACK"] if rng.random() < 0.2 else []
    group = [b"GROUP", rng.choice([b"g", b"h"]), rng.choice([b"alice", b"bob"])]
    return [b"XREADGROUP"] + group + count + [b"BLOCK", b"0"] + noack + [b"STREAMS"] + names + [b">" for _ in names]


def act(rng, free, blocked):
    """Who acts next, and with what."""
    name = rng.choice(free)
    if rng.random() < 0.45 and len(blocked) < 4:
        return name, [wait(rng)]
    if blocked and rng.random() < 0.08:
        return name, [[b"CLIENT", b"UNBLOCK", b"@" + rng.choice(blocked).encode()]]
    if rng.random() < 0.25:
        return name, [[b"MULTI"]] + [write(rng) for _ in range(rng.randint(1, 4))] + [[b"EXEC"]]
    return name, [write(rng)]
