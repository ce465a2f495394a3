"""Clients that wait for lists and sorted sets: who is served, with what, in which order.

A line is a step: `name: command` (more than one, sent at once, parted by |), `name~ command` for one whose time passes,
`name! command` for one that gets no reply; `name returns` when its time has passed, `name closes`. @name among the
words is that client's id.
"""

RELEASE = [b"RPUSH", b"a", b"x", b"y"]

# What DUMP gives for a list of 1 and 2, and for a sorted set of "a" with the score 1.
LIST_DUMP = (
    r"\x12\x01\x02\x0b\x0b\x00\x00\x00\x02\x00\x01\x01\x02\x01\xff\x0a\x00\xdd\xe7\x1a"
    r"\x28\xae\x39\x1b\x98")
ZSET_DUMP = (
    r"\x11\x0c\x0c\x00\x00\x00\x02\x00\x81\x61\x02\x01\x01\xff\x0a\x00\xa8\x05\xce\xb8"
    r"\xd7\xa9\x33\x02")

SCRIPTS = {
    "one push serves as many as it has elements, first come first served": """
        a: BLPOP q 0
        b: BRPOP q 0
        c: BLPOP q 0
        p: RPUSH q 1 2 3 4
        p: LRANGE q 0 -1
    """,
    "one element serves one": """
        a: BLPOP q 0
        b: BLPOP q 0
        p: RPUSH q 1
        p: LPUSH q 2
        p: EXISTS q
    """,
    "the first list in the order of the words, when it need not wait": """
        p: RPUSH b 1
        p: RPUSH a 2
        a: BLPOP x a b 0
        a: BRPOP b a 0
    """,
    "the key that became ready first, when it waits": """
        a: BLPOP a b 0
        p: MULTI | RPUSH b 1 | RPUSH a 2 | EXEC
        p: LRANGE a 0 -1
    """,
    "a key that is named twice": """
        a: BLPOP q q r q 0
        b: BLPOP q 0
        p: RPUSH q 1
        p: RPUSH q 2
    """,
    "a waiter on several keys leaves all lines": """
        a: BLPOP x y z 0
        b: BLPOP y 0
        p: RPUSH z 1
        p: RPUSH y 2
        p: RPUSH x 3
        p: LLEN x
    """,
    "a transaction serves when it has ended": """
        a: BLPOP q 0
        p: MULTI | RPUSH q 1 | LPUSH q 0 | LRANGE q 0 -1 | EXEC
        p: LRANGE q 0 -1
    """,
    "what a transaction takes back serves nobody": """
        a: BLPOP q 0
        p: MULTI | RPUSH q 1 | DEL q | EXEC
        p: MULTI | RPUSH q 1 | LPOP q | EXEC
        p: MULTI | RPUSH q 1 | RENAME q r | EXEC
        p: MULTI | RPUSH q 1 | DEL q | SET q string | EXEC
        p: DEL q
        p: RPUSH q 2
    """,
    "a key that is ready early for nobody has no place yet": """
        a: BLPOP a b 0
        p: MULTI | SET a string | RPUSH b 1 | DEL a | RPUSH a 2 | EXEC
        p: LRANGE a 0 -1
    """,
    "a key that was ready keeps its place": """
        a: BLPOP a b 0
        p: MULTI | RPUSH a 0 | DEL a | RPUSH b 1 | RPUSH a 2 | EXEC
        p: LRANGE b 0 -1
    """,
    "inside a transaction nobody waits": """
        a: MULTI | BLPOP q 0 | BRPOP q 0 | BLMOVE q r LEFT LEFT 0 | BRPOPLPUSH q r 0 | BLMPOP 0 1 q LEFT | EXEC
        p: RPUSH q 1 2 3 4 5 6
        a: MULTI | BLPOP q 0 | BRPOP q 0 | BLMOVE q r LEFT LEFT 0 | BRPOPLPUSH q r 0 | BLMPOP 0 1 q LEFT COUNT 5 | EXEC
        p: LRANGE r 0 -1
    """,
    "another type under a waited key": """
        a: BLPOP q r 0
        b: BLMOVE q r LEFT RIGHT 0
        p: SET q string
        p: SADD r member
        p: DEL q
        p: HSET q f v
        p: DEL r
        p: RPUSH r 1
        p: RENAME r q
        p: RPUSH r 2
    """,
    "another type at once": """
        p: SET q string
        a: BLPOP x q 0
        a: BLMPOP 0 2 x q RIGHT
        a: BLMOVE q x LEFT LEFT 0
        a: BRPOPLPUSH q x 0
        p: RPUSH l 1
        a: BLMOVE l q LEFT LEFT 0
        a: BLPOP l q 0
        a~ BLMOVE x q LEFT LEFT 0.001
    """,
    "the destination has another type when it comes to moving": """
        a: BLMOVE q d LEFT LEFT 0
        b: BRPOPLPUSH q d 0
        c: BLPOP q 0
        p: SET d string
        p: RPUSH q 1
        p: LRANGE q 0 -1
    """,
    "moves wake further waiters": """
        d: BLPOP q4 0
        c: BLMOVE q3 q4 LEFT RIGHT 0
        b: BLMOVE q2 q3 RIGHT LEFT 0
        a: BRPOPLPUSH q1 q2 0
        p: RPUSH q1 x
        p: KEYS *
    """,
    "moves in a circle": """
        a: BLMOVE x y LEFT RIGHT 0
        b: BLMOVE y z LEFT RIGHT 0
        c: BLMOVE z x LEFT RIGHT 0
        d: BLMOVE x y RIGHT LEFT 0
        p: RPUSH x 1
        p: KEYS *
    """,
    "a move onto the same list": """
        a: BLMOVE q q LEFT RIGHT 0
        b: BRPOPLPUSH q q 0
        c: BLPOP q 0
        d: BLPOP q 0
        p: RPUSH q 1 2 3
        p: LRANGE q 0 -1
    """,
    "two movers and a popper of one list": """
        a: BLMOVE q r LEFT LEFT 0
        b: BLPOP r 0
        c: BLPOP q 0
        p: RPUSH q 1 2 3
        p: LRANGE r 0 -1
    """,
    "more than one element": """
        a: BLMPOP 0 2 x q RIGHT COUNT 3
        b: BLMPOP 0 1 q LEFT COUNT 10
        c: BLMPOP 0 1 q LEFT
        p: RPUSH q 1 2 3 4 5
        p: RPUSH q 6 7
    """,
    "every way to make a list": """
        a: BLPOP q 0
        p: RPUSH src 1 2 3
        p: RENAME src q
        a: BLPOP q 0
        p: COPY q q2
        p: DEL q
        a: BLPOP q 0
        p: COPY q2 q
        p: DEL q
        a: BLPOP q 0
        p: LMOVE q2 q LEFT LEFT
        p: RPUSH q2 8
        a: BLPOP q 0
        p: RPOPLPUSH q2 q
        p: RPUSH q2 9
        a: BLPOP q 0
        p: RENAMENX q2 q
        p: RPUSHX q 1
        p: SELECT 1 | RPUSH q 7 | SELECT 0
        a: BLPOP q 0
        p: SELECT 1 | MOVE q 0 | SELECT 0
        p: SELECT 1 | RPUSH q 6 | SELECT 0
        a: BLPOP q 0
        p: SWAPDB 0 1
    """,
    "databases are apart": """
        a: SELECT 1
        a: BLPOP q 0
        p: RPUSH q 1
        p: SWAPDB 0 1
        p: DBSIZE
    """,
    "both databases of an exchange": """
        a: BLPOP q r 0
        b: SELECT 1
        b: BLPOP q 0
        p: MULTI | SELECT 1 | RPUSH r 1 | SELECT 0 | SET q x | SWAPDB 0 1 | EXEC
        p: KEYS *
    """,
    "deleting while somebody waits": """
        a: BLPOP q 0
        p: DEL q
        p: FLUSHALL
        p: FLUSHDB
        p: RPUSH q 1
    """,
    "a list that falls due": """
        a: BLPOP q 0
        p: MULTI | RPUSH q 1 | PEXPIRE q 0 | EXEC
        p: MULTI | RPUSH q 1 | PEXPIREAT q 1 | EXEC
        p: RPUSH q 2
    """,
    "time passes": """
        a~ BLPOP q 0.03
        a~ BLMOVE q r LEFT LEFT 0.001
        a~ BRPOPLPUSH q r 0.02
        a~ BLMPOP 0.02 1 q LEFT
        a~ BLPOP q 0.01 | PING | BLPOP q 0.01
        p: RPUSH q 1
        a: BLPOP q 0.01
    """,
    "served before its time": """
        a: BLPOP q 100
        p: RPUSH q 1
        a~ BLPOP q 0.02
    """,
    "what came after a blocking command": """
        a: PING | BLPOP q 0 | PING | BLPOP q 0 | ECHO end
        p: RPUSH q 1
        p: RPUSH q 2
    """,
    "served within a pipeline": """
        a: BLPOP q 0 | BLPOP q 0 | BRPOP q 0 | PING
        p: RPUSH q 1 2 3 4
    """,
    "a pusher that waits itself": """
        a: BLPOP q 0
        p: RPUSH q 1 2 | BLPOP q 0 | BLPOP q 0
        a: RPUSH q 3
    """,
    "unblocked by another": """
        a: BLPOP q 0
        b: BLMOVE q r LEFT LEFT 0
        c: BLMPOP 5 1 q LEFT
        p: CLIENT UNBLOCK @a
        p: CLIENT UNBLOCK @b ERROR
        p: CLIENT UNBLOCK @c timeout
        p: CLIENT UNBLOCK @c
        p: CLIENT UNBLOCK @p
        p: CLIENT UNBLOCK 999999
        p: CLIENT UNBLOCK x
        p: CLIENT UNBLOCK @a BOGUS
        p: RPUSH q 1
        p: LLEN q
    """,
    "unblocked in the transaction that fills the key": """
        a: BLPOP q 0
        b: BLPOP q 0
        p: MULTI | RPUSH q 1 | CLIENT UNBLOCK @a | EXEC
    """,
    "who closes is not served": """
        a: BLPOP q 0
        b: BLPOP q 0
        a closes
        p: RPUSH q 1
        p: LLEN q
    """,
    "who is killed is not served": """
        a: BLPOP q 0
        b: BLPOP q 0
        p: MULTI | CLIENT KILL ID @a | RPUSH q 1 | EXEC
        p: LLEN q
    """,
    "without replies": """
        a! CLIENT REPLY OFF
        a! BLPOP q 0
        p: RPUSH q 1
        a: CLIENT REPLY ON
        a: PING
    """,
    "a skipped reply that takes its time": """
        a! CLIENT REPLY SKIP
        a! BLPOP q 0
        p: RPUSH q 1
        a: PING
        a! CLIENT REPLY SKIP
        a! BLPOP q 0
        p: CLIENT UNBLOCK @a ERROR
        a: PING
    """,
    "a pause of writes": """
        p: RPUSH q 1
        p: CLIENT PAUSE 100000 WRITE
        a: BLPOP q 0
        b: LRANGE q 0 -1
        c: RPUSH q 2
        p: CLIENT UNPAUSE
        b: LRANGE q 0 -1
    """,
    "a time that passes during a pause": """
        a: BLPOP q 0.5
        p: CLIENT PAUSE 100000 WRITE
        a returns
        p: CLIENT UNPAUSE
    """,
    "a master that becomes a replica": """
        a: BLPOP q 0
        b: BLMOVE q r LEFT LEFT 5
        p: REPLICAOF 127.0.0.1 1
        c: BLPOP q 0
        c: BLMOVE q r LEFT LEFT 0
        p: REPLICAOF NO ONE
        p: RPUSH q 1
        p: LLEN q
    """,
    "a watched key that a served client empties": """
        w: WATCH q
        a: BLPOP q 0
        p: RPUSH q 1
        w: MULTI | PING | EXEC
        w: WATCH q | MULTI
        w: LLEN q
        a: BLPOP q 0
        w: EXEC
    """,
    "statistics of who waits": """
        p: CONFIG RESETSTAT
        a: BLPOP q 0
        b: BLPOP q 0
        p: RPUSH q 1
        p: CLIENT UNBLOCK @b ERROR
        p: LATENCY HISTOGRAM nothing
    """,
    "sorted sets are waited for like lists": """
        a: BZPOPMIN z 0
        b: BZPOPMAX y z 0
        c: BZMPOP 0 2 y z MIN COUNT 2
        d: BZPOPMIN z 0
        p: ZADD z 1 a 2 b 3 c 4 d 5 e
        p: ZRANGE z 0 -1 WITHSCORES
    """,
    "lists and sorted sets under one key": """
        a: BLPOP k 0
        b: BZPOPMIN k 0
        c: BLPOP k 0
        d: BZPOPMAX k 0
        p: ZADD k 1 m
        p: RPUSH k 1 2 3
        p: DEL k
        p: MULTI | RPUSH k 1 | DEL k | ZADD k 1.5 x | EXEC
        p: EXISTS k
    """,
    "every way to make a sorted set": """
        a: BZPOPMIN z 0
        p: ZINCRBY z 2 m
        a: BZPOPMIN z 0
        p: ZADD y 1 a 2 b
        p: ZUNIONSTORE z 1 y
        p: DEL z
        a: BZPOPMAX z 0
        p: ZRANGESTORE z y 0 0
        a: BZMPOP 0 1 z MAX COUNT 5
        p: RENAME y z
        a: BZPOPMIN z 0
        p: ZADD z XX 1 a
        p: ZADD z NX 1 a
        p: SADD s a b
        a: BZPOPMIN z 0
        p: ZINTERSTORE z 1 s
        p: DEL z
        a: BZPOPMIN z 0
        p: ZDIFFSTORE z 1 s
    """,
    "sorted sets whose time passes, or that are something else": """
        a~ BZPOPMIN z 0.01
        a~ BZMPOP 0.01 1 z MIN
        p: SET z string
        a: BZPOPMIN x z 0
        a: BZMPOP 0 2 x z MAX
        a: MULTI | BZPOPMIN x 0 | BZMPOP 0 1 x MIN | EXEC
    """,
    "restored values": """
        a: BLPOP q 0
        b: BZPOPMIN q 0
        c: BLPOP q 0
        p: RESTORE q 0 %(list)s
        p: RESTORE q 0 %(zset)s
        p: RESTORE q 0 %(zset)s REPLACE
    """ % {"list": LIST_DUMP, "zset": ZSET_DUMP},
    "a sorted list": """
        a: BLPOP q 0
        p: RPUSH src 3 1 2
        p: SORT src STORE q
        p: LRANGE q 0 -1
    """,
    "subscribed in RESP3, or not allowed in RESP2": """
        a: SUBSCRIBE channel
        a: BLPOP q 0
        p: RPUSH q 1
    """,
    "waiting for replicas that are not there": """
        a: WAIT 0 0
        a~ WAIT 1 20
        a: WAIT 1 0
        p: CLIENT UNBLOCK @a
        a: MULTI | WAIT 1 0 | EXEC
        a: WAIT 1 -1
        a: WAIT x 0
        a: WAIT 1 x
    """,
}


def keys(rng, most=1):
    return [rng.choice([b"a", b"b", b"c", b"d"]) for _ in range(rng.randint(1, most))]


def end(rng):
    return rng.choice([b"LEFT", b"RIGHT"])


def waiting(rng):
    """A command that may wait, always for ever."""
    return rng.choice([
        lambda: [rng.choice([b"BLPOP", b"BRPOP"])] + keys(rng, 3) + [b"0"],
        lambda: [b"BLMOVE"] + keys(rng) + keys(rng) + [end(rng), end(rng), b"0"],
        lambda: [b"BRPOPLPUSH"] + keys(rng) + keys(rng) + [b"0"],
        lambda: (lambda k: [b"BLMPOP", b"0", b"%d" % len(k)] + k + [end(rng), b"COUNT", b"%d" % rng.randint(1, 4)])(
            keys(rng, 3)),
        lambda: [rng.choice([b"BZPOPMIN", b"BZPOPMAX"])] + keys(rng, 3) + [b"0"],
        lambda: (lambda k: [b"BZMPOP", b"0", b"%d" % len(k)] + k + [rng.choice([b"MIN", b"MAX"]), b"COUNT", b"2"])(
            keys(rng, 3)),
    ])()


def changing(rng):
    """A command that never waits."""
    return rng.choice([
        lambda: [rng.choice([b"RPUSH", b"LPUSH"])] + keys(rng) + [b"%d" % rng.randrange(1000)
                                                                 for _ in range(rng.choice([1, 1, 2, 5]))],
        lambda: [b"RPUSH"] + keys(rng) + [b"%d" % rng.randrange(1000)],
        lambda: [b"ZADD"] + keys(rng) + [word for _ in range(rng.choice([1, 1, 3]))
                                         for word in (b"%d" % rng.randrange(100), b"m%d" % rng.randrange(100))],
        lambda: [b"LMOVE"] + keys(rng) + keys(rng) + [end(rng), end(rng)],
        lambda: [b"RPOPLPUSH"] + keys(rng) + keys(rng),
        lambda: [rng.choice([b"RENAME", b"COPY"])] + keys(rng) + keys(rng),
        lambda: [b"DEL"] + keys(rng, 2),
        lambda: [b"SET"] + keys(rng) + [b"string"],
        lambda: [b"MOVE"] + keys(rng) + [rng.choice([b"0", b"1"])],
        lambda: [b"LPOP"] + keys(rng),
        lambda: [b"LRANGE"] + keys(rng) + [b"0", b"-1"],
        lambda: [b"PEXPIREAT"] + keys(rng) + [b"1"],
    ])()


def act(rng, free, blocked):
    """A random step of one of the `free` clients: its name and commands. No SWAPDB: it makes keys ready in the order of
    Redis' hash table, which is left to chance."""
    name = rng.choice(free)
    roll = rng.random()
    if roll < 0.4 and len(free) > 1:
        return name, [waiting(rng)]
    if roll < 0.55:
        inner = [waiting(rng) if rng.random() < 0.2 else changing(rng) for _ in range(rng.randint(1, 5))]
        return name, [[b"MULTI"]] + inner + [[b"EXEC"]]
    if roll < 0.6 and blocked:
        return name, [[b"CLIENT", b"UNBLOCK", b"@" + rng.choice(blocked).encode(), rng.choice([b"TIMEOUT", b"ERROR"])]]
    if roll < 0.64:
        return name, [[b"SELECT", rng.choice([b"0", b"1"])]]
    if roll < 0.7 and len(free) > 1:
        return name, [changing(rng), waiting(rng), changing(rng), waiting(rng)]
    return name, [changing(rng)]
