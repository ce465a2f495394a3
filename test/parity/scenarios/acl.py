"""Clients of several users whose rights change: what each may do, in which words it is refused, whose connection is
closed, and what the log of denials has of it."""

SCRIPTS = {
    "who logs in": """
        a: ACL SETUSER u on >p ~k* +@all -config
        a: ACL SETUSER v on nopass
        a: ACL SETUSER w >p
        b: AUTH u wrong
        b: AUTH u p extra
        b: AUTH nosuch p
        b: AUTH w p
        b: AUTH p
        b: ACL WHOAMI
        b: AUTH u p
        b: ACL WHOAMI
        b: CONFIG GET maxclients
        b: AUTH v whatever
        b: ACL WHOAMI
        b: HELLO 3 AUTH u wrong
        b: HELLO 2 AUTH u p SETNAME me
        b: ACL WHOAMI
        b: MULTI | AUTH u bad | HELLO 2 AUTH v x | ACL WHOAMI | EXEC
        a: ACL LOG
        a: ACL LOG 1
        a: ACL LOG RESET
        a: ACL LOG
        b: RESET
        b: ACL WHOAMI
    """,
    "requirepass is the default user's password": """
        b: PING
        c: PING
        d: PING
        e: PING
        a: CONFIG SET requirepass foo
        a: ACL GETUSER default
        a: PING
        b: RESET
        b: PING
        b: AUTH foo
        b: PING
        c: RESET
        c: HELLO 3
        c: HELLO 2 AUTH default foo
        c: ACL WHOAMI
        d: RESET
        d: PING
        a: CONFIG SET requirepass \\x20
        a: CONFIG SET requirepass bar
        a: ACL SETUSER default >more
        d: AUTH more
        d: RESET
        d: AUTH bar
        a: ACL SETUSER default nopass
        a: CONFIG GET requirepass
        e: PING
        e: AUTH anything
        e: AUTH default anything
        a: ACL SETUSER default off
        d: PING
        e: RESET
        e: PING
        e: AUTH default anything
        a: ACL SETUSER default on
        e: PING
    """,
    "the words of a refusal": """
        a: RPUSH k1 1 2 3
        a: ACL SETUSER u on nopass ~k* %R~r* %W~w* &c* +@all -config +config|get -lpush -@dangerous (+lpush ~l*) +acl
        b: AUTH u x
        b: GET x
        b: SET r1 v
        b: GET r1
        b: SET w1 v
        b: SET w1 v GET
        b: LPUSH k 1
        b: LPUSH l 1
        b: CONFIG SET maxclients 10
        b: KEYS *
        b: PUBLISH d m
        b: PUBLISH c m
        b: SPUBLISH d m
        b: MULTI | GET x | GET k2 | EXEC
        b: MULTI | GET k2 | CONFIG SET a b | EXEC
        b: NOSUCH x
        b: GET
        b: CONFIG BOGUS
        b: MGET k1 k2 x k3
        b: BLPOP x 0
        b: WATCH x
        b: UNSUBSCRIBE d
        b: SUBSCRIBE d
        b: PSUBSCRIBE c1
        b: SSUBSCRIBE e
        b: INFO
        a: ACL LOG 20
        a: ACL DELUSER u
    """,
    "sorting by other keys needs the right to read all": """
        a: RPUSH k 3 1 2
        a: ACL SETUSER u on nopass ~k* +@all
        b: AUTH u x
        b: SORT k
        b: SORT k BY w_*
        b: SORT k BY w_* GET #
        b: SORT k GET #
        b: SORT k BY constant
        b: SORT k BY constant GET x
        b: SORT k BY
        b: SORT_RO k BY w_*
        b: SORT k STORE k2
        b: SORT k STORE x
        a: ACL SETUSER u %R~*
        b: SORT k BY w_* GET # STORE k3
        a: ACL SETUSER u resetkeys ~k (~* +get)
        b: SORT k BY w_*
        a: ACL SETUSER u (+sort ~*)
        b: SORT k BY w_*
        a: ACL SETUSER u allkeys
        b: SORT k BY w_* GET x* GET #
    """,
    "rights that go between MULTI and EXEC": """
        a: ACL SETUSER u on nopass ~* &* +@all
        b: AUTH u x
        b: MULTI | GET k | PUBLISH c 1 | SET k 1 | ACL WHOAMI | INCR n
        a: ACL SETUSER u resetkeys ~n resetchannels &d -acl|whoami -set
        b: EXEC
        b: MULTI | INCR n
        a: ACL SETUSER u -exec
        b: EXEC
        b: DISCARD
        b: PING
        a: ACL LOG
    """,
    "who waits is not asked again": """
        a: ACL SETUSER u on nopass ~* +@all
        b: AUTH u x
        b: BLPOP k 0
        a: ACL SETUSER u -blpop resetkeys
        a: RPUSH k 1
        b: BLPOP k 0
    """,
    "who waits goes with its user": """
        a: ACL SETUSER u on nopass ~* +@all
        b: AUTH u x
        c: AUTH u x
        b: BLPOP k 0
        c: PING
        a: ACL DELUSER u nosuch
        a: RPUSH k 1
        a: LLEN k
    """,
    "a user that deletes itself hears of it": """
        a: ACL SETUSER u on nopass +@all
        b: AUTH u x
        c: AUTH u x
        b: ACL DELUSER default
        b: ACL DELUSER u
        a: ACL USERS
    """,
    "a user that is off stays in": """
        a: ACL SETUSER u on >p +@all ~*
        b: AUTH u p
        a: ACL SETUSER u off
        b: GET k
        c: AUTH u p
        a: ACL SETUSER u resetpass
        b: GET k
        b: AUTH u p
    """,
    "subscribers whose channels go are closed": """
        a: ACL SETUSER u on nopass resetchannels &a &b* +@all
        b: AUTH u x
        c: AUTH u x
        d: AUTH u x
        e: AUTH u x
        b! SUBSCRIBE a
        c! PSUBSCRIBE b*
        d! SUBSCRIBE b1
        e! SSUBSCRIBE b2
        a: ACL SETUSER u &c
        a: ACL SETUSER u -get
        a: ACL SETUSER u resetchannels &a &b1 &b2
        a: ACL SETUSER u resetchannels &b1 (&a)
        a: ACL SETUSER u resetchannels (allchannels)
        a: ACL SETUSER u clearselectors
    """,
    "all channels are taken, then given": """
        a: ACL SETUSER u on nopass allchannels +@all
        b: AUTH u x
        c: AUTH u x
        b! SUBSCRIBE a
        c! PSUBSCRIBE *
        a: ACL SETUSER u resetchannels &*
        a: ACL SETUSER u resetchannels &a
    """,
    "the default user's subscribers": """
        b! SUBSCRIBE a
        c! SUBSCRIBE b
        a: ACL SETUSER default resetchannels &b &__keyevent@*__:*
        a: ACL WHOAMI
    """,
    "killing by user": """
        a: ACL SETUSER u on nopass +@all
        b: AUTH u x
        c: AUTH u x
        a: CLIENT KILL USER nosuch
        a: CLIENT KILL USER u ID 0
        a: CLIENT KILL USER u
        d: AUTH u x
        d: CLIENT KILL USER u SKIPME yes
        d: CLIENT KILL USER u SKIPME no
    """,
    "the log groups what is alike": """
        a: ACL SETUSER u on nopass +@all -get
        b: AUTH u x
        b: GET a
        b: GET b
        b: SET a 1
        b: SET b 1
        b: SET a 1
        b: MULTI | GET a | DISCARD
        c: AUTH u x
        c: GET a
        a: ACL LOG
        a: ACL LOG 2
        a: CONFIG SET acllog-max-len 2
        a: ACL LOG
        a: CONFIG SET acllog-max-len 0
        a: ACL LOG
        b: GET a
        a: ACL LOG
    """,
    "what a new user may hear": """
        a: CONFIG SET acl-pubsub-default nosuch
        a: CONFIG SET acl-pubsub-default allchannels
        a: ACL SETUSER u on (+get)
        a: ACL GETUSER u
        a: CONFIG SET acl-pubsub-default resetchannels
        a: ACL SETUSER v on (+get)
        a: ACL SETUSER u reset
        a: ACL LIST
    """,
    "renamed words and odd cases": """
        a: ACL SETUSER u on nopass allkeys +GeT +@Hash -HGET
        b: AUTH u x
        b: gEt k
        b: hGeT k f
        b: HSET k2 f v
        b: ACL WHOAMI
        b: COMMAND COUNT
        b: PING
        b: QUIT
    """,
    "shared commands with first arguments": """
        a: ACL SETUSER u on nopass allkeys +select|0 +client|id +client|setname
        b: AUTH u x
        b: SELECT 0
        b: SELECT 1
        b: CLIENT SETNAME x
        b: CLIENT GETNAME
        b: CLIENT
        a: ACL SETUSER u +select
        b: SELECT 1
    """,
    "scripts do what their caller may": """
        a: ACL SETUSER u on nopass ~k* &c +@all -set -@admin
        b: AUTH u x
        b: EVAL return\\x20redis.call('get','x') 0
        b: EVAL return\\x20redis.call('set','k',1) 0
        b: EVAL return\\x20redis.pcall('set','k',1).err 0
        b: EVAL return\\x20redis.pcall('publish','x',1) 0
        b: EVAL return\\x20redis.call('publish','c',1) 0
        b: EVAL return\\x20redis.call('incr','k') 0
        b: EVAL return\\x20redis.call('sort','k','by','x*') 0
        b: EVAL return\\x20redis.call('config','get','port') 0
        b: EVAL return\\x20redis.call('acl','whoami') 0
        b: EVAL return\\x20{redis.acl_check_cmd('set','k','1'),redis.acl_check_cmd('get','k'),redis.acl_check_cmd('get','x')} 0
        b: EVAL return\\x20redis.acl_check_cmd('nosuch','k') 0
        b: EVAL return\\x20redis.acl_check_cmd('get') 0
        b: EVAL return\\x201 1 x
        b: EVAL_RO return\\x201 1 k
        b: MULTI | EVAL return\\x20redis.call('get','x') 0 | EXEC
        a: EVAL return\\x20redis.call('set','k',1) 0
        a: ACL LOG
        a: ACL SETUSER u -eval
        b: EVAL return\\x201 0
    """,
    "monitors and admins": """
        a: ACL SETUSER u on nopass +@all -@admin ~*
        b: AUTH u x
        b: MONITOR
        b: CONFIG GET port
        b: SHUTDOWN NOSAVE
        b: REPLICAOF NO ONE
        b: PSYNC ? -1
        b: REPLCONF ack 0
        b: ACL SETUSER u +@all
        b: DEBUG SLEEP 0
        b: SAVE
        b: CLIENT LIST
        b: CLIENT KILL TYPE normal
        b: CLIENT NO-EVICT on
        b: FLUSHALL
    """,
}

RELEASE = [b"RPUSH", b"a", b"1"]
USERS = [b"u", b"v"]


def rule(rng):
    return rng.choice([
        lambda: rng.choice([b"+", b"-"]) + rng.choice([b"@all", b"@read", b"@write", b"@list", b"@pubsub", b"@slow", b"get",
                                                      b"set", b"rpush", b"blpop", b"multi", b"exec", b"publish", b"client|id"]),
        lambda: rng.choice([b"~", b"%R~", b"%W~"]) + rng.choice([b"a", b"b", b"[ab]", b"c*"]),
        lambda: b"&" + rng.choice([b"a", b"b", b"[ab]", b"c*"]),
        lambda: rng.choice([b"resetkeys", b"resetchannels", b"allkeys", b"allchannels", b"clearselectors", b"on", b"+@all"]),
        lambda: b"(" + rng.choice([b"+get ~a", b"+@list ~b", b"+@all ~c*", b"+publish &a"]) + b")",
    ])()


def key(rng):
    return rng.choice([b"a", b"b", b"c", b"c1"])


def use(rng):
    return rng.choice([
        lambda: [b"GET", key(rng)], lambda: [b"SET", key(rng), b"v"], lambda: [b"RPUSH", key(rng), b"1"],
        lambda: [b"LPOP", key(rng)], lambda: [b"DEL", key(rng), key(rng)], lambda: [b"MGET", key(rng), key(rng)],
        lambda: [b"COPY", key(rng), key(rng)], lambda: [b"SORT", key(rng), b"BY", b"x*", b"ALPHA"], lambda: [b"LLEN", key(rng)],
        lambda: [b"SPUBLISH", key(rng), b"m"], lambda: [b"CLIENT", b"GETNAME"], lambda: [b"ACL", b"WHOAMI"],
        lambda: [b"SINTERCARD", b"2", key(rng), key(rng)], lambda: [b"SUNIONSTORE", key(rng), key(rng), key(rng)],
    ])()


def act(rng, free, blocked):
    """A random step: c0 rules, and the others use what they may."""
    if "c0" in free and rng.random() < 0.35:
        roll = rng.random()
        user = rng.choice(USERS)
        if roll < 0.85:
            return "c0", [[b"ACL", b"SETUSER", user, b"nopass"] + [rule(rng) for _ in range(rng.randint(0, 3))]]
        if roll < 0.93:
            return "c0", [[b"ACL", b"LOG"]]
        return "c0", [[b"ACL", b"DRYRUN", user] + use(rng)]
    name = rng.choice([name for name in free if name != "c0"] or free)
    roll = rng.random()
    if name == "c0" or roll < 0.2:
        return name, [[b"AUTH", rng.choice(USERS), b"x"]] if name != "c0" else [[b"ACL", b"USERS"]]
    if roll < 0.25 and len(free) > 2:
        return name, [[b"BLPOP", key(rng), b"0"]]
    if roll < 0.4:
        return name, [[b"MULTI"]] + [use(rng) for _ in range(rng.randint(1, 3))] + [[b"EXEC"]]
    return name, [use(rng)]
